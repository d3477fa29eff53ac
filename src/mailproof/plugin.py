"""The pytest plugin's front door. Without ``--inventory`` it does nothing and imports next to nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from mailproof.languages import LANGUAGES

if TYPE_CHECKING:
    from mailproof.run.session import Session

SESSION: pytest.StashKey[Session] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mailproof", "mailproof: prove that mail infrastructure keeps the rules")
    group.addoption(
        "--inventory",
        metavar="FILE",
        action="append",
        help="YAML file that says what to check; `mailproof init DOMAIN > FILE` writes one. "
        "Collects the bundled compliance suite unless test files are named.",
    )
    group.addoption(
        "--control",
        metavar="ID",
        action="append",
        default=[],
        help="judge only controls whose id matches this shell pattern, like 'SPF-*' (repeatable)",
    )
    group.addoption(
        "--target",
        metavar="ID",
        action="append",
        default=[],
        help="judge only targets whose id matches this shell pattern, like 'mx1.*' (repeatable)",
    )
    group.addoption(
        "--shard",
        metavar="K/N",
        help="judge only this part of the inventory's domains, with their hosts, like 3/64: all N of them judge "
        "everything once, and `mailproof fleet` runs them",
    )
    group.addoption(
        "--profile",
        metavar="NAME|FILE",
        help="judge by this profile: a shipped one (`mailproof profiles` lists them) or a file of yours "
        "(default: the inventory's, else baseline)",
    )
    group.addoption(
        "--fail-on",
        metavar="LEVEL",
        type=str.upper,
        choices=("MUST", "SHOULD", "MAY"),
        help="weakest level whose findings close the gate: must, should or may (default: the profile's, else should)",
    )
    group.addoption(
        "--waivers",
        metavar="FILE",
        action="append",
        default=[],
        help="YAML file of accepted findings, besides those of the inventory (repeatable)",
    )
    group.addoption("--strict-waivers", action="store_true", help="a waiver that is no longer needed closes the gate")
    group.addoption(
        "--baseline",
        metavar="FILE",
        help="JSON result of an earlier run: only what is new or became worse since then closes the gate",
    )
    group.addoption(
        "--inconclusive",
        choices=("fail", "warn"),
        default="fail",
        help="whether what could not be verified closes the gate (default: %(default)s)",
    )
    group.addoption(
        "--zone",
        metavar="NAME=FILE|SOURCE",
        action="append",
        default=[],
        help="judge the zone NAME as proposed in a master file, everything else as it is; or all zones of a source: a "
        "directory of NAME.zone files, terraform:PLAN.json, octodns:CONFIG.yaml, dnscontrol:IR.json, "
        "route53:RECORDS.json, cloudflare:EXPORT.txt, bind:NAMED.CONF or axfr://SERVER/ZONE (repeatable)",
    )
    group.addoption(
        "--delegation",
        metavar="NAME=FILE",
        action="append",
        default=[],
        help="judge the zone NAME as if it were delegated as FILE says, which holds its NS and DS records and the "
        "addresses of its servers (repeatable)",
    )
    group.addoption(
        "--connect",
        metavar="HOST:PORT=ADDR:PORT",
        action="append",
        default=[],
        help="judge the server at ADDR:PORT as if it were HOST:PORT, which may be an address and port (repeatable)",
    )
    group.addoption(
        "--compare-live",
        action="store_true",
        help="with --zone, --delegation or --connect: judge what is live first; only what the proposal breaks closes "
        "the gate",
    )
    group.addoption(
        "--accept-lost",
        metavar="ID",
        action="append",
        default=[],
        help="with --compare-live: pattern of controls or targets that the proposal is meant to remove (repeatable)",
    )
    group.addoption("--record", metavar="FILE", help="write everything that the survey saw to FILE (JSON)")
    group.addoption("--replay", metavar="FILE", help="judge the observations in FILE; contact nobody")
    group.addoption(
        "--report-dir",
        metavar="DIR",
        default="reports",
        help="where NAME.json and NAME.html go, NAME being that of the inventory (default: %(default)s)",
    )
    group.addoption(
        "--language",
        choices=LANGUAGES,
        help="what people read, the HTML and Markdown reports and the findings on the terminal, in this language "
        "(default: en); ids, evidence and what programs read stay English",
    )
    for name, what in (
        ("sarif", "SARIF 2.1.0, for code scanning"),
        ("markdown", "a summary for a pull request"),
        ("prometheus", "metrics for the textfile collector"),
        ("csv", "a table of all verdicts"),
    ):
        group.addoption(f"--{name}", metavar="FILE", help=f"also write {what} to FILE")
    group.addoption(
        "--history", metavar="FILE", help="append the run to FILE (SQLite); `mailproof history FILE` shows it"
    )
    group.addoption(
        "--stop-file",
        metavar="FILE",
        help="end all that is under way within seconds as soon as FILE appears; what was not seen is inconclusive",
    )
    group.addoption("--mailproof-zones", dest="gathered", metavar="FILE", help="take zones from this index of FILE")
    group.addoption("--mailproof-survey", dest="survey_only", metavar="FILE", help="survey into FILE and judge nothing")


_NEED_INVENTORY = (
    *("control", "target", "shard", "record", "replay", "zone", "delegation", "connect", "compare-live"),
    *("profile", "fail-on", "waivers", "strict-waivers", "baseline", "accept-lost"),
    *("sarif", "markdown", "prometheus", "csv", "history", "stop-file", "language"),
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if early_config.known_args_namespace.inventory:
        from mailproof.run import machine

        machine.check(early_config)
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("inventory"):
        for option in _NEED_INVENTORY:
            if config.getoption(option.replace("-", "_")):
                raise pytest.UsageError(f"--{option} needs --inventory FILE")
        return
    from mailproof.garbage import rare_collections
    from mailproof.run.imports import unrewritten

    run = ExitStack()
    config.add_cleanup(run.close)
    run.enter_context(rare_collections())
    run.enter_context(unrewritten())
    from mailproof.run.session import Session

    config.stash[SESSION] = Session.configure(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if hasattr(metafunc.function, "__control__") and SESSION not in metafunc.config.stash:
        raise pytest.Collector.CollectError(
            "compliance controls need --inventory FILE; `mailproof init DOMAIN > FILE` writes one"
        )
