"""OpenPGP keys."""

from __future__ import annotations

from mailproof.grammars.openpgp import parse_openpgp
from tests.fuzz.parser import CONTROLS, Parser
from tests.unit.openpgp_keys import key, packet, public_key, signature


def _openpgp(data: bytes) -> bool:
    ring = parse_openpgp(data)
    assert not CONTROLS.search(ring.error), ring.error
    for found in ring.keys:
        for text in found.user_ids:
            assert not CONTROLS.search(text), text
    return not ring.error


_WORDS = (b"\xc6", b"\xcd", b"\xc2", b"\x98", b"\xff", b"\xff\xff\xff\xff\xff", b"\xe0", b"\x04\x13", b"\x06\x20")

PARSERS = (
    Parser(
        "OpenPGP key",
        _openpgp,
        (
            key("Alice <alice@example.org>", lifetime=100),
            key("a", "b", revoked=True),
            public_key(7, version=6) + signature(0x1F, (2, b"\0\0\0\1"), version=6),
            packet(6, b"\x04" + bytes(20), old=True),
        ),
        _WORDS,
        5,
    ),
)
