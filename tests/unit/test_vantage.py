"""What is blamed on the tester, and above all what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailproof.net.errors import NO_IPV6, LyingResolver, NoIPv6, NoResolver, NotObserved, Refused, TimedOut
from mailproof.net.smtp import Reply
from mailproof.observations.smtp import SMTPPort
from mailproof.observations.tls import Certificates
from mailproof.probes.probe import Outcome
from mailproof.record import Record
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MailExchange, MXEndpoint
from mailproof.vantage import Fault, look

from .observed import RECEIVES, certificates, mx, session, sts_policy

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NETWORKS = ("192.88.98.25", "8.8.8.8", "9.9.9.9", "1.1.1.1")


def endpoint(address: str) -> MXEndpoint:
    return MXEndpoint(f"mx-{address.replace('.', '-')}.example", address, 25, domains=("example.org",))


def record(outcomes: dict[tuple[str, str], Outcome], *targets: Target) -> Record:
    return Record("lab", AT.isoformat(), Targets.collect(targets), outcomes, {}, {})


def no_connection(address: str, kind: type[NotObserved] = TimedOut, real: str | None = None) -> NotObserved:
    reason = f"no connection to {address}:25 within 10 s"
    steps = [f"connecting to {real or address}:25 for mx.example", reason]
    return kind(reason, tuple(f"   0.000 -: {step}" for step in steps))


def unreachable(
    *addresses: str, kind: type[NotObserved] = TimedOut, more: Mapping[str, Outcome] | None = None
) -> Record:
    """Nothing answers on port 25 of ``addresses``, and the DNS works."""
    hosts = [endpoint(address) for address in addresses]
    outcomes: dict[tuple[str, str], Outcome] = {("smtp_session", h.id): no_connection(h.address, kind) for h in hosts}
    outcomes["mx", "example.org"] = mx("10 mx.example.")
    for address, outcome in (more or {}).items():
        other = endpoint(address)
        hosts.append(other)
        outcomes["smtp_session", other.id] = outcome
    return record(outcomes, *hosts)


def test_a_lying_resolver_is_told_once_wherever_it_got_in_the_way() -> None:
    lie = LyingResolver("the resolver lies")
    by_probe = record({("spf", "a.example"): lie, ("dmarc", "b.example"): lie})
    assert look(by_probe).faults == {Fault.LYING_RESOLVER: "the resolver lies"}
    by_discovery = record({}, Undiscovered(MXEndpoint, "MX of a.example", lie.reason, failure=lie.kind))
    assert look(by_discovery).faults == {Fault.LYING_RESOLVER: "the resolver lies"}
    assert look(record({("mx", "a.example"): mx("10 mx.example.")})).faults == {}


@pytest.mark.parametrize("kind", [TimedOut, Refused])
def test_port_25_is_blocked_where_nobody_in_three_networks_can_be_reached(kind: type[NotObserved]) -> None:
    seen = unreachable(*NETWORKS, kind=kind)
    vantage = look(seen)
    assert list(vantage.faults) == [Fault.PORT_25_BLOCKED]
    text = vantage.faults[Fault.PORT_25_BLOCKED]
    assert text.startswith("outgoing port 25 seems to be blocked here: ")
    assert "4 MX addresses in 4 networks" in text
    for target in seen.targets:
        assert isinstance(target, MXEndpoint)
        for judged in (target, MailExchange(RECEIVES, target)):
            told = vantage.retold(no_connection(target.address), judged)
            assert (type(told), told.reason) == (TimedOut, text)
            assert told.evidence == no_connection(target.address).evidence
    other = NotObserved("the certificate does not parse")
    assert vantage.retold(other, endpoint("8.8.8.8")) is other
    assert vantage.retold(other, MailHost("mx.example")) is other


def test_a_blocked_port_is_no_finding_about_the_hosts_behind_it() -> None:
    vantage = look(unreachable(*NETWORKS, kind=Refused))
    host = endpoint(NETWORKS[0])
    doubt = vantage.doubts(SMTPPort(host.id, False, ("connecting",)), host)
    assert doubt is not None
    assert doubt.reason == vantage.faults[Fault.PORT_25_BLOCKED]
    assert vantage.doubts(SMTPPort(host.id, True, ()), host) is None
    assert look(unreachable(NETWORKS[0], kind=Refused)).doubts(SMTPPort(host.id, False, ()), host) is None


@pytest.mark.parametrize(
    "seen",
    [
        unreachable(*NETWORKS[:2]),
        unreachable("8.8.8.8", "8.8.8.9", "8.8.8.10", "8.8.8.11"),
        unreachable("10.0.0.1", "192.168.1.1", "172.16.0.1"),
        unreachable(*NETWORKS, more={"8.8.4.4": session()}),
        unreachable(*NETWORKS, more={"8.8.4.4": TimedOut("no greeting", ("0 -: connecting to x", "0 -: connected"))}),
        unreachable(*NETWORKS, more={"8.8.4.4": no_connection("8.8.4.4", Refused)}),
        unreachable(*NETWORKS, more={"8.8.4.4": Refused("8.8.4.4:25 is not part of the offline world")}),
        unreachable(*NETWORKS, more={"8.8.4.4": no_connection("8.8.4.4", real="127.0.0.1")}),
        replace(unreachable(*NETWORKS), outcomes=dict(list(unreachable(*NETWORKS).outcomes.items())[:-1])),
    ],
    ids=[
        *("two hosts", "one network", "private", "one answers", "one is silent", "refused and silent", "offline"),
        *("connect map", "nothing works at all"),
    ],
)
def test_dead_hosts_are_not_a_blocked_port(seen: Record) -> None:
    assert look(seen).faults == {}


def test_missing_ipv6_and_resolver_are_told_once() -> None:
    hosts = [endpoint("2600::1"), endpoint("2600::2")]
    outcomes: dict[tuple[str, str], Outcome] = {}
    for probe in ("smtp_session", "tls_offers"):
        outcomes |= {(probe, host.id): NoIPv6(NO_IPV6) for host in hosts}
    outcomes |= {("spf", f"{n}.example"): NoResolver("no resolver answers (127.0.0.1:53)") for n in "abc"}
    assert list(look(record(outcomes, *hosts)).faults.items()) == [
        (Fault.NO_RESOLVER, "no resolver answers (127.0.0.1:53)"),
        (Fault.NO_IPV6, "this machine has no IPv6: 2 targets could not be looked at"),
    ]


def policies(*offsets: timedelta, addresses: tuple[str, ...] = NETWORKS) -> Record:
    """Policy hosts whose Date headers differ from our clock by ``offsets``."""
    outcomes: dict[tuple[str, str], Outcome] = {}
    for number, (offset, address) in enumerate(zip(offsets, addresses, strict=False)):
        found = sts_policy()
        assert found.response is not None
        date = (AT + offset).strftime("%a, %d %b %Y %H:%M:%S GMT")
        response = replace(found.response, address=address, headers=(("date", date),))
        outcomes["sts_policy", f"{number}.example"] = replace(found, response=response)
    return record(outcomes)


DAYS = timedelta(days=400)


@pytest.mark.parametrize(("offset", "words"), [(DAYS, "400 days behind"), (-DAYS, "400 days ahead of")])
def test_a_clock_that_three_networks_speak_against_is_doubted_and_no_more(offset: timedelta, words: str) -> None:
    seen = policies(offset, offset + timedelta(minutes=5), offset)
    vantage = look(seen)
    assert words in vantage.faults[Fault.CLOCK_DOUBTED]
    assert vantage.doubt(by_clock=True) is None, "strangers cannot silence findings"
    assert look(replace(seen, clock_synchronised=True)).faults == {}
    assert look(replace(seen, root_signature=signed(timedelta(0)))).faults == {}


def signed(offset: timedelta) -> tuple[str, str]:
    """The root's signature as it is at a time that differs from our clock by ``offset``."""
    return tuple((AT + offset + timedelta(days=days)).isoformat() for days in (-6, 7))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("offset", "words"), [(DAYS, "394 days behind the beginning"), (-DAYS, "393 days past the end")]
)
def test_a_clock_that_the_root_of_the_dns_speaks_against_is_wrong(offset: timedelta, words: str) -> None:
    vantage = look(replace(policies(timedelta(0)), root_signature=signed(offset)))
    assert words in vantage.faults[Fault.CLOCK_WRONG]
    doubt = vantage.doubt(by_clock=True)
    assert doubt is not None
    assert words in doubt.reason
    assert vantage.doubt(by_clock=False) is None


