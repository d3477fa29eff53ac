"""Looks at CAA records by climbing the tree (RFC 8659, section 3)."""

from __future__ import annotations

from mailproof.inventory.budgets import MAX_CAA_STEPS
from mailproof.net.dns.client import Answer
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.caa import CAA
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailHost


@probe()
async def caa(host: MailHost, net: Network) -> CAA:
    """CAA at the host's name, then at each name above it until one has some: never above the end of an alias."""
    steps: list[Answer] = []
    labels = host.name.split(".")
    for cut in range(len(labels)):
        if cut == MAX_CAA_STEPS:
            raise NotObserved(f"{host.name} has more than {MAX_CAA_STEPS} labels: no name above is asked for CAA")
        steps.append(await net.dns.resolve(".".join(labels[cut:]), "CAA"))
        if steps[-1].records:
            break
    return CAA(host.name, tuple(steps))
