"""Filtering, sorting, paging."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.listing import Item, list_page

START = datetime(2026, 1, 1, tzinfo=UTC)


def item(name: str, created_s: int = 0, modified_s: int = 0, status: str = "InService") -> Item:
    created, modified = START + timedelta(seconds=created_s), START + timedelta(seconds=modified_s)
    return Item(name, created, {"Name": name}, modified, status)


def names(items: list[Item], **members: Any) -> list[str]:
    return [summary["Name"] for summary in list_page(items, members).summaries]


ITEMS = [item("b", 1, 9, "Failed"), item("C", 2, 8), item("a", 3, 7)]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["a", "C", "b"]),
        ({"SortOrder": "Ascending"}, ["b", "C", "a"]),
        ({"SortBy": "Name", "SortOrder": "Ascending"}, ["C", "a", "b"]),
        ({"SortBy": "Status", "SortOrder": "Ascending"}, ["b", "C", "a"]),
        ({"NameContains": "c"}, ["C"]),
        ({"StatusEquals": "Failed"}, ["b"]),
        ({"CreationTimeBefore": START + timedelta(seconds=2)}, ["b"]),
        ({"CreationTimeAfter": START + timedelta(seconds=2)}, ["a"]),
        ({"LastModifiedTimeBefore": START + timedelta(seconds=8)}, ["a"]),
        ({"LastModifiedTimeAfter": START + timedelta(seconds=8)}, ["b"]),
        ({"MaxResults": 2}, ["a", "C"]),
    ],
)
def test_filters_and_orders(members: dict[str, Any], expected: list[str]) -> None:
    assert names(ITEMS, **members) == expected


def test_a_page_has_ten_items_unless_asked_otherwise() -> None:
    many = [item(f"n{n:02d}", n) for n in range(11)]
    page = list_page(many, {})
    assert len(page.summaries) == 10
    assert page.next_token is not None
    assert list_page(many[:10], {}).next_token is None


@given(
    st.lists(
        st.tuples(st.text("abAB", min_size=1, max_size=4), st.integers(0, 3)), max_size=30, unique_by=lambda x: x[0]
    ),
    st.sampled_from(["Name", "CreationTime", "Status"]),
    st.sampled_from(["Ascending", "Descending"]),
    st.integers(1, 7),
)
def test_pages_hold_every_item_once_and_in_order(
    made: list[tuple[str, int]], sort_by: str, sort_order: str, page_len: int
) -> None:
    items = [item(name, created_s, status="abc"[created_s % 3]) for name, created_s in made]
    query = {"SortBy": sort_by, "SortOrder": sort_order}
    paged: list[str] = []
    token = None
    while True:
        page = list_page(items, query | {"MaxResults": page_len} | ({"NextToken": token} if token else {}))
        assert len(page.summaries) <= page_len
        paged += [summary["Name"] for summary in page.summaries]
        token = page.next_token
        if token is None:
            break
    assert paged == names(items, **query, MaxResults=100)
    assert sorted(paged) == sorted(name for name, _ in made)


def test_what_goes_between_two_pages_hides_nothing() -> None:
    items = [item(f"n{n}", n) for n in range(6)]
    first = list_page(items, {"MaxResults": 3})
    left = [kept for kept in items if kept.name not in ("n3", "n1")]
    second = list_page(left, {"MaxResults": 3, "NextToken": first.next_token})
    assert [summary["Name"] for summary in second.summaries] == ["n2", "n0"]


def test_an_empty_last_page_shows_no_token() -> None:
    assert list_page([], {}).members("Models") == {"Models": []}


@pytest.mark.parametrize("token", ["", "x", "§§", "bm8=", "WzFd", "WzEsMiwzLDRd", "e30="])
def test_a_token_that_is_none_of_ours(token: str) -> None:
    if not token:
        assert list_page(ITEMS, {"NextToken": token}).next_token is None
        return
    with pytest.raises(ValidationFailed, match="NextToken"):
        list_page(ITEMS, {"NextToken": token})


def test_a_token_of_another_order() -> None:
    token = list_page(ITEMS, {"MaxResults": 1}).next_token
    with pytest.raises(ValidationFailed, match="another SortBy or SortOrder"):
        list_page(ITEMS, {"NextToken": token, "SortBy": "Name"})
