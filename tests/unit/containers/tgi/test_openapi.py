from typing import Any

import pytest

from fakes.containers import get, play, post, tgi


async def test_every_route_is_described_by_what_its_requests_are_read_with() -> None:
    document = (await play(tgi("3.3.6"), get("/api-doc/openapi.json"))).json
    assert set(document["paths"]) == {
        "/", "/generate", "/generate_stream", "/invocations", "/v1/chat/completions", "/v1/completions", "/vertex",
        "/tokenize", "/chat_tokenize", "/health", "/ping", "/info", "/metrics", "/v1/models",
    }  # fmt: skip
    parameters = document["components"]["schemas"]["GenerateParameters"]["properties"]
    assert parameters["max_new_tokens"] == {"type": "integer", "minimum": 0, "maximum": 2**32 - 1, "nullable": True}
    assert document["components"]["schemas"]["CompatGenerateRequest"]["required"] == ["inputs"]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for member in value.values() for found in references(member)]
    return [found for item in value for found in references(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("version", ["1.4.5", "2.0.2", "3.3.6"])
async def test_references_lead_somewhere_and_routes_exist(version: str) -> None:
    document = (await play(tgi(version), get("/api-doc/openapi.json"))).json
    names = {reference.rpartition("/")[2] for reference in references(document)}
    assert names <= set(document["components"]["schemas"])
    for path, operations in document["paths"].items():
        for method in operations:
            request = get(path) if method == "get" else post(path, {})
            assert (await play(tgi(version), request)).status not in (404, 405)


async def test_page_points_to_the_file() -> None:
    answer = await play(tgi(), get("/docs"))
    assert answer.headers["content-type"] == "text/html"
    assert b"/api-doc/openapi.json" in answer.body
