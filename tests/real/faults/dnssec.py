"""Faults of DNSSEC, and what looks like one: signed by the tools of BIND, ldns, Knot and PowerDNS."""

from __future__ import annotations

from typing import Any

from tests.real.domains import (
    ADDRESS,
    KNOT_SIGNER,
    LDNS,
    NAMED,
    ONLINE,
    POSTFIX,
    POWERDNS,
    Domain,
    OwnServer,
    Server,
    Signing,
)

NETWORK = 51

BARE_NSEC3 = ("nsec3: on", "nsec3-iterations: 0", "nsec3-salt-length: 0")
LOST_KEY = "12345 13 2 " + "AB" * 32
"""The DS record of a key that no zone has."""


def _right(label: str, what: str, signing: Signing, **more: object) -> Domain:
    return Domain(label, f"{what}: no fault", signing=signing, unjudged=f"no fault: {what}", **more)  # type: ignore[arg-type]


def _at(*name_servers: str) -> dict[str, Any]:
    return {"parent_ns": name_servers, "child_ns": name_servers}


def _at_second(label: str, fault: str, signing: Signing, control: str) -> Domain:
    """A zone that is right at ns1, and has the fault at a server of its own, which the resolver does not ask."""
    server = f"{label}.dns.test"
    names = ("ns1.dns.test", server)
    return Domain(
        label,
        fault,
        signing=signing,
        own_servers=(OwnServer(server),),
        parent_ns=names,
        child_ns=names,
        fail=(control,),
        where=f"@{server}",
    )


