"""DANE spares a host from the controls of public certificates only where it is known that no policy demands them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.net.errors import NotFollowed, NotObserved, TimedOut
from mailproof.observations.tls import ByDANE
from mailproof.probes import tls
from mailproof.probes.dane import tlsa
from mailproof.targets.services import MXEndpoint

ENFORCE = SimpleNamespace(policy=SimpleNamespace(mode="enforce"))
TESTING = SimpleNamespace(policy=SimpleNamespace(mode="testing"))
NONE = SimpleNamespace(policy=None)


def spared(monkeypatch: pytest.MonkeyPatch, *policies: object) -> ByDANE:
    """What comes of a host whose records match, serving one domain for each policy or failure to see one."""
    seen = {f"{number}.example": policy for number, policy in enumerate(policies)}
    match = SimpleNamespace(matching=True, has=lambda usage: usage == 3)
    monkeypatch.setattr(tls, "_matches", lambda endpoint, records, chains: (match,))

    async def look(probe: Any, target: Any) -> Any:
        found = SimpleNamespace(applies=True) if probe is tlsa else seen[target.name]
        if isinstance(found, NotObserved):
            raise found
        return found

    endpoint = MXEndpoint("mx.example", "192.0.2.1", 25, domains=tuple(seen))
    return asyncio.run(tls._authenticated_by_dane(endpoint, look, ()))


@pytest.mark.parametrize("policies", [(NONE,), (TESTING,), (NONE, TESTING), (NotFollowed("private"),)])
def test_without_a_policy_that_is_enforced_it_spares(monkeypatch: pytest.MonkeyPatch, policies: tuple[object]) -> None:
    assert spared(monkeypatch, *policies) is ByDANE.EE


@pytest.mark.parametrize("policies", [(ENFORCE,), (NONE, ENFORCE), (TimedOut("silent"), ENFORCE)])
def test_a_policy_that_is_enforced_demands_more(monkeypatch: pytest.MonkeyPatch, policies: tuple[object]) -> None:
    assert spared(monkeypatch, *policies) is ByDANE.NOT


@pytest.mark.parametrize("policies", [(TimedOut("silent"),), (NONE, TimedOut("silent"))])
def test_a_policy_that_could_not_be_seen_leaves_it_open(
    monkeypatch: pytest.MonkeyPatch, policies: tuple[object]
) -> None:
    with pytest.raises(TimedOut, match="demands a public certificate besides DANE is not known: silent"):
        spared(monkeypatch, *policies)
