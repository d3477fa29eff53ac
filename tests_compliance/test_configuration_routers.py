"""Configuration files of hosts that share an address: one takes over where the other is dead."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.virtual_routers import VirtualRouters
from mailproof.references import PRACTICE, Reference, rfc

FAMILY = Family("CFG", "Configuration files")

KEEPALIVED = Reference("keepalived.conf(5)", "https://www.keepalived.org/manpage.html")


@control("CFG-VRRP", SHOULD, rfc(9568, "7.1"), rfc(3768, "7.1"), KEEPALIVED, PRACTICE, harm=Harm.LOST)
def test_hosts_that_share_an_address_agree(virtual_routers: VirtualRouters) -> None:
    """Hosts that share an address by VRRP have the same router id, version, addresses, interval and password, and hear
    each other.

    The configurations of keepalived are held against that of the first host, by name, with the same address.

    Why: a host that drops the other's advertisements takes the address too, and mail goes to the one or the other, or
    to neither.
    Fix: the same virtual_router_id, virtual_ipaddress, advert_int and authentication in both; unicast_peer names the
    other, or stands in neither.
    """
    if not virtual_routers.pairs:
        not_applicable("no earlier host of the inventory has an address of a vrrp_instance")
    for pair in virtual_routers.pairs:
        for difference in pair.differences():
            fail(f"{pair.own.name} {difference}", at=pair.own.place)
    if any(pair.hangs_on_password for pair in virtual_routers.pairs):
        raise NotAvailable(
            "a capture hides the auth_pass: compare the two by hand, or name both files (configurations)"
        )
