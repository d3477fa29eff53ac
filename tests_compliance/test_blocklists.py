"""What DNS lists (RFC 5782) and lists of networks that the inventory names say of its addresses and domains."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations.blocklists import DomainListing, Listing
from mailproof.observations.registration import ListedNetworks, LookAlikes
from mailproof.references import PRACTICE, Reference, rfc

FAMILY = Family("DNSBL", "DNS lists and reputation", also=("REP",))

SPAMHAUS_DROP = Reference("Spamhaus: Don't Route Or Peer", "https://www.spamhaus.org/blocklists/do-not-route-or-peer/")


@control("DNSBL-VERDICT", SHOULD, rfc(5782, "2.1"), rfc(5782, "5"), PRACTICE, harm=Harm.REFUSED)
def test_address_is_not_listed(listing: Listing) -> None:
    """No mail address stands on a blocklist of the inventory, and each one on the lists where it is expected.

    Why: receivers that use the list refuse its mail.
    Fix: find out why it is listed (the list's TXT record says), end that, then ask the list to remove it.
    """
    if listing.expected:
        if not listing.codes:
            finding(
                MAY,
                f"{listing.address} is not listed by {listing.blocklist}, where the inventory expects it",
                why="receivers that use the list let known good senders pass greylisting and filters.",
                fix="have the address entered there; or take `expected` out of the inventory.",
            )
        return
    assert not listing.codes, f"{listing.address} is listed by {listing.blocklist} {listing.told}"


@control("REP-DOMAIN-DNSBL", SHOULD, rfc(5782, "3"), rfc(5782, "5"), PRACTICE, harm=Harm.REFUSED)
def test_domain_is_not_listed(domain_listing: DomainListing) -> None:
    """No mail domain stands on a list of domains of the inventory.

    Why: receivers that use the list refuse mail that bears the domain, or links to it.
    Fix: find out why it is listed (the list's TXT record says), end that, then ask the list to remove it.
    """
    if domain_listing.expected:
        not_applicable(f"{domain_listing.blocklist} is a list of good senders; DNSBL-VERDICT judges addresses there")
    assert not domain_listing.codes, (
        f"{domain_listing.address} is listed by {domain_listing.blocklist} {domain_listing.told}"
    )


@control("REP-DROP", SHOULD, SPAMHAUS_DROP, harm=Harm.LOST)
def test_address_is_in_no_dropped_network(listed_networks: ListedNetworks) -> None:
    """No mail address lies in a network that the inventory's lists say nobody should route.

    Why: networks that use the list take no packet from there, so that no mail of the host arrives.
    Fix: move the host to another network: such lists name whole networks that are in the hands of criminals.
    """
    if not listed_networks.lists:
        not_applicable("the inventory names no list of networks (drop)")
    found = [f"{network} of {source}" for source, network in listed_networks.found]
    assert not found, f"{listed_networks.address} lies in {', '.join(found)}"


@control("REP-LOOKALIKE", MAY, Reference("DomainDetective: typosquatting"), PRACTICE, harm=Harm.ABUSED)
def test_look_alikes_are_known(look_alikes: LookAlikes) -> None:
    """No name that looks like the domain is registered by others.

    Why: mail from a name that looks like yours passes SPF, DKIM and DMARC, all in that other name.
    Fix: look who has it; register the nearest ones yourself, and put yours into the inventory.
    """
    if not look_alikes.asked:
        not_applicable("the inventory does not ask for names that look like the domain (lookalikes)")
    assert not look_alikes.registered, f"these look like {look_alikes.domain}: {', '.join(look_alikes.registered)}"
    if look_alikes.unknown:
        raise NotObserved("; ".join(look_alikes.unknown), look_alikes.evidence())
