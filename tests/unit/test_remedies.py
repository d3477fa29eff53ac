"""What findings say to publish instead: its form, and when nothing may be said."""

from __future__ import annotations

from dataclasses import replace

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.controls import Finding
from mailproof.gate.document import Result, parsed, plain
from mailproof.grammars import dmarc as dmarc_grammar
from mailproof.grammars import spf as spf_grammar
from mailproof.grammars.mta_sts import parse_policy, with_hosts
from mailproof.net.pkix.certificates import Certificate
from mailproof.observations.dane import KeysOfHost, TLSARecord, records_of
from mailproof.observations.mta_sts import STSRecord
from mailproof.observations.mx import MXHosts
from mailproof.remedies import MAX_REMEDY, Remedy, records, txt, txt_line
from mailproof.report.formats import FORMATS

from .cases.case import functions
from .cases.dane import tlsa
from .cases.spf import spf_tree
from .documents import document, result
from .observed import DOMAIN, HOST, RECEIVES, answer, certificate, dane, mx, sts_policy

OCTETS = st.text(st.characters(max_codepoint=255), max_size=600)


@given(OCTETS)
def test_a_line_says_what_the_record_says(text: str) -> None:
    head, _, data = txt_line("example.org", text).partition(" IN TXT ")
    assert head == "example.org."
    assert data.isascii()
    assert data.isprintable()
    read = dns.rdata.from_text("IN", "TXT", data)
    assert b"".join(read.strings).decode("latin-1") == text  # type: ignore[attr-defined]


def test_what_is_the_same_or_too_long_is_no_remedy() -> None:
    assert txt(answer(DOMAIN, "TXT"), "v=spf1 -all", "v=spf1 -all") is None
    assert records("a", "b" * MAX_REMEDY) is None
    assert records("a", "\N{SNOWMAN}") is None
    assert txt(answer(DOMAIN, "TXT"), ("a", "b"), "a") == Remedy(
        'example.org. IN TXT "a"\nexample.org. IN TXT "b"', 'example.org. IN TXT "a"'
    )


@pytest.mark.parametrize("name", ["markdown", "sarif", "csv", "annotations", "html"])
def test_reports_show_it(name: str) -> None:
    remedy = Remedy(txt_line("example.org", "v=spf1 +all"), txt_line("example.org", "v=spf1 -all"))
    rendered = FORMATS[name](document(result(remedy=remedy)))
    assert "v=spf1 -all" in rendered
    assert "v=spf1 -all" not in FORMATS[name](document(result()))


@pytest.mark.parametrize("name", ["sarif", "annotations"])
def test_a_part_of_it_is_never_shown(name: str) -> None:
    """Who pastes a part of a zone or a policy loses the rest."""
    text = "\n".join(f"_25._tcp.mx.example. IN TLSA 3 1 1 {number:064x}" for number in range(20))
    rendered = FORMATS[name](document(result(remedy=Remedy("", text))))
    assert "the JSON report has it" in rendered
    assert "IN TLSA" not in rendered


def test_a_policy_is_shown_as_it_is_to_be_served() -> None:
    """A tab would be shown as an escape, and pasted as one."""
    after = with_hosts("version:\tSTSv1\r\nmode:  enforce \r\nmx:\ta.example\r\nmax_age:60\r\n", ("b.example",))
    assert after == "version: STSv1\nmode: enforce\nmx: b.example\nmax_age: 60\n"
    assert records("", "x: \x9b31m") is None


def test_a_report_without_it_is_read() -> None:
    """Reports of the released format have none."""
    shown = plain(document(result(remedy=Remedy("a", "b"))))
    assert shown["results"][0]["remedy"] == {"before": "a", "after": "b"}
    (former,) = plain(document(result()))["results"]
    assert parsed(Result, {name: value for name, value in former.items() if name != "remedy"}).remedy is None


def remedy_of(control: str, **observed: object) -> Remedy | None:
    with pytest.raises(Finding) as found:
        functions()[control](**observed)
    return found.value.remedy


@pytest.mark.parametrize(
    ("record", "senders", "after"),
    [
        ("v=spf1 ip4:192.0.2.1 +all", (), None),
        ("v=spf1 ip4:192.0.2.1 +all", ("192.0.2.2",), None),
        ("v=spf1 ip4:192.0.2.1 +all", ("192.0.2.1",), "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip4:192.0.2.1 all", ("192.0.2.1",), "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip4:192.0.2.1", ("192.0.2.1",), "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ?ip4:192.0.2.1 ?all", ("192.0.2.1",), None),
        ("v=spf1 include:x.example.net ?all", ("192.0.2.1",), None),
    ],
)
def test_strictness_is_advised_to_those_whose_senders_are_known(
    record: str, senders: tuple[str, ...], after: str | None
) -> None:
    remedy = remedy_of("SPF-ALL-STRICT", spf_tree=replace(spf_tree(record), senders=senders))
    assert (remedy.after if remedy else None) == (txt_line(DOMAIN, after) if after else None)


