"""Certificate, TLSA records and MTA-STS policy of one host, in all combinations: each fault is one finding."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.gate.verdict import Verdict
from mailproof.net.pkix.paths import Roots
from mailproof.observations.dane import TLSA
from mailproof.probes import tls
from mailproof.probes.dane import tlsa
from mailproof.probes.mta_sts import sts_policy
from mailproof.probes.smtp import smtp_session
from mailproof.targets.services import MXEndpoint

from .cases.case import judged
from .chains import AT, HOST, Made, ca, leaf, sent
from .observed import STS_BODY, answer
from .observed import sts_policy as policy_file
from .test_dane import record

PUBLIC = ca("Public root", days=(-900, 900))
PRIVATE = ca("Private root", days=(-900, 900))
CHAINS: dict[str, tuple[Made, ...]] = {
    "right": (leaf(PUBLIC), PUBLIC),
    "private": (leaf(PRIVATE, key_name="private"), PRIVATE),
    "other name": (leaf(PUBLIC, "other.example", key_name="other name"), PUBLIC),
    "expired": (leaf(PUBLIC, key_name="expired", days=(-90, -1)), PUBLIC),
}
NOBODYS = ca("Nobody's")


def records(kind: str, chain: tuple[Made, ...]) -> TLSA:
    """The records of a host with this chain."""
    server, issuer = chain
    kinds = {
        "none": (),
        "its key": (record(server, 3),),
        "its issuer": (record(issuer, 2),),
        "another key": (record(NOBODYS, 3),),
        "unusable": (record(server, 1),),
    }
    found = answer(f"_25._tcp.{HOST}", "TLSA", *map(str, kinds[kind]))
    return TLSA(HOST, answer(HOST, "A", "192.0.2.1"), found, True)


MATCH, TRUST, NAME, DATES = "DANE-MATCH", "CERT-TRUST", "CERT-NAME", "CERT-DATES"
OF_CHAIN = {"right": (), "private": (TRUST,), "other name": (NAME,), "expired": (DATES,)}
"""What is wrong with a chain where no record vouches for it."""


def expected(chain: str, kind: str, policy: str) -> tuple[str, ...]:
    """The findings. A key that is vouched for needs nothing else, unless a policy in mode enforce wants it to."""
    own = OF_CHAIN[chain]
    match kind:
        case "its key":
            return own if policy == "enforce" else ()
        case "its issuer" if chain in ("other name", "expired"):
            return (MATCH,)
        case "its issuer":
            return own if policy == "enforce" else ()
        case "another key" | "unusable":
            return (MATCH, *own)
    return own


@pytest.mark.parametrize("policy", ["none", "testing", "enforce"])
@pytest.mark.parametrize("kind", ["none", "its key", "its issuer", "another key", "unusable"])
@pytest.mark.parametrize("chain", CHAINS)
def test_each_fault_is_one_finding(monkeypatch: pytest.MonkeyPatch, chain: str, kind: str, policy: str) -> None:
    monkeypatch.setattr(tls, "datetime", SimpleNamespace(now=lambda zone: AT))
    monkeypatch.setattr(tls, "now", AT.isoformat)
    monkeypatch.setattr(tls, "trusted_roots", lambda file: Roots([PUBLIC.certificate]))
    found = asyncio.run(findings(chain, kind, policy))
    assert sorted(found) == sorted(expected(chain, kind, policy))


async def findings(chain: str, kind: str, policy: str) -> list[str]:
    """The controls that fail on a host."""
    made = CHAINS[chain]
    endpoint = MXEndpoint(HOST, "192.0.2.1", 25, domains=("example.org",))
    published = policy_file(STS_BODY.replace("enforce", policy)) if policy != "none" else policy_file("")

    async def chains(peer: Any, *, known: Any) -> Any:
        return (sent(*made),)

    def nothing_else(probe: Any, target: Any) -> bool:
        return False

    async def look(probe: Any, target: Any) -> Any:
        known: dict[Any, Any] = {
            tlsa: records(kind, made),
            sts_policy: published,
            smtp_session: SimpleNamespace(offers_starttls=True),
        }
        return known[probe] if probe in known else await tls.certificates(endpoint, net, look, nothing_else)

    net: Any = SimpleNamespace(tls=SimpleNamespace(certificates=chains), settings=SimpleNamespace(ca_file=None))
    observed = {
        "certificates": await tls.certificates(endpoint, net, look, nothing_else),
        "dane": await tls.dane(endpoint, look),
    }
    by_control = {MATCH: "dane", "DANE-PARAM-COMPLETE": "dane", TRUST: "certificates"} | dict.fromkeys(
        (NAME, DATES, "CERT-CHAIN-COMPLETE"), "certificates"
    )
    return [
        control
        for control, name in by_control.items()
        if judged(control, {name: observed[name]}).verdict is Verdict.FAIL
    ]
