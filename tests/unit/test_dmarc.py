"""DMARC by RFC 9989: the tree walk, the organisational domain, the policy that applies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.grammars.dmarc import parse_record, select_records
from mailproof.net.dns.client import Answer
from mailproof.net.errors import ServerFailure
from mailproof.observations.dmarc import DMARC, Step
from mailproof.probes.dmarc import dmarc, walk
from mailproof.targets.mail import MailDomain

from .observed import answer, missing


def found(domain: str, records: Mapping[str, str], exists: bool = True) -> DMARC:
    """The walk from ``domain`` as the probe makes it; ``records`` by name, several parted by a bar."""
    steps: list[Step] = []
    for name in walk(domain):
        question = f"_dmarc.{name}"
        text = records.get(name)
        steps.append(Step(name, answer(question, "TXT", *text.split("|")) if text else missing(question, "TXT")))
        record = steps[-1].record
        if record is not None and record.psd != "u":
            break
    return DMARC(domain, exists, tuple(steps))


def test_the_walk_asks_every_name_down_to_the_top_level() -> None:
    """Section 4.10: a name of n labels takes min(n, 8) questions."""
    assert walk("com") == ["com"]
    assert walk("a.mail.example.com") == ["a.mail.example.com", "mail.example.com", "example.com", "com"]
    assert walk("a.b.c.d.e.example.com") == [
        "a.b.c.d.e.example.com",
        "b.c.d.e.example.com",
        "c.d.e.example.com",
        "d.e.example.com",
        "e.example.com",
        "example.com",
        "com",
    ]
    long = walk("a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert len(long) == 8
    assert long[1] == "g.h.i.j.mail.example.com"
    assert long[-1] == "com"
    assert walk("a.b.c.d.e.f.example.com")[1] == "b.c.d.e.f.example.com"


@pytest.mark.parametrize(
    ("records", "organisation"),
    [
        ({"mail.example.com": "v=DMARC1; p=none", "example.com": "v=DMARC1; p=none"}, "example.com"),
        (
            {"mail.example.com": "v=DMARC1; p=none; psd=n", "example.com": "v=DMARC1; p=none"},
            "mail.example.com",
        ),
        ({"com": "v=DMARC1; p=reject; psd=y"}, "example.com"),
        ({"example.com": "v=DMARC1; p=none", "com": "v=DMARC1; p=reject; psd=y"}, "example.com"),
        ({"mail.example.com": "v=DMARC1; p=none; psd=u"}, "mail.example.com"),
        ({"example.com": "v=DMARC1; p=none|v=DMARC1; p=none"}, "a.mail.example.com"),
        ({"example.com": "v=DMARC1; p=none; psd=y", "com": "v=DMARC1; p=none"}, "mail.example.com"),
        ({"mail.example.com": "v=DMARC1; p=none; psd=y"}, "a.mail.example.com"),
        ({}, "a.mail.example.com"),
        ({"com": "v=DMARC1; p=none"}, "com"),
    ],
)
def test_organisational_domain(records: dict[str, str], organisation: str) -> None:
    """Section 4.10.2."""
    assert found("a.mail.example.com", records).organisational_domain == organisation


def test_a_public_suffix_is_its_own_organisation() -> None:
    assert found("com", {"com": "v=DMARC1; p=reject; psd=y"}).organisational_domain == "com"


ORGANISATION = "v=DMARC1; p=reject; sp=quarantine; np=none"


@pytest.mark.parametrize(
    ("domain", "exists", "records", "policy"),
    [
        ("example.com", True, {"example.com": ORGANISATION}, ("example.com", "p", "reject")),
        ("sub.example.com", True, {"example.com": ORGANISATION}, ("example.com", "sp", "quarantine")),
        ("sub.example.com", False, {"example.com": ORGANISATION}, ("example.com", "np", "none")),
        (
            "sub.example.com",
            False,
            {"example.com": "v=DMARC1; p=none; sp=reject"},
            ("example.com", "sp", "reject"),
        ),
        ("sub.example.com", False, {"example.com": "v=DMARC1; p=reject"}, ("example.com", "p", "reject")),
        (
            "sub.example.com",
            True,
            {"example.com": "v=DMARC1; p=reject; sp=nonsense; rua=mailto:a@example.com"},
            ("example.com", "sp", "none"),
        ),
        (
            "sub.example.com",
            True,
            {"sub.example.com": "v=DMARC1; p=none; sp=reject", "example.com": ORGANISATION},
            ("sub.example.com", "p", "none"),
        ),
        ("sub.example.com", True, {"com": "v=DMARC1; p=none; sp=reject; psd=y"}, ("com", "sp", "reject")),
        ("example.com", False, {"com": "v=DMARC1; p=none; np=reject; psd=y"}, ("com", "np", "reject")),
        (
            "a.mail.example.com",
            True,
            {"mail.example.com": "v=DMARC1; p=reject", "example.com": "v=DMARC1; p=none"},
            ("example.com", "p", "none"),
        ),
        (
            "example.com",
            True,
            {"example.com": "v=DMARC1; p=reject; t=y"},
            ("example.com", "p", "quarantine"),
        ),
        ("example.com", True, {"example.com": "v=DMARC1; p=quarantine; t=y"}, ("example.com", "p", "none")),
        ("example.com", True, {"example.com": "v=DMARC1; p=none; t=Y"}, ("example.com", "p", "none")),
        (
            "example.com",
            True,
            {"example.com": "v=DMARC1; rua=mailto:a@example.com"},
            ("example.com", "p", "none"),
        ),
        (
            "example.com",
            True,
            {"example.com": "v=DMARC1; p=x; rua=mailto:a@example.com"},
            ("example.com", "p", "none"),
        ),
        ("example.com", True, {"example.com": "v=DMARC1; P=REJECT"}, ("example.com", "p", "reject")),
        (
            "example.com",
            True,
            {"example.com": "v=DMARC1; rua=x; p=reject; v=spf1"},
            ("example.com", "p", "reject"),
        ),
    ],
)
def test_policy_that_applies(domain: str, exists: bool, records: dict[str, str], policy: tuple[str, str, str]) -> None:
    """Sections 4.7 and 4.10.1."""
    applied = found(domain, records, exists).policy
    assert applied is not None
    assert (applied.domain, applied.tag, applied.value) == policy


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1",
        "v=DMARC1; sp=reject",
        "v=DMARC1; p=x",
        "v=DMARC1; p=x; rua=nobody",
        "v=DMARC1; p=reject; sp=nonsense",
        "v=DMARC1; p=reject; np=",
        "v=DMARC1; p=none|v=DMARC1; p=none",
        "v=dmarc1; p=reject",
        "v=DMARC2; p=reject",
        " v=DMARC1; p=reject",
        "p=reject; v=DMARC1",
    ],
)
def test_records_that_make_no_policy(text: str) -> None:
    assert found("example.com", {"example.com": text}).policy is None


def test_a_void_record_inherits_nothing() -> None:
    """Section 4.10.1: no DMARC processing is applied then."""
    records = {"sub.example.com": "v=DMARC1; p=rejct", "example.com": "v=DMARC1; p=reject"}
    assert found("sub.example.com", records).policy is None


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("v=DMARC1", True),
        ("v=DMARC1;p=none", True),
        ("v \t= DMARC1 ; p=none", True),
        ("v=DMARC1\n", False),
        ("v=DMARC10; p=none", False),
        ("V=DMARC1; p=none", True),
    ],
)
def test_selection(text: str, counts: bool) -> None:
    assert select_records((text,)) == ((text,) if counts else ())


def test_obsolete_sizes_and_removed_tags_are_no_errors() -> None:
    record = parse_record(
        "v=DMARC1; p=none; pct=50; rf=afrf; ri=86400; rua=mailto:a@example.org!10m,mailto:b@example.org;"
    )
    assert not record.errors
    assert record.report_addresses == ("mailto:a@example.org!10m", "mailto:b@example.org")


def test_the_first_of_a_repeated_tag_counts_and_is_complained_about() -> None:
    record = parse_record("v=DMARC1; p=reject; P=none")
    assert record.policy("p") == "reject"
    assert record.errors == ("the tag p is given twice",)


class _NoTexts:
    """A DNS whose server fails for the texts of the domain itself, and has records at ``_dmarc`` or none."""

    def __init__(self, *texts: str) -> None:
        self._texts = texts

    async def resolve(self, name: str, type: str) -> Answer:
        if name == "example.org":
            raise ServerFailure("SERVFAIL")
        return answer(name, type, *self._texts) if name == "_dmarc.example.org" else missing(name, type)


def test_a_record_counts_where_the_texts_of_the_domain_cannot_be_had() -> None:
    """The record shows that the domain exists; without one, whether it does has to be known."""

    def look(*texts: str) -> DMARC:
        net: Any = SimpleNamespace(dns=_NoTexts(*texts))

        async def main() -> DMARC:
            return await dmarc(MailDomain("example.org"), net)

        return asyncio.run(main())

    seen = look("v=DMARC1; p=reject")
    assert seen.policy is not None
    assert (seen.policy.value, seen.domain_exists) == ("reject", True)
    assert seen.unknown is not None
    assert seen.unknown.reason == "SERVFAIL"
    with pytest.raises(ServerFailure):
        look()


class _NothingAbove(_NoTexts):
    """A DNS whose server fails for the name above the domain's own."""

    async def resolve(self, name: str, type: str) -> Answer:
        if name == "_dmarc.org":
            raise ServerFailure("SERVFAIL above")
        return missing(name, type) if name == "example.org" else await super().resolve(name, type)


