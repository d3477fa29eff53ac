"""TLSA records of services for users (RFC 7673), and the keys of a host from run to run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from mailproof.net.dns.client import Answer
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.net.errors import Bogus, TimedOut
from mailproof.net.pkix.paths import Roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.observations import Former
from mailproof.observations.dane import KeysOfHost, TLSARecord
from mailproof.observations.service_dane import ServiceDANE
from mailproof.observations.tls import Certificates, Deployment
from mailproof.probes.associations import examine_public
from mailproof.probes.service_dane import keys_of_host, service_dane
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.services import IMAPEndpoint, MXEndpoint

from .cases.dane import tlsa
from .chains import AT, HOST, Made, ca, leaf, sent
from .observed import answer
from .test_dane import record

ROOT = ca("Public root")
MIDDLE = ca("Public middle", ROOT)
RIGHT = leaf(MIDDLE)
ROOTS = Roots([ROOT.certificate])


T = TypeVar("T")


def done(work: Awaitable[T]) -> T:
    """What comes of ``work``."""

    async def run() -> T:
        return await work

    return asyncio.run(run())


def deployment(*chain: Made, roots: Roots = ROOTS) -> Deployment:
    made = sent(*chain)
    return Deployment(made, verify(made, roots, AT), matches_name(made.leaf, HOST))


@pytest.mark.parametrize(
    ("one", "chain", "roots", "days", "names", "said"),
    [
        (record(RIGHT, 1), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), ""),
        (record(MIDDLE, 0), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), ""),
        (record(ROOT, 0), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), ""),
        (record(RIGHT, 1), (RIGHT, MIDDLE), Roots([]), 0, (HOST,), "no path leads to a public root"),
        (record(RIGHT, 1), (RIGHT, MIDDLE), ROOTS, 60, (HOST,), "dates count"),
        (record(RIGHT, 1), (RIGHT, MIDDLE), ROOTS, 0, ("other.example",), "names count"),
        (record(MIDDLE, 1), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), None),
        (record(RIGHT, 0), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), None),
        (record(RIGHT, 3), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), None),
        (TLSARecord(1, 1, 1, "abcd"), (RIGHT, MIDDLE), ROOTS, 0, (HOST,), None),
    ],
)
def test_public_usages_demand_a_public_path_besides(
    one: TLSARecord, chain: tuple[Made, ...], roots: Roots, days: int, names: tuple[str, ...], said: str | None
) -> None:
    """RFC 6698, section 2.1.1."""
    found = examine_public((one,), deployment(*chain, roots=roots), names, AT + timedelta(days=days), roots)
    flaws = [flaw for _, flaw in found]
    assert flaws == [] if said is None else flaws == [""] if not said else said in flaws[0]


SECURE, INSECURE = Verdict(Status.SECURE), Verdict(Status.INSECURE, Link("host.", "DS", "org.", Flaw.UNSIGNED))
BOGUS = Verdict(Status.BOGUS, Link("host.", "TLSA", "org.", Flaw.EXPIRED))
NAME = f"_993._tcp.{HOST}"


def seen(
    *records: TLSARecord, verdicts: Mapping[str, Verdict] | None = None, chain: tuple[Made, ...] = (RIGHT, MIDDLE)
) -> ServiceDANE:
    """What is seen of IMAP at a host; ``verdicts`` by type of record, all secure without them."""
    known = {NAME: answer(NAME, "TLSA", *map(str, records)), HOST: answer(HOST, "A", "192.0.2.1")}

    async def resolve(name: str, type: str) -> Answer:
        return known[name]

    async def judge(name: str, type: str) -> Verdict:
        return (verdicts or {}).get(type, SECURE)

    async def accepts(answer: Answer) -> bool:
        return False

    async def look(probe: Any, target: Any) -> Certificates:
        return Certificates(target.id, HOST, "", True, (deployment(*chain),))

    net: Any = SimpleNamespace(
        dns=SimpleNamespace(resolve=resolve),
        dnssec=SimpleNamespace(judge=judge, accepts=accepts),
        settings=SimpleNamespace(ca_file=None),
    )
    inventory: Any = SimpleNamespace(domains=[SimpleNamespace(name="example.com")])
    endpoint = IMAPEndpoint(HOST, "192.0.2.1", 993)
    return done(service_dane(endpoint, net, look, inventory))


def test_records_are_matched_where_all_is_secure(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=lambda zone: AT)
    monkeypatch.setattr("mailproof.probes.service_dane.datetime", clock)
    found = seen(record(RIGHT, 3), record(ROOT, 3))
    assert found.secure
    assert [match.matching for match in found.chains] == [(str(record(RIGHT, 3)),)]
    own = leaf(MIDDLE, "example.com", key_name="made out to a domain")
    assert seen(record(MIDDLE, 2), chain=(own, MIDDLE)).chains[0].matching


@pytest.mark.parametrize("verdicts", [{"TLSA": INSECURE}, {"A": INSECURE}])
def test_nobody_is_asked_where_records_do_not_count(verdicts: Mapping[str, Verdict]) -> None:
    found = seen(record(RIGHT, 3), verdicts=verdicts)
    assert not found.secure
    assert found.chains == ()
    assert not seen().secure


def test_a_bogus_answer_is_not_taken_for_none() -> None:
    with pytest.raises(Bogus):
        seen(record(RIGHT, 3), verdicts={"TLSA": BOGUS})


def test_records_of_an_mx_are_of_another_rule() -> None:
    none: Any = None
    assert done(service_dane(MXEndpoint(HOST, "192.0.2.1", 25), none, none, none)).is_mx


# Keys of a host, from run to run

AT_NOW, BEFORE = "2026-11-22T00:00:00Z", "2026-10-22T00:00:00Z"
OTHER = leaf(MIDDLE, key_name="another")


def keys(*former: str, kept: bool = True, silent: bool = False) -> KeysOfHost:
    """A host with two addresses, which show two keys; ``former`` are digests that a run before saw."""
    text = " ".join(f"{digest}={BEFORE}" for digest in former)
    targets = Targets.collect([MXEndpoint(HOST, f"192.0.2.{n}", 25) for n in (1, 2)])
    shown = {"192.0.2.1": RIGHT, "192.0.2.2": OTHER}

    async def look(probe: Any, target: Any) -> Any:
        if isinstance(target, MailHost):
            data = [str(record(made, 3)) for made in (RIGHT, OTHER, ROOT)]
            return tlsa(*data)
        if silent:
            raise TimedOut("nobody answers")
        return Certificates(target.id, HOST, AT_NOW, True, (deployment(shown[target.address], MIDDLE),))

    known = Former({(HOST, KeysOfHost.FACT): text} if kept else None)
    return done(keys_of_host(MailHost(HOST), look, targets, known))


def test_keys_of_all_addresses_are_in_use() -> None:
    gone = record(ROOT, 3).data
    found = keys(gone, record(RIGHT, 3).data)
    assert found.retired == ((record(ROOT, 3), BEFORE, 31),)
    assert keys().retired == ()
    assert found.facts()[KeysOfHost.FACT].split()[-1] == f"{gone}={BEFORE}"
    assert f"{record(OTHER, 3).data}={AT_NOW}" in found.facts()[KeysOfHost.FACT].split()
    assert datetime.fromisoformat(found.at)


def test_without_a_history_nobody_is_asked() -> None:
    found = keys(kept=False, silent=True)
    assert not found.kept
    assert found.facts() == {}


def test_a_silent_address_leaves_open_which_keys_are_in_use() -> None:
    with pytest.raises(TimedOut):
        keys(silent=True)
