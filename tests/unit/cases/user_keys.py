"""Keys of users."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.grammars.openpgp import parse_openpgp
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.observations.user_keys import SMIMEA, OpenPGPKeyRecords, WebKeys

from ..observed import answer, missing
from ..openpgp_keys import key, signature
from .case import Table, advises, fails, passes, skips, undecided

ALICE = "alice@example.org"
NAME = hashlib.sha256(b"alice").digest()[:28].hex()
AT = 1_800_000_000
_GOOD = f"3 0 1 {'ab' * 32}"
_URL = "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/x?l=alice"


def _smimea(*records: str, secure: bool = True, matching: tuple[str, ...] | None = None) -> SMIMEA:
    name = f"{NAME}._smimecert.example.org"
    return SMIMEA(ALICE, answer(name, "SMIMEA", *records) if records else missing(name, "SMIMEA"), secure, matching)


def _openpgp(*keys: bytes, secure: bool = True) -> OpenPGPKeyRecords:
    name = f"{NAME}._openpgpkey.example.org"
    records = tuple(ResourceRecord(name, 60, "OPENPGPKEY", base64.b64encode(octets).decode()) for octets in keys)
    return OpenPGPKeyRecords(ALICE, Answer(name, "OPENPGPKEY", "NOERROR", records), AT, secure)


def _web(octets: bytes | None = None, status: int = 200, fault: str = "") -> WebKeys:
    return WebKeys(ALICE, AT, True, _URL, status, fault, None if octets is None else parse_openpgp(octets))


_KEY = key("Alice <alice@example.org>")
_EXPIRED = key("Alice <alice@example.org>", lifetime=86400)
_REVOKED = key("Alice <alice@example.org>", revoked=True)

TABLE: Table = {
    "KEY-SMIMEA": (
        passes(smimea=_smimea(_GOOD)),
        passes(smimea=_smimea(_GOOD, matching=(_GOOD,))),
        fails(f"no SMIMEA record at {NAME}", level=MUST, smimea=_smimea()),
        fails("is not secure", level=MUST, smimea=_smimea(_GOOD, secure=False)),
        fails("no registered usage", smimea=_smimea(f"9 0 1 {'ab' * 32}")),
        fails("a digest of 2 octets", smimea=_smimea("3 0 1 abab")),
        fails("no certificate in DER", smimea=_smimea("3 0 0 abab")),
        fails("no record matches", smimea=_smimea(_GOOD, matching=())),
        skips("names no SMIMEA", smimea=SMIMEA(ALICE, None)),
    ),
    "KEY-OPENPGPKEY": (
        passes(openpgpkey=_openpgp(_KEY)),
        passes(openpgpkey=_openpgp(_EXPIRED, _KEY)),
        fails(f"no OPENPGPKEY record at {NAME}", level=MUST, openpgpkey=_openpgp()),
        fails("is not secure", level=MUST, openpgpkey=_openpgp(_KEY, secure=False)),
        fails("ends too early", openpgpkey=_openpgp(_KEY[:-1])),
        fails("armoured", openpgpkey=_openpgp(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")),
        advises("expired on 2023-11-15", openpgpkey=_openpgp(_EXPIRED)),
        advises("was revoked", openpgpkey=_openpgp(_REVOKED)),
        skips("names no OPENPGPKEY", openpgpkey=OpenPGPKeyRecords(ALICE, None, AT)),
    ),
    "KEY-WKD": (
        passes(web_keys=_web(_KEY)),
        fails("has an address", level=SHOULD, web_keys=_web(fault="neither has an address", status=0)),
        fails("status 404", web_keys=_web(status=404)),
        fails("cannot be read", web_keys=_web(b"<html>")),
        fails("no user id has the address: Bob", web_keys=_web(key("Bob <bob@example.org>"))),
        passes(web_keys=_web(key("Alice@Example.org"))),
        passes(web_keys=_web(_EXPIRED + _KEY)),
        passes(
            web_keys=replace(_web(key("Zoë <zoe@büro.example>")), address="zoe@xn--bro-hoa.example"),
        ),
        fails("no user id has the address", web_keys=_web(key("Malice <malice@example.org>"))),
        fails("no user id has the address", web_keys=_web(key("alice@example.org.example"))),
        fails("expired on 2023-11-15", web_keys=_web(_EXPIRED + key("Bob <bob@example.org>"))),
        fails("expired on 2023-11-15", level=SHOULD, web_keys=_web(_EXPIRED)),
        fails("the key was revoked", web_keys=_web(_REVOKED)),
        fails(
            "the last subkey for encryption expired on 2023-11-15",
            web_keys=_web(key("alice@example.org", subkey=86400)),
        ),
        fails(
            "the subkeys for encryption were revoked",
            web_keys=_web(key("alice@example.org") + signature(0x28, (2, bytes(4)))),
        ),
        undecided("status 503", web_keys=_web(status=503)),
        undecided("status 302", web_keys=_web(status=302)),
        skips("names no Web Key", web_keys=WebKeys(ALICE, AT, wanted=False)),
    ),
}
