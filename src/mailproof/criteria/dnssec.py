"""What IANA and the RFCs say about DNSSEC algorithms and digests, and the trust anchors of the root.

Sources:

- DNS Security Algorithm Numbers, https://www.iana.org/assignments/dns-sec-alg-numbers: the values of RFC 9904, table 2
  (November 2025), changed by RFC 9905, section 5 (RSASHA1) and RFC 9906 (GOST R 34.10-2001).
- Digest Algorithms, https://www.iana.org/assignments/ds-rr-types: RFC 9904, table 3, changed by RFC 9905 and RFC 9906.
- Root anchors, https://data.iana.org/root-anchors/root-anchors.xml (format: RFC 9718); BIND 9.18.49 ships
  the same two.

The registries change by Standards Action: rows later than RFC 9906 are not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

AS_OF = date(2025, 11, 30)
"""The tables are as the RFCs had made them on this day."""


class Use(StrEnum):
    """The words of the columns "Use for ..." (RFC 9904, section 2.2)."""

    RECOMMENDED = "RECOMMENDED"
    MAY = "MAY"
    NOT_RECOMMENDED = "NOT RECOMMENDED"
    MUST_NOT = "MUST NOT"


@dataclass(frozen=True)
class Algorithm:
    """One row of a registry.

    ``use`` is "Use for DNSSEC Signing" (algorithms) or "Use for DNSSEC Delegation" (digests), ``validation`` is
    "Use for DNSSEC Validation". ``source`` is the RFC that set the values.
    """

    number: int
    name: str
    use: Use
    validation: Use
    source: str


def _table(*rows: Algorithm) -> dict[int, Algorithm]:
    return {row.number: row for row in rows}


ALGORITHMS = _table(
    Algorithm(1, "RSAMD5", Use.MUST_NOT, Use.MUST_NOT, "RFC 9904"),
    Algorithm(3, "DSA", Use.MUST_NOT, Use.MUST_NOT, "RFC 9904"),
    Algorithm(5, "RSASHA1", Use.MUST_NOT, Use.RECOMMENDED, "RFC 9905"),
    Algorithm(6, "DSA-NSEC3-SHA1", Use.MUST_NOT, Use.MUST_NOT, "RFC 9904"),
    Algorithm(7, "RSASHA1-NSEC3-SHA1", Use.MUST_NOT, Use.RECOMMENDED, "RFC 9905"),
    Algorithm(8, "RSASHA256", Use.RECOMMENDED, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(10, "RSASHA512", Use.NOT_RECOMMENDED, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(12, "ECC-GOST", Use.MUST_NOT, Use.MUST_NOT, "RFC 9906"),
    Algorithm(13, "ECDSAP256SHA256", Use.RECOMMENDED, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(14, "ECDSAP384SHA384", Use.MAY, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(15, "ED25519", Use.RECOMMENDED, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(16, "ED448", Use.MAY, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(17, "SM2SM3", Use.MAY, Use.MAY, "RFC 9904"),
    Algorithm(23, "ECC-GOST12", Use.MAY, Use.MAY, "RFC 9904"),
    Algorithm(253, "PRIVATEDNS", Use.MAY, Use.MAY, "RFC 9904"),
    Algorithm(254, "PRIVATEOID", Use.MAY, Use.MAY, "RFC 9904"),
)

DIGESTS = _table(
    Algorithm(0, "NULL (CDS only)", Use.MUST_NOT, Use.MUST_NOT, "RFC 9904"),
    Algorithm(1, "SHA-1", Use.MUST_NOT, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(2, "SHA-256", Use.RECOMMENDED, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(3, "GOST R 34.11-94", Use.MUST_NOT, Use.MUST_NOT, "RFC 9906"),
    Algorithm(4, "SHA-384", Use.MAY, Use.RECOMMENDED, "RFC 9904"),
    Algorithm(5, "GOST R 34.11-2012", Use.MAY, Use.MAY, "RFC 9904"),
    Algorithm(6, "SM3", Use.MAY, Use.MAY, "RFC 9904"),
)

RSA = frozenset({1, 5, 7, 8, 10})
"""Algorithms whose keys are those of RSA (RFC 3110, 5702)."""

RSA_BITS = {5: (512, 4096), 7: (512, 4096), 8: (512, 4096), 10: (1024, 4096)}
"""The least and the most bits of a modulus (RFC 3110, section 2; RFC 5702, sections 2.1 and 2.2)."""

KEY_BITS = {13: 512, 14: 768, 15: 256, 16: 456}
"""Bits of the public keys that have one length (RFC 6605, section 4; RFC 8080, section 3)."""

RSASHA1 = frozenset({5, 7})
"""Operators of validating resolvers MUST treat these as unsupported, although the registry recommends their use for
validation (RFC 9905, section 2): a zone with no other algorithm is insecure.
"""

SUPPORTED_ALGORITHMS = (
    frozenset(number for number, row in ALGORITHMS.items() if row.validation is Use.RECOMMENDED) - RSASHA1
)
"""What a validator of today uses, and what chains are judged by."""

SUPPORTED_DIGESTS = frozenset(number for number, row in DIGESTS.items() if row.validation is Use.RECOMMENDED)


@dataclass(frozen=True)
class RootAnchor:
    """A key of the root as IANA publishes it: the fields of a DS record, and since when the key is valid."""

    name: str
    key_tag: int
    algorithm: int
    digest_type: int
    digest: str
    valid_from: date


ROOT_ANCHORS = (
    RootAnchor(
        "KSK-2017", 20326, 8, 2, "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D", date(2017, 2, 2)
    ),
    RootAnchor(
        "KSK-2024", 38696, 8, 2, "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16", date(2024, 7, 18)
    ),
)


LOCALLY_SERVED = (
    *("alt", "home.arpa", "invalid", "local", "localhost", "onion", "test"),
    *("0.in-addr.arpa", "127.in-addr.arpa", "10.in-addr.arpa", "254.169.in-addr.arpa", "168.192.in-addr.arpa"),
    *(f"{number}.172.in-addr.arpa" for number in range(16, 32)),
    *(f"{number}.100.in-addr.arpa" for number in range(64, 128)),
    *("2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa"),
    *("d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa"),
    *("8.b.d.0.1.0.0.2.ip6.arpa", "0." * 31 + "0.ip6.arpa", "1." + "0." * 31 + "ip6.arpa"),
)
"""Zones that resolvers answer for by themselves, without signatures (RFC 6303, section 4; RFC 6761, section 6; RFC
6762, section 22; RFC 7686, section 2; RFC 7793, section 2; RFC 8375, section 4; RFC 9476, section 2).
"""


def algorithm_text(number: int) -> str:
    """An algorithm as people know it: ``13 (ECDSAP256SHA256)``."""
    row = ALGORITHMS.get(number)
    return f"{number} ({row.name})" if row else f"{number} (unassigned)"


def digest_text(number: int) -> str:
    """A digest algorithm as people know it: ``2 (SHA-256)``."""
    row = DIGESTS.get(number)
    return f"{number} ({row.name})" if row else f"{number} (unassigned)"
