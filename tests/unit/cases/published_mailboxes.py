"""Mailboxes that are published."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD
from mailproof.net.smtp import Reply
from mailproof.observations.published_mailboxes import Published, PublishedMailboxes

from ..observed import ACCEPTED, DOMAIN, TRANSCRIPT, UNKNOWN, attempt, mailboxes, reply
from .case import Table, fails, leaves, passes, skips, undecided

_NAMES = (Published(f"dmarc@{DOMAIN}", "rua"), Published(f"hostmaster@{DOMAIN}", "SOA"))
_RELAYING_DENIED = reply(554, "5.7.1 relay access denied")


def _seen(*answers: Reply, names: tuple[Published, ...] = _NAMES) -> PublishedMailboxes:
    attempts = tuple(attempt(one.where, said, recipient=one.mailbox) for one, said in zip(names, answers, strict=False))
    return PublishedMailboxes(TRANSCRIPT, mailboxes(), names, attempts)


_SEEN = _seen(ACCEPTED, ACCEPTED)

TABLE: Table = {
    "PUBLISHED-MAILBOXES": (
        passes(published_mailboxes=_SEEN),
        fails(
            "dmarc@example.org (rua) is answered with 550", level=SHOULD, published_mailboxes=_seen(UNKNOWN, ACCEPTED)
        ),
        fails("(SOA) is answered", published_mailboxes=_seen(reply(450, "4.2.0 later"), UNKNOWN)),
        undecided("later", published_mailboxes=_seen(reply(450, "4.2.0 later"), ACCEPTED)),
        undecided("refuses the tester", published_mailboxes=_seen(reply(554, "5.7.1 on a blocklist"), ACCEPTED)),
        undecided("was not asked for: 421", published_mailboxes=replace(_seen(ACCEPTED), interrupted="421")),
        undecided("too many are published", published_mailboxes=_seen(ACCEPTED)),
        skips("no mailbox of the domain", published_mailboxes=_seen(names=())),
        leaves("SMTP-STARTTLS-WORKS", published_mailboxes=_seen(reply(550, "5.7.10 encryption needed"))),
        leaves("SMTP-GREET-220", published_mailboxes=replace(_SEEN, mailboxes=replace(mailboxes(), unserved="554 no"))),
        leaves(
            "RELAY-DOMAINS",
            published_mailboxes=replace(
                _SEEN, mailboxes=mailboxes(postmaster=_RELAYING_DENIED, abuse=_RELAYING_DENIED)
            ),
        ),
    ),
}
