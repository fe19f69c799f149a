import pytest

from fakes.containers import get, post
from firstbyte.containers.exchange import Request
from firstbyte.containers.lmi.front_end import FrontEnd, custom_attributes, properties_of

FRONT_END = FrontEnd("model", new_request_id=lambda: "id-1")


def queried(path: str, query: str) -> Request:
    return Request("POST", path, {}, b"", query)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post("/invocations", {}), None),
        (queried("/invocations", "model_name=model"), None),
        (queried("/invocations", "model_name=other"), 404),
        (post("/invocations", {}, model_name="x"), None),  # a header has a dash, which is another name
        (post("/invocations", {}, x_amzn_sagemaker_custom_attributes="model_name=other"), 404),
        (post("/models/model/invoke", {}), None),
        (post("/predictions/model/1.0", {}), None),
        (post("/predictions/other", {}), 404),
        (post("/elsewhere", {}), 404),
        (get("/invocations"), 405),
        (Request("OPTIONS", "/invocations", {}), 200),
        (get("/models"), 200),
        (post("/models", {}), 405),
        (Request("DELETE", "/models/model", {}), 405),
        (post("/models/model/adapters", {}), 405),
        (get("/models/model/adapters/a"), 405),
    ],
)
def test_routes(request_: Request, status: int | None) -> None:
    answer = FRONT_END.answer(request_)
    assert (None if answer is None else answer.status) == status


@pytest.mark.parametrize(
    ("state", "allows", "status"),
    [
        ("Healthy", False, 200),
        ("Healthy", True, 200),
        ("PENDING", False, 200),
        ("PENDING", True, 207),
        ("Unhealthy", False, 200),
        ("FAILED", True, 500),
    ],
)
def test_health_by_state(state: str, allows: bool, status: int) -> None:
    answer = FrontEnd("model", allows, lambda: "id-1").health(state)
    assert (answer.status, answer.body.decode()) == (
        status,
        '{\n  "model": {\n    "status": "' + state + '"\n  }\n}',
    )


def test_custom_attributes_become_properties() -> None:
    request = post("/invocations", {}, x_amzn_sagemaker_custom_attributes="a=1; b = 2;flag;c=x=y")
    assert custom_attributes(request) == {"a": "1", "b": "2", "c": "x=y"}
    named = Request("POST", "/", {**request.headers, "b": "header"}, b"", "b=query&d=3")
    properties = properties_of(named)
    assert (properties["a"], properties["b"], properties["d"]) == ("1", "2", "3")
