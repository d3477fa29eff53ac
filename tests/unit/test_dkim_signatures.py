"""Verification of DKIM signatures (RFC 6376, section 6): dkimpy and OpenDKIM sign, OpenDKIM verifies as well."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailproof.grammars.dkim_signatures import parse_signature
from mailproof.grammars.messages import MAX_FIELDS, MAX_OCTETS, parse_header
from mailproof.probes.dkim_verification import SignedMessage, Unverifiable, verify

MESSAGE = (
    b"From: A <a@example.org>\r\nTo: b@example.net,\r\n c@example.net\r\nSubject: two  blanks \r\n"
    b"Date: Thu, 26 Nov 2026 07:00:00 +0000\r\n\r\nHello  \t world \r\n\r\n. \r\n\r\n\r\n"
)
RECEIVED = "2026-11-26T08:00:00+00:00"
FORMS = tuple(product(("simple", "relaxed"), repeat=2))
ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
CHANGES = (
    (b"Hello", b"Hullo", "the body was changed"),
    (b"blanks", b"blancs", "the header was changed"),
    (b"From: A", b"From: x@example.com\r\nFrom: A", ""),
    (b"Subject:", b"From: x@example.com\r\nSubject:", "the header was changed"),
)
"""What is put in place of what, and what is said of it. What stands above all signed fields may go unnoticed."""

opendkim = pytest.mark.skipif(shutil.which("opendkim") is None, reason="OpenDKIM is not installed")


@cache
def rsa(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


@cache
def ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def pem(bits: int = 2048) -> bytes:
    return rsa(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def private(algorithm: str) -> bytes:
    if algorithm.startswith("rsa"):
        return pem()
    return base64.b64encode(ed25519().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def record(algorithm: str = "rsa-sha256", tags: str = "", bits: int = 2048) -> str:
    if algorithm.startswith("rsa"):
        octets = rsa(bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = ed25519().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k={algorithm.partition('-')[0]}; {tags}p={base64.b64encode(octets).decode()}"


def sign(
    message: bytes = MESSAGE,
    algorithm: str = "rsa-sha256",
    forms: tuple[str, str] = ("relaxed", "relaxed"),
    names: str = "From To Subject Date",
    key: bytes = b"",
    length: bool = False,
) -> bytes:
    signature = dkim.sign(
        message,
        b"sel1",
        b"example.org",
        key or private(algorithm),
        canonicalize=tuple(form.encode() for form in forms),
        signature_algorithm=algorithm.encode(),
        include_headers=[name.encode() for name in names.split()],
        length=length,
    )
    return bytes(signature + message)


def verified(message: bytes, *keys: str, received_at: str = RECEIVED) -> tuple[str, str]:
    """The result of the topmost signature."""
    value = parse_header(message).all("dkim-signature")[0].value
    return verify(SignedMessage(message), 0, parse_signature(value), keys or (record(),), received_at)


@pytest.mark.parametrize("forms", FORMS, ids="/".join)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_dkimpy_signs_verifies_and_what_is_changed_does_not(algorithm: str, forms: tuple[str, str]) -> None:
    message, key = sign(algorithm=algorithm, forms=forms), record(algorithm)
    assert verified(message, key) == ("pass", "")
    assert verified(message.replace(b"\r\n", b"\n"), key) == ("pass", "")
    assert verified(b"From x Thu Nov 26 07:00:00 2026\r\n" + message, key) == ("pass", "")
    for old, new, says in CHANGES:
        result, reason = verified(message.replace(old, new, 1), key)
        assert (result, reason.startswith(says)) == ("fail" if says else "pass", True), (old, reason)


@opendkim
@pytest.mark.parametrize("forms", FORMS, ids="/".join)
def test_what_opendkim_signs_verifies(tmp_path: Path, forms: tuple[str, str]) -> None:
    (tmp_path / "key.pem").write_bytes(pem())
    key = f"KeyFile {tmp_path}/key.pem\nRequireSafeKeys no\n"
    settings = f"Mode s\nDomain example.org\nSelector sel1\nCanonicalization {'/'.join(forms)}\n{key}"
    written = _opendkim(tmp_path, settings, MESSAGE)
    (value,) = re.findall(r"hname='DKIM-Signature' hvalue='(.*?)'\n", written, re.DOTALL)
    message = f"DKIM-Signature: {value}\n".replace("\n", "\r\n").encode() + MESSAGE
    assert verified(message) == ("pass", "")
    assert verified(message.replace(b"Hello", b"Hullo"))[0] == "fail"
    assert verified(message.replace(b"blanks", b"blancs"))[0] == "fail"


@opendkim
@pytest.mark.parametrize("forms", FORMS, ids="/".join)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_opendkim_says_the_same(tmp_path: Path, algorithm: str, forms: tuple[str, str]) -> None:
    (tmp_path / "keys").write_text(f"sel1._domainkey.example.org {record(algorithm)}\n")
    message = sign(algorithm=algorithm, forms=forms)
    for old, new in (
        (b"", b""),
        *((old, new) for old, new, _ in CHANGES),
        (b"two  b", b"two b"),
        (b"\t world", b"world"),
    ):
        changed = message.replace(old, new, 1) if old else message
        said = re.findall(r"dkim=(\w+)", _opendkim(tmp_path, f"Mode v\nTestPublicKeys {tmp_path}/keys\n", changed))
        assert [verified(changed, record(algorithm))[0]] == said, (old, new)


def _opendkim(directory: Path, settings: str, message: bytes) -> str:
    (directory / "conf").write_text(settings)
    (directory / "message").write_bytes(message)
    command = ["opendkim", "-A", "-f", "-x", "conf", "-t", "message", "-v", "-v"]
    run = subprocess.run(command, cwd=directory, capture_output=True, timeout=60, check=True)
    return run.stdout.decode()


def test_keys_that_do_not_fit() -> None:
    message = sign()
    for tags, says in (
        ("h=sha1; ", "the key admits h=sha1"),
        ("s=tlsrpt; ", "the key is for s=tlsrpt"),
        ("s=email:x; h=sha1:sha256; t=y; ", ""),
    ):
        assert verified(message, record(tags=tags))[1].startswith(says)
    assert verified(message, record("ed25519-sha256"))[1].startswith("the key is of the type ed25519")
    assert verified(message, "v=DKIM1; p=AAAA") == ("permerror", "the key cannot be read")
    assert verified(message, record().replace("DKIM1", "DKIM2")) == ("permerror", "the key is of another version")
    assert verified(message, "v=DKIM1; p=AAAA", record()) == ("pass", "")
    assert verified(sign(key=pem(1024)))[0] == "fail"


def test_short_keys_and_sha1_count_for_nothing() -> None:
    """RFC 8301, sections 3.1 and 3.2."""
    value = "v=1; a=rsa-sha1; d=example.org; s=sel1; h=from; bh=AAAA; b=AAAA"
    message = f"DKIM-Signature: {value}\r\n".encode() + MESSAGE
    assert verified(message)[1].startswith("it is made with SHA-1")
    result, reason = verified(sign(key=pem(1024)), record(bits=1024))
    assert result == "pass", reason


def test_a_sub_domain_in_i_and_a_key_that_admits_none() -> None:
    message = dkim.sign(MESSAGE, b"sel1", b"example.org", pem(), identity=b"@news.example.org") + MESSAGE
    assert verified(message) == ("pass", "")
    assert verified(message, record(tags="t=s; "))[1].startswith("the key admits no sub-domain")


def test_a_signature_expires_by_the_time_of_the_message() -> None:
    """An old sample is not to blame for being old."""
    message = re.sub(rb" t=[0-9]+;", b" t=1795676400; x=1795680000;", sign())
    assert b"x=1795680000" in message
    assert verified(message)[0] == "fail"
    assert verified(message, received_at="2026-11-27T08:00:00+00:00")[1].startswith("it had expired when")
    assert verified(message, received_at="")[0] == "fail"


def test_a_signed_length() -> None:
    message = sign(length=True)
    assert verified(message + b"added\r\n") == ("pass", "")
    short = message.replace(b". \r\n\r\n\r\n", b"")
    assert verified(short)[1].startswith("l=")
    header = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    for body, form in product((b"", b"no end of line"), ("simple", "relaxed")):
        assert verified(sign(header + body, forms=("relaxed", form), length=True)) == ("pass", ""), (body, form)


def test_names_of_internationalised_mail() -> None:
    """RFC 8616, section 4: d=, s= and i= may have U-labels there."""
    found = parse_signature("v=1; a=rsa-sha256; d=Bücher.example; s=süd; i=@a.bücher.example; h=from; bh=AAAA; b=AAAA")
    assert found.errors == ()
    assert found.key_name == "xn--sd-xka._domainkey.xn--bcher-kva.example"
    assert found.identity == "@a.xn--bcher-kva.example"
    assert parse_signature("v=1; a=rsa-sha256; d=x\ufffd.example; s=s; h=from; bh=AAAA; b=AAAA").errors


def test_a_hostile_message_takes_no_longer_than_its_octets() -> None:
    """dkimpy's own canonicalisation would take a quarter of an hour for this one."""
    message = sign() + b" " * 1_000_000 + b"x\r\n"
    assert verified(message) == ("fail", "the body was changed")
    with pytest.raises(Unverifiable, match="fields or 1048576 octets"):
        SignedMessage(b"A: x\r\n" + b" x\r\n" * MAX_OCTETS)
    with pytest.raises(Unverifiable, match="more than 2000 fields"):
        SignedMessage(b"A: x\r\n" * (MAX_FIELDS + 1) + b"\r\n")
    with pytest.raises(Unverifiable, match="cannot be read"):
        SignedMessage(b"no header\r\n\r\n")
    with pytest.raises(Unverifiable, match="a signature has more than"):
        verified(sign().replace(b"v=1;", b"v=1; z=" + b"x" * 20_000 + b";"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("v=1", "v=2"), "not version 1"),
        (("a=rsa-sha256", "a=dsa-sha256"), "is not known"),
        (("d=example.org", "d=exa mple"), "is no name"),
        (("s=sel1; ", ""), "the tag s is missing"),
        (("h=from", "h=to"), "From is not signed"),
        (("bh=AAAA", "bh=A!"), "bh is not base64"),
        (("s=sel1", "s=sel1; s=sel2"), "given twice"),
        (("s=sel1", "s=sel1; i=@example.com"), "is not below"),
        (("s=sel1", "s=sel1; i=@badexample.org"), "is not below"),
        (("s=sel1", "s=sel1; c=strict"), "canonicalisation"),
        (("s=sel1", "s=sel1; l=x"), "is no number"),
        (("s=sel1", "s=sel1; t=2; x=1"), "is before t"),
        (("s=sel1", "s=sel1; q=http"), "no known place"),
        (("s=sel1", "s=sel1; nothing"), "is not a tag"),
        (("s=sel1", "s=sel1; q=x:dns/txt; i=a@news.example.org; c=relaxed; l=0; t=1; x=2; z=y"), ""),
    ],
)
def test_the_grammar_of_signatures(change: tuple[str, str], says: str) -> None:
    found = parse_signature("v=1; a=rsa-sha256; d=example.org; s=sel1; h=from : to; bh=AAAA; b=AA AA;".replace(*change))
    assert says in "; ".join(found.errors)
    assert bool(found.errors) == bool(says)
