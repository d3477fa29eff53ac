"""Routing: which networks announce the addresses that mail depends on, and whether the RPKI permits it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.errors import KINDS, NotObserved
from mailproof.observations.routing import BlockOrigin, BlockRoutes, Route, ServerOrigins, Validity
from mailproof.references import INTERNET_NL, ZONEMASTER, rfc
from mailproof.targets.routing import AddressBlock

FAMILY = Family("BGP", "Routing", also=("NS",))

FRESH = timedelta(days=7)
"""How old validated payloads may be: ROAs are signed for days, and routes change."""


def _told(origin: BlockOrigin, what: Callable[[Route], str]) -> str:
    """What the routes that count say: those to the longest prefix, which wins over all others."""
    longest = max(_length(route) for route in origin.routes)
    told = dict.fromkeys(what(route) for route in origin.routes if _length(route) == longest)
    return " and ".join(sorted(told))


def _length(route: Route) -> int:
    return int(route.prefix.rpartition("/")[2])


def _require_diversity(seen: ServerOrigins, what: Callable[[Route], str]) -> None:
    """The routes to the servers differ in ``what``, in each family of which there are several addresses."""
    if seen.service:
        not_applicable(seen.service)
    unknown: list[NotObserved] = []
    families = [(version, seen.of_family(version)) for version in (4, 6)]
    several = [(version, addresses) for version, addresses in families if len(addresses) > 1]
    for version, addresses in several:
        found = {_told(origin, what) for _, origin in addresses if origin.routes}
        silent = [(address, origin) for address, origin in addresses if not origin.routes]
        if len(found) < 2 and silent:
            address, origin = silent[0]
            kind = KINDS.get(origin.kind, NotObserved)
            unknown.append(kind(origin.failure or f"nobody knows who announces {address}", seen.evidence()))
            continue
        assert len(found) > 1, f"all IPv{version} addresses of the servers of {seen.zone} are in {found.pop()}"
    if unknown:
        raise unknown[0]
    if not several:
        not_applicable(f"{seen.zone} has no two public addresses of one family whose routes are looked up")


@control("NS-AS-DIVERSITY", MAY, rfc(2182, "3.1"), ZONEMASTER, harm=Harm.LOST)
def test_name_servers_are_in_several_networks(server_origins: ServerOrigins) -> None:
    """The name servers of a zone are in more than one autonomous system, for each address family.

    Why: when the one network has a fault, or is attacked, the domain does not exist for anybody.
    Fix: have a secondary at another operator. A single anycast network may be wanted: then waive this.
    """
    for version in (4, 6):
        addresses = server_origins.of_family(version)
        known = len(addresses) > 1 and all(origin.routes for _, origin in addresses)
        if known and len({_told(origin, lambda route: route.prefix) for _, origin in addresses}) == 1:
            leave_to("NS-PREFIX-DIVERSITY", f"all IPv{version} addresses are in one prefix")
    _require_diversity(server_origins, lambda route: f"AS{route.asn}")


@control("NS-PREFIX-DIVERSITY", MAY, rfc(2182, "3.1"), ZONEMASTER, harm=Harm.LOST)
def test_name_servers_are_in_several_prefixes(server_origins: ServerOrigins) -> None:
    """The name servers of a zone are in more than one announced prefix, for each address family.

    Why: a prefix is announced or lost as a whole, and with it all servers in it.
    Fix: have a secondary in another network. A single anycast prefix may be wanted: then waive this.
    """
    _require_diversity(server_origins, lambda route: route.prefix)


def _routes(seen: BlockRoutes) -> tuple[Route, ...]:
    """The routes to a block. Raises NotObserved where they, or what is permitted, are not known."""
    if seen.service:
        not_applicable(seen.service)
    if seen.origin.failure:
        raise KINDS.get(seen.origin.kind, NotObserved)(seen.origin.failure, seen.evidence())
    if not seen.origin.routes:
        raise NotObserved(f"nobody knows who announces {seen.origin.block}", seen.evidence())
    if seen.age is not None and seen.age > FRESH:
        raise NotObserved(f"{seen.source} is {seen.age.days} days old", seen.evidence())
    return seen.origin.routes


@control("BGP-ROA-EXISTS", MAY, rfc(6811, "2"), INTERNET_NL, by_clock=True, harm=Harm.LOST)
def test_routes_have_roas(block_routes: BlockRoutes, address_block: AddressBlock) -> None:
    """Every route to an MX host or name server has a ROA.

    Why: without a ROA anybody may announce the prefix, take the mail, and get certificates for the domain.
    Fix: let the holder of the prefix publish a ROA for its origin AS; the registries (RIRs) have a page for it.
    """
    if not address_block.is_reached:
        not_applicable("no MX host or name server is in it; BGP-ROA-SENDING judges sending addresses and resolvers")
    missing = [str(route) for route in _routes(block_routes) if block_routes.validity(route) is Validity.NOT_FOUND]
    assert not missing, f"no ROA covers {', '.join(missing)} ({', '.join(address_block.uses)})"


@control("BGP-ROA-VALID", SHOULD, rfc(7115, "5"), rfc(6811, "2"), INTERNET_NL, by_clock=True, harm=Harm.LOST)
def test_routes_are_permitted_by_their_roas(block_routes: BlockRoutes, address_block: AddressBlock) -> None:
    """Every route to an MX host or name server that has a ROA is permitted by one.

    Why: networks that validate drop the route, and nobody in them reaches the host.
    Fix: correct origin AS or maximum length of the ROA, or the announcement; a foreign AS may be a hijack.
    """
    if not address_block.is_reached:
        not_applicable("no MX host or name server is in it; BGP-ROA-SENDING judges sending addresses and resolvers")
    wrong = [str(route) for route in _routes(block_routes) if block_routes.validity(route) is Validity.INVALID]
    assert not wrong, f"the ROAs do not permit {', '.join(wrong)} ({', '.join(address_block.uses)})"


@control("BGP-ROA-SENDING", MAY, rfc(6811, "2"), rfc(7115, "5"), by_clock=True, harm=Harm.LOST)
def test_routes_to_senders_have_roas(block_routes: BlockRoutes, address_block: AddressBlock) -> None:
    """Every route to a sending address or a resolver has a ROA that permits it.

    Why: who announces the prefix of a sender can send in its name, and SPF passes.
    Fix: let the holder of the prefix publish a ROA for its origin AS.
    """
    if address_block.is_reached:
        not_applicable("MX hosts or name servers are in it as well; BGP-ROA-EXISTS and BGP-ROA-VALID judge that")
    routes = _routes(block_routes)
    wrong = [str(route) for route in routes if block_routes.validity(route) is Validity.INVALID]
    if wrong:
        finding(SHOULD, f"the ROAs do not permit {', '.join(wrong)} ({', '.join(address_block.uses)})")
    missing = [str(route) for route in routes if block_routes.validity(route) is Validity.NOT_FOUND]
    assert not missing, f"no ROA covers {', '.join(missing)} ({', '.join(address_block.uses)})"