DOMAINS = (
    _right("sec-ed25519", "signed with Ed25519", Signing(("ED25519",))),
    _right("sec-ed448", "signed with Ed448", Signing(("ED448",))),
    _right("sec-p384", "signed with ECDSA P-384 by ldns", Signing(("ECDSAP384SHA384",), by=LDNS)),
    _right(
        "sec-nsec3",
        "NSEC3 as it should be, by Knot",
        Signing((), by=KNOT_SIGNER, options=BARE_NSEC3),
    ),
    Domain(
        "sec-bind-powerdns",
        "a signed zone at BIND and PowerDNS",
        signing=Signing(),
        **_at(NAMED, POWERDNS[0]),
        advice=("NS-ANY-MINIMAL",),
        why="BIND gives everything to who asks for ANY, unless it has `minimal-any yes`.",
        where=f"@{NAMED}",
    ),
    _right("sec-online", "signed by PowerDNS while it answers", Signing(by=ONLINE), **_at(*POWERDNS)),
    _right(
        "sec-online-nsec3",
        "signed by PowerDNS while it answers, with NSEC3",
        Signing(by=ONLINE, options=("1 0 0 -",)),
        **_at(*POWERDNS),
    ),
    _right(
        "sec-online-narrow",
        "signed by PowerDNS while it answers, with an NSEC3 record for each question (RFC 7129, appendix B)",
        Signing(by=ONLINE, options=("1 0 0 -", "narrow")),
        **_at(*POWERDNS),
    ),
    _right(
        "sec-double-signature",
        "a rollover in which two keys sign (RFC 6781, section 4.1.2)",
        Signing(("ECDSAP256SHA256", "ECDSAP256SHA256"), ds=("0 SHA-256", "1 SHA-256")),
    ),
    _right(
        "sec-algorithm-rollover",
        "a rollover of the algorithm in which both sign (RFC 6781, section 4.1.4)",
        Signing(("RSASHA256 -b 2048", "ECDSAP256SHA256")),
    ),
    _right(
        "sec-wildcard",
        "every name has the TXT records of a wildcard, and that is proven",
        Signing(),
        records={"* TXT": ("anything",)},
    ),
    _right(
        "sec-insecure-delegation",
        "a zone below it is not signed",
        Signing(options=("-3", "-")),
        records={"sub NS": ("ns1.dns.test.", "ns2.dns.test.")},
    ),
    _right("sec-cds", "CDS and CDNSKEY records of its key", Signing(cds=("0 SHA-256",), cdnskey=(0,))),
    Domain("sec-no-ds", "signed, without a DS record", signing=Signing(ds=()), fail=("SEC-DS-FOR-SIGNED",)),
    Domain(
        "sec-lost-ds", "a DS record of a lost key", signing=Signing(ds=("0 SHA-256", LOST_KEY)), fail=("SEC-DS-MATCH",)
    ),
    Domain(
        "sec-revoked",
        "a DS record of a revoked key beside a right one",
        signing=Signing(("ECDSAP256SHA256", "revoked ECDSAP256SHA256"), ds=("0 SHA-256", "1 SHA-256")),
        fail=("SEC-DS-MATCH",),
    ),
    Domain(
        "sec-sha1-ds",
        "a DS record with SHA-1",
        signing=Signing(ds=("0 SHA-256", "0 SHA-1")),
        fail=("SEC-DS-DIGEST",),
    ),
    Domain("sec-sha384-ds", "no DS record with SHA-256", signing=Signing(ds=("0 SHA-384",)), advice=("SEC-DS-DIGEST",)),
    Domain(
        "sec-rsasha1",
        "signed with RSASHA1",
        signing=Signing(("RSASHA1 -b 2048",)),
        fail=("SEC-ALGORITHM",),
        advice=("SEC-SIGNED",),
        why="Validators take the zone as unsigned.",
    ),
    Domain("sec-rsasha512", "signed with RSASHA512", signing=Signing(("RSASHA512 -b 2048",)), fail=("SEC-ALGORITHM",)),
    Domain(
        "sec-unknown-algorithm",
        "signed with an algorithm that validators do not know",
        signing=Signing(unknown_algorithm=17),
        fail=("SEC-ALGO-SUPPORTED",),
        advice=("SEC-SIGNED",),
        why="Validators take the zone as unsigned.",
    ),
    Domain(
        "sec-unknown-digest",
        "a DS record with a digest that validators do not know",
        signing=Signing(ds=("12345 13 5 " + "AB" * 32,)),
        fail=("SEC-ALGO-SUPPORTED",),
        advice=("SEC-DS-DIGEST", "SEC-SIGNED"),
        why="There is no DS record with SHA-256 either, and validators take the zone as unsigned.",
    ),
    Domain("sec-rsa1024", "an RSA key of 1024 bits", signing=Signing(("RSASHA256 -b 1024",)), advice=("SEC-KEY-SIZE",)),
    Domain(
        "sec-key-tag",
        "two keys have the same tag",
        signing=Signing(("ED25519",), same_tag=True),
        advice=("SEC-KEYTAG-UNIQUE",),
    ),
    Domain(
        "sec-incomplete",
        "a key of a second algorithm that signs nothing",
        signing=Signing(unused=("RSASHA256 -b 2048",)),
        fail=("SEC-ALGO-COMPLETE",),
    ),
    Domain(
        "sec-iterations", "NSEC3 with iterations", signing=Signing(options=("-3", "-", "-H", "10")), fail=("SEC-NSEC3",)
    ),
    Domain("sec-salt", "NSEC3 with a salt", signing=Signing(options=("-3", "ABCD")), fail=("SEC-NSEC3",)),
    Domain("sec-opt-out", "NSEC3 with opt-out", signing=Signing(options=("-3", "-", "-A")), advice=("SEC-NSEC3",)),
    Domain(
        "sec-many-iterations",
        "NSEC3 with more iterations than validators compute",
        signing=Signing(options=("-3", "-", "-H", "100")),
        fail=("SEC-NSEC3",),
    ),
    Domain(
        "sec-short",
        "signatures that soon expire",
        signing=Signing(options=("-s", "now-86400", "-e", "now+14400")),
        advice=("SEC-RRSIG-LIFETIME",),
    ),
    Domain(
        "sec-long",
        "signatures for more than a year",
        signing=Signing(options=("-e", "now+34560000")),
        advice=("SEC-RRSIG-LIFETIME",),
    ),
    Domain(
        "sec-not-yet",
        "signatures that are not valid yet",
        signing=Signing(options=("-s", "now+432000", "-e", "now+8640000")),
        fail=("SEC-NOT-BOGUS",),
    ),
    Domain(
        "sec-ds-digest-wrong",
        "a DS record with the digest of something else",
        signing=Signing(ds=("0 wrong",)),
        fail=("SEC-NOT-BOGUS",),
    ),
    Domain(
        "sec-lone-cds",
        "CDS without CDNSKEY",
        signing=Signing(cds=("0 SHA-256",)),
        advice=("SEC-CDS",),
    ),
    Domain(
        "sec-foreign-cds",
        "CDS names a key that the zone does not have",
        signing=Signing(cds=(LOST_KEY,)),
        fail=("SEC-CDS",),
    ),
    Domain(
        "sec-bootstrap",
        "the signal for a zone without DS record is not signed",
        signing=Signing(ds=(), cds=(LOST_KEY,)),
        elsewhere={"_dsboot.sec-bootstrap.test._signal.ns1.dns.test. CDS": (LOST_KEY,)},
        fail=("SEC-DS-FOR-SIGNED", "SEC-BOOTSTRAP", "SEC-CDS"),
        why="Its CDS record names a key that is not there, and there is no DS record yet.",
    ),
    _at_second("sec-unsigned-copy", "a server has the zone unsigned", Signing(second="unsigned"), "SEC-DO-ANSWER"),
    _at_second("sec-old-copy", "a server has expired signatures", Signing(second="expired"), "SEC-DNSKEY-RRSIG"),
    _at_second("sec-no-denial", "a server has no NSEC records", Signing(second="no denial"), "SEC-DENIAL"),
    Domain(
        "sec-unsigned-mx",
        "the zone of the MX host is not signed",
        Server(POSTFIX),
        records={
            "mx NS": ("ns1.dns.test.", "ns2.dns.test."),
            "mx A": (),
            "mx TXT": (),
            "_25._tcp.mx TLSA": (),
        },
        unsigned_below={"@ A": (ADDRESS,), "@ TXT": ("v=spf1 a -all",), "_25._tcp TLSA": ("TLSA",)},
        advice=("SEC-MX-SIGNED", "DANE-EXISTS"),
        why="TLSA records do not count without DNSSEC (RFC 7672, section 2.2).",
    ),
)
