"""Where the calls go and who signs them."""

import pytest

from firstbyte.cli.errors import CommandFailed, UsageMistake
from firstbyte.cli.target import find_target


def signer(target: str | None) -> str:
    """Name the access key that calls to `target` are signed with."""
    return str(find_target(target).session.get_credentials().access_key)


def test_without_a_target_it_is_the_local_host_and_its_keys(
    keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    client = find_target(None).client("sagemaker")
    assert client.meta.endpoint_url == "http://127.0.0.1:8770"
    assert signer(None) == keys["access_key_id"]
    assert not find_target(None).is_aws


def test_a_url_is_signed_with_the_environments_keys(keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment")
    assert signer("http://127.0.0.1:9000") == "AKIAENVIRONMENT00000"
    assert find_target("http://127.0.0.1:9000").session.region_name == "us-east-1"


def test_a_url_is_signed_with_the_local_hosts_keys_where_the_environment_has_none(keys: dict[str, str]) -> None:
    assert signer("http://127.0.0.1:9000") == keys["access_key_id"]
    assert find_target("http://127.0.0.1:9000").client("s3").meta.endpoint_url == "http://127.0.0.1:9000"


def test_a_url_without_any_keys_is_left_to_boto3() -> None:
    assert find_target("http://127.0.0.1:9000").session.get_credentials() is None


def test_aws_is_amazons_own_endpoint_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8770")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    target = find_target("aws")
    assert target.is_aws
    assert target.client("sagemaker").meta.endpoint_url == "https://api.sagemaker.eu-west-1.amazonaws.com"


def test_another_word_is_refused() -> None:
    with pytest.raises(UsageMistake, match="not 'localhost:8770'"):
        find_target("localhost:8770")


def test_the_local_host_must_have_run() -> None:
    with pytest.raises(CommandFailed, match="firstbyte up"):
        find_target(None)
