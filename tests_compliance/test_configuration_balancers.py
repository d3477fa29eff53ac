"""Configuration files of balancers: they look whether the servers behind them live."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, fail, not_applicable
from mailproof.observations.balancers import BalancerSettings
from mailproof.references import PRACTICE

FAMILY = Family("CFG", "Configuration files")


@control("CFG-HEALTH", MAY, PRACTICE, harm=Harm.LOST)
def test_servers_behind_a_balancer_are_checked(balancer_settings: BalancerSettings) -> None:
    """A balancer checks every server behind it, where there are several.

    HAProxy and keepalived are read.

    Why: without a check the balancer goes on sending clients to a server that is dead, and every second one meets
    nobody.
    Fix: server mx1 192.0.2.1:25 check (HAProxy); SMTP_CHECK or TCP_CHECK in each real_server (keepalived).
    """
    groups = [group for group in balancer_settings.groups if len(group.servers) > 1]
    if not groups:
        not_applicable("no group of several servers is configured")
    for group in groups:
        for server in group.servers:
            if not server.checked:
                fail(f"{group.name}: {server.name} is not checked", at=server.place)
