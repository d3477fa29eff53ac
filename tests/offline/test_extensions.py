"""A package outside the tree adds a kind of target, its finder, its probe and a service; a house rule judges it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.offline.user import SOURCE, Run, pytest_run, write_inventory

TARGETS = '''
"""Hosts that serve MTA-STS policies, and UPS servers."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.services import Service, add_service
from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain

add_service(Service("nut", in_clear=(3493,)))


@dataclass(frozen=True)
class PolicyHost(Target):
    """The host that serves the policy of a domain."""

    name: str

    @property
    def id(self) -> str:
        return self.name


@finder(PolicyHost, after=(MailDomain,))
async def find_policy_hosts(search: Search) -> None:
    for domain in search.targets.found(MailDomain):
        search.targets.add(PolicyHost(f"mta-sts.{domain.name}", domains=domain.domains, active=domain.active))
'''

PROBES = '''
"""Looks at policy hosts."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.dns.client import Answer
from mailproof.net.network import Network
from mailproof.observations import Observation
from mailproof.probes.probe import probe
from scratch.targets import PolicyHost


@dataclass(frozen=True)
class PolicyAddresses(Observation):
    """The IPv4 addresses of a policy host."""

    answer: Answer

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


@probe()
async def policy_addresses(host: PolicyHost, net: Network) -> PolicyAddresses:
    """The addresses in the DNS."""
    return PolicyAddresses(await net.dns.resolve(host.name, "A"))
'''

RULES = '''
"""Our rules."""

from __future__ import annotations

from mailproof.controls import MUST, Reference, control
from scratch.probes import PolicyAddresses
from scratch.targets import PolicyHost


@control("HOUSE-POLICY-HOST", MUST, Reference("Our mail policy"))
def test_policy_host_has_an_address(policy_addresses: PolicyAddresses, policy_host: PolicyHost) -> None:
    """The policy host has an address.

    Why: without one nobody reads the policy.
    Fix: publish one.
    """
    assert policy_addresses.answer.records, f"{policy_host.name} has no address"
'''

EXPECTED = {
    ("HOUSE-POLICY-HOST", "mta-sts.parked.example"): "fail",
    ("HOUSE-POLICY-HOST", "mta-sts.right.example"): "pass",
}


def installed(site: Path, *, targets: str = TARGETS, probes: str = PROBES) -> dict[str, str]:
    """Install the scratch package in ``site``. Returns the environment in which it is found."""
    package, metadata = site / "scratch", site / "scratch-1.0.dist-info"
    package.mkdir(parents=True)
    metadata.mkdir()
    for name, text in (("__init__", '"""Ours."""\n'), ("targets", targets), ("probes", probes)):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: scratch\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[mailproof]\nours = scratch\n", encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join((str(SOURCE / "src"), str(site)))}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "rules.py").write_text(RULES, encoding="utf-8")
    write_inventory(
        tmp_path,
        "domains: [right.example, parked.example]\nrules: [rules.py]\n"
        "hosts: [{name: mx1.right.example, roles: [nut]}, {name: ups.broken-dnssec.example, roles: [nut]}]\n",
    )
    return installed(tmp_path / "site")


def command(directory: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailproof.cli", *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def house(run: Run) -> dict[tuple[str, str], str]:
    """The verdicts of the rule."""
    assert run.code in (0, 1), run.output + run.errors
    return {key: verdict for key, verdict in run.verdicts("prod").items() if key[0] == "HOUSE-POLICY-HOST"}


def test_a_kind_of_target_from_outside_is_found_looked_at_judged_and_recorded(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    asked = ("--inventory", "prod.yaml", "--control", "HOUSE-*")
    assert house(pytest_run(tmp_path, *asked, "--record", "record.json", environment=environment)) == EXPECTED
    assert house(pytest_run(tmp_path, *asked, "--replay", "record.json", environment=environment)) == EXPECTED
    assert house(pytest_run(tmp_path, *asked, "-n", "2", environment=environment)) == EXPECTED
    (result, _) = pytest_run(tmp_path, *asked, environment=environment).document("prod")["results"]
    assert result["target_type"] == "PolicyHost"


def test_the_plan_and_the_listings_know_it(tmp_path: Path, environment: dict[str, str]) -> None:
    done = command(tmp_path, environment, "plan", "prod.yaml", "--control", "HOUSE-*", "--format", "json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert (plan["verdicts"], plan["dns"], plan["contacts"]) == (2, {"policy_addresses": 2}, [])
    done = command(tmp_path, environment, "explain", "--rules", "rules.py", "HOUSE-POLICY-HOST")
    assert "Judges: PolicyHost, by policy_addresses, policy_host" in done.stdout


def test_a_service_from_outside_is_nobody_elses_business(tmp_path: Path, environment: dict[str, str]) -> None:
    """A port that speaks neither SMTP nor TLS gets no control of theirs, found or not, and no connection."""
    done = command(tmp_path, environment, "plan", "prod.yaml", "--format", "json")
    plan = json.loads(done.stdout)
    assert [contact for contact in plan["contacts"] if contact["host"].endswith(":3493")] == []
    assert "Endpoint" in plan["targets"]
    run = pytest_run(
        tmp_path, "--inventory", "prod.yaml", "--control", "TLS-*", "--control", "SMTP-*", environment=environment
    )
    assert run.code in (0, 1), run.output
    assert not [target for _, target in run.verdicts("prod") if target.endswith(":3493") or "ups." in target]


def test_the_example_of_the_page_is_looked_at(tmp_path: Path) -> None:
    _, code = re.findall(r"```python\n(.*?)```", (SOURCE / "docs" / "house-rules.md").read_text("utf-8"), re.DOTALL)
    rule = RULES.replace("scratch.probes import Policy", "scratch.targets import Webmail")
    for ours, theirs in (
        ("PolicyHost", "Webmail"),
        ("PolicyA", "WebmailA"),
        ("policy_host", "webmail"),
        ("policy_a", "webmail_a"),
    ):
        rule = rule.replace(ours, theirs)
    (tmp_path / "rules.py").write_text(rule, encoding="utf-8")
    write_inventory(tmp_path, "domains: [right.example]\nrules: [rules.py]\n")
    environment = installed(tmp_path / "site", targets=code, probes="")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "HOUSE-*", environment=environment)
    assert house(run) == {("HOUSE-POLICY-HOST", "webmail.right.example"): "fail"}


def test_an_extension_that_is_broken_ends_the_run_and_is_named(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    environment = installed(tmp_path / "site", targets="import nothing_of_that_name\n")
    said = "the extension ours = scratch of scratch cannot be imported: ModuleNotFoundError: "
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", environment=environment)
    assert run.code == 4
    assert said in run.errors
    done = command(tmp_path, environment, "controls")
    assert done.returncode == 4
    assert said in done.stderr
    assert pytest_run(tmp_path, "--version", environment=environment).code == 0


RAISING = TARGETS.replace("    for domain in search", "    raise RAISED\n    for domain in search")

BROKEN = {
    "a probe without a return annotation": (
        {"probes": PROBES.replace("net: Network) -> PolicyAddresses", "net: Network)")},
        "the probe policy_addresses of scratch.probes must be annotated with the observation that it returns",
    ),
    "a probe of no target": (
        {"probes": PROBES.replace("host: PolicyHost", "host")},
        "its first parameter, host, must be annotated with the kind of target",
    ),
    "a probe with an annotation that leads nowhere": (
        {"probes": PROBES.replace("host: PolicyHost", "host: Nowhere")},
        "its annotations cannot be read: NameError",
    ),
    "a probe that is not async": (
        {"probes": PROBES.replace("async def", "def").replace("await ", "")},
        "the probe policy_addresses of scratch.probes is no async function",
    ),
    "a probe with the name of another": (
        {"probes": PROBES.replace("def policy_addresses", "def spf")},
        "the probe spf is defined twice, in mailproof.probes.spf and in scratch.probes",
    ),
    "a probe with the name of a kind of target": (
        {"probes": PROBES.replace("def policy_addresses", "def policy_host")},
        "the probe policy_host is called as controls call the target PolicyHost",
    ),
    "a probe that builds on nothing": (
        {"probes": PROBES.replace("net: Network", "net: Network, nowhere: PolicyAddresses")},
        "the probe policy_addresses builds on nowhere, which is no probe",
    ),
    "a probe that waits for itself": (
        {"probes": PROBES.replace("net: Network", "net: Network, policy_addresses: object")},
        "the probes policy_addresses wait for each other",
    ),
    "a second kind of target of a known name": (
        {"targets": TARGETS + "\n\nclass MailDomain(Target):\n    pass\n"},
        "two kinds of target are called MailDomain: in mailproof.targets.mail, and in scratch.targets (the extension",
    ),
    "a finder of no kind": (
        {"targets": TARGETS.replace("@finder(PolicyHost, after=(MailDomain,))", "@finder")},
        "@finder takes kinds of target",
    ),
    "a finder that is not async": ({"targets": TARGETS.replace("async def", "def")}, "is no async function"),
    "a finder that waits for itself": (
        {
            "targets": TARGETS.replace("class PolicyHost(Target)", "class PolicyHost(MailDomain)").replace(
                "@finder(", "@finder(MailDomain, after=(PolicyHost,))\nasync def find_more(search): ...\n\n@finder("
            )
        },
        "wait for each other",
    ),
    "a module that ends the program": ({"targets": "raise SystemExit(7)\n"}, "SystemExit: 7"),
}
EVERYWHERE = (
    "a probe without a return annotation",
    "a second kind of target of a known name",
    "a finder that is not async",
    "a module that ends the program",
)
"""Those that are tried with each command; the others are found out at the same place."""
FINDERS = {
    "a finder that raises": (RAISING.replace("RAISED", "ValueError('whatever')"), "ValueError: whatever ("),
    "a finder without words": (RAISING.replace("RAISED", "NotImplementedError"), "NotImplementedError ("),
    "a finder that ends the program": (RAISING.replace("RAISED", "SystemExit(0)"), "SystemExit: 0"),
    "a finder of what is no target": (
        TARGETS.replace("search.targets.add(PolicyHost", "search.targets.add(str").replace(
            ", domains=domain.domains, active=domain.active", ""
        ),
        "TypeError: 'mta-sts.right.example' is no target",
    ),
}


def assert_one_error(code: int, said: str, *words: str) -> None:
    assert code == 4, said
    for word in ("the extension ours = scratch of scratch", *words):
        assert word in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    assert len([line for line in said.splitlines() if "the extension" in line]) == 1, said


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_in_an_extension_is_one_error_everywhere(tmp_path: Path, name: str) -> None:
    changed, says = BROKEN[name]
    write_inventory(tmp_path, "domains: [right.example]\n")
    environment = installed(tmp_path / "site", **changed)
    done = command(tmp_path, environment, "controls")
    assert_one_error(done.returncode, done.stderr, says)
    if name not in EVERYWHERE:
        return
    done = command(tmp_path, environment, "plan", "prod.yaml")
    assert_one_error(done.returncode, done.stderr, says)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", environment=environment)
    assert_one_error(run.code, run.errors, says)


@pytest.mark.parametrize("name", FINDERS)
def test_a_finder_that_raises_is_named(tmp_path: Path, name: str) -> None:
    targets, said = FINDERS[name]
    write_inventory(tmp_path, "domains: [right.example]\n")
    environment = installed(tmp_path / "site", targets=targets)
    says = ("the finder find_policy_hosts of scratch.targets raised ", said, "targets.py:")
    done = command(tmp_path, environment, "plan", "prod.yaml")
    assert_one_error(done.returncode, done.stderr, *says)
    if name != "a finder that raises":
        return
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", environment=environment)
    assert_one_error(run.code, run.errors, *says)
    assert "INTERNALERROR" not in run.output


def test_a_finder_that_cannot_observe_leaves_an_inconclusive_target(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    site = tmp_path / "site" / "scratch" / "targets.py"
    imported = "from mailproof.net.errors import NotObserved\n"
    failing = RAISING.replace("RAISED", "NotObserved('the list is away')")
    failing = failing.replace("from mailproof", f"{imported}from mailproof", 1)
    site.write_text(failing, encoding="utf-8")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "HOUSE-*", environment=environment)
    assert set(house(run).values()) == {"inconclusive"}, run.output
    assert "the list is away" in run.output
