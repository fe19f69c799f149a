"""A certificate authority of one's own, which can speak for `amazonaws.com` and nothing else.

`edge.proxy` shows certificates of it to programs that `firstbyte exec` runs; they trust it by a variable, so it never
enters the system's store. Should its key be stolen all the same, the name constraint (RFC 5280 §4.2.1.10) keeps it from
vouching for any other domain.
"""

import contextlib
import datetime
import fcntl
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "amazonaws.com"
"""The only domain that the authority may speak for, with all its names."""
AUTHORITY_DAYS = 3650
LEAF_DAYS = 30
"""A certificate is made for one run of the proxy."""
SLACK = datetime.timedelta(days=1)
"""Certificates begin earlier than now, since clocks differ."""

_CERTIFICATE, _KEY, _LOCK = "ca.pem", "ca-key.pem", "ca.lock"


class Authority:
    """The authority whose certificate and key lie in a folder."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key
        self._contexts: dict[str, ssl.SSLContext] = {}

    @classmethod
    def open(cls, folder: Path) -> "Authority":
        """Read the authority of `folder` (0700), making it at first use; a key that others could read is not made.

        Raises OSError, and ValueError for files that hold something else.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder / _LOCK):
            if not (folder / _CERTIFICATE).exists():
                _make(folder)
        certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
        key = serialization.load_pem_private_key((folder / _KEY).read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{folder / _KEY} holds no elliptic curve key")
        return cls(certificate, key)

    def pem(self) -> str:
        """The authority's certificate, for those who are to trust it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context_for(self, name: str) -> ssl.SSLContext:
        """What a TLS server needs that speaks for `name`; made once for each name."""
        if name not in self._contexts:
            self._contexts[name] = self._make_context(name)
        return self._contexts[name]

    def _make_context(self, name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name, key.public_key())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile() as file:  # made 0600; the ssl module reads keys from files only
            file.write(certificate.public_bytes(serialization.Encoding.PEM) + _private_bytes(key))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _sign(self, name: str, public_key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))  # a name may be longer than the 64 characters that a common name can have
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SLACK)
            .not_valid_after(now + datetime.timedelta(days=LEAF_DAYS))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(issuer_key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _make(folder: Path) -> None:
    """Make an authority's key and certificate; the certificate, which says that all is there, comes last."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Firstbyte local authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + datetime.timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(DOMAIN)], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / _KEY, _private_bytes(key), 0o600)
    _write(folder / _CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def write_bundle(authority: Authority, trusted: str, file: Path) -> None:
    """Write the authority's certificate before the `trusted` ones (PEM), at once or not at all."""
    _write(file, (authority.pem() + trusted).encode(), 0o644)


def _write(file: Path, data: bytes, mode: int) -> None:
    descriptor, partial = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
    Path(partial).chmod(mode)
    Path(partial).replace(file)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
