"""The demo against its truth table: each domain is blamed for its fault, by the control that owns it, and for nothing
else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from mailproof.gate.document import Result, read_document
from tests.offline.replay import replayed as judged_by_a_fleet
from tests.offline.user import SOURCE, Run, pytest_run

ADDRESSES = {
    "11.4.4.25": "unforwarded-ptr.example",
    "2600:11:4:4::25": "unforwarded-ptr.example",
    "11.4.9.25": "listed.example",
}
"""Targets that are addresses, by the domain that they belong to."""

BY_LIBRARY = {"TLS-PQ-KEX"}
"""What the servers of the demo can do depends on the OpenSSL that Python has: 3.5 has post-quantum groups."""

EXPECTED: dict[str, set[tuple[str, str]]] = {
    "right.example": set(),
    "parked.example": set(),
    "no-spf.example": {("SPF-EXISTS", "fail")},
    "plus-all.example": {("SPF-ALL-STRICT", "fail")},
    "weak-dkim.example": {("DKIM-KEY-LENGTH", "fail")},
    "dmarc-none.example": {("DMARC-ENFORCED", "fail")},
    "two-dmarc.example": {("DMARC-SINGLE", "fail")},
    "cname-mx.example": {("MX-NOT-ALIAS", "fail")},
    "unforwarded-ptr.example": {("PTR-FCRDNS", "fail")},
    "lame-server.example": {("DEL-AUTHORITATIVE", "fail")},
    "listed.example": {("DNSBL-VERDICT", "fail")},
    "open-relay.example": {("SMTP-NO-OPEN-RELAY", "fail")},
    "auth-in-clear.example": {("AUTH-AFTER-TLS", "fail")},
    "backup-accepts-all.example": {("BACKUPMX-RCPT", "fail")},
    "no-starttls.example": {("SMTP-STARTTLS-OFFERED", "fail"), ("DANE-EXISTS", "advice")},
    "expired-certificate.example": {("CERT-DATES", "fail"), ("DANE-EXISTS", "advice")},
    "sts-uncovered.example": {("STS-MX-COVERED", "fail")},
    "old-tls.example": {
        ("BACKUPMX-PARITY", "advice"),  # OpenSSL of 2016 offers nothing but STARTTLS, and its backup more
        ("TLS-NO-SSL3", "fail"),
        ("TLS-NO-10-11", "fail"),
        ("TLS-NO-RC4", "fail"),
        ("TLS-NO-3DES", "fail"),
        ("TLS-EMS", "fail"),
        ("TLS-FS", "advice"),
        ("TLS-KEX-HASH", "advice"),
        ("DANE-EXISTS", "advice"),
    },
}
"""Findings and advice by domain, without those of ``BY_LIBRARY``. DANE is optional: no TLSA records are advice."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("demo")
    (directory / "demo.yaml").write_text((SOURCE / "inventories" / "demo.yaml").read_text(encoding="utf-8"))
    return pytest_run(directory, "--inventory", "demo.yaml", "--record", "demo.json")


def domain_of(target: str) -> str:
    """The demo domain that a target belongs to."""
    for address, domain in ADDRESSES.items():
        if target == address or target.startswith(f"{address}@"):
            return domain
    known = [*EXPECTED, "broken-dnssec.example", "unreachable.example"]
    return next((domain for domain in known if domain in target), target)


def found(run: Run, *verdicts: str) -> dict[str, set[tuple[str, str]]]:
    by_domain: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for (control, target), verdict in run.verdicts("demo").items():
        if verdict in verdicts and control not in BY_LIBRARY:
            by_domain[domain_of(target)].add((control, verdict))
    return by_domain


@pytest.mark.parametrize("domain", EXPECTED)
def test_each_domain_is_blamed_for_its_fault_alone(demo: Run, domain: str) -> None:
    assert found(demo, "fail", "advice", "inconclusive")[domain] == EXPECTED[domain]


def test_a_bogus_zone_is_blamed_and_the_rest_is_left_to_that(demo: Run) -> None:
    assert found(demo, "fail", "advice")["broken-dnssec.example"] == {("SEC-NOT-BOGUS", "fail")}
    left = [r for r in demo.document("demo")["results"] if r["left_to_target"] == "broken-dnssec.example"]
    assert {r["left_to"] for r in left} == {"SEC-NOT-BOGUS"}
    assert ("MX-EXISTS", "broken-dnssec.example") in {(r["control"], r["target"]) for r in left}
    assert {r["verdict"] for r in left} == {"not applicable"}


def test_an_unreachable_server_is_one_failure_and_the_rest_is_left_to_it(demo: Run) -> None:
    assert found(demo, "fail")["unreachable.example"] == {("MX-PORT25-OPEN", "fail")}
    left = [r for r in demo.document("demo")["results"] if r["left_to"] == "MX-PORT25-OPEN"]
    assert {r["host"] for r in left if r["left_to_target"]} == {"mx.unreachable.example"}
    assert {"SMTP-STARTTLS-OFFERED", "CERT-DATES", "RELAY-MATRIX"} <= {r["control"] for r in left}
    assert {r["verdict"] for r in left} == {"not applicable"}


def test_nothing_else_is_found(demo: Run) -> None:
    known = {*EXPECTED, "broken-dnssec.example", "unreachable.example"}
    assert set(found(demo, "fail", "advice", "inconclusive")) <= known


def test_the_demo_ends_with_findings_and_two_reports(demo: Run) -> None:
    assert demo.code == 1
    assert (demo.reports / "demo.html").is_file()
    assert demo.document("demo")["complete"] is True
    last = demo.output.rstrip().splitlines()[-1]
    assert last.startswith("decision: FAIL, the gate stays closed: ")


def test_no_probe_crashed(demo: Run) -> None:
    crashed = [r for r in demo.document("demo")["results"] if "internal error" in r["observed"]]
    assert crashed == []


def test_the_shipped_demo_and_the_test_agree_on_the_domains() -> None:
    text = (Path(SOURCE) / "inventories" / "demo.yaml").read_text()
    assert all(domain in text for domain in EXPECTED)


def test_a_replay_and_a_fleet_say_of_what_was_seen_the_same_to_the_letter(demo: Run) -> None:
    """pytest that surveys, pytest that replays, and a fleet, which judges without pytest: every field, proofs too."""
    directory = demo.reports.parent
    pytest_run(directory, "--inventory", "demo.yaml", "--replay", "demo.json", "--report-dir", "replayed")
    surveyed = read_document(demo.reports / "demo.json").results
    replayed = read_document(directory / "replayed" / "demo.json").results
    run, alone = judged_by_a_fleet(directory / "demo.yaml", directory / "demo.json")

    def timeless(found: list[Result]) -> list[Result]:
        return sorted((replace(result, seconds=0.0) for result in found), key=lambda result: result.key)

    assert len(alone) > 5_000
    for other in (surveyed, replayed):
        assert [one for one, same in zip(timeless(alone), timeless(other), strict=True) if one != same] == []
    assert run.total().results == len(alone)
