"""White lists of mail servers: who is never refused."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, not_applicable
from mailproof.grammars.address_lists import is_private
from mailproof.net.errors import NotAvailable
from mailproof.observations.white_lists import WhiteList
from mailproof.references import PRACTICE, rfc

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))


@control(
    "WHITELIST-FILE",
    MAY,
    rfc(2505, "2.4"),
    PRACTICE,
    harm=Harm.ABUSED,
    allowed={"widest_ipv4": Between(1, 32), "widest_ipv6": Between(1, 128)},
)
def test_white_list_is_short_and_alive(white_list: WhiteList, *, widest_ipv4: int = 24, widest_ipv6: int = 48) -> None:
    """Every entry of a white list is an address, a small network or a name; its network is of the Internet, and its
    name exists.

    Loopback addresses may stand there. Whether an address has reverse DNS is not judged: that it has none may be why it
    is on the list. When an entry was used last, the file does not say.

    Why: a wide network lets in whoever rents a machine in it; a name that is gone can be registered by anybody, and an
    entry that the server does not understand keeps nobody from being refused.
    Fix: a line for each host, and away with those that are gone.
    """
    if white_list.program != "white-list":
        not_applicable(f"{white_list.program} is no white list")
    for one in white_list.entries:
        if not one.entry.understood:
            fail(f"{one.entry.text} is neither an address, a network nor a name", at=one.place)
        if one.exists is False:
            fail(f"{one.entry.text}: {one.entry.name} does not exist", at=one.place)
        network = one.entry.addresses
        if network is None or network.is_loopback:
            continue
        if is_private(network):
            fail(f"{one.entry.text} is no address of the Internet", at=one.place)
        if network.prefixlen < (widest_ipv4 if network.version == 4 else widest_ipv6):
            fail(f"{one.entry.text}: whoever is in {network} is never refused", at=one.place)
    unknown = [one for one in white_list.entries if one.unknown]
    if unknown:
        raise NotAvailable(f"{unknown[0].entry.text}: {unknown[0].unknown}", white_list.evidence())
