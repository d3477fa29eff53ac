"""Lookups in zone data against the RFCs that define them."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import dns.dnssec
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.opcode
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.fixtures.dns_signing import delegate, sign
from mailproof.net.dns import zone_files
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.net.dns.zones import End, Zones

EXAMPLE = """
$TTL 3600
@       SOA   ns1 hostmaster 2026112201 14400 3600 1209600 300
@       NS    ns1
@       NS    ns.elsewhere.test.
@       MX    10 MX1
ns1     A     192.0.2.53
mx1     A     192.0.2.25
www     CNAME web.example.com.
web     A     192.0.2.80
away    CNAME target.example.net.
lost    CNAME nowhere.invalid.
loop    CNAME pool
pool    CNAME loop
a.ent   TXT   "below an empty non-terminal"
*.wild  TXT   "wildcard"
x.wild  A     192.0.2.1
*.alias CNAME web
old     DNAME example.net.
sub     NS    ns1.sub
sub     NS    ns2.other
ns1.sub A     192.0.2.54
ns1.sub AAAA  2001:db8::54
ns2.other A   192.0.2.55
cut     NS    ns1.cut
ns1.cut A     192.0.2.56
"""
NET = """
$TTL 3600
@       SOA   ns hostmaster 1 14400 3600 1209600 300
@       NS    ns
ns      A     192.0.2.99
target  A     192.0.2.100
"""
SUB = """
$TTL 3600
@       SOA   ns1 hostmaster 1 14400 3600 1209600 300
@       NS    ns1
ns1     A     192.0.2.54
host    A     192.0.2.60
"""


def world() -> Zones:
    return Zones(
        [
            parse_zone("example.com", EXAMPLE),
            parse_zone("example.net", NET),
            parse_zone("sub.example.com", SUB),
        ]
    )


def ask(
    name: str, type_: str, *, recursive: bool = False, zones: Zones | None = None, dnssec: bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, type_, use_edns=0, want_dnssec=dnssec)
    response = (zones or world()).respond(query, recursive)
    assert query.is_response(response)
    dns.message.from_wire(response.to_wire())
    return response


def answers(response: dns.message.Message) -> list[str]:
    return [line for rrset in response.answer for line in rrset.to_text().splitlines()]


def types_in(section: list[dns.rrset.RRset]) -> list[str]:
    return [
        f"{rrset.name.to_text()} {dns.rdatatype.to_text(rrset.rdtype)}"
        for rrset in section
        if rrset.rdtype != dns.rdatatype.RRSIG
    ]


def test_an_exact_match_is_authoritative_and_ignores_case() -> None:
    response = ask("EXAMPLE.com", "MX")
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.RA
    assert answers(response) == ["example.com. 3600 IN MX 10 MX1.example.com."]


def test_a_missing_type_is_nodata_with_the_soa_and_its_minimum_as_ttl() -> None:
    response = ask("mx1.example.com", "AAAA")
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.answer
    assert [(rrset.rdtype, rrset.ttl) for rrset in response.authority] == [(dns.rdatatype.SOA, 300)]


def test_a_missing_name_is_nxdomain_with_the_soa() -> None:
    response = ask("nothing.example.com", "A")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.flags & dns.flags.AA
    assert types_in(response.authority) == ["example.com. SOA"]


@pytest.mark.parametrize("name", ["ent.example.com", "wild.example.com"])
def test_an_empty_non_terminal_exists(name: str) -> None:
    assert ask(name, "TXT").rcode() == dns.rcode.NOERROR


def test_an_alias_is_chased_inside_the_zone() -> None:
    assert types_in(ask("www.example.com", "A").answer) == ["www.example.com. CNAME", "web.example.com. A"]


def test_an_alias_itself_can_be_asked_for() -> None:
    assert types_in(ask("www.example.com", "CNAME").answer) == ["www.example.com. CNAME"]


def test_an_alias_leads_to_other_zones_of_the_set() -> None:
    response = ask("away.example.com", "A", recursive=True)
    assert types_in(response.answer) == ["away.example.com. CNAME", "target.example.net. A"]
    assert response.flags & dns.flags.RA
    assert not response.flags & dns.flags.AA


def test_an_alias_to_a_missing_name_is_nxdomain_for_a_resolver_and_noerror_for_an_authority() -> None:
    assert ask("lost.example.com", "A", recursive=True).rcode() == dns.rcode.NXDOMAIN
    response = ask("lost.example.com", "A")
    assert response.rcode() == dns.rcode.NOERROR
    assert len(response.answer) == 1


@pytest.mark.parametrize("recursive", [False, True])
def test_an_alias_loop_ends(recursive: bool) -> None:
    assert len(ask("loop.example.com", "A", recursive=recursive).answer) == 2


def test_a_long_alias_chain_is_cut() -> None:
    links = "\n".join(f"c{i} CNAME c{i + 1}" for i in range(100))
    zones = Zones([parse_zone("example.com", EXAMPLE + links)])
    assert zones.lookup(dns.name.from_text("c0.example.com"), dns.rdatatype.A).end is End.LOOP


def test_a_wildcard_answers_for_names_that_do_not_exist() -> None:
    response = ask("One.Two.wild.example.com", "TXT")
    assert answers(response) == ['One.Two.wild.example.com. 3600 IN TXT "wildcard"']


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("x.wild.example.com", dns.rcode.NOERROR),
        ("y.x.wild.example.com", dns.rcode.NXDOMAIN),
        ("new.wild.example.com", dns.rcode.NOERROR),
    ],
)
def test_a_wildcard_does_not_reach_names_that_exist_or_lie_below_them(name: str, rcode: int) -> None:
    response = ask(name, "TXT" if rcode else "MX")
    assert response.rcode() == rcode
    assert not response.answer


def test_a_wildcard_alias_is_followed() -> None:
    response = ask("any.alias.example.com", "A")
    assert types_in(response.answer) == ["any.alias.example.com. CNAME", "web.example.com. A"]


def test_a_dname_redirects_what_is_below_it_but_not_itself() -> None:
    response = ask("target.old.example.com", "A", recursive=True)
    assert types_in(response.answer) == [
        "old.example.com. DNAME",
        "target.old.example.com. CNAME",
        "target.example.net. A",
    ]
    assert not ask("old.example.com", "A").answer


def test_a_dname_that_makes_a_name_too_long_is_yxdomain() -> None:
    long = ".".join(["a" * 60] * 3)
    zone = parse_zone("example.com", EXAMPLE + f"short DNAME {long}.{'b' * 40}.example.net.\n")
    response = ask(f"{'c' * 60}.short.example.com", "A", zones=Zones([zone]))
    assert response.rcode() == dns.rcode.YXDOMAIN


def test_a_zone_cut_refers_with_all_glue() -> None:
    zones = Zones([parse_zone("example.com", EXAMPLE)])
    response = ask("deep.sub.example.com", "A", zones=zones)
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.flags & dns.flags.AA
    assert not response.answer
    assert types_in(response.authority) == ["sub.example.com. NS"]
    assert sorted(types_in(response.additional)) == [
        "ns1.sub.example.com. A",
        "ns1.sub.example.com. AAAA",
        "ns2.other.example.com. A",
    ]


def test_glue_is_not_authoritative() -> None:
    zones = Zones([parse_zone("example.com", EXAMPLE)])
    response = ask("ns1.sub.example.com", "A", zones=zones)
    assert not response.answer
    assert not response.flags & dns.flags.AA


def test_a_resolver_follows_a_cut_into_the_child_zone_or_fails() -> None:
    assert types_in(ask("host.sub.example.com", "A", recursive=True).answer) == ["host.sub.example.com. A"]
    response = ask("host.cut.example.com", "A", recursive=True)
    assert response.rcode() == dns.rcode.SERVFAIL
    assert [option.otype for option in response.options] == [dns.edns.OptionType.EDE]


def test_names_outside_are_refused_by_an_authority_and_do_not_exist_for_a_resolver() -> None:
    assert ask("example.org", "A").rcode() == dns.rcode.REFUSED
    assert ask("example.org", "A", recursive=True).rcode() == dns.rcode.NXDOMAIN


def test_ds_is_answered_by_the_parent() -> None:
    signed = sign(parse_zone("sub.example.com", SUB))
    parent = parse_zone("example.com", EXAMPLE)
    delegate(parent, signed.ds)
    for zones in (Zones([parent, signed.zone]), Zones([parent])):
        response = ask("sub.example.com", "DS", zones=zones)
        assert types_in(response.answer) == ["sub.example.com. DS"]
        assert response.flags & dns.flags.AA
    response = ask("sub.example.com", "DS", zones=Zones([signed.zone]))
    assert response.rcode() == dns.rcode.NOERROR
    assert types_in(response.authority) == ["sub.example.com. SOA"]


@pytest.mark.parametrize(
    ("name", "type_", "proofs"),
    [
        ("mx1.example.com", "AAAA", {"mx1.example.com. NSEC"}),
        ("nothing.example.com", "A", {"mx1.example.com. NSEC", "example.com. NSEC"}),
        ("ent.example.com", "A", {"cut.example.com. NSEC"}),
        ("new.wild.example.com", "TXT", {"*.wild.example.com. NSEC"}),
        ("cut.example.com", "DS", {"cut.example.com. NSEC"}),
    ],
)
def test_negative_answers_of_a_signed_zone_are_proved(name: str, type_: str, proofs: set[str]) -> None:
    zones = Zones([sign(parse_zone("example.com", EXAMPLE)).zone])
    response = ask(name, type_, zones=zones, dnssec=True)
    found = {owner for owner in types_in(response.authority) if owner.endswith("NSEC")}
    assert found == proofs
    signatures = {rrset.name for rrset in response.authority if rrset.rdtype == dns.rdatatype.RRSIG}
    assert {dns.name.from_text(proof.split()[0]) for proof in proofs} <= signatures


def test_the_signature_of_a_negative_soa_has_its_ttl() -> None:
    zones = Zones([sign(parse_zone("example.com", EXAMPLE)).zone])
    response = ask("mx1.example.com", "AAAA", zones=zones, dnssec=True)
    assert {rrset.ttl for rrset in response.authority if rrset.name == dns.name.from_text("example.com")} == {300}


def test_an_unsigned_delegation_is_proved_in_the_referral() -> None:
    zones = Zones([sign(parse_zone("example.com", EXAMPLE)).zone])
    response = ask("host.cut.example.com", "A", zones=zones, dnssec=True)
    assert types_in(response.authority) == ["cut.example.com. NS", "cut.example.com. NSEC"]


def test_answers_of_a_signed_zone_validate() -> None:
    zone = sign(parse_zone("example.com", EXAMPLE)).zone
    zones = Zones([zone])
    origin = dns.name.from_text("example.com")
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
        origin: zone.find_rrset(origin, dns.rdatatype.DNSKEY)
    }
    for name in ("example.com", "one.two.wild.example.com"):
        type_ = "MX" if name == "example.com" else "TXT"
        records, signature = ask(name, type_, zones=zones, dnssec=True).answer
        dns.dnssec.validate(records, signature, keys)
    assert not [r for r in ask("example.com", "MX", zones=zones).answer if r.rdtype == dns.rdatatype.RRSIG]


def test_signatures_and_keys_can_be_asked_for() -> None:
    zones = Zones([sign(parse_zone("example.com", EXAMPLE)).zone])
    assert {rrset.covers for rrset in ask("example.com", "RRSIG", zones=zones).answer} >= {
        dns.rdatatype.SOA,
        dns.rdatatype.MX,
        dns.rdatatype.DNSKEY,
    }
    assert types_in(ask("example.com", "DNSKEY", zones=zones).answer) == ["example.com. DNSKEY"]


def test_signatures_can_be_made_expired() -> None:
    zone = sign(parse_zone("example.com", EXAMPLE), lifetime=timedelta(days=-1)).zone
    origin = dns.name.from_text("example.com")
    soa = zone.find_rrset(origin, dns.rdatatype.SOA)
    signature = zone.find_rrset(origin, dns.rdatatype.RRSIG, dns.rdatatype.SOA)
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
        origin: zone.find_rrset(origin, dns.rdatatype.DNSKEY)
    }
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(soa, signature, keys)


def test_signing_leaves_the_original_alone() -> None:
    zone = parse_zone("example.com", EXAMPLE)
    before = zone.to_text()
    sign(zone)
    assert zone.to_text() == before


def test_queries_that_are_no_questions_get_their_rcodes() -> None:
    zones = world()
    query = dns.message.make_query("example.com", "MX")
    query.set_opcode(dns.opcode.NOTIFY)
    assert zones.respond(query, False).rcode() == dns.rcode.NOTIMP
    assert ask("example.com", "AXFR").rcode() == dns.rcode.REFUSED
    query = dns.message.make_query("example.com", "MX", use_edns=1)
    response = zones.respond(query, False)
    assert (response.rcode(), response.edns) == (dns.rcode.BADVERS, 0)
    query = dns.message.make_query("example.com", "MX")
    query.question.clear()
    assert zones.respond(query, False).rcode() == dns.rcode.FORMERR


def test_find_gives_the_deepest_zone() -> None:
    zones = world()
    for name, zone in (("host.SUB.example.com", "sub.example.com."), ("x.example.com", "example.com.")):
        found = zones.find(dns.name.from_text(name))
        assert found is not None
        assert str(found.origin) == zone
    assert zones.find(dns.name.from_text("com")) is None
    assert len(zones) == 3
    assert {str(zone.origin) for zone in zones} == {"example.com.", "example.net.", "sub.example.com."}


def test_zones_must_be_absolute_and_distinct() -> None:
    with pytest.raises(ValueError, match="twice"):
        Zones([parse_zone("example.net", NET), parse_zone("EXAMPLE.net", NET)])
    with pytest.raises(ValueError, match="absolute"):
        Zones([dns.zone.from_text(NET, "example.net", relativize=True)])


def test_a_zone_is_loaded_from_a_master_file(tmp_path: Path) -> None:
    path = tmp_path / "example.net.zone"
    path.write_text(NET)
    assert len(ask("target.example.net", "A", zones=Zones([load_zone("example.net.", path)])).answer) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NET + "bad A 192.0.2.300\n", r"\.zone:7: "),
        (NET + "bad NONSENSE x\n", r"\.zone:7: "),
        (NET + "both CNAME ns\nboth A 192.0.2.1\n", r"\.zone:8: .*CNAME"),
        (NET + "open TXT (\n\n\n", r"\.zone:7: "),
        (NET + "$INCLUDE missing.zone\n", r"\.zone:7: .*missing\.zone: there is no such file"),
        (NET + "a\\256 A 192.0.2.1\n", r"\.zone:7: a number is out of its range"),
        (NET + "\nl LOC 52 14 05 N 00 08 50 E 99999999m\n", r"\.zone:8: a number is out of its range"),
        (NET + "l LOC 91 0 0 N 0 0 0 E 0m\n", r"\.zone:7: .*range"),
        (NET + "g A \\# 3 c00002\n", r"\.zone:7: "),
        ("@ 60 NS ns\n", r"\.zone:1: zone example\.net\. has no SOA"),
        ("@ 60 SOA ns h 1 2 3 4 5\n", r"\.zone:1: zone example\.net\. has no NS"),
    ],
)
def test_a_bad_master_file_is_a_value_error_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.zone"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_zone("example.net", path)


def test_an_unreadable_master_file_is_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such file"):
        load_zone("example.net", tmp_path / "absent.zone")
    (tmp_path / "binary.zone").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not UTF-8"):
        load_zone("example.net", tmp_path / "binary.zone")
    with pytest.raises(ValueError, match="not a zone name"):
        parse_zone("a..b", NET)


@pytest.mark.parametrize(
    "record",
    [
        't TXT "over two\nlines"',
        "k IPSECKEY 10 0 0 .",
        "s HTTPS 1 . tls-supported-groups=29,23",
        "n NEWERTYPE 1 2",
    ],
)
def test_what_the_reader_cannot_read_is_not_called_wrong(record: str) -> None:
    with pytest.raises(ValueError, match=r"<text>:7: .*this reader cannot read that, which may well be right"):
        parse_zone("example.net", f"{NET}{record}\n")


@pytest.mark.parametrize(
    "record",
    [
        r"g A \# 4 c0000201",
        r"g MX \# 7 000a 036d7831 00",
        r"u TYPE65534 \# 2 abcd",
        "s HTTPS 1 . key65000=abc",
        "l LOC 1 N 1 E 0m",
    ],
)
def test_other_ways_to_write_records(record: str) -> None:
    parse_zone("example.net", f"{NET}{record}\n")


def test_files_that_never_end_or_never_begin_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ValueError, match=r"not a regular file|cannot be read"):
            load_zone("example.net", path)


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone_files, "MAX_SIZE", 1000)
    (tmp_path / "large.zone").write_text(NET + ";" * 1000)
    with pytest.raises(ValueError, match="larger than 1000 octets"):
        load_zone("example.net", tmp_path / "large.zone")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("$GENERATE 1-999999999 h$ A 192.0.2.1", r":7: more than 50 records"),
        ("$GENERATE 1-3 h${0,999999999} A 192.0.2.1", r":7: a width of 999999999 digits"),
        ('t TXT "' + "a" * 3_000_000 + '"', r":7: more than 70000 characters in a row"),
        ("t TXT " + "a" * 3_000_000, r":7: more than 70000 characters in a row"),
        ("\n".join(f"h{n} A 192.0.2.1" for n in range(60)), r":\d+: more than 50 records"),
    ],
)
def test_zones_are_bounded(monkeypatch: pytest.MonkeyPatch, line: str, message: str) -> None:
    monkeypatch.setattr(zone_files, "MAX_RECORDS", 50)
    with pytest.raises(ValueError, match=message):
        parse_zone("example.net", f"{NET}{line}\n")


def test_included_files_are_read_at_their_origin_and_the_file_goes_on(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "hosts.inc").write_text("$TTL 7\nhost A 192.0.2.7\n$INCLUDE parts/more.inc deeper\n")
    (tmp_path / "parts" / "more.inc").write_text("host A 192.0.2.8\n")
    text = f"{NET}last A 192.0.2.1\n$include parts/hosts.inc sub ; comment\n AAAA 2001:db8::1\nhost A 192.0.2.9\n"
    (tmp_path / "whole.zone").write_text(text)
    zone = load_zone("example.net", tmp_path / "whole.zone")
    found = {name.to_text(): rdata.to_text() for name, _, rdata in zone.iterate_rdatas("A")}
    assert found["host.sub.example.net."] == "192.0.2.7"
    assert found["host.deeper.sub.example.net."] == "192.0.2.8"
    assert found["host.example.net."] == "192.0.2.9"
    assert zone.get_rdataset("last.example.net.", "AAAA") is not None
    assert {rdataset.ttl for name, rdataset in zone.iterate_rdatasets("A") if "sub" in str(name)} == {7}
    assert zone.find_rdataset("host.example.net.", "A").ttl == 3600


def test_a_fault_in_an_included_file_and_behind_it_has_the_right_line(tmp_path: Path) -> None:
    (tmp_path / "part.inc").write_text("a A 192.0.2.1\nb A 192.0.2.300\n")
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE part.inc\n")
    with pytest.raises(ValueError, match=r"part\.inc:2: "):
        load_zone("example.net", tmp_path / "whole.zone")
    (tmp_path / "part.inc").write_text("a A 192.0.2.1\n")
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE part.inc\nb A 192.0.2.300\n")
    with pytest.raises(ValueError, match=r"whole\.zone:8: "):
        load_zone("example.net", tmp_path / "whole.zone")


@pytest.mark.parametrize("file", ["../secret", "/etc/hostname", "link", "../zones/../secret", "~/secret"])
def test_files_outside_of_the_folder_are_not_read_and_never_quoted(tmp_path: Path, file: str) -> None:
    (tmp_path / "secret").write_text("root:$6$secret:19000:0:99999:7:::\n")
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "zones" / "whole.zone").write_text(f"{NET}$INCLUDE {file}\n")
    with pytest.raises(ValueError, match=r"whole\.zone:7: \$INCLUDE: ") as caught:
        load_zone("example.net", tmp_path / "zones" / "whole.zone")
    assert "root" not in str(caught.value).replace(str(tmp_path), "")


def test_a_circle_of_files_ends(tmp_path: Path) -> None:
    (tmp_path / "whole.zone").write_text(f"{NET}$INCLUDE whole.zone\n")
    with pytest.raises(ValueError, match="more than 20 files within files"):
        load_zone("example.net", tmp_path / "whole.zone")


def test_text_that_is_no_file_includes_nothing() -> None:
    with pytest.raises(ValueError, match="no folder to include from"):
        parse_zone("example.net", f"{NET}$INCLUDE /etc/hostname\n")


@pytest.mark.parametrize(("ttl", "minimum", "expected"), [(3600, 300, 300), (300, 3600, 300), (60, 60, 60)])
def test_the_ttl_of_nsec_is_the_lesser_of_minimum_and_the_soas(ttl: int, minimum: int, expected: int) -> None:
    """RFC 9077, section 3."""
    text = f"$TTL 86400\n@ {ttl} SOA ns h 1 2 3 4 {minimum}\n@ NS ns\nns A 192.0.2.1\n"
    signed = sign(parse_zone("example.net", text)).zone
    assert {rdataset.ttl for _, rdataset in signed.iterate_rdatasets("NSEC")} == {expected}


def test_nsec_at_a_delegation_lists_no_glue() -> None:
    """RFC 4035, section 2.3."""
    digest = "ab" * 32
    text = f"{NET}cut NS cut\ncut A 192.0.2.7\nsafe NS safe\nsafe A 192.0.2.8\nsafe DS 1 13 2 {digest}\n"
    signed = sign(parse_zone("example.net", text)).zone
    assert signed.find_rdataset("cut.example.net.", "NSEC")[0].to_text().split()[1:] == ["NS", "RRSIG", "NSEC"]
    assert signed.find_rdataset("safe.example.net.", "NSEC")[0].to_text().split()[1:] == ["NS", "DS", "RRSIG", "NSEC"]
    assert signed.get_rdataset("cut.example.net.", "RRSIG", "A") is None


WORLD = world()
SIGNED = Zones([sign(parse_zone("example.com", EXAMPLE)).zone])
LABELS = st.sampled_from(
    [
        "*",
        "a",
        "ent",
        "wild",
        "x",
        "sub",
        "cut",
        "ns1",
        "old",
        "loop",
        "www",
        "alias",
        "example",
        "com",
        "net",
    ]
)
TYPES = st.sampled_from(["A", "MX", "NS", "DS", "CNAME", "DNAME", "ANY", "RRSIG", "NSEC", "SOA", "TXT"])


@given(labels=st.lists(LABELS, max_size=5), type_=TYPES, recursive=st.booleans(), signed=st.booleans())
def test_every_question_gets_a_response_that_parses(
    labels: list[str], type_: str, recursive: bool, signed: bool
) -> None:
    for suffix in ("example.com.", ""):
        name = ".".join([*labels, suffix]) or "."
        response = ask(name, type_, recursive=recursive, zones=SIGNED if signed else WORLD, dnssec=signed)
        assert not (response.flags & dns.flags.AA and response.flags & dns.flags.RA)
        if response.rcode() == dns.rcode.NXDOMAIN and not response.answer:
            below = f"below.{name}" if name != "." else "below."
            nothing_below = ask(below, type_, recursive=recursive, zones=SIGNED if signed else WORLD)
            assert nothing_below.rcode() == dns.rcode.NXDOMAIN
