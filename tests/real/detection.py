"""``docs/detection``: what each control says of real servers with and without its fault, made from a run.

    python -m tests.real.detection            # run over the laboratory and write the pages
    python -m tests.real.detection --check    # the same, but compare: exit code 1 if the pages say something else

There is a page for each family. Expected verdicts are those of ``tests/real/faults``; what is found is what the suite
says. The run prints the totals.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mailproof.controls import Family, load_catalogue
from mailproof.reference import write_pages
from tests.real import domains, faults, inventory
from tests.real.domains import Domain
from tests.real.exercised import exercise
from tests.real.lab import Lab
from tests.real.lab.namespaces import LabError
from tests.real.lab.requirements import versions
from tests.real.matrix import MockRow, Row, by_domain, false_alarms, mocked, rows, totals
from tests.real.suite import ROOT, inside
from tests.real.tls_offered import offered
from tests.real.tls_scanned import ScanRow, deep_scans
from tests.real.verdicts import Key, Verdict

PAGES = ROOT / "docs" / "detection"
INDEX = "README.md"
HOW = "make detection writes docs/detection anew"
NAMES = {
    "nsd": "NSD",
    "knot": "Knot",
    "bind": "BIND",
    "powerdns": "PowerDNS",
    "unbound": "Unbound",
    "nginx": "nginx",
    "tinyproxy": "tinyproxy",
    "squid": "Squid",
    "postgrey": "postgrey",
    domains.POSTFIX: "Postfix",
    domains.EXIM: "Exim",
    domains.OPENSMTPD: "OpenSMTPD",
    domains.CHASQUID: "chasquid",
    domains.SENDMAIL: "Sendmail",
    domains.DOVECOT: "Dovecot",
    domains.CYRUS: "Cyrus",
    domains.STUNNEL: "stunnel",
    domains.HAPROXY: "HAProxy",
    domains.OLD_OPENSSL: "OpenSSL (nassl)",
    domains.TLSLITE: "tlslite-ng",
    domains.NOBODY: "nobody",
}

_INTRODUCTION = """\
# Detection

<!-- Made by `make detection` from a run; change tests/real/faults instead. -->

What each control says of servers with its fault and without, by family of controls: real mail servers, name servers
and mail domains of the laboratory in `tests/real`, judged by all controls. Domains are right but for one fault; if
several controls have to speak up, the entry of the domain in `tests/real/faults` says why.

Every verdict of every control on every target is compared with what is expected, those of right domains and those of
other controls on faulty ones: what is found besides is a false alarm, and none is tolerated. If a balancer decides
which of two servers is met, what is wrong with the faulty one may be found or not.

