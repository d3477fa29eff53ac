"""Logs of mail servers: who was refused that perhaps should not have been."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.logs import RefusedSenders
from mailproof.references import PRACTICE, rfc

FAMILY = Family("RPT", "Reports of receivers", also=("REJECT",))


@control("REJECT-LOG-AUDIT", MAY, rfc(2505, "2.4"), PRACTICE, harm=Harm.LOST)
def test_no_partner_is_refused(refused_senders: RefusedSenders) -> None:
    """No client that the logs show as refused for its reverse name, its HELO name or early talk is a partner of the
    inventory, or on one of its lists of good senders.

    Why: banks, airlines and authorities are among those whose servers are set up badly; your users wait for their mail.
    Fix: put the sender on the server's white list, and tell its postmaster what is amiss.
    """
    if not refused_senders.is_compared:
        not_applicable("the inventory names no partners and no list of good senders (blocklists with expected: true)")
    if not refused_senders.understood:
        raise NotAvailable(f"{refused_senders.name} has no line of a mail server that is understood")
    wanted = [sender for sender in refused_senders.senders if sender.partner or sender.welcome]
    assert not wanted, "; ".join(sender.describe() for sender in wanted)
    unknown = [reason for sender in refused_senders.senders for reason in sender.unknown]
    if unknown:
        raise NotAvailable(f"not everything is known of refused clients: {unknown[0]}", refused_senders.evidence())