def test_the_own_record_is_the_policy_whatever_stands_above() -> None:
    """Section 4.10.1: only the organisational domain needs the rest of the walk."""

    async def main(*texts: str) -> DMARC:
        net: Any = SimpleNamespace(dns=_NothingAbove(*texts))
        return await dmarc(MailDomain("example.org"), net)

    seen = asyncio.run(main("v=DMARC1; p=reject"))
    assert seen.policy is not None
    assert seen.policy.value == "reject"
    assert "broken off: SERVFAIL above" in seen.evidence()
    with pytest.raises(ServerFailure, match="above"):
        assert seen.organisational_domain
    assert asyncio.run(main("v=DMARC1; p=reject; psd=n")).organisational_domain == "example.org"
    with pytest.raises(ServerFailure, match="above"):
        asyncio.run(main())


def test_a_record_that_is_void_as_a_policy_is_the_organisations() -> None:
    """Section 4.10.2 takes any record that was read; section 4.10.1 ends DMARC where the one that applies is void."""
    void = "v=DMARC1; adkim=s"
    seen = found("a.b.example.com", {"b.example.com": "v=DMARC1; p=reject", "example.com": void})
    assert (seen.organisational_domain, seen.policy) == ("example.com", None)
    own = found("b.example.com", {"b.example.com": "v=DMARC1; p=reject", "example.com": void})
    assert own.policy is not None
    assert (own.organisational_domain, own.policy.value) == ("example.com", "reject")


def test_the_host_of_a_report_uri_is_a_name_or_an_address() -> None:
    """Brackets hold an IPv6 address and nothing like one (RFC 3986, section 3.2.2)."""
    assert not parse_record("v=DMARC1; p=none; rua=https://[2001:db8::1]:8443/reports").errors
    assert parse_record("v=DMARC1; p=none; rua=https://[::::]/reports").errors
