"""Answers to TLS hellos."""

from __future__ import annotations

from mailproof.net.errors import Malformed
from mailproof.net.text import printable
from mailproof.net.tls.flight import Flight
from tests.fuzz.parser import CONTROLS, Parser, told
from tests.unit.test_hellos import WHOLE, record
from tests.unit.test_tls_offers import RETRY


def _flight(data: bytes) -> bool:
    """Whole and in small pieces, an answer is the same; what is read of it is bounded by what came."""
    seen = []
    for size in (len(data) or 1, 7):
        flight = Flight()
        try:
            for at in range(0, len(data), size):
                flight.feed(data[at : at + size])
            flight.end()
        except Malformed as failure:
            told(failure.reason)
        seen.append((flight.hello, flight.alert, flight.certificates, flight.key_exchange, flight.stapled))
        assert sum(map(len, flight.certificates)) <= len(data)
        assert flight.hello is None or flight.hello.alpn is None or not CONTROLS.search(printable(flight.hello.alpn))
    assert seen[0] == seen[1]
    return not flight.empty


_TLS12 = b"".join(record(WHOLE[at : at + 60]) for at in range(0, len(WHOLE), 60))
_SSL2 = b"\x80\x1d\x04\x00\x01\x00\x02\x00\x02\x00\x06\x00\x04der:\x07\x00\xc0\x01\x00\x80conn\x00\x00\x00\x00"
_ALERTS = record(b"\x01\x70", 21) + record(b"\x02\x28", 21)

PARSERS = (
    Parser(
        "tls-flight",
        _flight,
        (_TLS12, record(RETRY), _SSL2, _ALERTS, b"500 what?\r\n"),
        (b"\x16\x03\x03", b"\x02\x00\x00", b"\xff\xff", b"\x80", b"\x15"),
        15,
    ),
)
