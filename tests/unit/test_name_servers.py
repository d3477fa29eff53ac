"""What the probe of name servers sees of a real server with each fault, and that it asks no more than it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from mailproof.fixtures.dns_faults import Fault
from mailproof.fixtures.dns_responder import Behaviour
from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.client import Answer
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.observations.authorities import NameServerAnswers, Silence, Transfer
from mailproof.probes.authorities import server_answers, zone_transfer
from mailproof.probes.probe import read_probe
from mailproof.targets.base import Targets
from mailproof.targets.zones import NameServer
from tests.unit.cases.case import judged

from .zone_world import EXAMPLE

ZONE, ADDRESS, OTHER = "example.com", "192.0.2.53", "192.0.2.54"
SERVER = NameServer(ZONE, f"ns1.{ZONE}", ADDRESS)
TARGETS = Targets.collect([SERVER, NameServer(ZONE, f"ns2.{ZONE}", OTHER)])
PATIENT = Limits(dns=20, dns_tries=1)
IMPATIENT = Limits(dns=0.5, dns_tries=1)
"""For servers that never answer: what the test waits for is the deadline itself."""


@dataclass
class Seen:
    """What the probes saw, and how many questions the server was asked."""

    answers: NameServerAnswers
    transfer: Transfer
    asked: int


async def _nothing_known(probe: object, target: object) -> Any:
    raise NotObserved("nothing is known of the parent")


def look_at(fault: Fault | None = None, *, silent_over: Iterable[str] = (), source: str = "") -> Seen:
    """Ask a server with a fault beside one without."""

    async def run() -> Seen:
        zone = parse_zone(ZONE, EXAMPLE)
        behaviour = {"*": Behaviour(fault)} if fault else {}
        server, other = DNSServer([zone], behaviour=behaviour, silent_over=silent_over), DNSServer([zone])
        places = {
            str(SocketAddress(ADDRESS, 53)): await server.start(source=source),
            str(SocketAddress(OTHER, 53)): await other.start(),
        }
        limits = IMPATIENT if silent_over or source or fault in (Fault.AAAA_DROPPED, Fault.LARGE_LOST) else PATIENT
        net = Network(NetSettings((SocketAddress(OTHER, 53),), connect=places, limits=limits, offline=True))
        answers = await server_answers(SERVER, net, _nothing_known, TARGETS)
        asked = len(server.asked)
        transfer = await zone_transfer(SERVER, net)
        await asyncio.gather(net.close(), server.stop(), other.stop())
        return Seen(answers, transfer, asked)

    return asyncio.run(run())


CONTROLS = (
    *("NS-UDP", "NS-TCP", "NS-SOURCE-ADDR", "NS-NO-RECURSION", "NS-EDNS0", "NS-EDNS-UNKNOWN", "NS-COOKIES", "NS-PMTU"),
    *(
        "NS-ANSWER-SIZE",
        "NS-AAAA-QUERY",
        "NS-NO-UPWARD-REFERRAL",
        "NS-CASE",
        "NS-VERSION-HIDDEN",
        "NS-NEGATIVE-ANSWERS",
    ),
    *("NS-CNAME-SANITY", "NS-ANY-MINIMAL"),
)


def blamed(seen: Seen) -> dict[str, str]:
    """The controls that object, with what they say."""
    judgements = {id: judged(id, {"server_answers": seen.answers}) for id in CONTROLS}
    return {id: one.observed for id, one in judgements.items() if one.verdict in ("fail", "advice")}


def test_a_right_server_is_blamed_for_nothing_and_asked_no_more_than_the_plan_says() -> None:
    seen = look_at()
    assert blamed(seen) == {}
    probe = read_probe(server_answers)
    assert probe is not None
    assert seen.asked <= probe.questions
    assert not [said for said in seen.answers.asked if isinstance(said, Silence)]
    assert not seen.transfer.given


@pytest.mark.parametrize(
    ("fault", "control"),
    [
        (Fault.RECURSION, "NS-NO-RECURSION"),
        (Fault.UNKNOWN_OPTION_ECHOED, "NS-EDNS-UNKNOWN"),
        (Fault.VERSION_1_TAKEN, "NS-EDNS-UNKNOWN"),
        (Fault.EDNS_IGNORED, "NS-EDNS0"),
        (Fault.NO_EDNS, "NS-EDNS0"),
        (Fault.WRONG_COOKIE, "NS-COOKIES"),
        (Fault.LOWER_CASE, "NS-CASE"),
        (Fault.CASE_MATTERS, "NS-CASE"),
        (Fault.NEGATIVE_WITHOUT_SOA, "NS-NEGATIVE-ANSWERS"),
        (Fault.AAAA_UNKNOWN, "NS-AAAA-QUERY"),
        (Fault.AAAA_DROPPED, "NS-AAAA-QUERY"),
        (Fault.VERSION_TOLD, "NS-VERSION-HIDDEN"),
        (Fault.LARGE, "NS-ANSWER-SIZE"),
        (Fault.LARGE_LOST, "NS-PMTU"),
        (Fault.ALIAS, "NS-CNAME-SANITY"),
        (Fault.ROOT_REFERRAL, "NS-NO-UPWARD-REFERRAL"),
    ],
)
def test_a_fault_is_one_finding(fault: Fault, control: str) -> None:
    assert list(blamed(look_at(fault))) == [control]


def test_a_server_that_says_nothing_over_one_protocol_is_told_from_a_lossy_way_by_another_server() -> None:
    assert list(blamed(look_at(silent_over=["udp"]))) == ["NS-UDP"]
    assert list(blamed(look_at(silent_over=["tcp"]))) == ["NS-TCP"]
    dead = look_at(silent_over=["udp", "tcp"])
    assert list(blamed(dead)) == ["NS-UDP"]
    assert dead.asked <= 3


def test_an_answer_from_another_address_is_seen() -> None:
    seen = look_at(source="127.0.0.2")
    assert seen.answers.stray == "127.0.0.2"
    assert list(blamed(seen)) == ["NS-SOURCE-ADDR"]


def test_a_server_without_the_zone_is_not_asked_further() -> None:
    seen = look_at(Fault.REFUSED)
    assert seen.asked == 2
    assert blamed(seen) == {}


def test_a_name_in_mixed_case_is_repeated_as_it_was_sent() -> None:
    mixed = look_at().answers.mixed_case
    assert isinstance(mixed, Answer)
    assert mixed.envelope is not None
    assert mixed.envelope.question == "ExAmPlE.CoM"