def test_ptr_is_removed_where_the_senders_pass_without_it() -> None:
    tree = spf_tree("v=spf1 ptr ip4:192.0.2.1 -all")
    assert remedy_of("SPF-NO-PTR", spf_tree=tree) is None
    assert remedy_of("SPF-NO-PTR", spf_tree=replace(tree, senders=("192.0.2.9",))) is None
    assert remedy_of("SPF-NO-PTR", spf_tree=replace(tree, senders=("192.0.2.1",))) == Remedy(
        txt_line(DOMAIN, "v=spf1 ptr ip4:192.0.2.1 -all"), txt_line(DOMAIN, "v=spf1 ip4:192.0.2.1 -all")
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=spf1 ipv4:192.0.2.1 include=x.example.org -all", "v=spf1 ip4:192.0.2.1 include:x.example.org -all"),
        (' "v=spf1 mx -all" ', "v=spf1 mx -all"),
        ("v=spf1 mx moo -all", ""),
        ("spf1 mx -all", ""),
        ("", ""),
    ],
)
def test_spf_as_it_is_meant(text: str, meant: str) -> None:
    assert spf_grammar.respelt(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=DMARC1; p=qurantine", "v=DMARC1; p=quarantine"),
        ("v=DMARC1;; p=reject;", "v=DMARC1; p=reject"),
        ("v=DMARC1; p=moo", ""),
        ("v=DMARC1; p=reject; p=none", ""),
        ("v=DMARC1; p=reject; rua", ""),
    ],
)
def test_dmarc_as_it_is_meant(text: str, meant: str) -> None:
    assert dmarc_grammar.respelt(dmarc_grammar.parse_record(text)) == meant


@given(st.text(max_size=200))
def test_what_is_meant_never_raises_and_is_valid(text: str) -> None:
    if meant := spf_grammar.respelt(text):
        assert not spf_grammar.parse_record(meant).errors
    if meant := dmarc_grammar.respelt(dmarc_grammar.parse_record(text)):
        assert not dmarc_grammar.parse_record(meant).errors
    assert parse_policy(with_hosts(text, ("mx.example.org",))).mx[:1] == ("mx.example.org",)


_KEY = "3 1 1 " + "ab" * 32
_NOW = "2026-11-22T00:00:00Z"


@pytest.mark.parametrize(
    ("leaf", "proposed"),
    [
        (certificate(), True),
        (certificate(not_after="2026-11-21T00:00:00Z"), False),
        (certificate(names=("other.example.net",)), False),
        (certificate(key=("RSA", 1024)), False),
        (certificate(key=("EC", 256)), True),
        (certificate(key=("unknown", None)), False),
    ],
)
def test_a_key_is_proposed_only_if_its_certificate_is_right(leaf: Certificate, proposed: bool) -> None:
    seen = dane(tlsa(_KEY), ())
    (match,) = seen.chains
    chain = replace(match.chain, facts=(replace(leaf, spki_sha256="cd" * 32),))
    seen = replace(seen, chains=(replace(match, chain=chain),), at=_NOW)
    remedy = remedy_of("DANE-MATCH", dane=seen)
    assert (remedy is not None) is proposed
    if remedy is not None:
        lines = [line.partition(" IN TLSA ")[2] for line in remedy.after.splitlines()]
        added = records_of(answer("x", "TLSA", *lines))
        assert set(added) == {*seen.tlsa.records, TLSARecord(3, 1, 1, "cd" * 32)}
    strong = replace(seen, tlsa=tlsa(_KEY, "3 1 2 " + "ab" * 64))
    assert remedy_of("DANE-MATCH", dane=strong) is None


def test_a_malformed_record_is_left_out() -> None:
    remedy = remedy_of("DANE-DIGEST-FORM", tlsa=tlsa(_KEY, "3 1 1 abcd"))
    assert remedy is not None
    assert remedy.after == f"_25._tcp.mx1.example.org. IN TLSA {_KEY}"
    assert remedy_of("DANE-DIGEST-FORM", tlsa=tlsa("3 1 1 abcd")) is None


def test_an_alias_is_not_written_over() -> None:
    """Nothing may stand beside a CNAME record; what stands at its target may be for other names as well."""
    owner = f"_25._tcp.{HOST}"
    seen = replace(tlsa(), answer=answer(owner, "TLSA", _KEY, "3 1 1 abcd", aliases=("_dane.example.org",)))
    remedy = remedy_of("DANE-DIGEST-FORM", tlsa=seen)
    assert remedy is not None
    assert remedy.after == f"_dane.example.org. IN TLSA {_KEY}"
    record = STSRecord(DOMAIN, answer(f"_mta-sts.{DOMAIN}", "TXT", "v=STSv1 id=1;", aliases=("sts.example.net",)))
    assert remedy_of("STS-TXT", sts_record=record, mail_domain=RECEIVES, mx=mx("10 mx1.example.org.")) is None
    old = "3 1 1 " + "cd" * 32
    keys = KeysOfHost(tlsa(_KEY, old), True, _NOW, ("ab" * 32,), (("cd" * 32, "2026-01-01T00:00:00Z"),))
    assert remedy_of("DANE-NO-LEFTOVER", keys_of_host=keys) is not None
    shared = replace(keys.tlsa, answer=replace(keys.tlsa.answer, aliases=("_dane.example.org",)))
    assert remedy_of("DANE-NO-LEFTOVER", keys_of_host=replace(keys, tlsa=shared)) is None


def test_no_policy_is_proposed_that_is_void() -> None:
    """An underscore makes no host name; a policy that names one is none for senders."""
    seen = mx("10 mx1.example.org.", "20 mail_2.example.org.")
    assert remedy_of("STS-MX-COVERED", sts_policy=sts_policy(), mx=seen, mx_hosts=MXHosts(DOMAIN, seen, ())) is None
