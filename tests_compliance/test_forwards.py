"""Mail that is forwarded by itself."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, finding, not_applicable
from mailproof.observations.forwards import Forwards
from mailproof.references import CISA_SCUBA, rfc

FAMILY = Family("OUT", "What a service does with mail that goes out", also=("SMTP",))


@control("OUT-NO-AUTOFORWARD", MAY, CISA_SCUBA, rfc(7960), harm=Harm.READ)
def test_nothing_is_forwarded_to_strangers(forwards: Forwards) -> None:
    """No alias, .forward file or Sieve script forwards mail to a domain that is not in the inventory.

    CISA demands it of federal agencies. What programs, tables elsewhere and expansions forward is not seen.

    Why: mail leaves the house unseen, which is how somebody who took over a mailbox reads on; forwarded spam counts
    against your address, and mail of senders with DMARC is refused.
    Fix: a mailbox of your own with its password for whoever is elsewhere; or put the partner's domain into the
    inventory.
    """
    if forwards.program not in ("aliases", "sieve"):
        not_applicable(f"{forwards.program} holds no aliases and no Sieve script")
    for one in forwards.forwards:
        if not one.own:
            says = f"mail for {one.who}" if one.who else "all or some mail of its user"
            finding(MAY, f"{says} goes on to {one.domain}", at=one.place)
