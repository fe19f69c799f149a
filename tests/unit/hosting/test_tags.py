"""Tags: added, listed page by page, deleted, and what they are refused with."""

from typing import Any

from fakes.control_plane import FakeHost, refusal
from firstbyte.hosting.errors import NotFound, ValidationFailed

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


async def test_tags_are_added_listed_page_by_page_and_deleted(host: FakeHost) -> None:
    host.deploy("e")
    arn = f"{ARN}:endpoint/e"
    tags = [{"Key": f"k{n:02d}", "Value": str(n)} for n in range(50)]
    assert host.api.add_tags({"ResourceArn": arn, "Tags": tags}) == {"Tags": tags}
    first = host.api.list_tags({"ResourceArn": arn, "MaxResults": 30})
    second = host.api.list_tags({"ResourceArn": arn, "NextToken": first["NextToken"]})
    assert first["Tags"] + second["Tags"] == tags
    assert "NextToken" not in second

    assert host.api.delete_tags({"ResourceArn": arn, "TagKeys": [tag["Key"] for tag in tags[1:]]}) == {}
    assert host.api.list_tags({"ResourceArn": arn}) == {"Tags": tags[:1]}


async def test_tags_that_cannot_be(host: FakeHost) -> None:
    host.deploy("e")
    tags = [{"Key": str(n), "Value": ""} for n in range(51)]
    cases: tuple[tuple[dict[str, Any], type, str], ...] = (
        ({"ResourceArn": f"{ARN}:endpoint/e", "Tags": tags}, ValidationFailed, "A resource may have at most 50 tags."),
        ({"ResourceArn": f"{ARN}:endpoint/x"}, NotFound, f'Could not find endpoint "{ARN}:endpoint/x".'),
        ({"ResourceArn": "arn:aws:x:y:1:endpoint/e"}, NotFound, f'Could not find endpoint "{ARN}:endpoint/e".'),
        ({"ResourceArn": f"{ARN}:app/x"}, ValidationFailed, "Resources of the kind app are not hosted here."),
    )  # fmt: skip
    for members, kind, message in cases:
        assert refusal(host.api.add_tags, {"Tags": [], **members}) == (kind, message)
    token = {"ResourceArn": f"{ARN}:endpoint/e", "NextToken": "§"}
    assert refusal(host.api.list_tags, token) == (ValidationFailed, "The NextToken is not valid.")
