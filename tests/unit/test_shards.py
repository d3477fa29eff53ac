"""Shards: every domain, host and entry of an inventory is judged in one of them, and where its neighbours are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.controls import load_catalogue
from mailproof.docket import Docket
from mailproof.extensions import extensions
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.net.dns.client import DNSClient
from mailproof.places import Place
from mailproof.probes import load_probes
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target
from mailproof.targets.mail import MailDomain, MailHost, Selector
from mailproof.targets.services import MXEndpoint
from mailproof.targets.shards import (
    INDIVISIBLE,
    MAX_FAMILY,
    Divider,
    Division,
    Shard,
    ask_exchanges,
    holds_together,
    require_divisible,
    shard_of,
)
from mailproof.targets.zone_contents import ZoneFile
from mailproof.targets.zones import Zone
from tests.unit.dns_world import resolver, session

EXCHANGES = {
    **{f"customer-{number}.example": ("mx1.hoster.example", "mx2.hoster.example") for number in range(40)},
    **{f"own-{number}.example": (f"mx.own-{number}.example",) for number in range(40)},
    **{f"none-{number}.example": () for number in range(40)},
    "both.example": ("mx.own-1.example", "mx2.hoster.example"),
}
OF = 8


def nobody(_: str) -> bool:
    return False


def judging(divisions: list[Division], target: Target, named: tuple[str, ...] = ()) -> list[int]:
    return [one.shard.number for one in divisions if one.judges(target, named.__contains__)]


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "a/4", "1/", "/4", "-1/4", "1/4/2", "\u0661/4", "1/100001"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shard"):
        Shard.parse(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert str(Shard.parse("3/64")) == "3/64"


def test_the_hash_is_the_same_in_every_version() -> None:
    names = ("example.org", "example.net", "mx.example.com")
    assert [shard_of(name, 64) for name in names] == [7, 60, 24]


def test_every_domain_is_in_one_shard_and_customers_of_a_host_are_together() -> None:
    divisions = Divider(EXCHANGES, (), OF).all()
    assert sorted(name for one in divisions for name in one.own) == sorted(EXCHANGES)
    homes = {one.shard.number for one in divisions for name in one.own if name.startswith("customer-")}
    assert homes == {shard_of("mx1.hoster.example", OF)}
    assert sum(bool(one.own) for one in divisions) > 4


def test_every_host_is_judged_in_one_shard_where_all_domains_that_name_it_are_known() -> None:
    divisions = Divider(EXCHANGES, (), OF).all()
    for host in {host for hosts in EXCHANGES.values() for host in hosts}:
        (number,) = [one.shard.number for one in divisions if host in one.hosts]
        served = {name for name, hosts in EXCHANGES.items() if host in hosts}
        assert served <= divisions[number - 1].members
        target = MXEndpoint(host, "11.0.0.1", 25, domains=tuple(sorted(served)))
        # It is judged by none of those that come upon it as well.
        assert [n for n in judging(divisions, target) if host in divisions[n - 1].foreign] == []


def test_a_domain_is_known_wherever_a_host_below_it_is_named() -> None:
    exchanges = {**EXCHANGES, "hoster.example": ("mx.elsewhere.example",)}
    divisions = Divider(exchanges, (), OF).all()
    for one in divisions:
        if any(host.endswith(".hoster.example") for host in one.hosts | one.foreign):
            assert "hoster.example" in one.members
            assert "mx.elsewhere.example" in one.hosts | one.foreign
    assert judging(divisions, MailDomain("hoster.example")).count(shard_of("mx.elsewhere.example", OF)) == 1
    owners = [one for one in divisions if "mx.elsewhere.example" in one.hosts]
    assert len(owners) == 1


def test_a_visitor_is_discovered_and_not_judged() -> None:
    divisions = Divider(EXCHANGES, (), OF).all()
    (home,) = [one.shard.number for one in divisions if "both.example" in one.own]
    (guest,) = [one.shard.number for one in divisions if "both.example" in one.visitors]
    assert home == shard_of("mx.own-1.example", OF) != guest
    for target in (
        MailDomain("both.example"),
        Selector("s", "both.example"),
        Zone("z.example", domains=("both.example",)),
    ):
        assert divisions[home - 1].judges(target, nobody)
        assert not divisions[guest - 1].judges(target, nobody)


FAMILY = ("a.family.example", "b.family.example", "c.sub.family.example")


@pytest.mark.parametrize("registered", [(), ("family.example",)])
def test_domains_that_may_share_a_zone_are_judged_together(registered: tuple[str, ...]) -> None:
    own = {name: (f"mx.own-{number}.example",) for number, name in enumerate((*FAMILY, *registered))}
    divisions = Divider({**EXCHANGES, **own}, (), OF).all()
    (home,) = [one for one in divisions if not one.own.isdisjoint(own)]
    assert own.keys() <= home.own
    assert home.shard.number == shard_of(own[(*registered, *FAMILY)[0]][0], OF)
    zone = Zone("family.example", domains=tuple(own))
    assert judging([one for one in divisions if not one.members.isdisjoint(own)], zone) == [home.shard.number]


def test_large_families_are_taken_apart_and_each_shard_speaks_for_its_own() -> None:
    own = {f"{number}.family.example": (f"mx{number}.elsewhere.example",) for number in range(MAX_FAMILY + 1)}
    divisions = Divider(own, (), OF).all()
    zone = Zone("family.example", domains=tuple(own))
    assert judging(divisions, zone) == [one.shard.number for one in divisions if one.own] == list(range(1, OF + 1))


def test_an_own_domain_counts_behind_a_visitor() -> None:
    divisions = Divider(EXCHANGES, (), OF).all()
    (guest,) = [one for one in divisions if "both.example" in one.visitors]
    own = min(guest.own)
    assert guest.judges(Zone("example", domains=("both.example", own)), nobody)
    assert not guest.judges(Zone("example", domains=("both.example",)), nobody)


def test_a_host_lies_where_most_of_its_domains_lie() -> None:
    exchanges = {**EXCHANGES, "few.example": ("mx.own-2.example", "mx1.hoster.example")}
    divisions = Divider(exchanges, (), OF).all()
    (owner,) = [one for one in divisions if "mx1.hoster.example" in one.hosts]
    assert "customer-1.example" in owner.own
    assert "few.example" in owner.members


ZONES = ("hoster.example", "own-3.example", "shared.example", "nobody.example")
IN_ZONES = {
    **EXCHANGES,
    "own-3.example": ("mx.own-4.example", "mx.own-5.example"),
    **{f"{number}.shared.example": (f"mx.own-{number}.example",) for number in range(3)},
    "more.shared.example": ("mx.own-2.example",),
}


def test_a_zone_of_a_file_is_judged_in_one_shard_which_knows_all_that_it_is_judged_by() -> None:
    divisions = Divider(IN_ZONES, (), OF, ZONES).all()
    homes = {name: one for one in divisions for name in one.own}
    at = {zone: [one for one in divisions if one.judges(ZoneFile(zone), nobody)] for zone in ZONES}
    assert {zone: len(found) for zone, found in at.items()} == dict.fromkeys(ZONES, 1)
    assert at["own-3.example"] == [homes["own-3.example"]]
    assert at["hoster.example"] == [homes["customer-1.example"]]
    assert at["shared.example"] == [homes["2.shared.example"]] == [homes["more.shared.example"]]
    assert {name for name in IN_ZONES if name.endswith(".shared.example")} <= at["shared.example"][0].members
    for host in ("mx1.hoster.example", "mx2.hoster.example"):
        assert host in at["hoster.example"][0].hosts | at["hoster.example"][0].foreign
    assert at["nobody.example"][0].shard.number == shard_of("nobody.example", OF)


def test_a_zone_moves_no_domain_and_no_host() -> None:
    before, after = (Divider(IN_ZONES, (), OF, zones).all() for zones in ((), ZONES))
    assert [(one.own, one.hosts & other.hosts) for one, other in zip(before, after, strict=True)] == [
        (other.own, one.hosts) for one, other in zip(before, after, strict=True)
    ]


def test_a_shard_of_a_zone_alone_is_not_empty() -> None:
    divisions = Divider({"a.example": ()}, (), 64, ("nobody.example",)).all()
    assert sorted(one.shard.number for one in divisions if not one.empty) == sorted(
        {shard_of("a.example", 64), shard_of("nobody.example", 64)}
    )


def test_what_the_inventory_names_itself_is_judged_in_the_shard_of_its_name() -> None:
    divisions = Divider(EXCHANGES, (), OF).all()
    named = ("11.0.0.9", "imap.example", "2.0.192.in-addr.arpa")
    everybody = tuple(EXCHANGES)
    for target in (
        SendingAddress("11.0.0.9", domains=everybody),
        MailHost("imap.example"),
        Zone("2.0.192.in-addr.arpa"),
    ):
        assert judging(divisions, target, named) == [shard_of(target.id, OF)]


def test_a_domain_that_refuses_active_probes_speaks_for_its_hosts_in_every_shard() -> None:
    divisions = Divider(EXCHANGES, ("both.example",), OF).all()
    for one in divisions:
        known = one.hosts | one.foreign
        assert one.elsewhere.refused == known & {"mx.own-1.example", "mx2.hoster.example"}
        assert all(name in EXCHANGES for name in one.elsewhere.domains)
    at_home = next(one for one in divisions if "own-7.example" in one.own)
    assert "own-7.example" in at_home.elsewhere.domains


def test_mx_records_are_asked_for_once_and_what_is_not_known_is_left_out() -> None:
    names = ["example.com", "null.example.com", "big.example.com", "www.example.com", "gone.test"]

    async def look(dns: DNSClient) -> dict[str, tuple[str, ...]]:
        return await ask_exchanges(names, dns)

    assert session(look, resolver()) == {
        "example.com": ("mx1.example.com",),
        "null.example.com": (),
        "big.example.com": ("big.example.com",),
        "www.example.com": ("mx1.example.com",),  # an alias: its mail goes where it leads
        "gone.test": (),
    }


def test_an_inventory_is_loaded_with_some_of_its_domains_and_their_lines(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one.example\ntwo.example\nthree.example\n")
    file = tmp_path / "prod.yaml"
    file.write_text("domains_from: names.txt\ndomains:\n- a.example\n- {name: b.example, parked: true}\n- c.example\n")
    found = load_inventory(file, {}, only={"b.example", "three.example"})
    assert [(domain.name, domain.parked) for domain in found.model.domains] == [
        ("b.example", True),
        ("three.example", False),
    ]
    assert found.place_of("b.example") == Place(str(file), 4)
    assert found.place_of("three.example") == Place(str(tmp_path / "names.txt"), 3)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("domains: [a.example]\nblocklists: [bl.example]\nresolvers: [192.0.2.53]", []),
        ("domains: [a.example]\nhosts: [mx.a.example]", ["hosts"]),
        ("domains: [a.example]\nweb_hosts: [www.a.example]\nsending: [192.0.2.1]", ["sending", "web_hosts"]),
        ("domains: [a.example]\nlogs: [prod.yaml]\nreports: [prod.yaml]", ["logs", "reports"]),
        ("domains: [a.example]\nown_mailboxes: [{address: x@a.example, maildir: .}]", ["own_mailboxes"]),
    ],
)
def test_what_is_judged_by_all_domains_is_not_divided(text: str, keys: list[str], tmp_path: Path) -> None:
    file = tmp_path / "prod.yaml"
    file.write_text(text)
    loaded = load_inventory(file, {})
    if not keys:
        require_divisible(loaded)
        return
    with pytest.raises(InventoryError, match="put it into an inventory of its own") as refused:
        require_divisible(loaded)
    assert sorted(problem.key or "" for problem in refused.value.problems) == keys
    assert {problem.line for problem in refused.value.problems} <= {2, 3}
    assert set(keys) <= set(INDIVISIBLE)


def test_controls_that_hold_all_domains_against_each_other_are_known() -> None:
    """CERT-KEY-REUSE asks for other keys only where the inventory names hosts, which is refused."""
    extensions()
    probes = load_probes()
    docket = Docket(probes)

    def asked(names: tuple[str, ...]) -> set[str]:
        found, waiting = set(names), list(names)
        while waiting:
            entry = probes[waiting.pop()]
            waiting += {*entry.needs, *entry.looks} - found
            found |= {*entry.needs, *entry.looks}
        return found

    controls = list(load_catalogue())
    left_out = {control.id for control in controls if holds_together(control.observations)}
    assert left_out == {"DKIM-KEY-SHARED", "DKIM-KEY-WEAK", "DNS-TRUST-SET", "PUBLISHED-MAILBOXES", "REP-LOOKALIKE"}
    asking = {control.id for control in controls if holds_together(asked(docket.observations(control)))}
    assert asking == left_out | {"CERT-KEY-REUSE"}
