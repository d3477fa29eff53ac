"""SPF of messages."""

from __future__ import annotations

from dataclasses import replace

from mailproof.observations.messages import SendingHop
from mailproof.observations.spf import Check

from ..observed import ADDRESS, DOMAIN
from .case import Table, advises, fails, passes, skips, undecided
from .messages import foreign, message, old


def hop(result: str = "pass", **more: object) -> SendingHop:
    sender = f"bounces@{DOMAIN}"
    check = Check(ADDRESS, sender, "mx1", result, "") if result else None
    found = SendingHop(message(), ADDRESS, f"mx1.{DOMAIN}", "Received", True, True, sender, check, True)
    return replace(found, **more)  # type: ignore[arg-type]


TABLE: Table = {
    "SPF-EVAL-LISTED": (
        passes(sending_hop=hop()),
        fails("says softfail for", sending_hop=hop("softfail")),
        advises("is not aligned", sending_hop=hop(aligned=False)),
        undecided("today, and the sample is 67 days old", sending_hop=hop("fail", message=old())),
        undecided("which address sent", sending_hop=hop(address="", check=None)),
        undecided("sender of the envelope", sending_hop=hop("", message=message(return_path=None))),
        undecided("is no domain", sending_hop=hop("", helo="", sender="")),
        skips("no sending address of the inventory", sending_hop=hop("", is_ours=False)),
        skips(
            "says that it was passed on",
            sending_hop=hop("", is_ours=False, are_declared=False, message=message(List_Post="<mailto:l@x.y>")),
        ),
        skips("no domain of the inventory", sending_hop=SendingHop(foreign())),
    ),
}
