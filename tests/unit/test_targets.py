"""Kinds of target: their names, what a kind contains, and that the table of services is all that a service takes."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from graphlib import CycleError
from pathlib import Path
from typing import Any, cast

import pytest

from mailproof.controls import load_catalogue
from mailproof.docket import Docket, UnknownFixture, target_fixtures
from mailproof.extensions import BrokenExtension
from mailproof.inventory.load import load_inventory
from mailproof.inventory.model import Inventory
from mailproof.net import services
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import NotObserved, TimedOut
from mailproof.net.services import SERVICES, Service, add_service, begins_with_tls
from mailproof.net.settings import NetSettings
from mailproof.probes import load_probes
from mailproof.targets.base import Target, Targets, Undiscovered, kinds
from mailproof.targets.discovery import Finder, Search, discover, in_order, load_finders
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.services import (
    Endpoint,
    IMAPEndpoint,
    MailExchange,
    MXEndpoint,
    SMTPEndpoint,
    SubmissionEndpoint,
    TLSEndpoint,
    endpoint_kind,
)
from tests.unit.test_discovery import FakeDNS

HOST = "ups.example.org"


@pytest.fixture(autouse=True)
def services_as_shipped() -> Iterator[None]:
    """Whatever a test adds is gone after it: rows of the table, and kinds of target once nobody refers to them."""
    shipped = dict(SERVICES)
    yield
    SERVICES.clear()
    SERVICES.update(shipped)
    gc.collect()


def test_names_of_kinds_are_unique() -> None:
    assert kinds()["MailDomain"] is MailDomain
    second = type("MailDomain", (Target,), {})
    with pytest.raises(BrokenExtension, match="two kinds of target are called MailDomain"):
        kinds()
    del second
    gc.collect()
    assert kinds()["MailDomain"] is MailDomain


def test_a_target_is_asked_for_by_the_name_of_its_kind() -> None:
    fixtures = target_fixtures()
    for name in ("mail_domain", "mail_exchange", "endpoint", "tls_endpoint", "mx_endpoint", "pop3_endpoint", "zone"):
        assert name in fixtures
    assert "undiscovered" not in fixtures
    assert len(fixtures) == len(kinds()) - 1


def test_every_kind_has_a_finder_beside_it() -> None:
    finders = load_finders()
    for kind in kinds().values():
        own = [entry for entry in finders if issubclass(kind, entry.kind)]
        assert len(own) == (0 if kind is Undiscovered else 1), kind
        assert all(entry.find.__module__ == kind.__module__ for entry in own)


def test_finders_run_behind_those_that_they_need() -> None:
    order = load_finders()
    for position, entry in enumerate(order):
        assert not [other.kind for other in order[position:] if entry.needs(other)]


def test_finders_that_wait_for_each_other_are_refused() -> None:
    async def find(search: Search) -> None: ...

    with pytest.raises(CycleError):
        in_order([Finder(find, MailHost, (MXEndpoint,)), Finder(find, Endpoint, (MailHost,))])


MX = MXEndpoint("mx.example.org", "192.0.2.25", 25)
SUBMISSION = SubmissionEndpoint("mx.example.org", "192.0.2.25", 587)
IMAP = IMAPEndpoint("mx.example.org", "192.0.2.25", 993)


def test_a_kind_contains_those_that_derive_from_it() -> None:
    targets = Targets.collect([MX, IMAP, SUBMISSION])
    assert targets.of(MXEndpoint) == (MX,)
    assert targets.of(SMTPEndpoint) == (MX, SUBMISSION)
    assert set(targets.of(TLSEndpoint)) == set(targets.of(Endpoint)) == {MX, SUBMISSION, IMAP}
    assert targets.of(MailHost) == ()


def test_the_first_target_of_an_id_stays_whatever_derives_from_its_kind() -> None:
    targets = Targets.collect([MX, SubmissionEndpoint(MX.host, MX.address, MX.port)])
    assert targets.of(Endpoint) == (MX,)
    assert len(targets) == 1


def test_what_is_missing_stands_in_its_own_kinds_and_once_in_each() -> None:
    failure = TimedOut("silent")
    missing = [Undiscovered.because(failure, kind, "addresses of a") for kind in (SubmissionEndpoint, IMAPEndpoint)]
    targets = Targets.collect([MX, *missing])
    assert targets.missing(SMTPEndpoint) == targets.missing(SubmissionEndpoint) == (missing[0],)
    assert targets.missing(TLSEndpoint) == (missing[0],)
    assert targets.missing(MXEndpoint) == ()
    assert targets.found(Endpoint) == (MX,)
    assert isinstance(missing[0].not_observed(), TimedOut)


def test_targets_that_are_added_later_are_found() -> None:
    targets = Targets.collect([MX])
    assert targets.of(TLSEndpoint) == (MX,)
    assert targets.of_domain(MXEndpoint, "example.org") == ()
    targets.add(served := MXEndpoint("mx2.example.org", "192.0.2.26", 25, domains=("example.org",)))
    assert targets.of(TLSEndpoint) == (MX, served)
    assert targets.of_domain(SMTPEndpoint, "example.org") == (served,)


def test_what_follows_from_other_fields_is_never_said_otherwise() -> None:
    domain = MailDomain("example.org", domains=("other.example",))
    assert domain.domains == ("example.org",)
    exchange = MailExchange(domain, MXEndpoint("mx.example.org", "192.0.2.25", 25, active=True, dead=True))
    assert (exchange.domains, exchange.active, exchange.dead) == (("example.org",), True, True)
    assert exchange.mail_host == "mx.example.org"


def test_reports_point_at_the_domain_or_else_at_the_host_that_the_inventory_names(tmp_path: Path) -> None:
    file = tmp_path / "prod.yaml"
    file.write_text(f"domains: [example.org]\nhosts:\n  - mx.example.org\n  - {{name: {HOST}, roles: [imap]}}\n")
    loaded = load_inventory(file)

    def line(target: Target) -> int:
        return loaded.place_of(*target.entries).line

    assert line(MXEndpoint("mx.example.org", "192.0.2.25", 25, domains=("example.org",))) == 1
    assert line(MailHost("mx.example.org", domains=("example.org",))) == 3
    assert line(IMAPEndpoint(HOST, "192.0.2.25", 993)) == 4
    assert line(Undiscovered.because(TimedOut("silent"), IMAPEndpoint, "addresses", host=HOST)) == 4


@pytest.mark.parametrize(
    ("role", "port", "starttls"),
    [
        ("mx", 25, "smtp"),
        ("mx", 465, None),
        ("submission", 587, "smtp"),
        ("submission", 465, None),
        ("imap", 143, "imap"),
        ("imap", 993, None),
        ("pop3", 110, "pop3"),
        ("pop3", 995, None),
        ("imap", 1143, "imap"),
    ],
)
def test_the_table_says_how_tls_begins(role: str, port: int, starttls: str | None) -> None:
    endpoint = endpoint_kind(SERVICES[role])("host.example", "192.0.2.1", port)
    assert isinstance(endpoint, TLSEndpoint)
    assert (endpoint.role, endpoint.starttls) == (role, starttls)
    assert endpoint.implicit_tls is begins_with_tls(port) is (starttls is None)


def test_two_services_of_one_name_are_refused() -> None:
    add_service(Service("nut", in_clear=(3493,)))
    add_service(Service("nut", in_clear=(3493,)))
    with pytest.raises(ValueError, match="two services called nut"):
        add_service(Service("nut", in_clear=(1,)))


@pytest.mark.parametrize(
    ("id", "kind"),
    [
        ("TLS-NO-SSL3", TLSEndpoint),
        ("CERT-DATES", TLSEndpoint),
        ("SMTP-GREET-220", SMTPEndpoint),
        ("RELAY-MATRIX", SMTPEndpoint),
        ("SMTP-NO-OPEN-RELAY", SMTPEndpoint),
        ("HELO-FQDN", SMTPEndpoint),
        ("PTR-EQ-BANNER", MXEndpoint),
        ("MX-PORT25-OPEN", MXEndpoint),
        ("EARLYTALK", MXEndpoint),
        ("DANE-MATCH", MXEndpoint),
        ("SMTP-POSTMASTER", MailExchange),
        ("SPF-EXISTS", MailDomain),
    ],
)
def test_a_control_judges_the_narrowest_kind_that_it_asks_for(id: str, kind: type[Target]) -> None:
    assert Docket(load_probes()).kind(load_catalogue()[id]) is kind


def test_a_control_of_two_kinds_is_refused() -> None:
    known = load_catalogue()["SPF-EXISTS"]
    docket = Docket(load_probes())
    for asked, said in (
        (("spf", "reverse_dns"), "must judge observations of one type of target, not of MailDomain, SendingAddress"),
        (("imap_endpoint", "smtp_session"), "not of IMAPEndpoint, SMTPEndpoint"),
        ((), "not of nothing"),
        (("mx_endpoints",), "which no probe observes; did you mean mx_endpoint"),
    ):
        with pytest.raises(UnknownFixture, match=re.escape(said)):
            docket.kind(replace(known, observations=asked))


def found_on(host: dict[str, Any], address: str | NotObserved = "8.8.8.8") -> Targets:
    """What discovery finds of one host."""
    model = Inventory.model_validate({"hosts": [{"name": HOST, **host}]})
    table = {(HOST, "A"): address if isinstance(address, NotObserved) else (address,)}
    return asyncio.run(discover(model, cast(DNSClient, FakeDNS(table)), NetSettings()))


def judging(targets: Targets) -> set[str]:
    """The families of the controls that judge an endpoint among ``targets``."""
    docket = Docket(load_probes())
    controls = [control for control in load_catalogue() if issubclass(docket.kind(control), Endpoint)]
    assert len(controls) > 15
    return {control.id.split("-")[0] for control in controls if docket.all_targets(control, targets)}


@pytest.mark.parametrize("address", ["8.8.8.8", TimedOut("silent")], ids=["found", "not found out"])
def test_a_service_without_tls_is_one_row_and_gets_no_control_of_tls(address: str | NotObserved) -> None:
    add_service(Service("nut", in_clear=(3493,)))
    targets = found_on({"roles": ["nut"]}, address)
    assert [target.kind for target in targets.of(Endpoint)] == [Endpoint]
    assert [target.id for target in targets.found(Endpoint)] in ([f"{HOST}[8.8.8.8]:3493"], [])
    assert judging(targets) == set()


@pytest.mark.parametrize("address", ["8.8.8.8", TimedOut("silent")], ids=["found", "not found out"])
def test_a_service_with_tls_is_one_row_and_gets_the_controls_of_tls_alone(address: str | NotObserved) -> None:
    add_service(Service("acap", in_clear=(674,), upgrade=services.Upgrade("acap", b"* ACAP", b"a STARTTLS", b"a OK")))
    targets = found_on({"roles": ["acap"]}, address)
    assert [target.kind for target in targets.of(Endpoint)] == [TLSEndpoint]
    assert judging(targets) == {"TLS", "CERT", "DANE"}


def test_a_class_of_its_own_is_taken_for_a_service() -> None:
    @dataclass(frozen=True)
    class NUTEndpoint(Endpoint):
        role: str = field(default="nut", kw_only=True)

    add_service(Service("nut", in_clear=(3493,)))
    targets = found_on({"roles": ["nut", "imap"]})
    assert [type(target) for target in targets.of(Endpoint)] == [NUTEndpoint, IMAPEndpoint]


def test_a_role_that_is_not_in_the_table_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="'nut' is not a role of a host, which are mx, submission, imap, pop3"):
        found_on({"roles": ["nut"]})
    with pytest.raises(ValueError, match="did you mean submission"):
        found_on({"roles": ["submision"]})
