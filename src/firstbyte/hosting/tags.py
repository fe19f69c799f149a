"""AddTags, ListTags, DeleteTags, and the Tags member of the Create operations."""

import base64
import binascii
from typing import Any

from firstbyte.hosting.definitions import Members
from firstbyte.hosting.errors import NotFound, ValidationFailed
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.store.database import Store

MAX_TAGS = 50
"""Tags on one resource."""
PAGE_LEN = 50
"""Tags of a page of ListTags, at least (the least MaxResults the API allows)."""


def read_tags(members: Members) -> dict[str, str]:
    """The Tags member, by key. Raises ValidationFailed if a key comes twice."""
    pairs = [(tag["Key"], tag["Value"]) for tag in members.get("Tags", ())]
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise ValidationFailed("Duplicate tag keys found.")
    return tags


def without_tags(members: Members) -> dict[str, Any]:
    """The members but Tags, which are kept apart."""
    return {name: value for name, value in members.items() if name != "Tags"}


class Tags:
    """The tag operations; resources are named by ARN."""

    def __init__(self, store: Store, wording: Wording) -> None:
        self._store = store
        self._wording = wording

    def add(self, members: Members) -> dict[str, Any]:
        """Set tags on a resource, overwriting those of the same key."""
        arn = self._check(members["ResourceArn"])
        tags = self._store.tags(arn) | read_tags(members)
        if len(tags) > MAX_TAGS:
            raise ValidationFailed(f"A resource may have at most {MAX_TAGS} tags.")
        self._store.put_tags(arn, tags)
        return {"Tags": _shown(tags)}

    def list(self, members: Members) -> dict[str, Any]:
        """A page of a resource's tags, by key."""
        arn = self._check(members["ResourceArn"])
        after = _read_token(members["NextToken"]) if members.get("NextToken") else ""
        found = {key: value for key, value in sorted(self._store.tags(arn).items()) if key > after}
        page = dict(list(found.items())[: members.get("MaxResults", PAGE_LEN)])
        answer: dict[str, Any] = {"Tags": _shown(page)}
        if len(page) < len(found):
            answer["NextToken"] = base64.urlsafe_b64encode(max(page).encode()).decode()
        return answer

    def delete(self, members: Members) -> dict[str, Any]:
        """Remove tags by key."""
        self._store.drop_tags(self._check(members["ResourceArn"]), list(members["TagKeys"]))
        return {}

    def _check(self, arn: str) -> str:
        """The ARN, if there is such a resource."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        tables = {
            "model": self._store.models.get,
            "endpoint-config": self._store.endpoint_configs.get,
            "endpoint": self._store.endpoints.get,
            "inference-component": self._store.inference_components.get,
        }
        if kind not in tables:
            raise ValidationFailed(f"Resources of the kind {kind} are not hosted here.")
        record = tables[kind](name)
        if record is None or record.arn != arn:
            raise NotFound(self._wording.not_found(kind, name))
        return arn


def _shown(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationFailed("The NextToken is not valid.") from None
