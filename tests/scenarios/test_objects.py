"""S3 as the SageMaker SDK and the notebooks use it, through unmodified boto3, over plain files."""

import hashlib
import io
import random
import socket
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from scenarios.conftest import Hosts, RunningHost

AWKWARD_KEYS = ["plain", "a b/c+d é.txt", "deep/er/and/deeper", "per%cent", "q?u&e=r;y,y", "~tilde'(quote)!*"]


def refusal(call: Any, **members: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**members)
    response = caught.value.response
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def s3(host: RunningHost) -> Any:
    return host.client("s3")


@pytest.fixture
def bucket(s3: Any, request: Any) -> Any:
    """A bucket of the test's own."""
    name = "b-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def test_the_sdk_s_default_bucket_is_made_as_on_aws(s3: Any) -> None:
    name = "sagemaker-us-east-1-123456789012"
    with pytest.raises(ClientError) as caught:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner="123456789012")
    assert caught.value.response["Error"] == {"Code": "404", "Message": "Not Found"}

    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)  # one's own bucket may be made again in us-east-1
    s3.head_bucket(Bucket=name, ExpectedBucketOwner="123456789012")
    assert name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.fixture
def subdomains_of_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems with systemd or a browser's resolver know them; for those without, the answer that they would give."""
    lookup = socket.getaddrinfo

    def look_up(name: Any, *more: Any, **options: Any) -> Any:
        return lookup("127.0.0.1" if str(name).endswith(".localhost") else name, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("subdomains_of_localhost")
@pytest.mark.parametrize("signature_version", ["s3v4", "s3"])
def test_a_bucket_may_stand_in_the_name_of_the_host(
    host: RunningHost, s3: Any, bucket: str, signature_version: str
) -> None:
    config: Any = Config(s3={"addressing_style": "virtual"}, signature_version=signature_version)
    url = host.url.replace("127.0.0.1", "localhost")
    virtual = host.session.client("s3", endpoint_url=url, config=config)
    if signature_version == "s3v4":  # the older one is for presigned links only
        virtual.put_object(Bucket=bucket, Key="a b/c+d é", Body=b"hello")
        assert [kept["Key"] for kept in virtual.list_objects_v2(Bucket=bucket)["Contents"]] == ["a b/c+d é"]
    s3.put_object(Bucket=bucket, Key="a b/c+d é", Body=b"hello")

    link = virtual.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b/c+d é"})

    assert link.startswith(f"http://{bucket}.localhost:")
    assert urllib.request.urlopen(link).read() == b"hello"


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_an_object_comes_back_as_it_went(host: RunningHost, s3: Any, bucket: str, key: str) -> None:
    put = s3.put_object(Bucket=bucket, Key=key, Body=b"hello", ContentType="text/plain", Metadata={"who": "me"})
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ChecksumCRC32"] == "NhCmhg=="

    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == b"hello"
    assert (got["ContentType"], got["Metadata"], got["ContentLength"]) == ("text/plain", {"who": "me"}, 5)
    assert s3.head_object(Bucket=bucket, Key=key)["ETag"] == put["ETag"]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [(entry["Key"], entry["ETag"], entry["Size"]) for entry in listed] == [(key, put["ETag"], 5)]
    assert (host.settings.objects_dir / bucket / key).read_bytes() == b"hello"


def test_parts_of_an_object_can_be_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    part = s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-5")
    assert (part["Body"].read(), part["ContentRange"]) == (b"2345", "bytes 2-5/10")
    assert refusal(s3.get_object, Bucket=bucket, Key="k", Range="bytes=20-30") == ("InvalidRange", 416)


def test_a_file_of_many_parts_goes_up_and_down_unchanged(
    host: RunningHost, s3: Any, bucket: str, tmp_path: Path
) -> None:
    data = random.Random(7).randbytes(20 * 1024 * 1024 + 17)
    (tmp_path / "up").write_bytes(data)

    s3.upload_file(str(tmp_path / "up"), bucket, "models/weights.bin")
    s3.download_file(bucket, "models/weights.bin", str(tmp_path / "down"))

    assert (tmp_path / "down").read_bytes() == data
    assert (host.settings.objects_dir / bucket / "models" / "weights.bin").read_bytes() == data


def test_an_upload_that_is_aborted_leaves_nothing(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 1000)
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert (
        refusal(s3.upload_part, Bucket=bucket, Key="k", UploadId=upload, PartNumber=2, Body=b"x")[0] == "NoSuchUpload"
    )


def test_unfinished_uploads_are_listed_and_none_are_no_error(s3: Any, bucket: str) -> None:
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="a<b")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert refusal(s3.list_multipart_uploads, Bucket="no-such-bucket") == ("NoSuchBucket", 404)


