"""Where test messages are handed in: the MX hosts of the mailbox, as far as their addresses can be looked up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dns.rdata import from_text

from mailproof.exercising.sending import servers_of
from mailproof.net.errors import NotAvailable, NotObserved, TimedOut
from mailproof.net.network import Network


@dataclass
class Names:
    """A resolver that knows some names, and hears nothing of others."""

    known: dict[tuple[str, str], list[str]]
    silent: set[str] = field(default_factory=set)

    async def resolve(self, name: str, type: str) -> Any:
        if name in self.silent:
            raise TimedOut(f"{name}: no answer")
        return SimpleNamespace(records=[_Record(type, text) for text in self.known.get((name, type), [])])


@dataclass
class _Record:
    rdtype: str
    data: str

    @property
    def target(self) -> str:
        return self.data.split()[-1].rstrip(".") or "."

    def rdata(self, kind: type) -> Any:
        return from_text("IN", self.rdtype, self.data)


def found(known: dict[tuple[str, str], list[str]], silent: set[str]) -> list[str]:
    net = cast(Network, SimpleNamespace(dns=Names(known, silent)))
    return [server.address for server in asyncio.run(servers_of("example.org", net))]


TWO = {
    ("example.org", "MX"): ["20 mx2.example.org.", "10 mx1.example.net."],
    ("mx1.example.net", "A"): ["192.0.2.1"],
    ("mx2.example.org", "A"): ["192.0.2.2"],
    ("mx2.example.org", "AAAA"): ["2001:db8::2"],
}


def test_the_most_preferred_comes_first() -> None:
    assert found(TWO, set()) == ["192.0.2.1", "192.0.2.2", "2001:db8::2"]


def test_a_host_that_cannot_be_looked_up_gives_way() -> None:
    assert found(TWO, {"mx1.example.net"}) == ["192.0.2.2", "2001:db8::2"]


def test_it_is_told_why_there_is_none() -> None:
    with pytest.raises(TimedOut, match=r"mx1\.example\.net: no answer"):
        found(TWO, {"mx1.example.net", "mx2.example.org"})
    with pytest.raises(NotAvailable, match="no MX host with an address"):
        found({("example.org", "MX"): ["0 ."]}, set())
    with pytest.raises(NotObserved):
        found(TWO, {"example.org"})
