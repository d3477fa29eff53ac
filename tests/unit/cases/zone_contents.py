"""What stands in zones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MAY, MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.net.dns.messages import record_of
from mailproof.net.dns.names import text_of
from mailproof.net.dns.zone_files import Notes, parse_zone
from mailproof.observations.zone_contents import Outside, ZoneRecord, ZoneRecords
from mailproof.places import Place
from mailproof.targets.zone_contents import ZoneContents, ZoneFile

from ..observed import DOMAIN, answer
from .case import Case, Table, advises, fails, leaves, passes, skips

FILE = ZoneFile(DOMAIN, (), f"/zones/{DOMAIN}.zone", f"{DOMAIN}.zone", domains=(DOMAIN,))
SERVED = ZoneContents(DOMAIN, domains=(DOMAIN,))

HEAD = """$TTL 3600
@ SOA ns hostmaster 1 14400 3600 1209600 3600
@ NS ns
@ NS ns.example.net.
ns A 192.0.2.53
@ MX 10 mx
mx A 8.8.8.8
mx TXT "v=spf1 a -all"
@ TXT "v=spf1 mx -all"
"""
"""A zone in which all is well; what a case adds begins on line 10."""
KNOWN = ((DOMAIN, "NS"), (DOMAIN, "MX"), (DOMAIN, "TXT"), (f"mx.{DOMAIN}", "A"), (f"imap.{DOMAIN}", "A"))

_DMARC = ((f"_dmarc.{DOMAIN}", "TXT"),)


def of(text: str = "", *, head: str = HEAD, zone: str = DOMAIN) -> ZoneRecords:
    """The records of a file."""
    notes = Notes()
    parse_zone(zone, head + text, f"{zone}.zone", None, notes)
    records = (
        ZoneRecord(record_of(text_of(n.name), n.ttl, n.rdata.rdtype.name, n.rdata), Place(n.place.file, n.place.line))
        for n in notes
    )
    outside = tuple(Outside(text_of(name), place) for name, place in notes.outside)
    return ZoneRecords(zone, tuple(records), known=KNOWN, outside=outside)


def _in_file(text: str = "", *, head: str = HEAD) -> dict[str, Any]:
    return {"zone_records": of(text, head=head), "zone_file": FILE}


def _served(text: str = "", *, random: tuple[str, ...] = (), whole_ttl: bool = True) -> ZoneRecords:
    """The same records, as servers gave them."""
    entries = (replace(entry, place=None, whole_ttl=whole_ttl) for entry in of(text).records)
    missing = answer(f"nobody.{DOMAIN}", "A", *random, rcode="NOERROR" if random else "NXDOMAIN")
    return ZoneRecords(DOMAIN, tuple(entries), False, KNOWN, (), missing)


def _tlsa(octets: int, numbers: str = "3 1 1") -> str:
    return f"_25._tcp.mx TLSA {numbers} {'11' * octets}\n"


TABLE: Table = {
    "ZONE-RRSET-TTL": (
        passes(**_in_file("a 60 A 192.0.2.1\na 60 A 192.0.2.2\na 61 AAAA 2001:db8::1\n")),
        fails(
            "example.org.zone:11: a.example.org A has the TTL 61, above 60",
            level=MUST,
            **_in_file("a 60 A 192.0.2.1\na 61 A 192.0.2.2\n"),
        ),
    ),
    "ZONE-TRAILING-DOT": (
        passes(**_in_file("www CNAME www.example.net.\n")),
        passes(**_in_file("org CNAME example.org.\n")),
        fails(
            "example.org.zone:10: mail.example.org.example.org ends",
            level=SHOULD,
            **_in_file("www CNAME mail.example.org\n"),
        ),
        fails("ends in example.org twice", **_in_file("mail.example.org A 192.0.2.1\n")),
    ),
    "ZONE-DUPLICATE": (
        passes(**_in_file()),
        advises(
            "example.org.zone:10: example.org MX stands at example.org.zone:6 already",
            **_in_file("@ MX 10 MX.example.org.\n"),
        ),
        passes(**_in_file("k TXT AbC\nk TXT aBc\n")),
    ),
    "ZONE-INZONE-TARGET": (
        passes(**_in_file("www CNAME mx\n_a._tcp SRV 0 0 1 mx\nsub NS ns.example.net.\nx CNAME y.sub\n")),
        passes(**_in_file("*.hosts A 192.0.2.1\nwww CNAME a.hosts\ntxt CNAME mx\n_b._tcp SRV 0 0 0 .\n")),
        passes(**_in_file("d DNAME example.net.\nwww CNAME a.d\nempty.non A 192.0.2.1\nx CNAME non\n")),
        passes(**_in_file("d DNAME example.net.\nwww CNAME a.d\nx CNAME www\n")),
        fails(
            "example.org.zone:10: CNAME of www.example.org leads to gone", level=MUST, **_in_file("www CNAME gone\n")
        ),
        fails("which has no address", **_in_file("t TXT x\n_a._tcp SRV 0 0 1 t\n")),
        fails("which does not exist", **_in_file("lists MX 10 gone\n")),
        leaves("MX-RESOLVES", "", **_in_file("@ MX 20 gone\n")),
        passes(**_in_file("www CNAME mail.example.org\n")),
        passes(**_in_file("www CNAME 192.0.2.1\n")),
    ),
    "ZONE-ALIAS-CHAIN": (
        passes(zone_records=of("www CNAME mx\nweb CNAME www.example.net.\n")),
        fails("www.example.org -> web.example.org -> mx.example.org", zone_records=of("www CNAME web\nweb CNAME mx\n")),
        fails("leads round", level=MUST, zone_records=of("www CNAME web\nweb CNAME www\n")),
        fails("leads round", level=MUST, zone_records=of("www CNAME www\n")),
        fails("leads to an alias", level=SHOULD, zone_records=_served("www CNAME web\nweb CNAME www.example.net.\n")),
        fails("and so to itself", level=MUST, zone_records=of("d DNAME e.d\n")),
    ),
    "ZONE-ALIAS-ALONE": (
        passes(zone_records=of("www CNAME mx\nd DNAME example.net.\n@ DNSKEY 256 3 13 AAAA\n")),
        fails(
            "www.example.org is an alias, and has A records",
            level=MUST,
            zone_records=of("www CNAME mx\nwww A 192.0.2.1\n"),
        ),
        fails("own name example.org is an alias", zone_records=of("@ CNAME mx\n")),
        fails("alias of 2 names", zone_records=of("www CNAME mx\nwww CNAME ns\n")),
        fails("below the DNAME of d.example.org", zone_records=of("d DNAME example.net.\na.b.d A 192.0.2.1\n")),
        fails("and has TXT", zone_records=_served("www CNAME mx\nwww TXT x\n")),
    ),
    "ZONE-SRV-FORM": (
        passes(
            **_in_file("_imaps._tcp SRV 0 1 993 mx\n_pop3._tcp SRV 0 0 0 .\n_imap._tcp.a SRV 0 1 143 example.net.\n")
        ),
        fails("does not begin with _service", level=MUST, **_in_file("imaps.tcp SRV 0 1 993 mx\n")),
        fails("names no port", **_in_file("_imaps._tcp SRV 0 1 0 mx\n")),
        fails("not offered", **_in_file("_imaps._tcp SRV 0 1 993 mx\n_imaps._tcp SRV 0 0 0 .\n")),
        fails("which is an alias", **_in_file("i CNAME mx\n_imaps._tcp SRV 0 1 993 i\n")),
        skips("no SRV records", **_in_file()),
    ),
    "ZONE-TARGET-NOT-IP": (
        passes(zone_records=of("www CNAME mx\n")),
        passes(zone_records=of("@ MX 20 192.0.2.25.\n")),
        fails("leads to the address 192.0.2.1", level=MUST, zone_records=of("www CNAME 192.0.2.1.\n")),
        fails("CNAME of www.example.org leads to the address 192.0.2.1", zone_records=of("www CNAME 192.0.2.1\n")),
        fails("MX of lists.example.org", zone_records=of("lists MX 10 192.0.2.1.\n")),
        fails("SRV of _a._tcp", zone_records=_served("_a._tcp SRV 0 0 1 192.0.2.1.\n")),
    ),
    "ZONE-GLUE-PRESENT": (
        passes(**_in_file("sub NS ns.sub\nns.sub A 192.0.2.1\nother NS ns.example.net.\n")),
        passes(**_in_file("sub NS ns.other\nother NS ns.example.net.\n")),
        fails("ns2.example.org of example.org has no address", level=MUST, **_in_file("@ NS ns2\n")),
        fails("ns.sub.example.org of sub.example.org", **_in_file("sub NS ns.sub\n")),
        passes(**_in_file("@ NS 192.0.2.1\n")),
        passes(**_in_file("a NS ns.b\nb NS ns.b\nns.b A 192.0.2.1\nc NS ns.d\nd NS ns.example.net.\n")),
        fails("ns.s.example.org of s.example.org has no address", **_in_file("s NS ns.s\n*.s A 192.0.2.1\n")),
        fails("is found only through it", **_in_file("s NS ns.t\nt NS ns.s\n")),
        fails("is an alias", level=MUST, zone_records=of("i CNAME ns\ns NS i\n"), zone_file=FILE),
        leaves("DEL-NS-NOT-CNAME", "", **_in_file("i CNAME ns\n@ NS i\n")),
    ),
    "ZONE-TXT-FORM": (
        passes(
            **_in_file('a TXT "v=spf1 ip4:192.0.2.1 " "ip4:192.0.2.2 -all"\nb TXT "v=spf1 ip4:192.0.2" ".1 -all"\n')
        ),
        passes(**_in_file('k TXT "v=DKIM1; p=AAA" "BBB"\nq TXT "say \\"no\\""\n')),
        fails("backslash", level=SHOULD, **_in_file('k TXT "v=DKIM1\\\\; p=AAA"\n')),
        fails("begins and ends with a quote", **_in_file('k TXT "\\"v=spf1 -all\\""\n')),
        fails("no blank stands between 'v=spf1' and 'mx'", **_in_file("k TXT v=spf1 mx -all\n")),
        fails("example.org.zone:10: TXT of k", **_in_file('k TXT "v=spf1 ip4:192.0.2.1" "include:a.example -all"\n')),
        passes(
            **_in_file('a TXT "v=spf1 include:" "mx.example.net -all"\nb TXT "v=spf1 ip6:2001:db8::1" "a:2 -all"\n')
        ),
        passes(**_in_file('a TXT "v=spf1 include:mail" "mx.example.net -all"\n')),
        fails("and '+mx -all'", **_in_file('a TXT "v=spf1 ip4:192.0.2.1" "+mx -all"\n')),
        fails("a semicolon outside of quotes", **_in_file("_dmarc.lists TXT v=DMARC1; p=none\n")),
        passes(zone_records=replace(of("_dmarc TXT v=DMARC1; p=none\n"), known=_DMARC), zone_file=FILE),
    ),
    "ZONE-RDATA-FORM": (
        passes(**_in_file(_tlsa(32) + _tlsa(64, "2 0 2") + _tlsa(9, "3 1 0") + "h SSHFP 4 2 " + "11" * 32 + "\n")),
        passes(**_in_file("d CDS 0 0 0 00\nd NS ns\nd DS 1 13 2 " + "11" * 32 + '\n@ CAA 128 issue "ca.example"\n')),
        fails("has 20 octets, not 32", level=MUST, **_in_file(_tlsa(20))),
        fails("no usage 4", **_in_file(_tlsa(32, "4 1 1"))),
        fails("no selector 2", **_in_file(_tlsa(32, "3 2 1"))),
        fails("the flags are 1", **_in_file('@ CAA 1 issue "ca.example"\n')),
        fails("at the zone's own name", **_in_file("@ DS 1 13 2 " + "11" * 32 + "\n")),
    ),
    "ZONE-LABEL": (
        passes(**_in_file("_dmarc TXT x\n_a._tcp SRV 0 0 1 mx\n_x CNAME mx\n")),
        fails("label with a dot", level=SHOULD, **_in_file("a\\.b TXT x\n")),
        fails("label with a dot", **_in_file("www CNAME example.net\\.\n")),
        advises("mail_1.example.org has an address", **_in_file("mail_1 A 192.0.2.1\n")),
        passes(**_in_file("xn--gre-6ka8i A 192.0.2.1\nb\\032c TXT x\n")),
        fails("letters beyond ASCII", level=SHOULD, **_in_file("gr\u00fc\u00dfe A 192.0.2.1\n")),
    ),
    "ZONE-WILDCARD": (
        passes(zone_records=of("*._report._dmarc TXT x\n"), zone_contents=FILE),
        passes(zone_records=of("*.users A 192.0.2.1\n"), zone_contents=replace(FILE, wildcards=("users.example.org",))),
        advises("*.example.org MX is a wildcard", zone_records=of("* MX 10 mx\n"), zone_contents=FILE),
        passes(zone_records=_served(), zone_contents=SERVED),
        advises("as any name does", zone_records=_served(random=("192.0.2.1",)), zone_contents=SERVED),
        passes(zone_records=_served(random=("192.0.2.1",)), zone_contents=replace(SERVED, wildcards=(DOMAIN,))),
        skips("no server was asked", zone_records=replace(_served(), random=None), zone_contents=SERVED),
        passes(zone_records=of("s NS ns\n*.s A 192.0.2.1\n"), zone_contents=FILE),
    ),
    "ZONE-PRIVATE-ADDR": (
        passes(zone_records=of("internal A 10.0.0.1\nimap A 8.8.8.8\n")),
        fails("imap.example.org has the address 10.0.0.1", level=SHOULD, zone_records=of("imap A 10.0.0.1\n")),
        fails("fd00::1", zone_records=replace(_served("imap AAAA fd00::1\n"))),
        passes(zone_records=of("mx A 10.0.0.1\nns A 10.0.0.1\n")),
    ),
    "ZONE-TTL-SANE": (
        passes(zone_records=of("other 5 TXT x\n@ 300 TXT y\n")),
        advises("example.org TXT has the TTL 299, less than 300 s", zone_records=of("@ 299 TXT x\n")),
        advises("more than 86400 s", zone_records=of("@ 86401 TXT x\n")),
        passes(zone_records=_served("@ 5 TXT x\n", whole_ttl=False)),
        advises("more than 86400 s", zone_records=_served("@ 86401 TXT x\n", whole_ttl=False)),
        Case(Verdict.ADVICE, "less than 7200 s", {"zone_records": of()}, MAY, {"least": 7200}),
        fails("none is above 2147483647", level=MUST, zone_records=of("a 2147483648 A 192.0.2.1\n")),
    ),
}
