"""The manners towards hosts: mail connections one after the other, HTTPS requests a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits

ADDRESS = "192.0.2.25"


def busiest(limits: Limits, choose: Callable[[Hosts], Callable[[str, int], AbstractAsyncContextManager[None]]]) -> int:
    """How many of six who come at the same time hold a slot at once."""

    async def run() -> int:
        hosts = Hosts(limits)
        inside = most = 0

        async def visit() -> None:
            nonlocal inside, most
            async with choose(hosts)(ADDRESS, 25):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(visit() for _ in range(6)))
        assert hosts.connections == {ADDRESS: 6}
        return most

    return asyncio.run(run())


def test_mail_connections_to_a_host_come_one_after_the_other() -> None:
    assert busiest(Limits(pause=0), lambda hosts: hosts.connection) == 1
    assert busiest(Limits(pause=0, connections_per_host=2), lambda hosts: hosts.connection) == 2


def test_requests_to_a_web_server_run_beside_each_other_within_their_own_limit() -> None:
    assert busiest(Limits(pause=60), lambda hosts: hosts.request) == 6
    assert busiest(Limits(pause=60, requests_per_host=3), lambda hosts: hosts.request) == 3


def test_the_limit_over_all_hosts_holds_for_both() -> None:
    assert busiest(Limits(pause=0, connections=2), lambda hosts: hosts.request) == 2
    assert busiest(Limits(pause=0, connections=2, connections_per_host=6), lambda hosts: hosts.connection) == 2
