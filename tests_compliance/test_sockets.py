"""Where the programs of a host listen: nothing is open that nobody meant to open."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.sockets import Listening
from mailproof.references import PRACTICE

FAMILY = Family("CFG", "Configuration files")

EXPECTED = (22, 80, 443)
"""Ports that mail hosts have open besides: SSH and the web."""


@control("CFG-SERVICES-CLOSED", MAY, PRACTICE, harm=Harm.ABUSED)
def test_only_declared_services_are_reached(listening: Listening, *, also: tuple[str, ...] = ()) -> None:
    """Of the programs that listen on a host, strangers reach those alone that the inventory has, by what `ss -ltn` and
    the rules of the packet filter say.

    Services are those of the inventory's roles, SSH and the web (22, 80, 443), and the ports of the parameter `also`. A
    firewall in front of the host is not seen.

    Why: what listens without anybody's knowledge is not kept up to date, and is what strangers try first.
    Fix: bind the program to 127.0.0.1, refuse its port in the packet filter, or declare it: roles of the host in the
    inventory, or `controls: {CFG-SERVICES-CLOSED: {also: ["5432"]}}`.
    """
    if listening.program != "sockets":
        not_applicable(f"{listening.program} tells of no sockets")
    allowed = {*map(str, (*listening.declared, *EXPECTED)), *also}
    unknown = [one for one in listening.sockets if str(one.port) not in allowed]
    for one in unknown:
        if one.verdict == "accept":
            more = sum(other.verdict == "accept" for other in unknown) - 1
            others = f", and {more} others" if more else ""
            fail(
                f"{one.where} listens, strangers reach it, and no service of the inventory is there{others}",
                at=one.place,
            )
    unread = [one for one in unknown if one.verdict == "unread"]
    if unread:
        reason = f"whether strangers reach {unread[0].where} cannot be told from the packet filter"
        raise NotAvailable(reason, listening.evidence())
