"""``docs/detection.md``: what each control says of real servers with and without its fault, made from a run.

    python -m tests.real.detection            # run over the laboratory and write the page
    python -m tests.real.detection --check    # the same, but compare: exit code 1 where the page says something else

Expected verdicts are those of ``truth.py``; what is found is what the suite says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailproof.controls import load_catalogue
from mailproof.fixtures.authority import Authority
from tests.offline import mocked_world
from tests.offline.user import pytest_run
from tests.real import inventory
from tests.real.lab import Lab, plan
from tests.real.lab.namespaces import LabError
from tests.real.lab.requirements import versions
from tests.real.suite import ROOT, inside
from tests.real.tls_scanned import SCANNED, scanned
from tests.real.truth import NO_CONTROL_YET, OTHERS, TRUTH, Truth
from tests.real.verdicts import FINDINGS, Key, Verdict, domain_of

PAGE = ROOT / "docs" / "detection.md"
HOW = "make detection writes docs/detection.md anew"
DNS, POLICY_HOST = ("nsd", "knot"), "nginx"
POLICY_CONTROLS = frozenset({"STS-FETCH", "STS-BODY", "STS-MX-COVERED"})
RIGHT = (
    "right",
    "right-exim",
    "right-haproxy",
    "right-dovecot",
    "right-include",
    "right-parked",
    "five-errors-postfix",
    "postscreen",
    "tls-demanded-postfix",
)
COLUMNS = ("control", "server", "version", "domain", "configuration", "expected", "found")
NAMES = {
    "nsd": "NSD",
    "knot": "Knot",
    "unbound": "Unbound",
    "nginx": "nginx",
    plan.POSTFIX: "Postfix",
    plan.EXIM: "Exim",
    plan.OPENSMTPD: "OpenSMTPD",
    plan.CHASQUID: "chasquid",
    plan.DOVECOT: "Dovecot",
    plan.HAPROXY: "HAProxy",
    plan.OLD_OPENSSL: "OpenSSL (nassl)",
    plan.TLSLITE: "tlslite-ng",
    plan.NOBODY: "nobody",
}


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


def _software(control: str, domain: plan.Domain, targets: Iterable[str]) -> tuple[str, ...]:
    """Who shows the fault: the mail server where an address is judged or asked, otherwise the name servers."""
    if control in POLICY_CONTROLS:
        return (POLICY_HOST,)
    if any(target.startswith(f"{domain.store_host}[") for target in targets):
        return (plan.DOVECOT,)
    if control == "BACKUPMX-RCPT" or any("]:" in target for target in targets):
        return (domain.server.software if domain.server else plan.POSTFIX,)
    return DNS


def _by_domain(seen: Mapping[Key, Verdict]) -> dict[tuple[str, str], dict[str, str]]:
    """Verdicts by target, of each control on each domain."""
    sorted_: dict[tuple[str, str], dict[str, str]] = {}
    for (control, target), (verdict, _, _) in seen.items():
        sorted_.setdefault((domain_of(target), control), {})[target] = verdict
    return sorted_


def rows(seen: Mapping[Key, Verdict]) -> list[Row]:
    """The matrix, by control: first what has to pass, then what has to be found."""
    by_domain = _by_domain(seen)

    def row(control: str, label: str, expected: str) -> Row:
        domain, targets = plan.by_label(label), by_domain.get((label, control), {})
        said = set(targets.values())
        found = expected if expected in said else ", ".join(sorted(said)) or "nothing"
        return Row(control, _software(control, domain, targets), domain.name, domain.cause, expected, found)

    made = []
    for control in sorted(control.id for control in load_catalogue()):
        passing = [
            label
            for label in RIGHT
            if "pass" in by_domain.get((label, control), {}).values()
            and not set(FINDINGS) & set(by_domain[label, control].values())
        ]
        # The name servers say the same of every domain: one of them is enough.
        said: set[tuple[str, ...]] = set()
        for label in passing:
            found = row(control, label, "pass")
            if found.software not in said:
                said.add(found.software)
                made.append(found)
        for domain in plan.DOMAINS:
            truth = TRUTH.get(domain.label, Truth())
            for verdict, controls in (("fail", truth.fail), ("advice", truth.advice)):
                if control in controls:
                    made.append(row(control, domain.label, verdict))
    return made


def false_alarms(seen: Mapping[Key, Verdict]) -> list[str]:
    """Findings that no truth expects, each as control, verdict and target."""
    alarms = []
    for (control, target), (verdict, _, _) in seen.items():
        truth = TRUTH.get(domain_of(target), Truth())
        expected = (control, verdict) in truth.findings or control in truth.perhaps
        if verdict in FINDINGS and not expected and (control, verdict, target) not in OTHERS:
            alarms.append(f"{control} {verdict} {target}")
    return alarms


def mocked(directory: Path) -> list[MockRow]:
    """Run the suite over the mocks whose faults no real server has."""
    run = pytest_run(directory, "--inventory", mocked_world.write(directory).name)
    seen = run.verdicts(mocked_world.NAME)
    return [
        MockRow(mock, seen[mock.control, mock.target], seen[mock.control, mocked_world.RIGHT])
        for mock in mocked_world.MOCKS
        if mock.reason
    ]


def deep_scans(directory: Path) -> list[tuple[str, ...]]:
    """The rows of the deep scan, whose servers are scanned for it."""
    authority = Authority(directory)
    lines: list[tuple[str, ...]] = []
    for entry in SCANNED:
        faulty, right = scanned(entry, authority)
        lines += [
            (entry.control, entry.fault, "fail", str(faulty.verdict)),
            (entry.control, entry.right.name, "pass", str(right.verdict)),
        ]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else "as it should be"


def _table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(columns)
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *(list(line) for line in lines))
    )


def _unobserved(seen: Mapping[Key, Verdict]) -> list[tuple[str, ...]]:
    by_domain = _by_domain(seen)
    lines: list[tuple[str, ...]] = []
    for domain in plan.DOMAINS:
        expected = TRUTH.get(domain.label, Truth()).inconclusive
        if expected:
            found = [c for c in expected if "inconclusive" in by_domain.get((domain.label, c), {}).values()]
            counts = (f"{len(set(expected))} inconclusive", f"{len(set(found))} inconclusive")
            lines.append((domain.name, _cell(domain.fault), _code(domain.cause), *counts))
    return lines


def page(seen: Mapping[Key, Verdict], mocks: Iterable[MockRow], scans: Iterable[tuple[str, ...]]) -> str:
    """The whole page."""
    mocks = list(mocks)
    matrix = rows(seen)
    installed = versions()
    to_find = [row for row in matrix if row.expected != "pass"]
    detected = [row for row in to_find if row.found == row.expected]
    alarms = false_alarms(seen)
    hosts = sum(1 for domain in plan.DOMAINS if domain.server or domain.store) + sum(
        len(plan.backends(domain)) for domain in plan.DOMAINS
    )
    faults = sum(1 for domain in plan.DOMAINS if domain.fault)
    unjudged = [
        (plan.by_label(label).name, _cell(plan.by_label(label).fault), _code(plan.by_label(label).cause), _cell(reason))
        for label, reason in NO_CONTROL_YET.items()
    ]
    matrix_lines = (
        (
            row.control,
            ", ".join(NAMES[software] for software in row.software),
            ", ".join(installed.get(software, "") for software in row.software),
            row.domain,
            _code(row.configuration),
            row.expected,
            row.found,
        )
        for row in matrix
    )
    mock_lines = []
    for shown in mocks:
        host = shown.mock.target.partition("[")[0]
        reason = f"{_cell(shown.mock.reason)}"
        mock_lines.append((shown.mock.control, host, _code(shown.mock.behaviour), reason, "fail", shown.found))
        mock_lines.append(
            (shown.mock.control, mocked_world.RIGHT.partition("[")[0], _code(""), "", "pass", shown.beside)
        )
    servers = ((NAMES[software], version) for software, version in sorted(installed.items()) if software in NAMES)
    controls = sum(1 for _ in load_catalogue())
    share = 100 * len(detected) / len(to_find)
    listed = "".join(f"\n- {_cell(alarm)}" for alarm in alarms)
    return f"""\
