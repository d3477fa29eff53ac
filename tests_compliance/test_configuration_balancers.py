"""Configuration files of balancers: they look whether the servers behind them live."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.balancers import BalancerSettings
from mailproof.references import PRACTICE

FAMILY = Family("CFG", "Configuration files")


@control("CFG-HEALTH", MAY, PRACTICE, harm=Harm.LOST, allowed={"least_servers": Between(1, 100)})
def test_servers_behind_a_balancer_are_checked(balancer_settings: BalancerSettings, *, least_servers: int = 1) -> None:
    """A balancer checks every server behind it, where there are several.

    HAProxy and keepalived are read. A balancer before one server is none, and often meant so: who wants several behind
    each sets least_servers to 2.

    Why: without a check the balancer goes on sending clients to a server that is dead, and every second one meets
    nobody.
    Fix: server mx1 192.0.2.1:25 check (HAProxy); SMTP_CHECK or TCP_CHECK in each real_server (keepalived).
    """
    for group in balancer_settings.groups:
        if len(group.servers) < least_servers and group.is_whole:
            where = group.servers[0].place if group.servers else None
            fail(f"{group.name}: {len(group.servers)} servers, fewer than {least_servers}", at=where)
    groups = [group for group in balancer_settings.groups if len(group.servers) > 1]
    servers = [(group, server) for group in groups for server in group.servers]
    for group, server in servers:
        if server.checked is False:
            fail(f"{group.name}: {server.name} is not checked", at=server.place)
    if balancer_settings.unread:
        told = f"{balancer_settings.unread[0]:.80} is included and not read: name it in the inventory"
        raise NotAvailable(told, balancer_settings.evidence())
    for group, server in servers:
        if not server.checked:
            told = (
                f"{server.place}: {group.name}: whether {server.name} is checked hangs on a condition or a definition"
            )
            raise NotAvailable(told, balancer_settings.evidence())
    if not groups:
        not_applicable("no group of several servers is configured")
