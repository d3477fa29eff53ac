"""Backups among the MX hosts: whether they take what the first ones take."""

from __future__ import annotations

from mailproof.controls import MAY, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved, Refused
from mailproof.observations.backup_mx import BackupMX, Offered
from mailproof.references import PRACTICE, rfc

FAMILY = Family("BACKUPMX", "Backups among the MX hosts")

COMPARED = ("8BITMIME", "SMTPUTF8", "DSN")
"""Extensions whose lack returns a message. STARTTLS and what is said to strangers have controls of their own."""


@control("BACKUPMX-PARITY", MAY, rfc(1870, "6.1"), rfc(6531, "3.1"), PRACTICE, harm=Harm.LOST)
def test_backups_take_what_the_first_hosts_take(backup_mx: BackupMX) -> None:
    """Every backup takes messages as large as the first hosts do, and offers the same of 8BITMIME, SMTPUTF8 and DSN.

    Backups are those that MX records give a higher preference, and those that the inventory names in `backup_mx`.

    Why: while the first hosts are away, what a backup cannot take is returned; and what it takes and they cannot is
    returned by the backup, to a sender who may be forged.
    Fix: give all MX hosts the same limit (Postfix: message_size_limit; Exim: message_size_limit) and software that
    offers the same.
    """
    if not any(server.backup for server in backup_mx.servers):
        not_applicable("no MX host is a backup of another one")
    first = [server for server in backup_mx.servers if not server.backup and server.keywords is not None]
    backups = [server for server in backup_mx.servers if server.backup and server.keywords is not None]
    for backup in backups:
        for other in first:
            if what := _lacking(backup, other):
                finding(MAY, f"the backup {backup.endpoint} {what}")
    for server in backup_mx.servers:
        if server.unseen is not None:
            failure = server.unseen.failure()
            if isinstance(failure, Refused):
                leave_to("MX-PORT25-OPEN", f"{server.endpoint}: {failure.reason}")
            raise failure
    if not first or not backups:
        closed = next((server.endpoint for server in backup_mx.servers if server.keywords is None), "")
        if not closed:
            raise NotObserved("there is no host that the backups could be compared with", backup_mx.evidence())
        leave_to("SMTP-GREET-220", f"{closed} serves nobody")


def _lacking(backup: Offered, other: Offered) -> str:
    """How a backup differs from one of the first hosts, so that mail is returned; empty if it does not."""
    unlimited = other.size is None and "SIZE" in (other.keywords or ())  # without the keyword its limit is not known
    if backup.size is not None and (unlimited or (other.size is not None and backup.size < other.size)):
        limit = "any size" if other.size is None else f"{other.size}"
        return f"takes messages of {backup.size} octets, and {other.endpoint} of {limit}"
    for keyword in COMPARED:
        here, there = keyword in (backup.keywords or ()), keyword in (other.keywords or ())
        if here != there:
            verbs = ("offers", "does not") if here else ("does not offer", "does")
            return f"{verbs[0]} {keyword}, and {other.endpoint} {verbs[1]}"
    return ""
