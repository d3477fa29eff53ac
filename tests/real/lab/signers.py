"""Private DKIM keys as they lie on the host of a signer: one belongs to its record, and one to none."""

from __future__ import annotations

import base64
import tempfile
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailproof.exercising.sink_records import make_identity, tlsa_of


@cache
def _keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)


@cache
def sink() -> tuple[str, str, str]:
    """The private key of the sink that mail is sent to, its certificate, and the TLSA rdata of the key."""
    with tempfile.TemporaryDirectory() as directory:
        key = Path(directory) / "sink.key"
        make_identity(key, "exercise-sink.test")
        certificate = key.with_suffix(".pem")
        return key.read_text(), certificate.read_text(), tlsa_of(certificate)


def write_sink(directory: Path) -> Path:
    """Write key and certificate. Returns the file of the key."""
    key, certificate, _ = sink()
    (directory / "sink.key").write_text(key)
    (directory / "sink.pem").write_text(certificate)
    return directory / "sink.key"


def published() -> str:
    """The public half of the key of ``right.test``, as DKIM publishes it."""
    public = _keys()[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(public).decode()


def write(directory: Path) -> Path:
    """Write the keys as opendkim-genkey and rspamd call them. Returns the directory."""
    signers = directory / "signers"
    (signers / "right.test").mkdir(parents=True, exist_ok=True)
    names = ("right.test/sel1.private", "dkim-private.test.sel1.key")
    for name, key in zip(names, _keys(), strict=True):
        (signers / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return signers
