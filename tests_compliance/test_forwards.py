"""Mail that is forwarded by itself."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, finding, not_applicable
from mailproof.observations.forwards import Forwards
from mailproof.references import CISA_SCUBA, rfc

FAMILY = Family("OUT", "What a service does with mail that goes out", also=("SMTP",))


@control("OUT-NO-AUTOFORWARD", MAY, CISA_SCUBA, rfc(7960), harm=Harm.READ)
def test_nothing_is_forwarded_to_strangers(forwards: Forwards) -> None:
    """No alias, .forward file, Sieve script, table of Postfix, redirect or rule of rewriting of Exim forwards mail to a
    domain that is not in the inventory.

    CISA demands it of federal agencies. Domains that the host's own Postfix or Exim takes mail for are none of others.
    A table of aliases is judged where the inventory names its text (aliases). A server whose own files forward nothing,
    and name what is not read (nearly all name /etc/aliases, others a database), is neither right nor wrong: the control
    is not applicable there, and says what is not read. What programs, lists elsewhere (:include:) and .forward files
    that are not named do is not seen.

    Why: mail leaves the house unseen, which is how somebody who took over a mailbox reads on; forwarded spam counts
    against your address, and mail of senders with DMARC is refused.
    Fix: a mailbox of your own with its password for whoever is elsewhere; or put the partner's domain into the
    inventory.
    """
    if forwards.program not in ("aliases", "sieve", "postfix", "exim"):
        not_applicable(f"{forwards.program} holds no aliases and no Sieve script")
    if forwards.program in ("postfix", "exim") and not (forwards.settings or forwards.unread):
        not_applicable(f"{forwards.program} names no table of aliases and no address to go on to")
    for one in forwards.forwards:
        if not one.own:
            says = f"mail for {one.who}" if one.who else "all or some mail of its user"
            finding(MAY, f"{says} goes on to {one.domain}", at=one.place)
    if forwards.unread:
        first, more = forwards.unread[0], len(forwards.unread) - 1
        rest = f", and {more} more" if more else ""
        not_applicable(
            f"what is read forwards nothing to others; {first.place}: {first.what} is not read{rest}; "
            "name the text of a table in the inventory (aliases)"
        )