# Detection

What each control says of servers with its fault and without: {hosts} mail servers and {len(plan.DOMAINS)} mail
domains of the laboratory in `tests/real`, judged by all {controls} controls. {faults} of the domains are not as they
should be; on {len(NO_CONTROL_YET)} of these nothing is expected to be found, for the reasons at the end of this page.

- **Detected: {len(detected)} of {len(to_find)} expected findings ({share:.0f} %).** An expected finding is a control
  and a domain that it has to blame. Most domains are right but for one fault; where several controls have to speak
  up, `tests/real/truth.py` says why. Faults that no control judges are not counted.
- **False alarms: {len(alarms)} in {len(seen)} verdicts.** Every verdict of every control on every target is compared,
  those of right domains and those of other controls on faulty ones. Where a balancer decides which of two servers is
  met, what is wrong with the faulty one may be found or not.{listed}

Made by `make detection` (Linux, root, the packages of `tests/real/README.md`); `python -m tests.real.detection --check`
compares, and so does `make test` where the laboratory can be had. Do not edit.

## Servers

{_table(("server", "version"), servers)}

## Matrix

Where a control looks at the DNS, the server is the pair of name servers that both serve the zone.

{_table(COLUMNS, matrix_lines)}

## Mocked

Controls that no server of the laboratory can be made to fail; the mocks are those of `tests/offline/mocked_world.py`.

{_table(("control", "mock", "behaviour", "why a mock", "expected", "found"), mock_lines)}

## Scanned

Controls of the deep scan, for which no consent is given in the laboratory; the servers are those of
`tests/real/tls_scanned.py`.

{_table(("control", "server", "expected", "found"), scans)}

## What cannot be observed

Controls that have to say "could not be verified", and neither pass nor fail.

{_table(("domain", "fault", "configuration", "expected", "found"), _unobserved(seen))}

## What no control judges

Nothing is expected to be found on these domains, and the reason is known.

{_table(("domain", "fault", "configuration", "reason"), unjudged)}
"""


def without_versions(text: str) -> str:
    """The page without its version columns: the rest does not depend on when a server was last updated."""
    kept, column = [], None
    for line in text.splitlines():
        cells = line.split(" | ")
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = next((n for n, cell in enumerate(cells) if cell.strip(" |") == "version"), -1)
        if line.startswith("|") and column is not None and column >= 0:
            del cells[column]
        kept.append(" | ".join(cells))
    return "\n".join(kept)


def make() -> str:
    """Start the laboratory, run the suite over it, and return the page. Raises LabError."""
    with Lab() as lab, tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        inventory.write(directory / "lab.yaml", lab.ca_file)
        run = inside(lab, directory, "reports")
        if not run.document:
            raise LabError(run.output)
        return page(run.verdicts, mocked(directory / "mocked"), deep_scans(directory / "authority"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.detection", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed page instead of writing it")
    arguments = parser.parse_args()
    try:
        made = make()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    if not arguments.check:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    same = without_versions(PAGE.read_text(encoding="utf-8")) == without_versions(made)
    print("as committed" if same else f"differs from this run; {HOW}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
