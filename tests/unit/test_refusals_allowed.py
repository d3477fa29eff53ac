"""How much an address may refuse us, and what becomes of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from mailproof.net.addresses import is_here
from mailproof.net.errors import Unasked
from mailproof.net.refusals import WINDOW, Refusals
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.targets.services import MXEndpoint

SERVER = MXEndpoint("mx.example", "192.0.2.25", 25)
SAME_ADDRESS = MXEndpoint("mail.example", "192.0.2.25", 587)
OTHER = MXEndpoint("mx.example", "192.0.2.26", 25)
HERE = {"192.0.2.25:25": SocketAddress("127.0.0.1", 2525)}


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def refusals(clock: Clock, wait: float = 0.0, connect: Mapping[str, SocketAddress] | None = None) -> Refusals:
    limits = Limits(refusals=4, refusals_wait=wait)
    return Refusals(NetSettings(limits=limits, connect=connect or {}), clock.now, clock.sleep)


def asked(counted: Refusals, server: MXEndpoint = SERVER, most: int = 20, kept: int = 0) -> int:
    """How many recipients that it refuses a server is asked for."""

    async def run() -> int:
        for number in range(most):
            if not await counted.room(server, kept):
                return number
            counted.count(server)
        return most

    return asyncio.run(run())


def test_an_address_refuses_four_times_whatever_the_port() -> None:
    counted = refusals(Clock())
    assert asked(counted) == 4
    assert asked(counted, SAME_ADDRESS) == 0
    assert asked(counted, OTHER) == 4
    with pytest.raises(Unasked, match="refusals_wait"):
        asyncio.run(counted.require(SERVER))


def test_what_is_ten_minutes_old_counts_no_more() -> None:
    clock = Clock()
    counted = refusals(clock)
    assert asked(counted) == 4
    clock.seconds += WINDOW - 1
    assert asked(counted) == 0
    clock.seconds += 1
    assert asked(counted) == 4


@pytest.mark.parametrize(("wait", "number"), [(WINDOW - 1, 4), (WINDOW, 8), (3 * WINDOW, 16)])
def test_a_run_may_wait_for_more(wait: float, number: int) -> None:
    clock = Clock()
    assert asked(refusals(clock, wait)) == number
    assert clock.seconds - 1000 <= wait


def test_a_server_on_this_machine_may_always_be_asked() -> None:
    assert asked(refusals(Clock(), connect=HERE)) == 20
    assert asked(refusals(Clock(), connect=HERE), OTHER) == 4


def test_what_is_kept_for_another_question_is_not_used_up() -> None:
    counted = refusals(Clock())
    assert asked(counted, kept=2) == 2
    assert asked(counted, kept=2) == 0
    assert asked(counted) == 2
    assert asked(refusals(Clock(), wait=WINDOW), kept=4) == 0


def test_an_address_of_this_machine_is_here_and_no_other() -> None:
    assert is_here("127.0.0.53")
    assert is_here("::1")
    assert not is_here("192.0.2.25")
    assert not is_here("2001:db8::25")
    assert not is_here("0.0.0.0")
