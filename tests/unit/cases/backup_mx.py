"""Backups among the MX hosts."""

from __future__ import annotations

from dataclasses import replace

from mailproof.net.errors import Refused, TimedOut
from mailproof.net.tls.facts import unanswered
from mailproof.observations.backup_mx import BackupMX, Offered

from ..observed import DOMAIN
from .case import Table, advises, leaves, passes, skips, undecided

_KEYWORDS = ("8BITMIME", "DSN", "SIZE", "SMTPUTF8")
_FIRST = Offered("mx1.example.org[192.0.2.25]:25", 10, False, _KEYWORDS, 10_000)
_BACKUP = Offered("mx2.example.org[192.0.2.26]:25", 20, True, _KEYWORDS, 10_000)
_NOBODY = Offered("mx2.example.org[192.0.2.26]:25", 20, True)


def _servers(*servers: Offered) -> BackupMX:
    return BackupMX(DOMAIN, servers)


def _without(*keywords: str) -> tuple[str, ...]:
    return tuple(keyword for keyword in _KEYWORDS if keyword not in keywords)


TABLE: Table = {
    "BACKUPMX-PARITY": (
        passes(backup_mx=_servers(_FIRST, _BACKUP)),
        passes(backup_mx=_servers(_FIRST, replace(_BACKUP, size=20_000))),
        passes(backup_mx=_servers(_FIRST, replace(_BACKUP, size=None))),
        passes(backup_mx=_servers(_FIRST, replace(_BACKUP, keywords=(*_KEYWORDS, "PIPELINING")))),
        advises("takes messages of 9000 octets", backup_mx=_servers(_FIRST, replace(_BACKUP, size=9000))),
        passes(backup_mx=_servers(replace(_FIRST, size=None, keywords=_without("SIZE")), replace(_BACKUP, size=9000))),
        advises("of any size", backup_mx=_servers(replace(_FIRST, size=None), _BACKUP)),
        advises("does not offer DSN", backup_mx=_servers(_FIRST, replace(_BACKUP, keywords=_without("DSN")))),
        advises("offers SMTPUTF8, and", backup_mx=_servers(replace(_FIRST, keywords=_without("SMTPUTF8")), _BACKUP)),
        skips("no MX host is a backup", backup_mx=_servers()),
        skips("no MX host is a backup", backup_mx=_servers(_FIRST, replace(_BACKUP, backup=False))),
        undecided(
            "timed out", backup_mx=_servers(_FIRST, replace(_NOBODY, unseen=unanswered("mx2", TimedOut("timed out"))))
        ),
        leaves(
            "MX-PORT25-OPEN",
            backup_mx=_servers(_FIRST, replace(_NOBODY, unseen=unanswered("mx2", Refused("refused")))),
        ),
        leaves("SMTP-GREET-220", backup_mx=_servers(_FIRST, _NOBODY)),
        undecided("no host that", backup_mx=_servers(_BACKUP)),
    ),
}
