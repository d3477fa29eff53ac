"""IPv6 of MX hosts, and the way from the root."""

from __future__ import annotations

from mailproof.observations.paths import IPv6Path, NameServerRings, Ring, ZoneOnTheWay

from ..observed import ADDRESS, DOMAIN
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .mx import PUBLIC, host

_PUBLIC6 = "2606:4700::25"


def _path(*zones: ZoneOnTheWay, unknown: tuple[str, ...] = ()) -> IPv6Path:
    return IPv6Path(DOMAIN, DOMAIN, (*zones, ZoneOnTheWay("org", ("a.org",), "a.org")), unknown)


_LIT = ZoneOnTheWay(DOMAIN, ("ns1", "ns2"), "ns2")
_DARK = ZoneOnTheWay(DOMAIN, ("ns1", "ns2"))
_DARK_HOST = ZoneOnTheWay("host.example", ("ns1.host.example",))
_UNKNOWN = ZoneOnTheWay("host.example", ("ns1.host.example",), failure="ns1.host.example: timed out")

TABLE: Table = {
    "V6-MX-AAAA": (
        passes(host_addresses=host(PUBLIC, _PUBLIC6)),
        passes(host_addresses=host(_PUBLIC6)),
        advises("has no IPv6 address", host_addresses=host(PUBLIC)),
        advises("has no public IPv6 address", host_addresses=host(PUBLIC, "fd00::1")),
        leaves("MX-RESOLVES", host_addresses=host()),
        leaves("MX-PUBLIC-ADDR", host_addresses=host("127.0.0.1")),
        leaves("MX-PUBLIC-ADDR", host_addresses=host(ADDRESS, "fd00::1")),
        passes(host_addresses=host("fd00::1", _PUBLIC6)),
        skips("no MX record names", host_addresses=host(ADDRESS, domains=())),
    ),
    "DEL-V6-PATH": (
        passes(ipv6_path=_path(_LIT)),
        advises("no server of host.example has", ipv6_path=_path(_LIT, _DARK_HOST)),
        advises("no server of host.example has", ipv6_path=_path(_DARK, _DARK_HOST, _UNKNOWN)),
        leaves("V6-NS-AAAA", f"no server of {DOMAIN} has an IPv6 address", ipv6_path=_path(_DARK)),
        undecided("timed out", ipv6_path=_path(_LIT, _UNKNOWN)),
        undecided("too deep", ipv6_path=_path(_LIT, unknown=("mx.example.org: too deep",))),
    ),
    "DEL-NO-CYCLE": (
        passes(name_server_rings=NameServerRings(DOMAIN, ())),
        passes(name_server_rings=NameServerRings(DOMAIN, ("ns.gone.example",))),
        fails(
            "ns.a.example cannot be resolved: a.example needs b.example needs a.example",
            name_server_rings=NameServerRings(
                DOMAIN, ("ns.a.example",), (Ring("ns.a.example", ("a.example", "b.example")),)
            ),
        ),
    ),
}