`make detection` prints how many verdicts these are (Linux, root, the packages of `tests/real/README.md`);
`python -m tests.real.detection --check` compares, and so does `make test` where the laboratory can be had.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`" if text else "as it should be"


def _table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(columns)
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *(list(line) for line in lines))
    )


def family_of(module: faults.Faults) -> Family:
    """The family of controls whose faults stand in a module of ``tests/real/faults``."""
    family: Family = importlib.import_module(f"mailproof.tests_compliance.test_{module.name}").FAMILY
    return family


def _described(domain: Domain) -> tuple[str, str, str]:
    return domain.name, _cell(domain.fault), _code(domain.cause)


def _family_page(
    family: Family,
    matrix: Iterable[Row],
    mocks: Iterable[MockRow],
    scans: Iterable[ScanRow],
    module: faults.Faults | None,
    seen: Unobserved,
) -> Iterator[str]:
    yield f"# {_cell(family.title)}\n"
    yield f"What it is about: [controls](../controls/{family.name}.md). How this page is made: [index]({INDEX}).\n"
    yield _table(
        ("control", "server", "domain", "configuration", "expected", "found"),
        (
            (
                row.control,
                ", ".join(NAMES[software] for software in row.software),
                row.domain,
                _code(row.configuration),
                row.expected,
                row.found,
            )
            for row in matrix
        ),
    )
    lines: list[tuple[str, ...]] = []
    for shown in mocks:
        host, right = shown.mock.target.partition("[")[0], shown.mock.right.partition("[")[0]
        reason, behaviour = _cell(shown.mock.reason), _code(shown.mock.behaviour)
        lines.append((shown.mock.control, host, behaviour, reason, shown.mock.verdict, shown.found))
        lines.append((shown.mock.control, right, _code(""), "", "pass", shown.beside))
    if lines:
        yield "\n## Mocked\n"
        yield (
            "No server that the run over the laboratory judges fails these. The mocks: "
            "`tests/offline/mocked_world.py`.\n"
        )
        yield _table(("control", "mock", "behaviour", "why a mock", "expected", "found"), lines)
    if listed := list(scans):
        yield "\n## Scanned\n"
        yield (
            "Not in the laboratory: deep scans, and what only the full depth asks. The servers: "
            "`tests/real/tls_scanned.py` and `tests/real/tls_offered.py`.\n"
        )
        yield _table(
            ("control", "server", "expected", "found"),
            ((row.control, _cell(row.server), row.expected, row.found) for row in listed),
        )
    if module is None:
        return
    if module.everywhere:
        yield "\n## What every host gives\n"
        yield _table(("control", "reason"), ((control, _cell(why)) for control, why in module.everywhere.items()))
    if module.outside:
        yield "\n## What belongs to no domain\n"
        yield "Resolvers, blocks of addresses and zones without mail: this has to be found there, and nothing else.\n"
        outside = sorted((control, target, verdict) for control, verdict, target in module.outside)
        yield _table(("control", "target", "expected"), outside)
    unseen = [domain for domain in module.domains if domain.inconclusive]
    if unseen:
        yield "\n## What cannot be observed\n"
        yield "Controls that have to say that they could not verify, and neither pass nor fail.\n"
        yield _table(
            ("domain", "fault", "configuration", "expected", "found"),
            (
                (*_described(domain), ", ".join(sorted(domain.inconclusive)), seen.get(domain.label, "nothing"))
                for domain in unseen
            ),
        )
    unjudged = [domain for domain in module.domains if domain.unjudged]
    if unjudged:
        yield "\n## What no control judges\n"
        yield "Nothing is expected to be found on these domains, and the reason is known.\n"
        yield _table(
            ("domain", "fault", "configuration", "reason"),
            ((*_described(domain), _cell(domain.unjudged)) for domain in unjudged),
        )


Unobserved = Mapping[str, str]
"""By the label of a domain: those of its controls that have to be inconclusive, and are."""


def _unobserved(seen: Mapping[Key, Verdict]) -> Unobserved:
    said = by_domain(seen)
    found = {}
    for domain in faults.DOMAINS:
        ids = [c for c in domain.inconclusive if "inconclusive" in said.get((domain.label, c), {}).values()]
        if ids:
            found[domain.label] = ", ".join(sorted(ids))
    return found


def pages(seen: Mapping[Key, Verdict], mocks: Iterable[MockRow], scans: Iterable[ScanRow]) -> dict[str, str]:
    """All pages by the name of their file."""
    catalogue, matrix, unobserved = load_catalogue(), rows(seen), _unobserved(seen)
    mocks, scans = list(mocks), list(scans)
    modules = {family_of(module).name: module for module in faults.FAMILIES if module.domains is not faults.RIGHT}
    installed = ((NAMES[software], version) for software, version in sorted(versions().items()) if software in NAMES)
    index = [_INTRODUCTION, "## Families\n"]
    made = {}
    for name, family in sorted(catalogue.families.items()):
        ids = {control.id for control in catalogue if control.family == name}
        text = _family_page(
            family,
            [row for row in matrix if row.control in ids],
            [shown for shown in mocks if shown.mock.control in ids],
            [row for row in scans if row.control in ids],
            modules.get(name),
            unobserved,
        )
        made[f"{name}.md"] = "\n".join(text) + "\n"
        index.append(f"- [{name}]({name}.md): {_cell(family.title)}")
    index += ["\n## Servers\n", _table(("server", "version"), installed), ""]
    return {INDEX: "\n".join(index), **made}


def committed() -> dict[str, str]:
    """The pages as they are committed, without the versions of servers."""
    return comparable({file.name: file.read_text(encoding="utf-8") for file in PAGES.glob("*.md")})


def comparable(made: Mapping[str, str]) -> dict[str, str]:
    """Pages without the versions of servers: the rest does not depend on when a server was last updated."""
    return {**made, INDEX: made.get(INDEX, "").partition("\n## Servers\n")[0]}


def make() -> tuple[dict[str, str], Mapping[Key, Verdict]]:
    """Start the laboratory, run the suite over it; return the pages and the verdicts. Raises LabError."""
    with Lab() as lab, tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        inventory.write(directory / "lab.yaml", lab.ca_file)
        exercise(lab, directory)
        run = inside(lab, directory, "reports")
        if not run.document:
            raise LabError(run.output)
        scans = [*deep_scans(directory / "authority"), *offered(directory / "offered")]
        return pages(run.verdicts, mocked(directory / "mocked"), scans), run.verdicts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.detection", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed pages instead of writing them")
    arguments = parser.parse_args()
    try:
        made, seen = make()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    print(totals(seen))
    if not arguments.check:
        write_pages(PAGES, made)
        return 1 if false_alarms(seen) else 0
    same = committed() == comparable(made)
    print("as committed" if same else f"differs from this run; {HOW}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
