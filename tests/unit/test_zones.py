"""What a set of zones answers to any question, as an authority and as a resolver."""

from __future__ import annotations

from datetime import timedelta

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

from mailproof.fixtures.dns_signing import SignedZone, delegate
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.dns.zones import End, Zones

from .zone_world import EXAMPLE, SUB, answers, ask, types_in, world


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
    signed = SignedZone(parse_zone("sub.example.com", SUB))
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
    zones = Zones([SignedZone(parse_zone("example.com", EXAMPLE)).zone])
    response = ask(name, type_, zones=zones, dnssec=True)
    found = {owner for owner in types_in(response.authority) if owner.endswith("NSEC")}
    assert found == proofs
    signatures = {rrset.name for rrset in response.authority if rrset.rdtype == dns.rdatatype.RRSIG}
    assert {dns.name.from_text(proof.split()[0]) for proof in proofs} <= signatures


def test_the_signature_of_a_negative_soa_has_its_ttl() -> None:
    zones = Zones([SignedZone(parse_zone("example.com", EXAMPLE)).zone])
    response = ask("mx1.example.com", "AAAA", zones=zones, dnssec=True)
    assert {rrset.ttl for rrset in response.authority if rrset.name == dns.name.from_text("example.com")} == {300}


def test_an_unsigned_delegation_is_proved_in_the_referral() -> None:
    zones = Zones([SignedZone(parse_zone("example.com", EXAMPLE)).zone])
    response = ask("host.cut.example.com", "A", zones=zones, dnssec=True)
    assert types_in(response.authority) == ["cut.example.com. NS", "cut.example.com. NSEC"]


def test_answers_of_a_signed_zone_validate() -> None:
    zone = SignedZone(parse_zone("example.com", EXAMPLE)).zone
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
    zones = Zones([SignedZone(parse_zone("example.com", EXAMPLE)).zone])
    assert {rrset.covers for rrset in ask("example.com", "RRSIG", zones=zones).answer} >= {
        dns.rdatatype.SOA,
        dns.rdatatype.MX,
        dns.rdatatype.DNSKEY,
    }
    assert types_in(ask("example.com", "DNSKEY", zones=zones).answer) == ["example.com. DNSKEY"]


def test_signatures_can_be_made_expired() -> None:
    zone = SignedZone(parse_zone("example.com", EXAMPLE), lifetime=timedelta(days=-1)).zone
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
    assert SignedZone(zone).zone.to_text() != before
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
