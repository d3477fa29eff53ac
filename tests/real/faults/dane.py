"""Faults of TLSA records, and what they vouch for."""

from __future__ import annotations

from tests.real.domains import EXIM, ISSUER, POSTFIX, Chain, Delegation, Domain, Server

NETWORK = 33

DOMAINS = (
    Domain(
        "no-tlsa",
        "no TLSA record",
        Server(POSTFIX),
        records={"_25._tcp.mx TLSA": ()},
        advice=("DANE-EXISTS",),
    ),
    Domain(
        "unsigned-tlsa",
        "TLSA record in a zone that is not signed",
        Server(POSTFIX),
        delegation=Delegation.UNSIGNED,
        advice=("DANE-EXISTS", "SEC-SIGNED"),
        why="Without DNSSEC TLSA records do not count (RFC 7672, section 2.2).",
    ),
    Domain(
        "tlsa-mismatch",
        "TLSA matches no certificate",
        Server(POSTFIX),
        records={"_25._tcp.mx TLSA": ("3 1 1 " + "00" * 32,)},
        fail=("DANE-MATCH",),
    ),
    Domain(
        "dane-ta",
        "certificate of a private CA, which DANE-TA vouches for: no fault",
        Server(POSTFIX, chain=Chain.UNKNOWN_ROOT),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        policy_mode="testing",
        why="DANE-TA vouches for the root, and the names and dates are right (RFC 7672, section 3.1.2).",
        unjudged="no fault: DANE-TA vouches for the root (RFC 7672, section 3.1.2)",
    ),
    Domain(
        "dane-ta-wrong-name",
        "DANE-TA vouches for the issuer of a certificate for another name",
        Server(POSTFIX, chain=Chain.WRONG_NAME),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        fail=("DANE-MATCH", "CERT-NAME"),
        why="Names count (RFC 7672, section 3.2.2).",
    ),
    Domain(
        "dane-ta-expired",
        "DANE-TA vouches for the issuer of an expired certificate",
        Server(EXIM, chain=Chain.EXPIRED),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        fail=("DANE-MATCH", "CERT-DATES"),
        why="Dates count (RFC 7672, section 3.1.2).",
    ),
    Domain(
        "self-signed-dane",
        "self-signed certificate, which DANE-EE alone vouches for: no fault",
        Server(POSTFIX, chain=Chain.SELF_SIGNED),
        policy_mode="testing",
        why="DANE-EE vouches for the key, and no policy in mode enforce wants more (RFC 7672, section 3.1.1).",
        unjudged="no fault: DANE-EE vouches for the key (RFC 7672, section 3.1.1)",
    ),
)
