"""DNS blocklists of the inventory (RFC 5782)."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control
from mailproof.observations.blocklists import Listing
from mailproof.references import PRACTICE, rfc

FAMILY = Family("DNSBL", "DNS blocklists")


@control("DNSBL-VERDICT", SHOULD, rfc(5782, "2.1"), rfc(5782, "5"), PRACTICE, harm=Harm.REFUSED)
def test_address_is_not_listed(listing: Listing) -> None:
    """No mail address stands on a blocklist of the inventory.

    Why: receivers that use the list refuse its mail.
    Fix: find out why it is listed (the list's TXT record says), end that, then ask the list to remove it.
    """
    reason = f": {'; '.join(listing.reason)}" if listing.reason else ""
    assert not listing.codes, f"{listing.address} is listed by {listing.blocklist} ({', '.join(listing.codes)}){reason}"
