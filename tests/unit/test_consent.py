"""Whose consent counts, for whom, and hosts that are dead on purpose."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from mailproof.controls import load_catalogue
from mailproof.docket import Docket
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.smtp import SMTPPort
from mailproof.plan import make_plan
from mailproof.probes import load_probes
from mailproof.probes.probe import NoConsent
from mailproof.survey import Survey
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target, Targets
from mailproof.targets.discovery import discover
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import Endpoint, MailExchange, MXEndpoint

from .cases.case import judged
from .observed import answer
from .smtp_world import QUICK

RECORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("example.org", "MX"): ("10 mx.example.org.",),
    ("second.example", "MX"): ("10 mx.example.org.",),
    ("foreign.example", "MX"): ("10 mx.hosting.example.",),
    ("lookalike.example", "MX"): ("10 mx.notexample.org.",),
    ("mx.example.org", "A"): ("8.8.4.1",),
    ("mx.hosting.example", "A"): ("8.8.4.2",),
    ("mx.notexample.org", "A"): ("8.8.4.3",),
}


class World:
    """Answers from a table."""

    async def resolve(self, name: str, type: str, **_: object) -> Answer:
        return answer(name, type, *RECORDS.get((name, type), ()))


def targets_of(content: Mapping[str, Any]) -> Targets:
    inventory = Inventory.model_validate(content)
    return asyncio.run(discover(inventory, World(), inventory.net_settings()))  # type: ignore[arg-type]


def consenting(content: Mapping[str, Any]) -> set[str]:
    """The hosts that may be probed actively."""
    targets = targets_of(content)
    endpoints = {target.host for target in targets.of(Endpoint) if isinstance(target, Endpoint) and target.active}
    exchanges = {t.endpoint.host for t in targets.of(MailExchange) if isinstance(t, MailExchange) and t.active}
    assert exchanges == endpoints
    return endpoints


def domain(name: str, active: bool | None = None) -> dict[str, Any]:
    return {"name": name} if active is None else {"name": name, "active": active}


MX, HOSTED, OTHER = "mx.example.org", "mx.hosting.example", "mx.notexample.org"

CASES: tuple[tuple[str, dict[str, Any], set[str]], ...] = (
    ("nobody said anything", {"domains": ["example.org"]}, set()),
    ("the domain says yes", {"domains": [domain("example.org", True)]}, {MX}),
    ("the inventory says yes", {"domains": ["example.org"], "active": True}, {MX}),
    ("the host says yes", {"domains": ["example.org"], "hosts": [domain(MX, True)]}, {MX}),
    ("the host says no", {"domains": [domain("example.org", True)], "hosts": [domain(MX, False)]}, set()),
    ("the domain says no", {"domains": [domain("example.org", False)], "hosts": [domain(MX, True)]}, set()),
    (
        "the host says no to the inventory",
        {"domains": ["example.org"], "hosts": [domain(MX, False)], "active": True},
        set(),
    ),
    ("the domain says no to the inventory", {"domains": [domain("example.org", False)], "active": True}, set()),
    (
        "one of two domains of the host says no",
        {"domains": [domain("example.org", True), domain("second.example", False)]},
        set(),
    ),
    (
        "one of two domains of the host says yes",
        {"domains": [domain("example.org"), domain("second.example", True)]},
        {MX},
    ),
    ("the MX is somebody else's", {"domains": [domain("foreign.example", True)]}, set()),
    ("the MX is somebody else's, all consent", {"domains": ["foreign.example"], "active": True}, set()),
    (
        "somebody else's MX is named",
        {"domains": [domain("foreign.example", True)], "hosts": [HOSTED]},
        {HOSTED},
    ),
    (
        "somebody else's MX is named and says no",
        {"domains": [domain("foreign.example", True)], "hosts": [domain(HOSTED, False)]},
        set(),
    ),
    (
        "the zone of the MX is in the inventory",
        {"domains": [domain("foreign.example", True)], "zones": ["hosting.example"]},
        {HOSTED},
    ),
    (
        "the name of the MX merely ends like one's own",
        {"domains": [domain("lookalike.example", True), "example.org"], "active": True},
        {MX},
    ),
    (
        "the MX is led to a candidate by its name",
        {"domains": ["foreign.example"], "active": True, "connect": {f"{HOSTED}:25": "127.0.0.1:2525"}},
        {HOSTED},
    ),
    ("a host alone under a consenting inventory", {"hosts": [HOSTED], "active": True}, {HOSTED}),
    (
        "a parked domain of the host's own name says no",
        {"domains": ["example.org", {"name": MX, "parked": True, "active": False}], "active": True},
        set(),
    ),
)


@pytest.mark.parametrize(("content", "hosts"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_consent_belongs_to_the_host_that_is_probed(content: dict[str, Any], hosts: set[str]) -> None:
    found = consenting(content) if content.get("domains") else _consenting_hosts(content)
    assert found == hosts


def _consenting_hosts(content: Mapping[str, Any]) -> set[str]:
    return {t.host for t in targets_of(content).of(Endpoint) if isinstance(t, Endpoint) and t.active}


@pytest.mark.parametrize("content", [content for _, content, hosts in CASES if not hosts])
def test_nothing_active_is_planned_without_consent(content: dict[str, Any]) -> None:
    plan = make_plan(Docket(load_probes()), load_catalogue(), targets_of(content))
    assert plan.contacts
    for contact in plan.contacts.values():
        assert contact.active == []
        assert contact.refusals == 0


def run_survey(*wanted: tuple[str, Target], settings: NetSettings | None = None) -> Survey:
    inventory = Inventory.model_validate({"domains": ["example.org"]})

    async def run() -> Survey:
        network = Network(settings or NetSettings(limits=QUICK))
        survey = Survey(load_probes(), inventory, Targets.collect(target for _, target in wanted), network)
        try:
            await survey.run(wanted)
        finally:
            await network.close()
        return survey

    return asyncio.run(run())


def test_no_active_probe_reaches_a_host_without_consent() -> None:
    endpoint = MXEndpoint(MX, "192.0.2.25", 25, domains=("example.org",), active=False)
    wanted: list[tuple[str, Target]] = [
        (name, endpoint) for name, entry in load_probes().items() if entry.active and isinstance(endpoint, entry.target)
    ]
    wanted.append(("mailboxes", MailExchange(MailDomain("example.org", active=True), endpoint)))
    survey = run_survey(*wanted)
    assert {type(outcome) for outcome in survey.outcomes.values()} == {NoConsent}
    assert not survey._network.hosts.connections


def dead_host(port: int) -> tuple[Endpoint, NetSettings]:
    endpoint = MXEndpoint(MX, "192.0.2.25", 25, domains=("example.org",), active=True, dead=True)
    return endpoint, NetSettings(limits=QUICK, connect={"192.0.2.25:25": SocketAddress("127.0.0.1", port)})


@pytest.mark.parametrize(("listens", "verdict"), [(False, "pass"), (True, "fail")])
def test_a_host_that_is_dead_on_purpose_must_not_answer(listens: bool, verdict: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if listens:
            held.listen()
        endpoint, settings = dead_host(held.getsockname()[1])
        survey = run_survey(
            ("smtp_port", endpoint), ("smtp_session", endpoint), ("tls_offers", endpoint), settings=settings
        )
    port = survey.outcomes["smtp_port", endpoint.id]
    assert isinstance(port, SMTPPort)
    assert port.reached is listens
    assert judged("MX-PORT25-OPEN", {"smtp_port": port, "mx_endpoint": endpoint}).verdict == verdict
    for name in ("smtp_session", "tls_offers"):
        outcome = survey.outcomes[name, endpoint.id]
        assert isinstance(outcome, NoConsent)
        assert "dead: true" in outcome.reason


def test_a_host_that_refuses_connections_is_asked_twice() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint, settings = dead_host(held.getsockname()[1])
        alive = MXEndpoint(endpoint.host, endpoint.address, 25)
        survey = run_survey(("smtp_port", alive), settings=settings)
    port = survey.outcomes["smtp_port", alive.id]
    assert isinstance(port, SMTPPort)
    assert not port.reached
    assert survey._network.hosts.connections["192.0.2.25"] >= 2


def test_the_inventory_says_which_hosts_are_dead() -> None:
    targets = targets_of({"domains": ["example.org"], "hosts": [{"name": MX, "dead": True}]})
    assert [target.dead for target in targets.of(Endpoint)] == [True]
    assert [target.dead for target in targets.of(MailExchange)] == [True]
    assert targets.of(SendingAddress) == ()


def test_the_plan_of_a_dead_host_is_one_connection() -> None:
    targets = targets_of({"domains": ["example.org"], "hosts": [{"name": MX, "dead": True}], "active": True})
    plan = make_plan(Docket(load_probes()), load_catalogue(), targets)
    contact = plan.contacts[f"{MX}[8.8.4.1]:25"]
    assert (contact.probes, contact.connections, contact.refusals) == (["smtp_port"], 1, 0)


def test_targets_are_found_by_domain() -> None:
    targets = targets_of({"domains": ["example.org", "second.example", "foreign.example"]})
    found = {
        name: [target.id for target in targets.of_domain(MailExchange, name)]
        for name in ("example.org", "second.example", "foreign.example", "nobody.example")
    }
    assert found == {
        "example.org": [f"example.org@{MX}[8.8.4.1]:25"],
        "second.example": [f"second.example@{MX}[8.8.4.1]:25"],
        "foreign.example": [f"foreign.example@{HOSTED}[8.8.4.2]:25"],
        "nobody.example": [],
    }


SCANS: tuple[tuple[str, dict[str, Any], set[str]], ...] = (
    ("nobody said anything", {"domains": ["example.org"]}, set()),
    ("consent to active probes is another one", {"domains": ["example.org"], "active": True}, set()),
    ("the inventory says yes", {"domains": ["example.org"], "scan": True}, {MX}),
    ("the host says yes", {"domains": ["example.org"], "hosts": [{"name": MX, "scan": True}]}, {MX}),
    ("the host says no", {"domains": ["example.org"], "hosts": [{"name": MX, "scan": False}], "scan": True}, set()),
    ("active probes are forbidden", {"domains": [domain("example.org", False)], "scan": True}, set()),
    (
        "active probes are forbidden, and the host consents to a scan",
        {"domains": ["example.org"], "hosts": [{"name": MX, "active": False, "scan": True}]},
        {MX},
    ),
    ("the MX is somebody else's", {"domains": ["foreign.example"], "scan": True}, set()),
    (
        "somebody else's MX is named",
        {"domains": ["foreign.example"], "hosts": [HOSTED], "scan": True},
        {HOSTED},
    ),
)


@pytest.mark.parametrize(("content", "hosts"), [case[1:] for case in SCANS], ids=[case[0] for case in SCANS])
def test_a_deep_scan_has_a_consent_of_its_own(content: dict[str, Any], hosts: set[str]) -> None:
    targets = targets_of(content)
    assert {endpoint.host for endpoint in targets.found(Endpoint) if endpoint.scan} == hosts
    plan = make_plan(Docket(load_probes()), load_catalogue(), targets)
    contacts = {name.partition("[")[0]: contact for name, contact in plan.contacts.items() if "]:25" in name}
    for host, contact in contacts.items():
        assert contact.scans == (["tls_deep_scan"] if host in hosts else [])
        assert contact.unscanned == ([] if host in hosts else ["tls_deep_scan"])
        assert ("tls_deep_scan" in contact.probes) is (host in hosts)


def test_no_deep_scan_reaches_a_host_without_consent() -> None:
    endpoint = MXEndpoint(MX, "192.0.2.25", 25, domains=("example.org",), active=True)
    survey = run_survey(("tls_deep_scan", endpoint))
    outcome = survey.outcomes["tls_deep_scan", endpoint.id]
    assert isinstance(outcome, NoConsent)
    assert outcome.reason == f"needs consent: scan: true for {endpoint.host} in the inventory"
    assert not survey._network.hosts.connections
