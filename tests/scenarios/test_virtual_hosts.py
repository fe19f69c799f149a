"""S3 with the bucket in the host's name: Amazon's own through `firstbyte exec`'s proxy, and names of an address."""

import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from firstbyte.app import intercept
from firstbyte.settings import read_credentials
from scenarios.conftest import RunningHost

PART_BYTES = 5 << 20


@pytest.fixture
def amazon(host: RunningHost) -> Iterator[Any]:
    """An S3 client without an endpoint, as a program that knows only Amazon makes it, behind the proxy."""
    keys = read_credentials(host.settings)
    with intercept(host.settings, host.url, trusted="", upstream_url=None) as (proxy_url, bundle):
        session = boto3.Session(keys.access_key_id, keys.secret_access_key, region_name=host.settings.hosting.region)
        client = session.client("s3", verify=str(bundle), config=Config(proxies={"https": proxy_url}))
        yield client
        client.close()


@pytest.mark.parametrize("bucket", ["plain-bucket", "bucket.with.dots"])
def test_amazon_s_own_names_lead_to_the_store(host: RunningHost, amazon: Any, tmp_path: Any, bucket: str) -> None:
    hosts: list[str] = []
    amazon.meta.events.register("before-send.s3", lambda request, **_: hosts.append(request.url.split("/")[2]))
    file = tmp_path / "big"
    file.write_bytes(bytes(range(256)) * (PART_BYTES // 256) + b"tail")

    amazon.create_bucket(Bucket=bucket)
    amazon.put_object(Bucket=bucket, Key="a b/c+d é", Body=b"hello", Metadata={"who": "me"})
    amazon.upload_file(str(file), bucket, "big", Config=TransferConfig(PART_BYTES, 2, PART_BYTES))
    amazon.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/c+d é"})

    assert [entry["Key"] for entry in amazon.list_objects_v2(Bucket=bucket)["Contents"]] == ["a b/c+d é", "big", "copy"]
    assert amazon.get_object(Bucket=bucket, Key="a b/c+d é")["Metadata"] == {"who": "me"}
    assert amazon.get_object(Bucket=bucket, Key="copy", Range="bytes=1-3")["Body"].read() == b"ell"
    amazon.download_file(bucket, "big", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    deletion = {"Objects": [{"Key": key} for key in ("a b/c+d é", "big", "copy")]}
    assert len(amazon.delete_objects(Bucket=bucket, Delete=deletion)["Deleted"]) == 3
    amazon.delete_bucket(Bucket=bucket)
    is_virtual = "." not in bucket  # no certificate is good for dots, so boto3 falls back to path style
    assert any(name.startswith(f"{bucket}.s3.") for name in hosts) == is_virtual


@pytest.fixture
def names_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the name servers of nip.io answer, without a network."""
    lookup = socket.getaddrinfo

    def look_up(name: Any, *more: Any, **options: Any) -> Any:
        return lookup("127.0.0.1" if str(name).endswith(".127.0.0.1.nip.io") else name, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("names_of_an_address")
def test_a_bucket_may_stand_before_the_name_of_an_address(host: RunningHost) -> None:
    config: Any = Config(s3={"addressing_style": "virtual"}, signature_version="s3v4")
    url = host.url.replace("127.0.0.1", "s3.127.0.0.1.nip.io")
    s3 = host.session.client("s3", endpoint_url=url, config=config)
    s3.create_bucket(Bucket="of-an-address")
    s3.put_object(Bucket="of-an-address", Key="k", Body=b"hello")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "of-an-address", "Key": "k"})

    assert link.startswith("http://of-an-address.s3.127.0.0.1.nip.io:")
    assert urllib.request.urlopen(link).read() == b"hello"
    assert (host.settings.objects_dir / "of-an-address" / "k").read_bytes() == b"hello"
