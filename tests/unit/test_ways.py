"""The way from the root as the probes follow it: circles are found, and endless ways end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.errors import ServerFailure
from mailproof.net.settings import NetSettings
from mailproof.observations.mx import MX
from mailproof.observations.paths import IPv6Path, NameServerRings
from mailproof.observations.zones import Delegation, ServerAddresses
from mailproof.probes.paths import ipv6_path, name_server_rings
from mailproof.probes.probe import read_probe
from mailproof.targets.mail import MailDomain
from mailproof.targets.zones import Zone

from .observed import answer


@dataclass
class FakeDNS:
    """A root whose one server delegates names by ``cuts``; nothing below a cut can be reached."""

    cuts: dict[str, str]
    """The server of each zone, by the zone."""
    asked: list[str] = field(default_factory=list)

    async def resolve(self, name: str, type: str) -> Answer:
        if name == "a.root":
            return answer(name, type, *(["8.8.8.8"] if type == "A" else []))
        if any(f".{name}".endswith(f".{cut}") for cut in self.cuts):
            raise ServerFailure(f"SERVFAIL for {name}")
        found = answer(".", "NS", "a.root.") if type == "NS" else answer(name, type)
        return replace(found, authority=(ResourceRecord(".", 60, "SOA", "a. h. 1 2 3 4 5"),))

    async def ask(self, server: str, name: str, type: str, *, host: str) -> Answer:
        self.asked.append(name)
        cut = next(cut for cut in self.cuts if f".{name}".endswith(f".{cut}"))
        return replace(answer(name, type), authority=(ResourceRecord(cut, 60, "NS", f"{self.cuts[cut]}."),))


def rings(cuts: dict[str, str], host: str) -> tuple[NameServerRings, int]:
    dns = FakeDNS(cuts)
    net: Any = SimpleNamespace(dns=dns, settings=NetSettings())
    seen = Delegation("example.org", answer("example.org", "NS"), "org", (), (ServerAddresses(host, (), "SERVFAIL"),))

    async def run() -> NameServerRings:
        return await name_server_rings(Zone("example.org"), net, seen)

    return asyncio.run(run()), len(dns.asked)


def test_a_circle_is_found_from_outside() -> None:
    seen, _ = rings({"b": "ns.c", "c": "ns.d", "d": "ns.c"}, "ns.b")
    assert [ring.zones for ring in seen.rings] == [("c", "d")]
    assert str(seen.rings[0]) == "c needs d needs c"


@pytest.mark.parametrize(
    "cuts",
    [{"b": "ns.b"}, {"b": "a.root"}, {f"z{n}": f"ns.z{n + 1}" for n in range(50)} | {"b": "ns.z0"}],
    ids=["glue", "resolves", "endless"],
)
def test_a_way_that_is_no_circle_ends(cuts: dict[str, str]) -> None:
    seen, asked = rings(cuts, "ns.b")
    entry = read_probe(name_server_rings)
    assert not seen.rings
    assert entry is not None
    assert 0 < asked <= entry.questions


def path(name: str, zones: dict[str, tuple[str, ...]]) -> IPv6Path:
    """``zones`` with the servers of each; those that begin with six have an IPv6 address."""

    class DNS:
        async def resolve(self, name: str, type: str) -> Answer:
            if type == "AAAA":
                return answer(name, type, *(["2001:db8::1"] if name.startswith("six") else []))
            if type == "NS":
                return answer(name, type, *(f"{server}." for server in zones[name]))
            holder = next((zone for zone in zones if f".{name}".endswith(f".{zone}")), ".")
            return replace(answer(name, type), authority=(ResourceRecord(holder, 60, "SOA", "a. h. 1 2 3 4 5"),))

    net: Any = SimpleNamespace(dns=DNS())
    seen = MX(name, answer(name, "MX", "10 mx.far.example."), answer(name, "A"), answer(name, "AAAA"))

    async def run() -> IPv6Path:
        return await ipv6_path(MailDomain(name), net, seen)

    return asyncio.run(run())


def test_every_zone_on_the_way_is_looked_at_once() -> None:
    zones = {
        "example.org": ("four.a", "six.b"),
        "org": ("six.org",),
        "far.example": ("four.a",),
        "example": ("six.example",),
    }
    seen = path("example.org", zones)
    assert seen.own_zone == "example.org"
    assert {zone.zone: zone.ipv6_server for zone in seen.zones} == {
        "example.org": "six.b",
        "org": "six.org",
        "far.example": "",
        "example": "six.example",
    }
    assert not seen.unknown


def test_a_way_through_too_many_zones_is_not_followed() -> None:
    deep = [".".join("abcdefgh"[first:]) for first in range(8)]
    seen = path(deep[0], dict.fromkeys((*deep, "far.example", "example"), ("six.x",)))
    assert "more than 6 zones" in seen.unknown[0]
