"""The examples of the standards: keys, DS records and signatures that others made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import dns.rdata
import dns.rrset
import pytest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from mailproof.net.dnssec.keys import Supported, entry_keys
from mailproof.net.dnssec.signatures import SignedSet, validate
from mailproof.net.dnssec.trust import Flaw, Status
from mailproof.net.dnssec.work import Work
from tests.unit.dnssec_world import name


@dataclass(frozen=True)
class Example:
    source: str
    zone: str
    key: str
    ds: str
    owner: str
    type: str
    data: str
    signature: str
    at: datetime


EXAMPLES = (
    Example(
        "RFC 6605, 6.1",
        "example.net.",
        "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
        "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17",
        "www.example.net.",
        "A",
        "192.0.2.1",
        "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
        "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
        datetime(2010, 9, 1, tzinfo=UTC),
    ),
    Example(
        "RFC 8080, 6.1",
        "example.com.",
        "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
        "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
        "example.com.",
        "MX",
        "10 mail.example.com.",
        "MX 15 2 3600 1440021600 1438207200 3613 example.com. "
        "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
        datetime(2015, 8, 10, tzinfo=UTC),
    ),
    Example(
        "RFC 8080, 6.2",
        "example.com.",
        "257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
        "9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7",
        "example.com.",
        "MX",
        "10 mail.example.com.",
        "MX 16 2 3600 1440021600 1438207200 9713 example.com. "
        "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE58"
        "1N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
        datetime(2015, 8, 10, tzinfo=UTC),
    ),
)

examples = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.source)


def key_of(example: Example) -> DNSKEY:
    return cast(DNSKEY, dns.rdata.from_text("IN", "DNSKEY", example.key))


def signed(example: Example) -> SignedSet:
    records = dns.rrset.from_text(name(example.owner), 3600, "IN", example.type, example.data)
    return SignedSet(records, (cast(RRSIG, dns.rdata.from_text("IN", "RRSIG", example.signature)),))


@examples
def test_the_ds_record_names_the_key(example: Example) -> None:
    ds = cast(DS, dns.rdata.from_text("IN", "DS", example.ds))
    entry = entry_keys(name(example.zone), [ds], [key_of(example)], Work())
    assert entry.keys == (key_of(example),)
    assert entry.failures == ()


@examples
def test_the_signature_verifies_in_its_time(example: Example) -> None:
    zone, keys = name(example.zone), [key_of(example)]
    validated = validate(signed(example), zone, keys, example.at, Supported(), Work())
    assert validated.status is Status.SECURE
    late = validate(signed(example), zone, keys, datetime(2026, 11, 26, tzinfo=UTC), Supported(), Work())
    assert late.link is not None
    assert (late.status, late.link.flaw) == (Status.BOGUS, Flaw.EXPIRED)
