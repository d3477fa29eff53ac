"""Packet filters: who may connect to the mail servers of others."""

from __future__ import annotations

from collections.abc import Iterator

from mailproof.controls import MAY, Family, Harm, control, finding, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.packet_filters import EgressSeen, Way
from mailproof.references import M3AAWG_PORT_25, PRACTICE

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))


@control("EGRESS", MAY, M3AAWG_PORT_25, PRACTICE, harm=Harm.ABUSED)
def test_only_the_mail_server_connects_to_mail_servers(egress: EgressSeen, *, outside: tuple[str, ...] = ()) -> None:
    """The packet filter lets only the mail server connect to port 25 of others; where it leads web traffic through a
    filter, nobody goes around it.

    On a router the clients behind it are judged, on other machines the programs of other users. An address that the
    rules name alone counts as that of a mail server. Which interface leads outside is told by masquerading, or by the
    parameter `outside`.

    Why: a client or a web application that somebody took over sends spam past your server, from your address, which
    ends on blocklists.
    Fix: on the host, meta skuid postfix tcp dport 25 accept, then tcp dport 25 reject, in the chain of the hook output;
    on a router, the same with ip saddr of the mail server in the hook forward.
    """
    if egress.program not in ("nftables", "iptables"):
        not_applicable(f"{egress.program} is no packet filter")
    if not egress.chains:
        not_applicable("there are no rules: what is filtered is filtered elsewhere")
    if not egress.has_hook:
        senders = "clients behind the host" if egress.is_router else "programs of the host"
        finding(MAY, f"what {senders} send is not filtered: all may connect to port 25 of others")
    leads_outside = outside or egress.outside
    _check_mail(egress, leads_outside)
    for way in egress.web:
        if way.verdict == "accept" and way.leaves in leads_outside and way.arrives not in leads_outside:
            around = any(other.arrives == way.arrives and other.verdict == "redirect" for other in egress.web)
            says = "" if around else ", and what comes from other interfaces is redirected"
            finding(MAY, f"port 80 from {way}: it goes around the web filter{says}", at=way.place)


def _check_mail(egress: EgressSeen, outside: tuple[str, ...]) -> None:
    """Fail where a way outside is open; where no interface is known to lead there, whichever it is."""
    sides = list(dict.fromkeys(way.leaves for way in egress.mail))
    choices = [outside] if outside else [(side,) for side in sides]
    found = [list(_ways_out(egress, choice)) for choice in choices]
    open_ = [[way for way in ways if way.verdict == "accept"] for ways in found]
    if choices and all(open_):
        way = open_[0][0]
        finding(MAY, f"port 25 from {way}: it is let through", at=way.place)
    unread = [way for ways in found for way in ways if way.verdict == "unread"]
    if unread:
        raise NotAvailable(f"{unread[0].place}: what this rule does cannot be told from the file", egress.evidence())
    if any(open_):
        raise NotAvailable("which interface leads outside is not known: set the parameter outside", egress.evidence())


def _ways_out(egress: EgressSeen, outside: tuple[str, ...]) -> Iterator[Way]:
    return (way for way in egress.mail if way.leaves in outside and way.arrives not in outside)
