"""What each control said of the laboratory's servers with and without its fault, beside what it has to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailproof.controls import load_catalogue
from tests.offline import mocked_world
from tests.offline.user import pytest_run
from tests.real import domains, faults
from tests.real.domains import Domain
from tests.real.lab import plan
from tests.real.verdicts import FINDINGS, Key, Verdict, domain_of

DNS, POLICY_HOST = ("nsd", "knot"), "nginx"
POLICY_CONTROLS = frozenset({"STS-FETCH", "STS-BODY", "STS-MX-COVERED"})


@dataclass(frozen=True)
class Row:
    """One line of the matrix."""

    control: str
    software: tuple[str, ...]
    domain: str
    configuration: str
    expected: str
    found: str


@dataclass(frozen=True)
class MockRow:
    """What the suite says of a mock, and of the right one beside it."""

    mock: mocked_world.Mock
    found: str
    beside: str


def _software(control: str, domain: Domain, targets: Iterable[str]) -> tuple[str, ...]:
    """Who shows the fault: the mail server where an address is judged or asked, otherwise the name servers."""
    if control in POLICY_CONTROLS or any(target == domain.web_host for target in targets):
        return (POLICY_HOST,)
    if any(target.startswith(f"{domain.store_host}[") for target in targets):
        return (domains.DOVECOT,)
    if control == "OPENPROXY" and domain.proxy:
        return ("tinyproxy",)
    if control == "OPENPROXY" and domain.squid:
        return ("squid",)
    if control == "BACKUPMX-RCPT" or any("]:" in target or target.endswith("(exercise)") for target in targets):
        return (domain.server.software if domain.server else domains.POSTFIX,)
    return DNS


def by_domain(seen: Mapping[Key, Verdict]) -> dict[tuple[str, str], dict[str, str]]:
    """Verdicts by target, of each control (second) on each domain (first)."""
    sorted_: dict[tuple[str, str], dict[str, str]] = {}
    for (control, target), (verdict, _, _) in seen.items():
        sorted_.setdefault((domain_of(target), control), {})[target] = verdict
    return sorted_


def rows(seen: Mapping[Key, Verdict]) -> list[Row]:
    """The matrix, by control: first what has to pass, then what has to be found."""
    said_of = by_domain(seen)

    def row(control: str, domain: Domain, expected: str) -> Row:
        targets = said_of.get((domain.label, control), {})
        said = set(targets.values())
        found = expected if expected in said else ", ".join(sorted(said)) or "nothing"
        return Row(control, _software(control, domain, targets), domain.name, domain.cause, expected, found)

    made = []
    for control in sorted(control.id for control in load_catalogue()):
        # The name servers say the same of every domain: one of them is enough.
        known: set[tuple[str, ...]] = set()
        for domain in faults.RIGHT:
            said = set(said_of.get((domain.label, control), {}).values())
            if "pass" in said and not said & set(FINDINGS):
                passing = row(control, domain, "pass")
                if passing.software not in known:
                    known.add(passing.software)
                    made.append(passing)
        for domain in plan.DOMAINS:
            for verdict, controls in (("fail", domain.fail), ("advice", domain.advice)):
                if control in controls:
                    made.append(row(control, domain, verdict))
    return made


def false_alarms(seen: Mapping[Key, Verdict]) -> list[str]:
    """Findings that no truth expects, each as control, verdict and target."""
    expected = {domain.label: domain for domain in plan.DOMAINS}
    alarms = []
    for (control, target), (verdict, _, _) in seen.items():
        if verdict not in FINDINGS or control in faults.EVERYWHERE or (control, verdict, target) in faults.OUTSIDE:
            continue
        domain = expected.get(domain_of(target))
        if domain is None or (
            (control, verdict) not in domain.findings and control not in (*domain.perhaps, *domain.lacks)
        ):
            alarms.append(f"{control} {verdict} {target}")
    return alarms


def totals(seen: Mapping[Key, Verdict]) -> str:
    """How much was found of what must be, and how much else, in a few lines."""
    to_find = [row for row in rows(seen) if row.expected != "pass"]
    detected = sum(row.found == row.expected for row in to_find)
    alarms = false_alarms(seen)
    return "\n".join(
        [
            f"detected: {detected} of {len(to_find)} expected findings",
            f"false alarms: {len(alarms)} in {len(seen)} verdicts",
            *(f"  {alarm}" for alarm in alarms),
        ]
    )


def mocked(directory: Path) -> list[MockRow]:
    """Run the suite over the mocks whose faults no real server has."""
    run = pytest_run(directory, "--inventory", mocked_world.write(directory).name, "--history", mocked_world.HISTORY)
    seen = run.verdicts(mocked_world.NAME)
    return [
        MockRow(mock, seen[mock.control, mock.target], seen[mock.control, mock.right])
        for mock in mocked_world.MOCKS
        if mock.reason
    ]
