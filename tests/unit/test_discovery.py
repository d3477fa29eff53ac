"""Discovery over made-up answers: zones know their domains, fans have an end, and what is unclear stays typed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from mailproof.inventory import budgets
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.errors import Bogus, LyingResolver, NotObserved, TimedOut
from mailproof.net.settings import NetSettings
from mailproof.targets.base import Targets, Undiscovered, subclasses
from mailproof.targets.discovery import discover
from mailproof.targets.mail import MailHost
from mailproof.targets.services import (
    Endpoint,
    IMAPEndpoint,
    SASLEndpoint,
    SMTPEndpoint,
    StoreEndpoint,
    SubmissionEndpoint,
    TLSEndpoint,
)
from mailproof.targets.zones import NameServer, Zone

from .observed import answer, missing

Zonedata = Mapping[tuple[str, str], "tuple[str, ...] | NotObserved"]


class FakeDNS:
    """Answers from a table; what is not in it does not exist."""

    def __init__(self, table: Zonedata) -> None:
        self._table = table

    async def resolve(self, name: str, type: str, *, checking_disabled: bool = False) -> Answer:
        found = self._table.get((name, type), ())
        if isinstance(found, Bogus) and checking_disabled:
            found = ()
        if isinstance(found, NotObserved):
            raise found
        known = any(name == key for key, _ in self._table)
        return answer(name, type, *found) if found or known else missing(name, type)


def discovered(table: Zonedata, **inventory: Any) -> Targets:
    model = Inventory.model_validate({"domains": ["example.org"], **inventory})
    return asyncio.run(discover(model, cast(DNSClient, FakeDNS(table)), NetSettings()))


def real(targets: Targets, kind: type[Any]) -> list[Any]:
    return [target for target in targets.of(kind) if isinstance(target, kind)]


def unclear(targets: Targets, kind: type[Any]) -> list[Undiscovered]:
    return [target for target in targets.of(kind) if isinstance(target, Undiscovered)]


SOA = ("ns1.example.net. hostmaster.example.net. 1 2 3 4 5",)


def test_a_zone_and_its_servers_know_the_mail_domains_in_it() -> None:
    table = {
        ("example.org", "SOA"): SOA,
        ("example.org", "NS"): ("ns1.example.net.",),
        ("ns1.example.net", "A"): ("8.8.8.53",),
    }

    class Covering(FakeDNS):
        async def resolve(self, name: str, type: str, *, checking_disabled: bool = False) -> Answer:
            if type == "SOA":
                name = "example.org"
            return await super().resolve(name, type)

    model = Inventory.model_validate(
        {"domains": ["mail.example.org", "example.org"], "zones": ["2.0.192.in-addr.arpa"]}
    )
    targets = asyncio.run(discover(model, cast(DNSClient, Covering(table)), NetSettings()))
    zones = {zone.name: zone.domains for zone in real(targets, Zone)}
    assert zones == {"example.org": ("mail.example.org", "example.org"), "2.0.192.in-addr.arpa": ()}
    assert [server.domains for server in real(targets, NameServer)] == [("mail.example.org", "example.org")]


def test_a_name_server_without_an_address_is_a_target() -> None:
    table = {("example.org", "SOA"): SOA, ("example.org", "NS"): ("gone.example.net.",)}
    assert [server.id for server in real(discovered(table), NameServer)] == ["example.org@gone.example.net"]


def test_a_domain_without_mx_is_its_own_host() -> None:
    """RFC 5321, section 5.1."""
    table = {("example.org", "A"): ("8.8.8.25",)}
    assert [host.name for host in real(discovered(table), MailHost)] == ["example.org"]
    assert [endpoint.id for endpoint in real(discovered(table), Endpoint)] == ["example.org[8.8.8.25]:25"]
    sends_only = [{"name": "example.org", "receives": False}]
    for other in (discovered({}), discovered(table, domains=sends_only), discovered({("example.org", "TXT"): ("x",)})):
        assert not real(other, MailHost)


def test_only_controls_of_its_roles_stand_open_for_a_host_that_is_unclear() -> None:
    table = {("imap.example.org", "A"): TimedOut("silent")}
    targets = discovered(table, hosts=[{"name": "imap.example.org", "roles": ["imap", "submission"]}])
    (found,) = unclear(targets, Endpoint)
    assert isinstance(found.not_observed(), TimedOut)
    standing = {kind for kind in subclasses(Endpoint) if targets.of(kind)}
    above = {TLSEndpoint, SASLEndpoint, SMTPEndpoint, StoreEndpoint}
    assert standing == above | {SubmissionEndpoint, IMAPEndpoint}


@pytest.mark.parametrize("failure", [Bogus("does not validate"), LyingResolver("lies"), TimedOut("silent")])
def test_what_could_not_be_found_out_keeps_its_kind(failure: NotObserved) -> None:
    targets = discovered({("example.org", "MX"): failure})
    assert [type(target.not_observed()) for target in unclear(targets, Endpoint)] == [type(failure)]


def test_the_hosts_of_a_domain_are_bounded_and_a_target_says_so() -> None:
    names = [f"mx{number}.example.net" for number in range(100)]
    table = {
        ("example.org", "MX"): tuple(f"10 {name}." for name in names),
        **{(name, "A"): (f"8.8.{number}.1", f"8.8.{number}.2", f"8.8.{number}.3") for number, name in enumerate(names)},
    }
    targets = discovered(table)
    assert len(real(targets, MailHost)) == budgets.MAX_MX_HOSTS
    assert len(real(targets, Endpoint)) == budgets.MAX_MX_ADDRESSES
    assert any("only the first 20 are looked at" in target.reason for target in unclear(targets, Endpoint))
    assert any("only the first ones are looked at" in target.reason for target in unclear(targets, Endpoint))


def test_hosts_that_aim_at_one_address_are_few() -> None:
    names = [f"mx{number}.example.net" for number in range(20)]
    table = {
        ("example.org", "MX"): tuple(f"10 {name}." for name in names),
        **{(name, "A"): ("8.8.8.8",) for name in names},
    }
    assert len(real(discovered(table), Endpoint)) == budgets.MAX_NAMES_OF_ADDRESS
    named = discovered(table, hosts=[{"name": name} for name in names])
    assert len(real(named, Endpoint)) == 20


def test_many_domains_may_share_an_address() -> None:
    domains = [f"d{number}.example" for number in range(30)]
    table = {
        **{(domain, "MX"): (f"10 mail.{domain}.",) for domain in domains},
        **{(f"mail.{domain}", "A"): ("8.8.8.8",) for domain in domains},
    }
    assert len(real(discovered(table, domains=domains), Endpoint)) == 30


def test_the_addresses_of_a_host_are_bounded() -> None:
    many = tuple(f"8.8.8.{number}" for number in range(200))
    table = {("example.org", "MX"): ("10 mx.example.net.",), ("mx.example.net", "A"): many}
    targets = discovered(table)
    assert len(real(targets, Endpoint)) == budgets.MAX_ADDRESSES
    assert "200 addresses: only the first 16" in unclear(targets, Endpoint)[0].reason


def test_the_servers_of_a_zone_are_bounded() -> None:
    names = [f"ns{number}.example.net" for number in range(100)]
    table = {
        ("example.org", "SOA"): SOA,
        ("example.org", "NS"): tuple(f"{name}." for name in names),
        **{(name, "A"): tuple(f"8.{number}.8.{n}" for n in range(9)) for number, name in enumerate(names)},
    }
    targets = discovered(table)
    assert len(real(targets, NameServer)) == budgets.MAX_SERVER_ADDRESSES
    assert "only the first 40 addresses" in unclear(targets, NameServer)[0].reason
