"""The local authority: what it signs is believed by OpenSSL, for Amazon's names and no others."""

import ssl
from pathlib import Path

import pytest

from firstbyte.edge.certificates import Authority, write_bundle


def shake_hands(authority: Authority, name: str) -> None:
    """A TLS handshake in memory, as strict as OpenSSL can be."""
    trusting = ssl.create_default_context(cadata=authority.pem())
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = authority.context_for(name).wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize(
    "name", ["sts.us-east-1.amazonaws.com", "amazonaws.com", f"{'b' * 63}.s3.eu-west-1.amazonaws.com"]
)
def test_programs_believe_it_for_amazon(tmp_path: Path, name: str) -> None:
    shake_hands(Authority.open(tmp_path), name)


@pytest.mark.parametrize("name", ["example.com", "amazonaws.com.example", "notamazonaws.com"])
def test_for_any_other_name_they_do_not(tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(Authority.open(tmp_path), name)


def test_it_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "tls"

    assert Authority.open(folder).pem() == Authority.open(folder).pem()
    assert (folder / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_bundle_keeps_what_is_trusted_already(tmp_path: Path) -> None:
    authority, other = Authority.open(tmp_path / "a"), Authority.open(tmp_path / "b")

    write_bundle(authority, other.pem(), tmp_path / "trusted.pem")

    trusted = ssl.create_default_context(cafile=str(tmp_path / "trusted.pem"))
    assert len(trusted.get_ca_certs()) == 2
