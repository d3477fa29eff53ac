"""The files of a host's network: IPv6 addresses that can be reached, and the one that mail leaves from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv6Interface, IPv6Network

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.net.addresses import is_public
from mailproof.observations.address_plans import AddressPlan, PlannedAddress, PlannedLink
from mailproof.places import Place
from mailproof.references import rfc

FAMILY = Family("V6", "IPv6, and the way from the root", also=("DEL", "IPV6"))

_ULA = IPv6Network("fc00::/7")
_LENGTHS = (64, 127, 128)
"""Of a link (RFC 4291, section 2.5.1), between two routers (RFC 6164), and of an address alone."""


@control("IPV6-PLAN", SHOULD, rfc(4291, "2.5.1"), rfc(3879, "4"), rfc(4193, "3"), rfc(4862, "5.5.3"), harm=Harm.LOST)
def test_the_links_have_prefixes_of_their_own(address_plan: AddressPlan) -> None:
    """Each link has a /64 of its own, of addresses that the internet or the site routes, and there is a way out.

    An address that stands in a file and on an interface is judged where it stands in the file.

    Read are networkd, ifupdown, netplan, radvd, and what `ip -j address` and `ip -6 -j route` say. Addresses of a site
    of its own (fc00::/7) and link-local ones are right beside others. A default route is missing where a link has a
    public address, no file sets one, and router advertisements are switched off.

    Why: what has no route, or a prefix that stands on two links, is reached now and then or never, and mail waits for
    timeouts before it is tried over IPv4.
    Fix: give each link and each tunnel a /64 of the /48 or /56 of the site, and one of them the route ::/0.
    """
    every = [_readable(link) for link in address_plan.links]
    links = list(_judged_here(every, address_plan.elsewhere))
    if not any(link.addresses or link.announced for link in every):
        not_applicable(f"{address_plan.program} sets no IPv6 addresses")
    prefixes = [(link.name, prefix, place) for link in links for prefix, place in _prefixes(link)]
    for name, prefix, place in prefixes:
        if not (is_public(str(prefix.network_address)) or prefix.subnet_of(_ULA)):
            fail(f"{name}: {prefix} is no prefix that anybody routes", at=place)
    _check_announced(links)
    _check_apart(
        _Stands(link.name, prefix, place, own=(prefix, place) in set(_prefixes(judged)))
        for link, judged in zip(every, links, strict=True)
        if link.matched
        for prefix, place in _prefixes(link)
    )
    if not _lacks_way_out(map(_readable, address_plan.elsewhere)):
        _check_way_out(every)
    for link in links:
        for found in link.addresses:
            network = IPv6Interface(found.address).network
            if network.prefixlen not in _LENGTHS and not _is_everywhere(found):
                finding(MAY, f"{link.name}: {network} is not the /64 of a link", at=found.place)


def _readable(link: PlannedLink) -> PlannedLink:
    """The link without what a record calls an address, and is none."""
    return replace(
        link,
        addresses=tuple(found for found in link.addresses if _can_be_read(found.address)),
        announced=tuple(found for found in link.announced if _can_be_read(found.prefix)),
    )


def _can_be_read(text: str) -> bool:
    try:
        IPv6Interface(text)
    except ValueError:
        return False
    return True


def _prefixes(link: PlannedLink) -> Iterable[tuple[IPv6Network, Place]]:
    """The prefixes of a link, but for those that hold on every link."""
    for found in link.addresses:
        network = IPv6Interface(found.address).network
        if not _is_everywhere(found):
            yield network, found.place
    for announced in link.announced:
        yield IPv6Interface(announced.prefix).network, announced.place


@dataclass(frozen=True)
class _Stands:
    """A prefix on a link. ``own``: no other file of the host sets it, which is judged where that one is."""

    name: str
    prefix: IPv6Network
    place: Place
    own: bool


def _check_apart(prefixes: Iterable[_Stands]) -> None:
    """Fail where a prefix stands on two links, or one of a link within that of another.

    In the order of their addresses, a prefix comes behind those that it lies in.
    """
    around: list[_Stands] = []
    for found in sorted(prefixes, key=lambda one: (one.prefix.network_address, one.prefix.prefixlen)):
        prefix = found.prefix
        if prefix.prefixlen == prefix.max_prefixlen:  # a virtual address stands on the loopback interface too
            continue
        while around and not prefix.subnet_of(around[-1].prefix):
            around.pop()
        for other in around:
            if other.name != found.name and (found.own or other.own):
                place = found.place if found.own else other.place
                fail(f"{prefix} of {found.name} and {other.prefix} of {other.name} are not apart", at=place)
        if not around or around[-1].prefix != prefix or (found.own and not around[-1].own):
            around.append(found)


def _is_everywhere(found: PlannedAddress) -> bool:
    address = IPv6Interface(found.address).ip
    return address.is_link_local or address.is_loopback


def _check_announced(links: Iterable[PlannedLink]) -> None:
    for link in links:
        for announced in link.announced:
            if announced.autonomous and not announced.prefix.endswith("/64"):
                fail(
                    f"{link.name}: {announced.prefix} is announced for hosts to make up addresses, which takes a /64",
                    at=announced.place,
                )


def _judged_here(links: Iterable[PlannedLink], elsewhere: Iterable[PlannedLink]) -> Iterable[PlannedLink]:
    """The links without the addresses that other files of the host set."""
    known = {found.address for link in elsewhere for found in link.addresses}
    for link in links:
        yield replace(link, addresses=tuple(found for found in link.addresses if found.address not in known))


def _check_way_out(links: Iterable[PlannedLink]) -> None:
    """Fail where a public address is set, and nothing can bring a default route."""
    if lacking := _lacks_way_out(links):
        link, found = lacking
        fail(f"{link.name} has {found.address}, and no link has a route to ::/0", at=found.place)


def _lacks_way_out(links: Iterable[PlannedLink]) -> tuple[PlannedLink, PlannedAddress] | None:
    links = list(links)
    public = [
        (link, found)
        for link in links
        for found in link.addresses
        if link.name != "lo" and is_public(str(IPv6Interface(found.address).ip))
    ]
    if not public or any(link.default_route for link in links):
        return None
    lacks = all(link.default_route is False or link.hears_routers is False for link, _ in public)
    return public[0] if lacks else None


@control("IPV6-SOURCE", SHOULD, rfc(8981, "3.1"), rfc(6724, "5"), rfc(5321, "4.1.4"), harm=Harm.REFUSED)
def test_mail_leaves_from_an_address_that_stays(address_plan: AddressPlan) -> None:
    """The host does not prefer temporary addresses for what it sends: a mail server sends from the one that has a PTR.

    Why: a temporary address has no PTR and another number tomorrow; receivers refuse mail from it.
    Fix: IPv6PrivacyExtensions=no (networkd), ipv6-privacy: false (netplan), privext 0 (ifupdown),
    net.ipv6.conf.all.use_tempaddr=0; or bind the mail server to its address (smtp_bind_address6 of Postfix, interface
    of Exim's transport).
    """
    is_known = any(link.prefers_temporary for link in address_plan.elsewhere)
    links = [link for link in address_plan.links if not link.announced]
    if not any(link.addresses or link.hears_routers or link.prefers_temporary for link in links):
        not_applicable(f"{address_plan.program} sets no IPv6 addresses")
    for link in links:
        # Without router advertisements there is no prefix to make up temporary addresses in.
        if link.prefers_temporary is not None and link.hears_routers is not False and not is_known:
            fail(f"{link.name} prefers temporary addresses for what it sends", at=link.prefers_temporary)
        for found in link.addresses:
            if found.temporary and not is_known:
                fail(f"{link.name} has the temporary address {found.address}", at=found.place)
