"""Reverse DNS."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.observations.reverse import ClasslessDelegation, PTRPolicies, PTRPolicy, ReverseZone, ServerView

from ..observed import ADDRESS, HOST, answer, reverse
from .case import Table, advises, fails, passes, skips, undecided

_PTR = "25.2.0.192.in-addr.arpa"
_ZONE = "0-63.2.0.192.in-addr.arpa"


def _classless(
    *views: ServerView, names: tuple[str, ...] = (HOST,), aliases: tuple[str, ...] = (f"25.{_ZONE}",)
) -> ClasslessDelegation:
    ptr = answer(_PTR, "PTR", *(f"{name}." for name in names), aliases=aliases)
    return ClasslessDelegation(ADDRESS, ptr, _ZONE if aliases else None, views)


def _view(*names: str, authoritative: bool = True) -> ServerView:
    found = replace(answer(_PTR, "PTR", *(f"{name}." for name in names)), authoritative=authoritative)
    return ServerView("ns1.example.org[192.0.2.53]", found)


_SILENT = ServerView("ns2.example.org[192.0.2.54]", None, "timed out")


def _policies(*texts: str, helo: str = "helo.example.org", names: int = 1) -> PTRPolicies:
    found = tuple(PTRPolicy(HOST, answer(HOST, "TXT", *texts)) for _ in range(names))
    return PTRPolicies(ADDRESS, helo, found)


def _stands_in(zone: str, *declared: str, address: str = _PTR) -> ReverseZone:
    return ReverseZone(ADDRESS, address, (), zone, answer(zone, "SOA", "ns. h. 1 2 3 4 5"), declared)


_NETWORK = "2.0.192.in-addr.arpa"

TABLE: Table = {
    "PTR-EXISTS": (
        passes(reverse_dns=reverse(HOST)),
        fails("no PTR", level=SHOULD, reverse_dns=reverse()),
    ),
    "PTR-FCRDNS": (
        passes(reverse_dns=reverse(HOST)),
        passes(reverse_dns=reverse("other.example", HOST, forward={"other.example": ("192.0.2.99",)})),
        passes(reverse_dns=reverse(HOST, address="2001:db8::25", forward={HOST: ("2001:0db8:0::25",)})),
        passes(reverse_dns=reverse("other.example", HOST, forward={"other.example": "timed out"})),
        fails("leads to 192.0.2.99", level=SHOULD, reverse_dns=reverse(HOST, forward={HOST: ("192.0.2.99",)})),
        fails("leads to no address", reverse_dns=reverse(HOST, forward={HOST: ()})),
        undecided("timed out", reverse_dns=reverse(HOST, forward={HOST: "timed out"})),
        skips("no PTR", reverse_dns=reverse()),
    ),
    "PTR-2317": (
        passes(classless_delegation=_classless(_view(HOST), _view(HOST))),
        fails(
            "2 aliases in a row",
            classless_delegation=_classless(_view(HOST), aliases=("a.example", "b.example")),
        ),
        fails("no name server", classless_delegation=_classless()),
        fails("has no PTR", classless_delegation=_classless(_view(), names=())),
        fails("does not answer for the zone", classless_delegation=_classless(_view(HOST, authoritative=False))),
        fails("says old.example.org", classless_delegation=_classless(_view("old.example.org"), _SILENT)),
        fails("says nothing", classless_delegation=_classless(_view())),
        undecided("timed out", classless_delegation=_classless(_view(HOST), _SILENT)),
        skips("not an alias", classless_delegation=_classless(_view(HOST), aliases=())),
    ),
    "PTR-QUALITY": (
        passes(reverse_dns=reverse(HOST)),
        advises("2 PTR names", reverse_dns=reverse(HOST, "mx2.example.org")),
        *(
            fails("spells out", level=SHOULD, reverse_dns=reverse(f"{name}.isp.example"))
            for name in (
                *(
                    "192-0-2-25",
                    "25.2.0.192",
                    "192x0x2x25",
                    "ip192000002025",
                    "025002000192",
                    "c0000219",
                    "a-192_0_2_25-b",
                ),
            )
        ),
        *(
            passes(reverse_dns=reverse(f"{name}.example.org"))
            for name in ("mx192-02", "1920225", "mx-192-0-2-250", "1192-0-2-25", "mail.dslmarket", "out7.static-shop")
        ),
        *(
            fails("spells out", reverse_dns=reverse(f"{name}.isp.example", address="2001:db8:7::3"))
            for name in (
                *(
                    "2001-db8-7--3",
                    "2001.db8.7.0.0.0.0.3",
                    "2001-0db8-0007-0000-0000-0000-0000-0003",
                    "x2001-db8-7--3x",
                ),
                *("20010db8000700000000000000000003", "3-0-0-0-0-7-db8-2001"),
                "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.8.b.d.0.1.0.0.2",
            )
        ),
        *(
            passes(reverse_dns=reverse(f"{name}.example.org", address="2001:db8:7::3"))
            for name in ("mx-2001-db8-7--31", "mx3", "db8-7-3", "a2001-db8-7--3")
        ),
        fails("the word dyn", level=SHOULD, reverse_dns=reverse("dyn7.isp.example")),
        skips("no PTR", reverse_dns=reverse()),
    ),
    "RDNS-SPF": (
        passes(ptr_policies=_policies("v=spf1 a -all")),
        passes(ptr_policies=_policies("other", "V=SPF1")),
        advises("publishes no SPF", ptr_policies=_policies("v=spf10 a -all")),
        advises("publishes no SPF", ptr_policies=_policies()),
        skips("does not say", ptr_policies=_policies(helo="", names=0)),
        skips("differs from", ptr_policies=_policies(names=0)),
    ),
    "PTR-OWNER": (
        passes(reverse_zone=_stands_in(_NETWORK, _NETWORK)),
        passes(reverse_zone=_stands_in(_ZONE, _ZONE)),
        passes(reverse_zone=_stands_in(f"0/26.{_NETWORK}", f"0/26.{_NETWORK}")),
        fails("stands in the zone isp.example", level=SHOULD, reverse_zone=_stands_in("isp.example", _NETWORK)),
        fails("as the inventory says", reverse_zone=_stands_in(_NETWORK, _ZONE)),
        fails("0/26.2.0.192", reverse_zone=_stands_in(_NETWORK, f"0/26.{_NETWORK}")),
        skips("names no reverse zone", reverse_zone=_stands_in(_NETWORK)),
        skips("names no reverse zone", reverse_zone=_stands_in(_NETWORK, f"64/26.{_NETWORK}", f"26-63.{_NETWORK}")),
        skips("names no reverse zone", reverse_zone=_stands_in(_NETWORK, "0.0.10.in-addr.arpa", "8.b.d.0.ip6.arpa")),
    ),
}
