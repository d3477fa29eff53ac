"""DNS lists and reputation."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.observations.blocklists import DomainListing, Listing
from mailproof.observations.registration import ListedNetworks, LookAlikes

from ..observed import ADDRESS, DOMAIN, answer, missing
from .case import Table, advises, fails, passes, skips, undecided

_CLEAN = Listing(ADDRESS, "zen", missing("25.2.0.192.bl.example", "A"), ())
_LISTED = Listing(ADDRESS, "zen", answer("25.2.0.192.bl.example", "A", "127.0.0.2"), ("spam seen",))
_CLEAN_DOMAIN = DomainListing(DOMAIN, "dbl", missing("example.org.dbl.example", "A"), ())
_LISTED_DOMAIN = DomainListing(DOMAIN, "dbl", answer("example.org.dbl.example", "A", "127.0.1.2"), ())

TABLE: Table = {
    "DNSBL-VERDICT": (
        passes(listing=_CLEAN),
        fails("127.0.0.2): spam seen", level=SHOULD, listing=_LISTED),
        fails("127.0.0.2, SBL): spam seen", level=SHOULD, listing=replace(_LISTED, meanings=("SBL",))),
        passes(listing=replace(_LISTED, expected=True)),
        advises("is not listed by zen", listing=replace(_CLEAN, expected=True)),
    ),
    "REP-DOMAIN-DNSBL": (
        passes(domain_listing=_CLEAN_DOMAIN),
        fails("example.org is listed by dbl (127.0.1.2)", level=SHOULD, domain_listing=_LISTED_DOMAIN),
        skips("good senders", domain_listing=replace(_CLEAN_DOMAIN, expected=True)),
    ),
    "REP-DROP": (
        passes(listed_networks=ListedNetworks(ADDRESS, ("drop.txt",), ())),
        fails(
            "192.0.2.0/24 of drop.txt",
            level=SHOULD,
            listed_networks=ListedNetworks(ADDRESS, ("drop.txt",), (("drop.txt", "192.0.2.0/24"),)),
        ),
        skips("names no list of networks", listed_networks=ListedNetworks(ADDRESS, (), ())),
    ),
    "REP-LOOKALIKE": (
        passes(look_alikes=LookAlikes(DOMAIN, ("examp1e.org",), ())),
        advises("examp1e.org", look_alikes=LookAlikes(DOMAIN, ("examp1e.org",), ("examp1e.org",))),
        undecided("timed out", look_alikes=LookAlikes(DOMAIN, ("a", "b"), (), ("b: timed out",))),
        skips("does not ask for names", look_alikes=LookAlikes(DOMAIN, (), ())),
    ),
}
