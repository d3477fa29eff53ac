"""Faults of TLSA records, and what they vouch for."""

from __future__ import annotations

from tests.real.domains import EXIM, ISSUER, NEXT_KEY, NO_KEY, OWN_KEY, POSTFIX, Delegation, Domain, Server, Store
from tests.real.shown import Chain

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
        records={"_25._tcp.mx TLSA": ("3 1 1 " + "00" * 32, NEXT_KEY)},
        fail=("DANE-MATCH",),
    ),
    Domain(
        "dane-ta",
        "certificate of a private CA, which DANE-TA vouches for: no fault",
        Server(POSTFIX, chain=Chain.UNKNOWN_ROOT),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        policy_mode="testing",
        advice=("DANE-ROLLOVER",),
        why="DANE-TA vouches for the root, and the names and dates are right (RFC 7672, section 3.1.2). No second "
        "record stands ready.",
    ),
    Domain(
        "dane-ta-wrong-name",
        "DANE-TA vouches for the issuer of a certificate for another name",
        Server(POSTFIX, chain=Chain.WRONG_NAME),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        fail=("DANE-MATCH",),
        advice=("DANE-ROLLOVER",),
        why="Names count (RFC 7672, section 3.2.2).",
    ),
    Domain(
        "dane-ta-expired",
        "DANE-TA vouches for the issuer of an expired certificate",
        Server(EXIM, chain=Chain.EXPIRED),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        fail=("DANE-MATCH",),
        advice=("DANE-ROLLOVER",),
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
    Domain(
        "tlsa-alone",
        "no TLSA record of a next key",
        Server(POSTFIX),
        records={"_25._tcp.mx TLSA": (OWN_KEY,)},
        advice=("DANE-ROLLOVER",),
    ),
    Domain(
        "tlsa-cut",
        "a TLSA record whose digest lacks an octet",
        Server(POSTFIX),
        records={"_25._tcp.mx TLSA": (OWN_KEY, NEXT_KEY, "3 1 1 " + "11" * 31)},
        fail=("DANE-DIGEST-FORM",),
        why="Senders pass over it, and the others match (RFC 7672, section 3.1).",
    ),
    Domain(
        "tlsa-stale-kind",
        "the TLSA record of the certificate was not renewed with it, that of its key matches",
        Server(EXIM),
        records={"_25._tcp.mx TLSA": (OWN_KEY, NEXT_KEY, "3 0 1 " + "11" * 32)},
        fail=("DANE-PARAM-COMPLETE",),
    ),
    Domain(
        "tlsa-weaker-digest",
        "SHA-256 of the key in use, SHA-512 of another one",
        Server(EXIM),
        records={"_25._tcp.mx TLSA": (OWN_KEY, NEXT_KEY, "3 1 2 " + "11" * 64)},
        fail=("DANE-MATCH",),
        why="Senders that know both digests look at the stronger one alone (RFC 7671, section 9).",
    ),
    Domain(
        "tlsa-alias",
        "an MX host that is an alias, with other TLSA records than its target",
        records={"@ MX": ("10 alias",), "alias CNAME": ("mx.right.test.",), "_25._tcp.alias TLSA": (NO_KEY, NEXT_KEY)},
        policy_mode="testing",
        fail=("MX-NOT-ALIAS",),
        advice=("DANE-CNAME",),
    ),
    Domain(
        "tlsa-of-rotating-ca",
        "DANE-TA names an intermediate that its CA replaces at will",
        Server(POSTFIX, chain=Chain.ROTATING),
        records={"_25._tcp.mx TLSA": (OWN_KEY, ISSUER)},
        advice=("DANE-TA-ROTATION",),
    ),
    Domain(
        "tlsa-of-store",
        "TLSA of IMAP matches no certificate",
        store=Store(ports={"imap": (993,)}),
        records={"_993._tcp.mail TLSA": (NO_KEY,)},
        fail=("DANE-SRV",),
    ),
)
