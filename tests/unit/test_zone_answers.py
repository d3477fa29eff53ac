"""Whatever is asked, the zones give a response that parses."""

from __future__ import annotations

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

from mailproof.fixtures.dns_signing import SignedZone
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.dns.zones import Zones

from .zone_world import EXAMPLE, NET, ask, world


@pytest.mark.parametrize(("ttl", "minimum", "expected"), [(3600, 300, 300), (300, 3600, 300), (60, 60, 60)])
def test_the_ttl_of_nsec_is_the_lesser_of_minimum_and_the_soas(ttl: int, minimum: int, expected: int) -> None:
    """RFC 9077, section 3."""
    text = f"$TTL 86400\n@ {ttl} SOA ns h 1 2 3 4 {minimum}\n@ NS ns\nns A 192.0.2.1\n"
    signed = SignedZone(parse_zone("example.net", text)).zone
    assert {rdataset.ttl for _, rdataset in signed.iterate_rdatasets("NSEC")} == {expected}


def test_nsec_at_a_delegation_lists_no_glue() -> None:
    """RFC 4035, section 2.3."""
    digest = "ab" * 32
    text = f"{NET}cut NS cut\ncut A 192.0.2.7\nsafe NS safe\nsafe A 192.0.2.8\nsafe DS 1 13 2 {digest}\n"
    signed = SignedZone(parse_zone("example.net", text)).zone
    assert signed.find_rdataset("cut.example.net.", "NSEC")[0].to_text().split()[1:] == ["NS", "RRSIG", "NSEC"]
    assert signed.find_rdataset("safe.example.net.", "NSEC")[0].to_text().split()[1:] == ["NS", "DS", "RRSIG", "NSEC"]
    assert signed.get_rdataset("cut.example.net.", "RRSIG", "A") is None


WORLD = world()
SIGNED = Zones([SignedZone(parse_zone("example.com", EXAMPLE)).zone])
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
