import dataclasses

import pytest

from firstbyte.aws.http import HttpRequest, HttpResponse, join_headers


def test_header_names_are_lower_case_and_lines_of_one_name_are_joined() -> None:
    assert dict(join_headers([("Host", "h"), ("X-A", " 1 "), ("x-a", "2")])) == {"host": "h", "x-a": "1,2"}


def test_messages_do_not_change() -> None:
    request = HttpRequest("GET", "/")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.path = "/x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        request.headers["a"] = "b"  # type: ignore[index]


def test_a_response_header_is_found_whatever_its_case() -> None:
    response = HttpResponse(200, (("Content-Type", "a/b"),))
    assert response.header("content-type") == "a/b"
    assert response.header("Date") is None
