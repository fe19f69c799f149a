"""List* operations: filter, sort, page. Pure; one function for every kind of resource.

A page's NextToken holds the sort key and name of its last item (keyset paging): resources that come or go between two
calls neither repeat nor hide others. It is opaque to callers, and only good for a call with the same order.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.store.rows import write_time

DEFAULT_PAGE_LEN = 10
"""Items of a page when MaxResults is not given (documented for ListEndpoints; the others follow it)."""


@dataclass(frozen=True, slots=True)
class Item:
    """What listing needs to know of one resource, and the summary that the answer shows."""

    name: str
    created_at: datetime
    summary: dict[str, Any]
    modified_at: datetime | None = None
    status: str | None = None

    def sort_key(self, sort_by: str) -> tuple[str, str]:
        """Where the item stands: by the given key, then by name."""
        by = {"Name": self.name, "CreationTime": write_time(self.created_at), "Status": self.status or ""}
        return by[sort_by], self.name


@dataclass(frozen=True, slots=True)
class Page:
    """One page of summaries."""

    summaries: tuple[dict[str, Any], ...]
    next_token: str | None

    def members(self, name: str) -> dict[str, Any]:
        """The answer's members, with the summaries under `name`."""
        return {name: list(self.summaries)} | ({"NextToken": self.next_token} if self.next_token else {})


def list_page(items: Iterable[Item], members: Members) -> Page:
    """The page that a List* call asks for. Raises ValidationFailed if its NextToken is none of ours."""
    sort_by = members.get("SortBy", "CreationTime")
    sort_order = members.get("SortOrder", "Descending")
    is_descending = sort_order == "Descending"
    found = [item for item in items if _matches(item, members)]
    found.sort(key=lambda item: item.sort_key(sort_by), reverse=is_descending)
    if token := members.get("NextToken"):
        last = _read_token(token, sort_by, sort_order)
        found = [
            item
            for item in found
            if (item.sort_key(sort_by) < last if is_descending else item.sort_key(sort_by) > last)
        ]
    page_len = members.get("MaxResults", DEFAULT_PAGE_LEN)
    page = found[:page_len]
    has_more = len(found) > page_len
    next_token = _write_token(page[-1].sort_key(sort_by), sort_by, sort_order) if has_more else None
    return Page(tuple(item.summary for item in page), next_token)


def _matches(item: Item, members: Members) -> bool:
    """Whether an item passes every filter of the call. Before and After exclude the moment itself."""
    modified_at = item.modified_at or item.created_at
    return all(
        (
            members.get("NameContains", "").lower() in item.name.lower(),
            "StatusEquals" not in members or item.status == members["StatusEquals"],
            "CreationTimeBefore" not in members or item.created_at < members["CreationTimeBefore"],
            "CreationTimeAfter" not in members or item.created_at > members["CreationTimeAfter"],
            "LastModifiedTimeBefore" not in members or modified_at < members["LastModifiedTimeBefore"],
            "LastModifiedTimeAfter" not in members or modified_at > members["LastModifiedTimeAfter"],
        )
    )


def _write_token(key: tuple[str, str], sort_by: str, sort_order: str) -> str:
    text = json.dumps([sort_by, sort_order, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str, sort_by: str, sort_order: str) -> tuple[str, str]:
    try:
        parts: Sequence[Any] = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        token_sort_by, token_sort_order, key, name = parts
    except (binascii.Error, ValueError, TypeError):
        raise ValidationFailed("The NextToken is not valid.") from None
    if [token_sort_by, token_sort_order] != [sort_by, sort_order] or not isinstance(key, str):
        raise ValidationFailed("The NextToken belongs to a call with another SortBy or SortOrder.")
    return key, str(name)
