"""Relaying and recipients."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.services import MX, SUBMISSION
from mailproof.net.smtp import Reply
from mailproof.observations.attempts import Attempt
from mailproof.observations.recipients import Mailboxes, Recipients
from mailproof.observations.refusals import Tester
from mailproof.observations.relay import COMPARISON, COMPARISON_ALONE, COMPARISON_LITERAL, HOME, RelayAttempts

from ..observed import ACCEPTED, DOMAIN, TRANSCRIPT, UNKNOWN, attempt, mailboxes, reply
from .case import Table, advises, fails, leaves, passes, skips, undecided

GREYLISTED = reply(450, "4.2.0 greylisted, come again")
SPAMMER = reply(554, "5.7.1 your host is on a blocklist")


def recipients(*seen: Mailboxes, missing: tuple[tuple[str, str], ...] = ()) -> Recipients:
    return Recipients(DOMAIN, seen, missing)


_RELAYING_DENIED = reply(554, "5.7.1 relay access denied")
_NOT_IN_TABLE = reply(550, "5.1.1 Recipient address rejected: User unknown in relay recipient table")
_TLS_FIRST = reply(530, "5.7.0 TLS required")
_DO_NOT = reply(550, "Bitte nicht")
_NAMED = reply(550, "Kein Zutritt: 203.0.113.9")
_OUTSIDER = "nobody@outside.example"


def _relay(*attempts: Attempt, interrupted: str = "", role: str = MX.name, untried: str = "") -> RelayAttempts:
    return RelayAttempts(TRANSCRIPT, attempts, interrupted, role, untried=untried)


def _to_outsider(form: str, rcpt: Reply) -> Attempt:
    return attempt(form, rcpt, recipient=_OUTSIDER)


def _at_home(form: str) -> Attempt:
    return attempt(form, ACCEPTED, recipient=f"{form}@example.org")


_DENIED = (_to_outsider("plain", _RELAYING_DENIED), _to_outsider("null sender", _RELAYING_DENIED))
_BANG = attempt("bang path", ACCEPTED, recipient="outside.example!nobody")
_MX2 = "mx2.example.org[192.0.2.26]:25"
_TESTER = Tester(("prober.client.example", "203.0.113.9"), "probe@probe.example")


_ELSEWHERE = mailboxes(postmaster=_RELAYING_DENIED, abuse=_RELAYING_DENIED, unknown=_RELAYING_DENIED)


def _in_tls(found: Attempt) -> Attempt:
    return replace(found, tls=True)


_BEHIND = replace(_relay(_in_tls(_DENIED[0])), both_sides=True)
"""Only inside TLS, where there is no room for more."""


TABLE: Table = {
    "SMTP-NO-OPEN-RELAY": (
        passes(relay_attempts=_relay(*_DENIED)),
        passes(relay_attempts=_relay(*_DENIED, _in_tls(_DENIED[0]))),
        passes(relay_attempts=_relay(_DENIED[0], untried="enough")),
        passes(relay_attempts=replace(_relay(_DENIED[0], _in_tls(_DENIED[0]), untried="enough"), both_sides=True)),
        passes(relay_attempts=_relay(_in_tls(_DENIED[0]), untried="enough")),  # TLS begins at once
        passes(relay_attempts=_relay(*_DENIED, interrupted="421")),
        passes(relay_attempts=_relay(*_DENIED, _to_outsider("percent", ACCEPTED))),
        passes(relay_attempts=_relay(*_DENIED, _to_outsider("percent", GREYLISTED))),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), _to_outsider("null sender", _RELAYING_DENIED))),
        passes(relay_attempts=_relay(attempt("plain", None, reply(530, "5.7.0 authentication required")))),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), role=SUBMISSION.name)),
        fails("1 of 1 forms", level=MUST, relay_attempts=_relay(_to_outsider("plain", ACCEPTED), interrupted="421")),
        fails("1 of 1 forms", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), role=SUBMISSION.name)),
        fails("accepted, null sender", relay_attempts=_relay(_DENIED[0], _to_outsider("null sender", ACCEPTED))),
        fails(
            "accepted, sender of the domain itself",
            relay_attempts=_relay(*_DENIED, _to_outsider("sender of the domain itself", ACCEPTED), untried="enough"),
        ),
        fails(
            "differently with and without TLS",
            relay_attempts=_relay(*_DENIED, _in_tls(_to_outsider("plain", ACCEPTED))),
        ),
        fails("DATA was not tried", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), _at_home(COMPARISON))),
        undecided("no form was tried", relay_attempts=_relay()),
        undecided("inside TLS alone; the series was interrupted", relay_attempts=replace(_BEHIND, interrupted="421")),
        skips(
            "not asked: the plain form was tried inside TLS alone", relay_attempts=replace(_BEHIND, untried="enough")
        ),
        skips("not asked: no form was tried", relay_attempts=_relay(untried="enough")),
        undecided("refuses the tester", relay_attempts=_relay(_to_outsider("plain", SPAMMER))),
        undecided("not decided", relay_attempts=_relay(_to_outsider("plain", GREYLISTED), role=SUBMISSION.name)),
        undecided(
            "1 of 2 forms are not decided",
            relay_attempts=_relay(_DENIED[0], _to_outsider("null sender", GREYLISTED)),
        ),
        leaves("SMTP-GREET-220", relay_attempts=replace(_relay(), unserved="554 no")),
        undecided(
            "refuses the tester",
            relay_attempts=replace(
                _relay(_in_tls(_to_outsider("plain", SPAMMER)), attempt("plain", None, _TLS_FIRST)), both_sides=True
            ),
        ),
        passes(
            relay_attempts=replace(_relay(_DENIED[0], _DENIED[0]), both_sides=True)
        ),  # some servers behind have no TLS
        skips("stands inside", relay_attempts=replace(_relay(), inside=True)),
    ),
    "RELAY-MATRIX": (
        passes(relay_attempts=_relay(*_DENIED)),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), _to_outsider("null sender", _RELAYING_DENIED))),
        fails("1 of 3 forms", level=MUST, relay_attempts=_relay(*_DENIED, _to_outsider("percent", ACCEPTED))),
        leaves("SMTP-NO-OPEN-RELAY", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), interrupted="421")),
        undecided("interrupted: 421", relay_attempts=_relay(*_DENIED, interrupted="421")),
        undecided(
            "not decided",
            relay_attempts=_relay(_to_outsider("plain", GREYLISTED), _to_outsider("null sender", GREYLISTED)),
        ),
        undecided(
            "refuses the tester",
            relay_attempts=_relay(attempt("plain", None, reply(550, "5.1.8 bad sender"))),
        ),
        passes(relay_attempts=_relay(*_DENIED, _at_home(COMPARISON), _at_home("percent"))),
        fails(
            "1 of 3 forms",
            relay_attempts=_relay(*_DENIED, _at_home(COMPARISON), _to_outsider("percent", ACCEPTED)),
        ),
        passes(relay_attempts=_relay(attempt("plain", None, reply(530, "5.7.0 authentication required")))),
        passes(relay_attempts=_relay(_to_outsider("plain", SPAMMER), role=SUBMISSION.name)),
        undecided("refuses the tester", relay_attempts=_relay(_to_outsider("plain", SPAMMER))),
        undecided("not decided", relay_attempts=_relay(_to_outsider("plain", GREYLISTED), role=SUBMISSION.name)),
        leaves("SMTP-NO-OPEN-RELAY", relay_attempts=_relay(_to_outsider("plain", ACCEPTED), role=SUBMISSION.name)),
        undecided("no form was tried", relay_attempts=_relay()),
        skips("not asked: no form was tried; refused enough", relay_attempts=_relay(untried="refused enough")),
        skips("forms were tried, and refused: plain, null sender", relay_attempts=_relay(*_DENIED, untried="enough")),
        fails("1 of 3", relay_attempts=_relay(*_DENIED, _to_outsider("percent", ACCEPTED), untried="enough")),
        undecided("1 of 3 forms", relay_attempts=_relay(*_DENIED, _to_outsider("percent", GREYLISTED))),
        undecided(
            "2 of 3 forms",
            relay_attempts=_relay(
                _to_outsider("plain", _RELAYING_DENIED),
                _to_outsider("null sender", GREYLISTED),
                _to_outsider("source route", GREYLISTED),
            ),
        ),
        undecided(
            "refuses the tester",
            relay_attempts=replace(
                _relay(attempt(HOME, _DO_NOT), _to_outsider("plain", _DO_NOT), _to_outsider("null sender", _DO_NOT)),
                tester=_TESTER,
            ),
        ),
        passes(
            relay_attempts=_relay(
                attempt(HOME, ACCEPTED), _to_outsider("plain", _DO_NOT), _to_outsider("null sender", _DO_NOT)
            )
        ),
        undecided(
            "refuses the tester",
            relay_attempts=replace(_relay(attempt(HOME, ACCEPTED), _to_outsider("plain", _NAMED)), tester=_TESTER),
        ),
        leaves(
            "SMTP-NO-OPEN-RELAY",
            relay_attempts=_relay(*_DENIED, _in_tls(_to_outsider("plain", ACCEPTED))),
        ),
        leaves(
            "SMTP-NO-OPEN-RELAY",
            relay_attempts=_relay(_to_outsider("plain", ACCEPTED), _at_home(COMPARISON)),
        ),
        passes(
            relay_attempts=_relay(
                *_DENIED,
                attempt("bang path", ACCEPTED, recipient="outside.example!nobody"),
                attempt("quoted", ACCEPTED, recipient='"nobody@outside.example"'),
                attempt("percent hack at the address", ACCEPTED, recipient="nobody%outside.example@[192.0.2.25]"),
                attempt(COMPARISON_ALONE, ACCEPTED, recipient="mailproof-x"),
                attempt(COMPARISON_LITERAL, ACCEPTED, recipient="mailproof-x@[192.0.2.25]"),
            )
        ),
        fails("bang path", relay_attempts=_relay(*_DENIED, _BANG, attempt(COMPARISON_ALONE, UNKNOWN, recipient="x"))),
        undecided("takes any mailbox there is not known", relay_attempts=_relay(*_DENIED, _BANG, interrupted="421")),
        undecided(
            "takes any mailbox there is not known",
            relay_attempts=_relay(*_DENIED, _BANG, attempt(COMPARISON_ALONE, GREYLISTED, recipient="x")),
        ),
        leaves("SMTP-GREET-220", relay_attempts=replace(_relay(), unserved="554 no")),
    ),
    "RELAY-DOMAINS": (
        passes(mailboxes=mailboxes()),
        passes(mailboxes=mailboxes(postmaster=_RELAYING_DENIED)),
        passes(mailboxes=mailboxes(postmaster=UNKNOWN, abuse=UNKNOWN)),
        passes(mailboxes=mailboxes(postmaster=_NOT_IN_TABLE, abuse=_NOT_IN_TABLE)),
        fails("example.org is not served here: RCPT TO:<postmaster@", level=MUST, mailboxes=_ELSEWHERE),
        undecided("greylisting", mailboxes=mailboxes(postmaster=GREYLISTED, abuse=GREYLISTED)),
        undecided("refuses the tester", mailboxes=mailboxes(postmaster=SPAMMER, abuse=SPAMMER)),
        undecided("no mailbox was asked for: 421", mailboxes=mailboxes(postmaster=None, abuse=None, interrupted="421")),
        leaves("SMTP-GREET-220", mailboxes=replace(mailboxes(), unserved="554 no")),
        leaves("SMTP-STARTTLS-WORKS", mailboxes=mailboxes(postmaster=_TLS_FIRST, abuse=_TLS_FIRST)),
    ),
    "SMTP-POSTMASTER": (
        leaves("RELAY-DOMAINS", mailboxes=_ELSEWHERE),
        passes(mailboxes=mailboxes()),
        passes(mailboxes=mailboxes(postmaster=reply(251, "forwarded"))),
        fails("550 5.1.1", level=MUST, mailboxes=mailboxes(postmaster=UNKNOWN)),
        fails("550 5.1.1", mailboxes=mailboxes(bare=UNKNOWN)),
        undecided("greylisting", mailboxes=mailboxes(postmaster=GREYLISTED)),
        undecided("refuses the tester", mailboxes=mailboxes(postmaster=SPAMMER)),
        undecided("not tried", mailboxes=mailboxes(bare=None, interrupted="421")),
        fails(
            "inside TLS, as senders deliver; in clear with 250",
            mailboxes=replace(mailboxes(postmaster=UNKNOWN), in_clear=attempt("postmaster@", ACCEPTED)),
        ),
        leaves("SMTP-GREET-220", mailboxes=replace(mailboxes(), unserved="554 no")),
        leaves("SMTP-STARTTLS-WORKS", mailboxes=mailboxes(postmaster=reply(550, "5.7.10 encryption needed"))),
    ),
    "SMTP-ABUSE": (
        leaves("RELAY-DOMAINS", mailboxes=_ELSEWHERE),
        passes(mailboxes=mailboxes()),
        fails("550 5.1.1", level=SHOULD, mailboxes=mailboxes(abuse=UNKNOWN)),
        undecided("greylisting", mailboxes=mailboxes(abuse=GREYLISTED)),
    ),
    "SMTP-NULL-SENDER": (
        leaves("RELAY-DOMAINS", mailboxes=_ELSEWHERE),
        passes(mailboxes=mailboxes()),
        fails("MAIL FROM:<>", level=MUST, mailboxes=mailboxes(null=reply(550, "5.7.1 no bounces, please"))),
        undecided("greylisting", mailboxes=mailboxes(null=GREYLISTED)),
        undecided("not tried", mailboxes=mailboxes(null=None, interrupted="421")),
        undecided("greylisting", mailboxes=mailboxes(null=UNKNOWN, postmaster=GREYLISTED)),
        skips("SMTP-POSTMASTER", mailboxes=mailboxes(null=UNKNOWN, postmaster=UNKNOWN)),
    ),
    "BACKUPMX-RCPT": (
        passes(recipients=recipients(mailboxes(), mailboxes(_MX2))),
        fails(
            f"{_MX2} accepts",
            level=SHOULD,
            recipients=recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED)),
        ),
        fails(
            "accepts",
            recipients=recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED), missing=(("x", "timed out"),)),
        ),
        fails(
            "postmaster@example.org is accepted by",
            recipients=recipients(mailboxes(), mailboxes(_MX2, postmaster=UNKNOWN)),
        ),
        advises("catch-all", recipients=recipients(mailboxes(unknown=ACCEPTED), mailboxes(_MX2, unknown=ACCEPTED))),
        undecided("mx2: timed out", recipients=recipients(mailboxes(), missing=(("mx2", "timed out"),))),
        leaves(
            "MX-PORT25-OPEN",
            "mx2 refuses connections; the others decide alike",
            recipients=replace(recipients(mailboxes(), missing=(("mx2", "refused"),)), closed=("mx2",)),
        ),
        undecided(
            "mx3: timed out",
            recipients=replace(
                recipients(mailboxes(), missing=(("mx2", "refused"), ("mx3", "timed out"))), closed=("mx2",)
            ),
        ),
        undecided("greylisting", recipients=recipients(mailboxes(unknown=GREYLISTED))),
        skips("no MX address", recipients=recipients()),
        undecided("refuses the tester", recipients=recipients(mailboxes(unknown=SPAMMER))),
        skips("no consent to ask mx9", recipients=replace(recipients(), withheld=("mx9",))),
        skips("no consent to ask mx9", recipients=replace(recipients(mailboxes()), withheld=("mx9",))),
        fails(
            "accepts", recipients=replace(recipients(mailboxes(), mailboxes(_MX2, unknown=ACCEPTED)), withheld=("mx9",))
        ),
        undecided("without TLS or AUTH", recipients=recipients(mailboxes(unknown=_TLS_FIRST))),
        leaves("SMTP-GREET-220", recipients=recipients(replace(mailboxes(), unserved="554 no"))),
        leaves("RELAY-DOMAINS", recipients=recipients(_ELSEWHERE)),
        leaves("RELAY-DOMAINS", "the others decide alike", recipients=recipients(mailboxes(_MX2), _ELSEWHERE)),
    ),
}