@pytest.mark.parametrize("days", [-7, -5, 0, 5, 6])
def test_a_clock_within_the_root_signature_is_right(days: int) -> None:
    assert look(replace(policies(DAYS, DAYS, DAYS), root_signature=signed(timedelta(days=days)))).faults == {}


@pytest.mark.parametrize(
    "seen",
    [
        policies(timedelta(0), timedelta(0), timedelta(0)),
        policies(timedelta(hours=3), timedelta(hours=3), timedelta(hours=3)),
        policies(DAYS, DAYS),
        policies(DAYS, DAYS, DAYS, addresses=("8.8.8.1", "8.8.8.2", "8.8.8.3")),
        policies(DAYS, DAYS, DAYS, timedelta(0)),
        policies(DAYS, DAYS, -DAYS),
    ],
    ids=["right", "a time zone", "two hosts", "one network", "one says it is right", "they disagree"],
)
def test_a_clock_is_not_doubted_because_some_servers_are(seen: Record) -> None:
    assert look(seen).faults == {}


def test_greetings_and_certificates_tell_the_time_too() -> None:
    hosts = [endpoint(address) for address in NETWORKS[:3]]
    greeting = Reply(220, ("mx.example ESMTP Exim 4.96 Sun, 22 Nov 2027 12:00:00 +0100",))
    outcomes: dict[tuple[str, str], Outcome] = {
        ("smtp_session", host.id): replace(session(), greeting=greeting) for host in hosts[:1]
    }
    outcomes |= {("certificates", host.id): issued(AT + timedelta(days=40)) for host in hosts[1:]}
    assert "days behind" in look(record(outcomes, *hosts)).faults[Fault.CLOCK_DOUBTED]
    one = [replace(host, host="mx.example") for host in hosts]
    dated = {("certificates", host.id): issued(AT + timedelta(days=40)) for host in one}
    assert look(record({**dated}, *one)).faults == {}, "three addresses of a host are one witness"
    expired = {("certificates", host.id): issued(AT - timedelta(days=4000)) for host in hosts}
    assert look(record({**expired}, *hosts)).faults == {}


def issued(at: datetime) -> Certificates:
    found = certificates()
    deployment = found.deployments[0]
    leaf = replace(deployment.chain.leaf, not_before=at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    chain = replace(deployment.chain, facts=(leaf, *deployment.chain.facts[1:]))
    return replace(found, at=AT.isoformat(), deployments=(replace(deployment, chain=chain),))


def test_a_tester_that_servers_may_refuse_is_told() -> None:
    lacking = replace(record({}), lacks=("PTR of 192.0.2.9: no name", "EHLO name: x does not lead to 192.0.2.9"))
    (text,) = look(lacking).faults.values()
    assert "PTR of 192.0.2.9: no name; EHLO name" in text
    assert not look(record({})).faults
