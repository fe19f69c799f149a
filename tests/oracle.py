"""botocore as the oracle of the wire: it signs, serialises and parses, and what we do must agree with it.

`request_of` and `response_of` carry messages between botocore's values and ours; `client` is a real botocore client
whose socket is a function.
"""

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import (
    AWSPreparedRequest,
    AWSRequest,
    AWSResponse,
    HeadersDict,
    create_request_object,
    prepare_request_dict,
)
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import strategies as st

from firstbyte.aws.http import HttpRequest, HttpResponse, join_headers
from firstbyte.aws.service_models import ServiceModels
from firstbyte.aws.sigv4 import Credentials

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KNOWN = Credentials(ACCESS_KEY, SECRET_KEY)
ENDPOINT = "http://127.0.0.1:8770"
MODELS = ServiceModels()


def operation_of(service: str, operation: str) -> Any:
    """The operation's model; Any, so that tests may walk its shapes."""
    return MODELS.load(service).operation_model(operation)


def find_credentials(access_key_id: str) -> Credentials | None:
    """The whole world's credentials."""
    return KNOWN if access_key_id == ACCESS_KEY else None


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def message_of(prepared: AWSPreparedRequest) -> HttpRequest:
    """Our value of what botocore would send. The socket would add the host."""
    url = urlsplit(prepared.url)
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in prepared.headers.items()}
    headers.setdefault("Host", url.netloc)
    body: Any = prepared.body or b""
    if not isinstance(body, bytes | str):
        body = body.read()
    return HttpRequest(
        str(prepared.method),
        url.path or "/",
        url.query,
        join_headers(headers.items()),
        body.encode() if isinstance(body, str) else body,
    )


def sign(request: AWSRequest, service: str = "sagemaker", signer: Any = SigV4Auth, **options: Any) -> HttpRequest:
    """`request` as botocore signs it with one of its SigV4 signers."""
    token = options.pop("token", None)
    region = options.pop("region", "us-east-1")
    signer(BotocoreCredentials(ACCESS_KEY, SECRET_KEY, token), service, region, **options).add_auth(request)
    return message_of(request.prepare())


def protocol_of(service: str) -> str:
    """The protocol that this botocore speaks with a service."""
    protocol: str = MODELS.load(service).resolved_protocol
    return protocol


def request_of(
    service: str, operation: str, params: Mapping[str, Any], *, signed: bool = True, protocol: str | None = None
) -> HttpRequest:
    """The request that botocore makes of `params`, without having checked them."""
    model = MODELS.load(service)
    serialized = create_serializer(protocol or protocol_of(service), False).serialize_to_request(
        params, model.operation_model(operation)
    )
    prepare_request_dict(serialized, ENDPOINT)
    request = create_request_object(serialized)
    return sign(request, model.signing_name) if signed else message_of(request.prepare())


def response_of(service: str, operation: str, response: HttpResponse, *, protocol: str | None = None) -> dict[str, Any]:
    """What botocore reads from a response, error or not."""
    model = MODELS.load(service)
    operation_model = model.operation_model(operation)
    raw: Any = _RawBody(response.body)
    streams = operation_model.has_event_stream_output or operation_model.has_streaming_output
    parser: Any = create_parser(protocol or protocol_of(service))
    parsed: dict[str, Any] = parser.parse(
        {
            "status_code": response.status,
            "headers": HeadersDict(response.headers),
            "body": raw if streams and response.status < 300 else raw.read(),
            "context": {"operation_name": operation},
        },
        operation_model.output_shape,
    )
    return parsed


class _RawBody:
    """A response body as urllib3 would give it."""

    def __init__(self, body: bytes | AsyncIterator[bytes]) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield from [self._body] if isinstance(self._body, bytes) else asyncio.run(_drain(self._body))

    def read(self, *_: Any) -> bytes:
        return b"".join(self.stream())

    def close(self) -> None:
        """Nothing is open."""


async def _drain(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


def client(service: str, answer: Callable[[HttpRequest], HttpResponse], **options: Any) -> Any:
    """An unmodified botocore client whose requests are answered by `answer`."""
    session = botocore.session.Session()
    session.set_credentials(ACCESS_KEY, SECRET_KEY)
    made: Any = session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=ENDPOINT,
        config=Config(retries={"max_attempts": 0}, **options),
    )

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = answer(message_of(request))
        headers: Any = HeadersDict(response.headers)
        return AWSResponse(request.url, response.status, headers, _RawBody(response.body))

    made.meta.events.register("before-send", send)
    return made


# Random values ---------------------------------------------------------------------------------------------------

_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=12
)
_MOMENTS = st.datetimes(
    datetime.datetime(1971, 1, 1), datetime.datetime(2037, 12, 31), timezones=st.just(datetime.UTC)
).map(lambda moment: moment.replace(microsecond=0))
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**53), 2**53),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "blob": st.binary(min_size=1, max_size=20),
    "timestamp": _MOMENTS,
}


def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Random values of a shape: types are kept to, limits not. Nothing is empty, since some protocols drop that."""
    if shape.type_name == "structure":
        required = {name: values(shape.members[name], depth + 1) for name in shape.required_members}
        optional = {
            name: values(member, depth + 1)
            for name, member in shape.members.items()
            if name not in required and (depth < 3 or member.type_name in _SCALARS)
        }
        return st.fixed_dictionaries(required, optional=optional).filter(bool)
    if shape.type_name == "list":
        return st.lists(st.deferred(lambda: values(shape.member, depth + 1)), min_size=1, max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(_TEXT, values(shape.value, depth + 1), min_size=1, max_size=2)
    return _SCALARS[shape.type_name]


def input_values(service: str, operation: str) -> st.SearchStrategy[dict[str, Any]]:
    return values(operation_of(service, operation).input_shape)


def output_values(service: str, operation: str) -> st.SearchStrategy[dict[str, Any]]:
    return values(operation_of(service, operation).output_shape)


_SEGMENT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
HTTP_REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
        "path": st.lists(st.one_of(_SEGMENT, st.sampled_from(["", ".", ".."])), max_size=4),
        "query": st.dictionaries(_SEGMENT, st.text(st.characters(codec="utf-8"), max_size=6), max_size=3),
        "headers": st.dictionaries(
            st.sampled_from(["X-Amz-Meta-A", "X-Amzn-SageMaker-Inference-Id", "Accept", "User-Agent", "Content-Type"]),
            st.text(st.sampled_from("ab  c,;/"), min_size=1).map(str.strip),
            max_size=4,
        ),
        "body": st.binary(max_size=40),
    }
)


def aws_request(drawn: Mapping[str, Any]) -> AWSRequest:
    """One of `HTTP_REQUESTS`, not signed yet."""
    path = "/".join(quote(segment, safe="") for segment in drawn["path"])
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in drawn["query"].items())
    url = f"{ENDPOINT}/{path}{'?' if query else ''}{query}"
    return AWSRequest(drawn["method"], url, headers=drawn["headers"], data=drawn["body"])