def test_an_object_has_the_type_that_it_was_given(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"x")
    s3.put_object(Bucket=bucket, Key="b.txt", Body=b"x", ContentType="text/csv")
    s3.upload_fileobj(io.BytesIO(b"x" * (9 << 20)), bucket, "c.json")
    s3.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "b.txt"})
    types = {key: s3.head_object(Bucket=bucket, Key=key)["ContentType"] for key in ("a.txt", "b.txt", "c.json", "d")}
    assert types == {
        "a.txt": "binary/octet-stream",
        "b.txt": "text/csv",
        "c.json": "binary/octet-stream",
        "d": "text/csv",
    }


def test_the_notebooks_clean_up_deletes_all_under_a_prefix(host: RunningHost, s3: Any, bucket: str) -> None:
    for number in range(1200):
        path = host.settings.objects_dir / bucket / "model" / f"shard {number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    s3.put_object(Bucket=bucket, Key="other", Body=b"stays")

    resource = host.session.resource("s3", endpoint_url=host.url)
    answers = resource.Bucket(bucket).objects.filter(Prefix="model/").delete()
    resource.meta.client.close()

    assert sum(len(answer["Deleted"]) for answer in answers) == 1200
    assert [entry["Key"] for entry in s3.list_objects(Bucket=bucket)["Contents"]] == ["other"]


def test_listings_have_pages_and_folders(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [prefix["Prefix"] for prefix in top["CommonPrefixes"]] == ["a/", "b/"]
    assert [entry["Key"] for entry in top["Contents"]] == ["c"]
    for operation in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
        assert [entry["Key"] for page in pages for entry in page["Contents"]] == ["a/1", "a/2", "b/1", "c"]


def test_objects_can_be_copied_and_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="from here", Body=b"hello")
    s3.copy_object(Bucket=bucket, Key="to/there", CopySource={"Bucket": bucket, "Key": "from here"})
    assert s3.get_object(Bucket=bucket, Key="to/there")["Body"].read() == b"hello"
    assert refusal(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)

    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "from here"}, {"Key": "to/there"}, {"Key": "never"}]})
    s3.delete_object(Bucket=bucket, Key="never")
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.list_objects_v2, Bucket=bucket) == ("NoSuchBucket", 404)


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "CRC32"])
def test_checksums_are_checked_and_told_back(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"]

    wrong = {f"Checksum{algorithm}": put[f"Checksum{algorithm}"]}
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"other", **wrong) == ("BadDigest", 400)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"


def test_refusals_are_s3_s(s3: Any, bucket: str) -> None:
    assert refusal(s3.get_object, Bucket=bucket, Key="never") == ("NoSuchKey", 404)
    assert refusal(s3.get_object, Bucket="no-such-bucket", Key="k") == ("NoSuchBucket", 404)
    assert refusal(s3.put_object, Bucket="no-such-bucket", Key="k", Body=b"x" * 100_000) == ("NoSuchBucket", 404)
    assert refusal(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="999999999999") == ("403", 403)
    assert refusal(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": []}) == ("NotImplemented", 501)
    assert refusal(s3.put_object, Bucket=bucket, Key="folder/", Body=b"") == ("NotImplemented", 501)
    assert refusal(s3.put_object, Bucket=bucket, Key="a/../../../escape", Body=b"x") == ("NotImplemented", 501)


def test_a_key_below_another_object_is_refused_once(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"file")

    assert refusal(s3.put_object, Bucket=bucket, Key="a/b", Body=b"x") == ("NotImplemented", 501)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"file"
    s3.put_object(Bucket=bucket, Key="b/c", Body=b"x")
    assert refusal(s3.put_object, Bucket=bucket, Key="b", Body=b"x") == ("NotImplemented", 501)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_addresses_work_without_keys(host: RunningHost, s3: Any, bucket: str, version: str) -> None:
    s3.put_object(Bucket=bucket, Key="a b", Body=b"hello")
    signer = host.session.client("s3", endpoint_url=host.url, config=Config(signature_version=version))
    url = signer.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"}, ExpiresIn=60)
    signer.close()

    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("a%20b", "other"))
    with caught.value as refused:
        assert refused.code == 403
        assert b"<Code>SignatureDoesNotMatch</Code>" in refused.read()


def test_uploads_of_unknown_streams_work(s3: Any, bucket: str) -> None:
    s3.upload_fileobj(io.BytesIO(b"x" * 100_000), bucket, "k")

    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 100_000


def test_without_checks_any_key_will_do(hosts: Hosts) -> None:
    host = hosts.start(auth=False)
    anybody = boto3.client(
        "s3",
        endpoint_url=host.url,
        region_name="us-east-1",
        aws_access_key_id="AKIAANYBODY000000000",
        aws_secret_access_key="any",
    )
    anybody.create_bucket(Bucket="open-house")
    anybody.put_object(Bucket="open-house", Key="k", Body=b"hello")
    assert anybody.get_object(Bucket="open-house", Key="k")["Body"].read() == b"hello"
    anybody.close()
