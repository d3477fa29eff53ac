"""Proofs that something does not exist, by NSEC and by NSEC3."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.name import Name
from dns.rdatatype import RdataType

from mailproof.net.dnssec.chain import Chains, Response
from mailproof.net.dnssec.nsec3 import hash_of
from mailproof.net.dnssec.trust import Flaw, Status, Verdict
from mailproof.net.dnssec.work import MAX_ITERATIONS
from tests.unit.dnssec_world import AT, ROOT, NSEC3Parameters, World, name, world

TEXT = """
@ 60 IN MX 10 mx
mx 60 IN A 192.0.2.1
deep.empty 60 IN A 192.0.2.2
*.wild 60 IN TXT "any"
host.wild 60 IN A 192.0.2.3
sub 60 IN NS ns.invalid.
moved 60 IN DNAME example.net.
"""

KINDS = {
    "NSEC": None,
    "NSEC3": NSEC3Parameters(),
    "NSEC3 with salt and iterations": NSEC3Parameters(iterations=5, salt=b"\xab\xcd"),
}
kinds = pytest.mark.parametrize("nsec3", KINDS.values(), ids=KINDS)

DENIED = {
    "no such name": ("nothing.example.org.", "A"),
    "no such name below another": ("a.b.mx.example.org.", "A"),
    "no such type": ("mx.example.org.", "AAAA"),
    "no such type at the apex": ("example.org.", "TXT"),
    "an empty non-terminal": ("empty.example.org.", "A"),
    "no such type at a wildcard": ("other.wild.example.org.", "A"),
    "no delegation": ("mx.example.org.", "DS"),
    "an unsigned delegation": ("sub.example.org.", "DS"),
}
denied = pytest.mark.parametrize(("owner", "type"), DENIED.values(), ids=DENIED)


def judge(zones: World, owner: str, type: str, answer: Response | None = None) -> Verdict:
    """The verdict about a name; ``answer`` stands in for what the world would say of it."""

    async def fetch(asked: Name, rdtype: RdataType) -> Response:
        if answer and (str(asked), dns.rdatatype.to_text(rdtype)) == (owner, type):
            return answer
        return await zones.fetch(asked, rdtype)

    return asyncio.run(Chains(fetch, AT, (ROOT.ds("."),)).judge(name(owner), dns.rdatatype.from_text(type)))


def answer(zones: World, owner: str, type: str) -> Response:
    return asyncio.run(zones.fetch(name(owner), dns.rdatatype.from_text(type)))


def flaw(verdict: Verdict) -> Flaw | None:
    return verdict.link.flaw if verdict.link else None


@kinds
@denied
def test_a_right_denial_is_secure(nsec3: NSEC3Parameters | None, owner: str, type: str) -> None:
    zones = world(TEXT, nsec3=nsec3)
    assert not answer(zones, owner, type).answer
    assert judge(zones, owner, type).status is Status.SECURE


@kinds
@denied
def test_a_denial_without_a_record_that_it_needs_is_bogus(nsec3: NSEC3Parameters | None, owner: str, type: str) -> None:
    zones = world(TEXT, nsec3=nsec3)
    right = answer(zones, owner, type)
    owners = {rrset.name for rrset in right.authority}
    verdicts = []
    for left_out in owners:
        authority = tuple(rrset for rrset in right.authority if rrset.name != left_out)
        verdicts.append(judge(zones, owner, type, replace(right, authority=authority)))
    needed = [verdict for verdict in verdicts if verdict.status is not Status.SECURE]
    assert {(verdict.status, flaw(verdict)) for verdict in needed} == {(Status.BOGUS, Flaw.NO_PROOF)}
    assert 1 <= len(needed) <= 3
    assert judge(zones, owner, type, replace(right, authority=())).status is Status.BOGUS


@kinds
@denied
def test_records_of_denial_without_signatures_prove_nothing(
    nsec3: NSEC3Parameters | None, owner: str, type: str
) -> None:
    zones = world(TEXT, nsec3=nsec3)
    right = answer(zones, owner, type)
    bare = tuple(rrset for rrset in right.authority if rrset.rdtype != RdataType.RRSIG)
    verdict = judge(zones, owner, type, replace(right, authority=bare))
    assert (verdict.status, flaw(verdict)) == (Status.BOGUS, Flaw.NO_SIGNATURE)


LIES = {
    "an existing name": ("mx.example.org.", "A", dns.rcode.NXDOMAIN),
    "an existing type": ("mx.example.org.", "A", dns.rcode.NOERROR),
    "an empty non-terminal": ("empty.example.org.", "A", dns.rcode.NXDOMAIN),
    "what a wildcard answers": ("any.wild.example.org.", "TXT", dns.rcode.NXDOMAIN),
    "what a wildcard has": ("any.wild.example.org.", "TXT", dns.rcode.NOERROR),
    "what lies below a delegation": ("mx.sub.example.org.", "A", dns.rcode.NXDOMAIN),
    "what lies below a DNAME": ("mx.moved.example.org.", "A", dns.rcode.NXDOMAIN),
    "what the child says of its apex": ("sub.example.org.", "A", dns.rcode.NOERROR),
}


@kinds
@pytest.mark.parametrize(("owner", "type", "rcode"), LIES.values(), ids=LIES)
def test_true_records_do_not_prove_a_lie(
    nsec3: NSEC3Parameters | None, owner: str, type: str, rcode: dns.rcode.Rcode
) -> None:
    zones = world(TEXT, nsec3=nsec3)
    lie = Response(rcode, (), tuple(zones["example.org."].denial()))
    verdict = judge(zones, owner, type, lie)
    expected = Status.INSECURE if "sub." in owner else Status.BOGUS
    assert verdict.status is expected, "what lies below an unsigned delegation is insecure, whatever the answer"
    assert flaw(verdict) is (Flaw.UNSIGNED if "sub." in owner else Flaw.NO_PROOF)


def test_the_parent_cannot_deny_what_a_signed_child_has() -> None:
    """RFC 6840, section 4.1."""
    zones = world(TEXT)
    lie = Response(dns.rcode.NXDOMAIN, (), tuple(zones["org."].denial()))
    assert judge(zones, "mx.example.org.", "A", lie).status is Status.BOGUS
    assert judge(zones, "example.org.", "MX", replace(lie, rcode=dns.rcode.NOERROR)).status is Status.BOGUS


def test_the_child_cannot_deny_its_ds_records() -> None:
    """RFC 6840, section 4.4."""
    zones = world(TEXT)
    lie = Response(dns.rcode.NOERROR, (), tuple(zones["example.org."].denial()))
    assert judge(zones, "example.org.", "DS", lie).status is Status.BOGUS


@kinds
def test_an_answer_from_a_wildcard_is_secure_with_a_proof_that_nothing_is_closer(
    nsec3: NSEC3Parameters | None,
) -> None:
    zones = world(TEXT, nsec3=nsec3)
    for owner in ("any.wild.example.org.", "a.b.wild.example.org."):
        assert judge(zones, owner, "TXT").status is Status.SECURE
        right = answer(zones, owner, "TXT")
        verdict = judge(zones, owner, "TXT", replace(right, authority=()))
        assert (verdict.status, flaw(verdict)) == (Status.BOGUS, Flaw.NO_PROOF)


@kinds
def test_a_wildcard_does_not_answer_for_a_name_that_exists(nsec3: NSEC3Parameters | None) -> None:
    zones = world(TEXT, nsec3=nsec3)
    right = answer(zones, "any.wild.example.org.", "TXT")
    owner = name("host.wild.example.org.")
    moved = tuple(dns.rrset.from_rdata_list(owner, 60, list(rrset)) for rrset in right.answer)
    verdict = judge(zones, "host.wild.example.org.", "TXT", replace(right, answer=moved))
    assert (verdict.status, flaw(verdict)) == (Status.BOGUS, Flaw.NO_PROOF)


def test_the_wildcard_itself_is_a_name_like_any_other() -> None:
    assert judge(world(TEXT), "*.wild.example.org.", "TXT").status is Status.SECURE


def test_what_opt_out_leaves_open_is_insecure() -> None:
    zones = world(TEXT, nsec3=NSEC3Parameters(opt_out=True))
    for owner in ("nothing.example.org.", "mx.sub.example.org."):
        verdict = judge(zones, owner, "A")
        assert (verdict.status, flaw(verdict)) == (Status.INSECURE, Flaw.OPT_OUT)
    assert judge(zones, "mx.example.org.", "AAAA").status is Status.SECURE
    assert judge(zones, "mx.example.org.", "A").status is Status.SECURE


@pytest.mark.parametrize(
    ("iterations", "status"), [(MAX_ITERATIONS, Status.SECURE), (MAX_ITERATIONS + 1, Status.INSECURE)]
)
def test_nsec3_with_many_iterations_is_insecure(iterations: int, status: Status) -> None:
    zones = world(TEXT, nsec3=NSEC3Parameters(iterations=iterations))
    verdict = judge(zones, "nothing.example.org.", "A")
    assert (verdict.status, flaw(verdict)) == (status, None if status is Status.SECURE else Flaw.ITERATIONS)
    assert judge(zones, "mx.example.org.", "A").status is Status.SECURE, "records that exist need no proof"


def test_many_iterations_count_only_where_they_are_signed() -> None:
    """RFC 9276, section 3.2: the signatures are verified before a response counts as insecure."""
    zones = world(TEXT, nsec3=NSEC3Parameters(iterations=MAX_ITERATIONS + 1))
    example = zones["example.org."]
    example.signatures = {owned: one for owned, one in example.signatures.items() if owned[1] != RdataType.NSEC3}
    verdict = judge(zones, "nothing.example.org.", "A")
    assert (verdict.status, flaw(verdict)) == (Status.BOGUS, Flaw.NO_SIGNATURE)


def test_nsec3_records_of_two_chains_prove_nothing_together() -> None:
    zones, others = world(TEXT, nsec3=NSEC3Parameters()), world(TEXT, nsec3=NSEC3Parameters(salt=b"\x01"))
    right = answer(zones, "nothing.example.org.", "A")
    both = (*right.authority, *answer(others, "nothing.example.org.", "A").authority)
    assert judge(zones, "nothing.example.org.", "A", replace(right, authority=both)).status is Status.BOGUS


def test_hashes_are_those_of_the_standard() -> None:
    """RFC 5155, appendix A."""
    salt = bytes.fromhex("aabbccdd")
    hashed = {"example.": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "a.example.": "35mthgpgcu1qg68fab165klnsnk3dpvl"}
    for owner, text in hashed.items():
        assert base32(hash_of(name(owner), 12, salt)) == text


def base32(octets: bytes) -> str:
    return base64.b32hexencode(octets).decode().lower()
