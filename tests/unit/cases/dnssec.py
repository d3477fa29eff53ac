"""DNSSEC."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import ExtendedError
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.observations.authorities import Silence
from mailproof.observations.dnssec import DNSSEC, BogusAnswer, HostChain, Judged
from mailproof.observations.signing import (
    DSRecord,
    NegativeAnswer,
    NSEC3Parameters,
    ParentDS,
    Signature,
    SignedServer,
    Signing,
    ZoneKey,
)
from mailproof.targets.mail import MailHost

from ..observed import DOMAIN, answer
from .case import Table, advises, fails, leaves, passes, skips, undecided

SECURE = Verdict(Status.SECURE, None, (".", "org.", f"{DOMAIN}."))
UNSIGNED = Verdict(Status.INSECURE, Link(f"{DOMAIN}.", "DS", "org.", Flaw.UNSIGNED))
ABOVE = Verdict(Status.INSECURE, Link("org.", "DS", ".", Flaw.UNSIGNED))
UNKNOWN_ALGORITHM = Verdict(
    Status.INSECURE, Link(f"{DOMAIN}.", "DS", "org.", Flaw.UNSUPPORTED, "algorithm 3 (DSA) with digest 2 (SHA-256)")
)
EXPIRED = Verdict(Status.BOGUS, Link(f"{DOMAIN}.", "DNSKEY", f"{DOMAIN}.", Flaw.EXPIRED, "since 2026-01-01T00:00:00Z"))


def _dnssec(
    verdict: Verdict | None = None,
    *others: Judged,
    ad: bool = False,
    refused: tuple[str, ...] = (),
    keys: int = 0,
    ds: str = "",
) -> DNSSEC:
    """What is seen of a zone; without a ``verdict`` the resolver had to be believed."""
    error = (ExtendedError(7, "signature expired"),)
    checked = replace(answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5"), authenticated=ad)
    found = tuple(
        BogusAnswer(
            replace(answer(DOMAIN, type, rcode="SERVFAIL"), extended_errors=error), answer(DOMAIN, type, "10 a.")
        )
        for type in refused
    )
    dnskey = answer(DOMAIN, "DNSKEY", *(f"257 3 13 {number:04x}" for number in range(keys)))
    judged = (Judged(DOMAIN, "SOA", verdict, ad), *others) if verdict else ()
    return DNSSEC(DOMAIN, checked, found, answer(DOMAIN, "DS", *((ds,) if ds else ())), dnskey, judged)


MX_EXPIRED = Judged(DOMAIN, "MX", EXPIRED)
PROPOSED = replace(_dnssec(), checked=replace(_dnssec().checked, protocol="zone file"))

NS1, NS2 = "ns1.example.net[192.0.2.1]", "ns2.example.net[192.0.2.2]"
SOA = replace(answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5"), authoritative=True)
DAY = 86400


def _key(tag: int = 1, algorithm: int = 13, flags: int = 257, bits: int = 512) -> ZoneKey:
    return ZoneKey(tag, algorithm, flags, bits, f"{flags} 3 {algorithm} {tag:04x}")


def _signature(
    type: str, tag: int = 1, algorithm: int = 13, *, left: int = 10 * DAY, lifetime: int = 14 * DAY
) -> Signature:
    times = "2026-11-20T00:00:00Z", "2026-12-04T00:00:00Z"
    return Signature(DOMAIN, type, tag, algorithm, *times, left, lifetime, 3600)


def _signatures(*algorithms: int, **more: int) -> tuple[Signature, ...]:
    return tuple(_signature(type, algorithm=one, **more) for type in ("DNSKEY", "SOA", "NS") for one in algorithms)


def _ds(tag: int = 1, algorithm: int = 13, digest: int = 2, flaw: str = "") -> DSRecord:
    return DSRecord(tag, algorithm, digest, f"{tag} {algorithm} {digest} ab", flaw)


def _bogus(type: str, flaw: Flaw, name: str = DOMAIN) -> Judged:
    return Judged(name, type, Verdict(Status.BOGUS, Link(f"{name}.", type, f"{DOMAIN}.", flaw)))


def _good(type: str, name: str = DOMAIN) -> Judged:
    return Judged(name, type, SECURE)


SETS = tuple(map(_good, ("DNSKEY", "SOA", "NS")))


def _denial(judged: Judged, rcode: str = "NOERROR", *, has_soa: bool = True, alias: bool = False) -> NegativeAnswer:
    return NegativeAnswer(judged, rcode, has_soa, alias)


DENIALS = (_denial(_good("A", f"nobody.{DOMAIN}"), "NXDOMAIN"), _denial(_good("AAAA")))


def _server(
    *keys: ZoneKey, server: str = NS1, signatures: tuple[Signature, ...] | None = None, **more: Any
) -> SignedServer:
    made = _signatures(*{key.algorithm for key in keys}) if signatures is None else signatures
    seen = {"soa": SOA, "is_signed": True, "sets": SETS, "denials": DENIALS, "denied_by": ("NSEC",), **more}
    return SignedServer(DOMAIN, server, keys=keys, signatures=made, **seen)


def _unproven(type: str = "AAAA", flaw: Flaw = Flaw.NO_PROOF, name: str = DOMAIN, **more: Any) -> SignedServer:
    return _server(_key(), denials=(_denial(_bogus(type, flaw, name), **more),))


UNSIGNED_SERVER = SignedServer(DOMAIN, NS1, SOA)
LAME = SignedServer(DOMAIN, NS1, replace(SOA, authoritative=False))
SILENT = SignedServer(DOMAIN, NS1, Silence("no answer", "timed out"))


def _signing(*servers: SignedServer, ds: tuple[DSRecord, ...] = (_ds(),), **more: Any) -> Signing:
    return Signing(DOMAIN, ds, servers or (_server(_key()),), **more)


def _hashed(iterations: int = 0, salt: str = "", *, opt_out: bool = False) -> Signing:
    return _signing(_server(_key(), nsec3=(NSEC3Parameters(1, iterations, salt, opt_out),)))


def _zone(*servers: SignedServer, verdict: Verdict = SECURE, **more: Any) -> dict[str, Any]:
    """The two observations of a zone that most controls judge."""
    return {"dnssec": _dnssec(verdict), "signing": _signing(*servers, **more)}


def _keyed(*keys: ZoneKey) -> dict[str, Any]:
    return _zone(_server(*keys))


NOT_SIGNED = _zone(UNSIGNED_SERVER, ds=(), verdict=UNSIGNED)
LOST_KEYS = _zone(UNSIGNED_SERVER, verdict=EXPIRED)
LEFT_OVER = _signature("SOA", left=-DAY)


def _address(verdict: Verdict, *, inside: bool = False) -> dict[str, Any]:
    host = MailHost("mx1.example.net", domains=(DOMAIN,))
    return {"host_chain": HostChain(host.name, Judged(host.name, "A", verdict), "", inside), "mail_host": host}


TABLE: Table = {
    "SEC-SIGNED": (
        passes(dnssec=_dnssec(SECURE)),
        passes(dnssec=_dnssec(ad=True)),
        advises("not signed and has no DS", dnssec=_dnssec(UNSIGNED)),
        advises("not signed and has no DS", dnssec=_dnssec()),
        advises("the chain of trust ends above it, at org. DS", dnssec=_dnssec(ABOVE)),
        leaves("SEC-DS-FOR-SIGNED", dnssec=_dnssec(UNSIGNED, keys=2)),
        leaves("SEC-DS-FOR-SIGNED", dnssec=_dnssec(keys=2)),
        advises("DS record of the algorithm 99", dnssec=_dnssec(UNKNOWN_ALGORITHM, ds="1 99 2 ab")),
        advises("DS record of the algorithm 3 (DSA)", dnssec=_dnssec(ds="12345 3 2 abab")),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(EXPIRED)),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(EXPIRED, ad=True)),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(refused=("SOA",))),
        skips("as proposed", dnssec=PROPOSED),
    ),
    "SEC-NOT-BOGUS": (
        passes(dnssec=_dnssec(SECURE)),
        passes(dnssec=_dnssec(UNSIGNED)),
        passes(dnssec=_dnssec(ad=True)),
        passes(dnssec=_dnssec()),
        fails(
            f"the signature is expired (since 2026-01-01T00:00:00Z), so that {DOMAIN} SOA, {DOMAIN} MX cannot",
            level=MUST,
            dnssec=_dnssec(EXPIRED, MX_EXPIRED),
        ),
        fails(f"{DOMAIN} MX cannot be validated", dnssec=_dnssec(SECURE, MX_EXPIRED)),
        fails("signature expired", level=MUST, dnssec=_dnssec(refused=("SOA",))),
        fails(f"{DOMAIN} MX (EDE 7", dnssec=_dnssec(ad=True, refused=("MX",))),
        undecided("but the resolver validates, and hands it out", dnssec=_dnssec(EXPIRED, ad=True)),
        skips("as proposed", dnssec=PROPOSED),
    ),
    "SEC-ALGO-SUPPORTED": (
        passes(dnssec=_dnssec(SECURE)),
        fails("algorithm 23 (ECC-GOST12)", level=SHOULD, dnssec=_dnssec(UNKNOWN_ALGORITHM, ds="1 23 2 ab")),
        leaves("SEC-ALGORITHM", dnssec=_dnssec(UNKNOWN_ALGORITHM, ds="1 7 2 ab")),
        leaves("SEC-DS-DIGEST", dnssec=_dnssec(UNKNOWN_ALGORITHM, ds="1 13 3 ab")),
        passes(dnssec=_dnssec(EXPIRED)),
        skips("no DS record", dnssec=_dnssec(UNSIGNED)),
    ),
    "SEC-DS-FOR-SIGNED": (
        passes(**_zone()),
        fails("has no DS record", level=SHOULD, dnssec=_dnssec(UNSIGNED, keys=1), signing=_signing(ds=())),
        skips("of no use", dnssec=_dnssec(ABOVE, keys=1), signing=_signing(ds=())),
        skips("not signed", **NOT_SIGNED),
        advises("ns.org: none", **_zone(parents=(ParentDS("a.org", ("1 13 2 ab",)), ParentDS("ns.org", ())))),
        undecided("no answer", **_zone(UNSIGNED_SERVER, ds=(), verdict=UNSIGNED, unknown=("no answer",))),
    ),
    "SEC-DS-DIGEST": (
        passes(**_zone()),
        passes(**_zone(ds=(_ds(), _ds(digest=4)))),
        fails("digest 1 (SHA-1)", level=MUST, **_zone(ds=(_ds(), _ds(digest=1)))),
        advises("no DS record with SHA-256", **_zone(ds=(_ds(digest=4),))),
        skips("no DS record", **NOT_SIGNED),
    ),
    "SEC-DS-MATCH": (
        passes(**_zone()),
        fails("no such key", level=SHOULD, **_zone(ds=(_ds(), _ds(2, flaw="there is no such key")))),
        advises(
            "a rollover with two DS records",
            **_zone(_server(_key(), cds=(_ds(), _ds(2))), ds=(_ds(), _ds(2, flaw="there is no such key"))),
        ),
        leaves("SEC-NOT-BOGUS", **_zone(ds=(_ds(2, flaw="there is no such key"),), verdict=EXPIRED)),
        leaves("SEC-ALGO-COMPLETE", **_zone(ds=(_ds(), _ds(2, 15, flaw="there is no such key")))),
        skips("no DS record", **NOT_SIGNED),
    ),
    "SEC-ALGORITHM": (
        passes(**_keyed(_key(), _key(2, 16, bits=456))),
        fails("MUST NOT be used: key 1, algorithm 5", level=MUST, **_keyed(_key(1, 5, bits=2048))),
        fails("NOT RECOMMENDED: key 1, algorithm 10", level=SHOULD, **_keyed(_key(1, 10, bits=2048))),
        advises("254 (PRIVATEOID)", **_keyed(_key(), _key(2, 254))),
        advises("99 (unassigned)", **_keyed(_key(), _key(2, 99))),
        leaves("SEC-NOT-BOGUS", **LOST_KEYS),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-KEY-SIZE": (
        passes(**_keyed(_key(), _key(2, 8, bits=2048), _key(3, 99, bits=7))),
        advises("has 1024 bits, and 2048 are recommended", **_keyed(_key(1, 8, bits=1024))),
        fails("has 512 bits; from 1024 to 4096", level=MUST, **_keyed(_key(1, 10, bits=512))),
        fails("has 8192 bits", **_keyed(_key(1, 8, bits=8192))),
        fails("has 500 bits; from 512 to 512", **_keyed(_key(bits=500))),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-KEYTAG-UNIQUE": (
        passes(**_keyed(_key(1), _key(2))),
        passes(**_keyed(_key(1), _key(1, 14, bits=768))),
        advises("2 keys are key 1, algorithm 13", **_keyed(_key(1), replace(_key(1), text="257 3 13 other"))),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-ALGO-COMPLETE": (
        passes(**_keyed(_key(), _key(2, 8, bits=2048))),
        fails(
            "8 (RSASHA256) does not sign DNSKEY",
            level=MUST,
            **_zone(_server(_key(), _key(2, 8, bits=2048), signatures=_signatures(13))),
        ),
        passes(**_zone(_server(_key(), _key(2, 8, flags=385, bits=2048), signatures=_signatures(13)))),
        passes(**_zone(_server(_key(), signatures=_signatures(13, 8)))),
        fails("no key has the algorithm 15 (ED25519)", **_zone(ds=(_ds(), _ds(2, 15)))),
        leaves("SEC-NOT-BOGUS", **_zone(ds=(_ds(2, 15),), verdict=EXPIRED)),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-NSEC3": (
        passes(dnssec=_dnssec(SECURE), signing=_hashed()),
        fails("NSEC3 1 0 10 -: an iterations", level=MUST, dnssec=_dnssec(SECURE), signing=_hashed(10, "")),
        fails("a salt is of no use", level=SHOULD, dnssec=_dnssec(SECURE), signing=_hashed(0, "abcd")),
        advises("opt-out", dnssec=_dnssec(SECURE), signing=_hashed(opt_out=True)),
        skips("no NSEC3 record", **_zone()),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-RRSIG-LIFETIME": (
        passes(**_zone()),
        advises("less than 12 hours", **_zone(_server(_key(), signatures=_signatures(13, left=3600)))),
        advises("more than 180 days", **_zone(_server(_key(), signatures=_signatures(13, lifetime=400 * DAY)))),
        leaves(
            "SEC-DNSKEY-RRSIG",
            **_zone(_server(_key(), signatures=_signatures(13, left=-1), sets=(_bogus("SOA", Flaw.EXPIRED),))),
        ),
        advises("less than 12 hours", **_zone(_server(_key(), signatures=(*_signatures(13, left=3600), LEFT_OVER)))),
        advises("not needed beside", **_zone(_server(_key(), signatures=(*_signatures(13), LEFT_OVER)))),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-DO-ANSWER": (
        passes(signed_server=_server(_key())),
        fails("has no DNSKEY", level=MUST, signed_server=replace(UNSIGNED_SERVER, is_signed=True)),
        fails("no signature with the SOA", signed_server=_server(_key(), signatures=_signatures(13)[:1])),
        undecided("no answer", signed_server=replace(UNSIGNED_SERVER, is_signed=True, unknown=("no answer",))),
        leaves("SEC-NOT-BOGUS", signed_server=replace(UNSIGNED_SERVER, is_signed=True, is_bogus=True)),
        leaves("DEL-AUTHORITATIVE", signed_server=LAME),
        undecided("no answer", signed_server=SILENT),
        skips("not signed", signed_server=UNSIGNED_SERVER),
    ),
    "SEC-DNSKEY-RRSIG": (
        passes(signed_server=_server(_key())),
        fails(
            f"{NS1}: SOA: {DOMAIN}. SOA: the signature is expired",
            level=MUST,
            signed_server=_server(_key(), sets=(SETS[0], _bogus("SOA", Flaw.EXPIRED))),
        ),
        passes(signed_server=_server(_key(), sets=(*SETS, _bogus("CDS", Flaw.EXPIRED)))),
        fails(f"signs SOA with key 1, which {NS2} does not have", signed_server=_server(_key(), strangers=(NS2,))),
        leaves("SEC-ALGO-SUPPORTED", signed_server=_server(_key(), sets=(_bogus("SOA", Flaw.UNSUPPORTED),))),
        leaves("SEC-DO-ANSWER", signed_server=_server(_key(), signatures=())),
        leaves("SEC-NOT-BOGUS", signed_server=_server(_key(), is_bogus=True)),
        undecided("no answer", signed_server=SILENT),
        skips("not signed", signed_server=UNSIGNED_SERVER),
    ),
    "SEC-DENIAL": (
        passes(signed_server=_server(_key())),
        fails(f"{NS1}: nobody.{DOMAIN} A", level=MUST, signed_server=_unproven("A", name=f"nobody.{DOMAIN}")),
        leaves("NS-AAAA-QUERY", signed_server=_unproven(rcode="NXDOMAIN")),
        leaves("NS-CNAME-SANITY", signed_server=_unproven(alias=True)),
        leaves("NS-NEGATIVE-ANSWERS", signed_server=_unproven(has_soa=False)),
        fails("by NSEC and by NSEC3", signed_server=_server(_key(), denied_by=("NSEC", "NSEC3"))),
        leaves("SEC-ALGO-SUPPORTED", signed_server=_unproven(flaw=Flaw.UNSUPPORTED)),
        leaves(
            "SEC-DNSKEY-RRSIG",
            signed_server=replace(_unproven(flaw=Flaw.EXPIRED), sets=(_bogus("SOA", Flaw.EXPIRED),)),
        ),
        undecided("no negative answer", signed_server=_server(_key(), denials=())),
        leaves("SEC-NOT-BOGUS", signed_server=_server(_key(), is_bogus=True)),
        skips("not signed", signed_server=UNSIGNED_SERVER),
    ),
    "SEC-MX-SIGNED": (
        passes(**_address(SECURE)),
        advises("are not signed: example.org. DS", **_address(UNSIGNED)),
        leaves("SEC-SIGNED", **_address(UNSIGNED, inside=True)),
        leaves("SEC-NOT-BOGUS", **_address(EXPIRED)),
        skips(
            "no address",
            host_chain=HostChain("mx1.example.net", None, "the host has no address"),
            mail_host=MailHost("mx1.example.net", domains=(DOMAIN,)),
        ),
        skips("no MX record", host_chain=HostChain("mx1.example.net", None), mail_host=MailHost("mx1.example.net")),
    ),
}
