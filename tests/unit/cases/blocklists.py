"""DNS blocklists."""

from __future__ import annotations

from mailproof.controls import SHOULD
from mailproof.observations.blocklists import Listing

from ..observed import ADDRESS, answer, missing
from .case import Table, fails, passes

TABLE: Table = {
    "DNSBL-VERDICT": (
        passes(listing=Listing(ADDRESS, "zen", missing("25.2.0.192.bl.example", "A"), ())),
        fails(
            "127.0.0.2): spam seen",
            level=SHOULD,
            listing=Listing(ADDRESS, "zen", answer("25.2.0.192.bl.example", "A", "127.0.0.2"), ("spam seen",)),
        ),
    ),
}
