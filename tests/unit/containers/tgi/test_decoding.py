import pytest

from fakes.containers import play, post, tgi
from firstbyte.containers.exchange import Request


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "EOF while parsing a value at line 1 column 0"),
        (b"{inputs", 400, "key must be a string at line 1 column 2"),
        (b'{"inputs": "\xff"}', 400, "inputs: invalid unicode code point at line 1 column 14"),
        (b'{"inputs": "\\ud800"}', 400, "inputs: unexpected end of hex escape at line 1 column 19"),
        (b'{"inputs": "a", "inputs": "b"}', 422, "duplicate field `inputs` at line 1 column 24"),
        (
            b'{"inputs": "a", "parameters": {"top_k": 1, "top_k": 2}}',
            422,
            "parameters: duplicate field `top_k` at line 1 column 50",
        ),
        (
            b'{"inputs": "a", "parameters": {"top_k": 1e300}}',
            422,
            f"parameters.top_k: invalid type: floating point `1{'0' * 300}.0`, expected i32 at line 1 column 45",
        ),
        (
            '{"inputs": "a", "stream": "é\\u0000\\""}'.encode(),
            422,
            'stream: invalid type: string "é\\0\\"", expected a boolean at line 1 column 38',
        ),
        (b'{"parameters": {}}', 422, "missing field `inputs` at line 1 column 18"),
        (b'"text"', 422, 'invalid type: string "text", expected struct CompatGenerateRequest at line 1 column 6'),
        (b"[]", 422, "invalid type: sequence, expected struct CompatGenerateRequest at line 1 column 2"),
        (b'{"inputs": 1}', 422, "inputs: invalid type: integer `1`, expected a string at line 1 column 12"),
        (b'{"inputs": null}', 422, "inputs: invalid type: null, expected a string at line 1 column 15"),
        (
            b'{"inputs": "a", "stream": "yes"}',
            422,
            'stream: invalid type: string "yes", expected a boolean at line 1 column 31',
        ),
        (
            b'{"inputs": "a", "parameters": null}',
            422,
            "parameters: invalid type: null, expected struct GenerateParameters at line 1 column 34",
        ),
        (
            b'{"inputs": "a", "parameters": {"temperature": "hot"}}',
            422,
            'parameters.temperature: invalid type: string "hot", expected f32 at line 1 column 51',
        ),
        (
            b'{"inputs": "a", "parameters": {"max_new_tokens": 1.5}}',
            422,
            "parameters.max_new_tokens: invalid type: floating point `1.5`, expected u32 at line 1 column 52",
        ),
        (
            b'{"inputs": "a", "parameters": {"max_new_tokens": -1}}',
            422,
            "parameters.max_new_tokens: invalid value: integer `-1`, expected u32 at line 1 column 51",
        ),
        (
            b'{"inputs": "a", "parameters": {"top_k": true}}',
            422,
            "parameters.top_k: invalid type: boolean `true`, expected i32 at line 1 column 44",
        ),
        (
            b'{"inputs": "a", "parameters": {"stop": ["a", {}]}}',
            422,
            "parameters.stop[1]: invalid type: map, expected a string at line 1 column 45",
        ),
        (
            b'{"inputs": "a", "parameters": {"grammar": "json"}}',
            422,
            'parameters.grammar: invalid type: string "json", expected adjacently tagged enum GrammarType'
            " at line 1 column 48",
        ),
        (
            b'{"inputs": "a", "parameters": {"grammar": {"type": "json"}}}',
            422,
            "parameters.grammar: missing field `value` at line 1 column 58",
        ),
        (
            b'{"inputs": "a", "parameters": {"grammar": {"type": "lark", "value": ""}}}',
            422,
            "parameters.grammar.type: unknown variant `lark`, expected one of `json`, `json_object`, `json_schema`,"
            " `regex` at line 1 column 57",
        ),
        (
            b'{"inputs": "a", "parameters": {"grammar": {"type": "regex", "value": 1}}}',
            422,
            "parameters.grammar.value: invalid type: integer `1`, expected a string at line 1 column 70",
        ),
    ],
)
async def test_extractors_errors_are_plain_text(body: bytes, status: int, text: str) -> None:
    answer = await play(tgi(), post("/invocations", body))
    what = "parse the request body as JSON" if status == 400 else "deserialize the JSON body into the target type"
    assert answer.status == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.decode() == f"Failed to {what}: {text}"


async def test_what_follows_the_document_is_not_read() -> None:
    """axum ends with the document; only its 0.8, which TGI does not use, looks on."""
    answer = await play(tgi(), post("/generate", b'{"inputs": "a"} \xff and so on'))
    assert answer.status == 200
    wrong = await play(tgi(), post("/generate", b'{"inputs": 1}}'))
    assert wrong.body.endswith(b"inputs: invalid type: integer `1`, expected a string at line 1 column 12")


async def test_unknown_members_are_ignored() -> None:
    answer = await play(tgi(), post("/generate", {"inputs": "a", "mood": 1, "parameters": {"temper": 2}}))
    assert answer.status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencoded"])
async def test_other_media_types_are_refused(content_type: str) -> None:
    answer = await play(tgi(), Request("POST", "/invocations", {"content-type": content_type}, b'{"inputs": "a"}'))
    assert (answer.status, answer.body) == (415, b"Expected request with `Content-Type: application/json`")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/ld+json", "Application/JSON"])
async def test_every_json_type_is_taken(content_type: str) -> None:
    answer = await play(tgi(), Request("POST", "/invocations", {"content-type": content_type}, b'{"inputs": "a"}'))
    assert answer.status == 200


async def test_body_over_the_payload_limit() -> None:
    answer = await play(tgi(PAYLOAD_LIMIT="20"), post("/invocations", {"inputs": "a" * 20}))
    assert (answer.status, answer.body) == (413, b"Failed to buffer the request body: length limit exceeded")


async def test_lines_are_counted_and_columns_are_bytes() -> None:
    body = '{\n  "inputs": "é😀",\n  "parameters": {"best_of": 1, "stop": [],\n    "é": 1, "top_p": "x"}\n}'.encode()
    answer = await play(tgi(), post("/generate", body))
    assert answer.body.decode().endswith('parameters.top_p: invalid type: string "x", expected f32 at line 4 column 25')


async def test_each_route_names_its_own_type() -> None:
    for path, name in (
        ("/", "CompatGenerateRequest"),
        ("/generate", "GenerateRequest"),
        ("/tokenize", "GenerateRequest"),
    ):
        answer = await play(tgi(), post(path, b"1"))
        assert answer.body.endswith(f"invalid type: integer `1`, expected struct {name} at line 1 column 1".encode())


async def test_invocations_gives_no_reasons_from_the_version_that_goes_by_shape() -> None:
    for body in (b'{"inputs": "a", "inputs": "b"}', b'{"inputs": "a", "parameters": {"top_k": "x"}}'):
        answer = await play(tgi("2.4.0"), post("/invocations", body))
        assert (answer.status, answer.body.decode()) == (
            422,
            "Failed to deserialize the JSON body into the target type: "
            "data did not match any variant of untagged enum SagemakerRequest",
        )


async def test_of_several_mistakes_the_first_in_the_body_is_told() -> None:
    answer = await play(tgi(), post("/generate", b'{"stream": 1, "inputs": 2}'))
    assert b"stream: invalid type" in answer.body
