"""SMTP to the letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mailproof.net.smtp import Reply
from mailproof.observations.conversation import ENOUGH, Conversation, Said, Step
from mailproof.observations.refusals import Tester
from mailproof.observations.smtp import SMTPSession

from ..observed import ACCEPTED, ENDPOINT, HOST, TRANSCRIPT, UNKNOWN, reply, session
from .case import Table, advises, fails, leaves, passes, skips, undecided

_OK = reply(250, "2.0.0 ok")
_SEQUENCE = reply(503, "5.5.1 bad sequence")
_NO_COMMAND = reply(502, "5.5.1 command not implemented")
_SYNTAX = reply(501, "5.5.4 syntax error")
_TOO_LARGE = reply(552, "5.3.4 message too large")
_LATER = reply(451, "4.3.0 later")
_BLOCKED = reply(554, "5.7.1 client 203.0.113.9 is blocked")

_RIGHT: dict[Step, Reply] = {
    Step.NOOP: _OK,
    Step.RCPT_FIRST: _SEQUENCE,
    Step.MAIL: _OK,
    Step.MAIL_AGAIN: _SEQUENCE,
    Step.RSET: _OK,
    Step.MAIL_AFTER_RSET: _OK,
    Step.EHLO_AGAIN: reply(250, HOST),
    Step.MAIL_AFTER_EHLO: _OK,
    Step.VRFY: reply(252, "2.0.0 cannot verify"),
    Step.VRFY_NOBODY: reply(252, "2.0.0 cannot verify"),
    Step.EXPN: _NO_COMMAND,
    Step.PARAMETERS: _OK,
    Step.NOTIFY: ACCEPTED,
    Step.TOO_LARGE: _TOO_LARGE,
    Step.LONG_LINE: _OK,
    Step.UTF8_MAIL: _OK,
    Step.UTF8_SENDER: UNKNOWN,
    Step.ANY_CASE: ACCEPTED,
    Step.LONG_LOCAL_PART: UNKNOWN,
    Step.LONG_DOMAIN: reply(450, "4.1.8 domain not found"),
    Step.BDAT: _SEQUENCE,
}
_OFFERED = ("PIPELINING", "SIZE", "VRFY", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING")


def _talk(answers: Mapping[Step, Reply | str | None] | None = None, /, **changes: Any) -> Conversation:
    """A server that does everything right, with other answers: a text is why there is none, None leaves a step out."""
    found: dict[Step, Reply | str | None] = {**_RIGHT, **(answers or {})}
    said = [
        Said(step, f"{step} command", *((answer, "") if isinstance(answer, Reply) else (None, answer)))
        for step, answer in found.items()
        if answer is not None
    ]
    transactions = [Said(Step.TRANSACTION, "MAIL", _OK)] * 5
    right = Conversation(
        TRANSCRIPT,
        ENDPOINT,
        tuple((keyword, ("10240000",) if keyword == "SIZE" else ()) for keyword in _OFFERED),
        (*said, *transactions),
        (_OK, UNKNOWN, _OK, _OK),
        recipients=(ACCEPTED,) * 100,
        tester=Tester(("203.0.113.9",)),
    )
    return replace(right, **changes)


def _without(*keywords: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((keyword, ()) for keyword in _OFFERED if keyword not in keywords)


def _transactions(*replies: Reply | str) -> Conversation:
    said = [Said(Step.TRANSACTION, "MAIL", *((one, "") if isinstance(one, Reply) else (None, one))) for one in replies]
    return _talk(said=tuple(said))


_UNSERVED = _talk(said=(), pipelined=(), recipients=(), unserved="the server opens with 554 no")
_CLOSING = "the server closes the channel: 421 4.7.0 too many errors"
_SLOW = "no complete reply within 60 s"
_NO_SENDER = reply(550, "5.1.8 the sender's domain does not exist")
_HUNG_UP = "the server closed the connection"

_WITH_UTF8 = session(ehlo_in_tls=reply(250, HOST, "8BITMIME", "SMTPUTF8"))


def _limited(*words: str) -> SMTPSession:
    return session(ehlo_in_tls=reply(250, HOST, " ".join(("LIMITS", *words))))


TABLE: Table = {
    "SMTP-VERBS": (
        passes(conversation=_talk()),
        passes(conversation=_talk({Step.VRFY: _NO_COMMAND})),
        fails("NOOP is answered with 502", conversation=_talk({Step.NOOP: _NO_COMMAND})),
        fails("RSET is answered with 500", conversation=_talk({Step.RSET: reply(500, "what?")})),
        fails("VRFY is answered with 500", conversation=_talk({Step.VRFY: reply(500, "what?")})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
        undecided("not answered", conversation=_talk({Step.RSET: _HUNG_UP})),
        undecided("refuses the tester", conversation=_talk({Step.MAIL: _BLOCKED})),
    ),
    "SMTP-STATE": (
        passes(conversation=_talk()),
        undecided("TLS does not work", conversation=_talk({Step.RCPT_FIRST: reply(530, "5.7.0 STARTTLS first")})),
        fails("RCPT without MAIL is accepted", conversation=_talk({Step.RCPT_FIRST: ACCEPTED})),
        leaves("SMTP-VERBS", conversation=_talk({Step.RSET: _NO_COMMAND})),
        leaves("SMTP-EHLO-HELO", conversation=_talk({Step.EHLO_AGAIN: _NO_COMMAND})),
        fails("RSET ends the session", conversation=_talk({Step.RSET: _HUNG_UP})),
        undecided("421", conversation=_talk({Step.RSET: _CLOSING})),
        undecided("deferred", conversation=_talk({Step.MAIL_AFTER_RSET: _LATER})),
        fails("MAIL behind RSET", conversation=_talk({Step.MAIL_AFTER_RSET: _SEQUENCE})),
        fails("MAIL behind EHLO", conversation=_talk({Step.MAIL_AFTER_EHLO: _SEQUENCE})),
        advises("a second MAIL", conversation=_talk({Step.MAIL_AGAIN: _OK})),
        undecided("MAIL is refused", conversation=_talk({Step.MAIL: _LATER})),
        undecided("not answered", conversation=_talk({Step.EHLO_AGAIN: _HUNG_UP})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
    ),
    "SMTP-ADVERTISED": (
        passes(conversation=_talk()),
        passes(conversation=_talk({Step.PARAMETERS: None, Step.NOTIFY: None})),
        passes(conversation=_talk({Step.EXPN: _NO_COMMAND})),
        fails("is answered with 555", conversation=_talk({Step.PARAMETERS: reply(555, "5.5.4 unsupported")})),
        fails("NOTIFY=NEVER", conversation=_talk({Step.NOTIFY: _SYNTAX})),
        fails("VRFY is offered", conversation=_talk({Step.VRFY: _NO_COMMAND})),
        fails("CHUNKING is offered", conversation=_talk({Step.BDAT: reply(500, "5.5.1 what?")})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
        undecided("not answered", conversation=_talk({Step.PARAMETERS: _HUNG_UP})),
    ),
    "SMTP-ENHANCED-CODES": (
        passes(conversation=_talk()),
        fails("without a code", conversation=_talk({Step.RSET: reply(250, "flushed")})),
        fails("another class", conversation=_talk({Step.TOO_LARGE: reply(552, "4.3.4 too large")})),
        fails("several", conversation=_talk(pipelined=(reply(250, "ok"), UNKNOWN, _OK, _OK))),
        skips("not offered", conversation=_talk(keywords=_without("ENHANCEDSTATUSCODES"))),
    ),
    "SMTP-SIZE": (
        passes(conversation=_talk()),
        passes(conversation=_talk({Step.TOO_LARGE: reply(452, "4.3.1 no room")})),
        undecided("MAIL is refused", conversation=_talk({Step.MAIL: _NO_SENDER, Step.TOO_LARGE: _NO_SENDER})),
        undecided("deferred", conversation=_talk({Step.TOO_LARGE: _LATER})),
        fails("is welcome", conversation=_talk({Step.TOO_LARGE: _OK})),
        fails("not with 552", conversation=_talk({Step.TOO_LARGE: reply(550, "5.0.0 no")})),
        skips("tells no limit", conversation=_talk({Step.TOO_LARGE: None})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
        undecided("not answered", conversation=_talk({Step.TOO_LARGE: _HUNG_UP})),
    ),
    "SMTP-LIMITS": (
        passes(smtp_session=_limited("RCPTMAX=1000", "MAILMAX=20", "X-OTHER=a")),
        fails("without a value", smtp_session=_limited("RCPTMAX")),
        fails("at most six digits", smtp_session=_limited("MAILMAX=0")),
        fails("at least 100", smtp_session=_limited("rcptmax=50")),
        skips("not offered", smtp_session=session()),
        leaves("SMTP-GREET-220", smtp_session=session(greeting=reply(554, "no"))),
    ),
    "SMTP-UTF8": (
        passes(smtp_session=_WITH_UTF8, conversation=_talk()),
        passes(smtp_session=_WITH_UTF8, conversation=_talk({Step.UTF8_SENDER: ACCEPTED})),
        fails(
            "without 8BITMIME",
            smtp_session=session(ehlo_in_tls=reply(250, HOST, "SMTPUTF8")),
            conversation=_talk(),
        ),
        fails("as if it were none", smtp_session=_WITH_UTF8, conversation=_talk({Step.UTF8_SENDER: _SYNTAX})),
        leaves("SMTP-ADVERTISED", smtp_session=_WITH_UTF8, conversation=_talk({Step.UTF8_MAIL: _SYNTAX})),
        skips("not offered", smtp_session=session(), conversation=_talk()),
        undecided("MAIL is refused", smtp_session=_WITH_UTF8, conversation=_talk({Step.UTF8_MAIL: _LATER})),
    ),
    "SMTP-MINIMUM-SIZES": (
        passes(conversation=_talk()),
        passes(conversation=_talk({Step.LONG_LOCAL_PART: None})),
        passes(conversation=_talk({Step.LONG_LOCAL_PART: reply(450, "4.7.1 greylisted")})),
        passes(conversation=_talk({Step.LONG_LINE: _SYNTAX, Step.SHORT_LINE: _SYNTAX})),
        passes(conversation=_talk({Step.LONG_LOCAL_PART: ENOUGH})),
        fails("a command line of 512 octets", conversation=_talk({Step.LONG_LINE: reply(500, "line too long")})),
        fails("64 octets", conversation=_talk({Step.LONG_LOCAL_PART: _SYNTAX})),
        passes(conversation=_talk({Step.LONG_DOMAIN: reply(501, "5.1.8 domain does not exist")})),
        fails("256 octets", conversation=_talk({Step.LONG_DOMAIN: _SYNTAX})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
        undecided("not answered", conversation=_talk({Step.LONG_LINE: _HUNG_UP})),
    ),
    "PIPELINE-SYNC": (
        passes(conversation=_talk()),
        undecided("421", conversation=_talk(pipelined=(_OK,), not_pipelined=_CLOSING)),
        fails("2 were answered", conversation=_talk(pipelined=(_OK, UNKNOWN), not_pipelined="no reply in time")),
        fails("in a segment", conversation=_talk(pipelined=(_OK, _OK, UNKNOWN, _OK))),
        skips("not offered", conversation=_talk(keywords=_without("PIPELINING"))),
        undecided("ended before that", conversation=_talk(pipelined=())),
    ),
    "MULTI-TXN": (
        passes(conversation=_talk()),
        passes(conversation=_transactions(_OK, _OK, "the server closes the channel: 421 too many messages")),
        fails("transaction 3, without 421", conversation=_transactions(_OK, _OK, _HUNG_UP)),
        undecided("ends after 2 transactions", conversation=_transactions(_OK, _OK)),
        leaves("SMTP-VERBS", conversation=_talk({Step.RSET: _NO_COMMAND})),
        undecided("refuses the tester", conversation=_transactions(_OK, reply(450, "4.7.1 rate of mail exceeded"))),
        fails("transaction 2 is answered", conversation=_transactions(_OK, _SEQUENCE)),
        undecided("MAIL is not accepted", conversation=_transactions(_LATER)),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
    ),
    "RCPT-100": (
        passes(conversation=_talk()),
        fails("after 50 recipients", conversation=_talk(recipients=(*(ACCEPTED,) * 50, reply(452, "4.5.3 too many")))),
        undecided("defers the tester", conversation=_talk(recipients=(*(ACCEPTED,) * 50, reply(450, "4.7.1 rate")))),
        undecided("after 20", conversation=_talk(recipients=(ACCEPTED,) * 20, fewer_recipients=_SLOW)),
        undecided(
            "421 4.7.0",
            conversation=_talk(
                recipients=(ACCEPTED,) * 20, fewer_recipients="the server closes the channel: 421 4.7.0 too many of you"
            ),
        ),
        fails("the session ends", conversation=_talk(recipients=(ACCEPTED,) * 20, fewer_recipients=_HUNG_UP)),
        leaves("SMTP-POSTMASTER", conversation=_talk(recipients=(UNKNOWN,))),
        undecided("no session came that far", conversation=_talk(recipients=())),
    ),
    "SMTP-NO-EXPN-VRFY": (
        passes(conversation=_talk()),
        passes(conversation=_talk({Step.VRFY: _NO_COMMAND, Step.VRFY_NOBODY: None})),
        passes(conversation=_talk({Step.VRFY_NOBODY: reply(450, "4.2.0 greylisted")})),
        advises("tells mailboxes apart", conversation=_talk({Step.VRFY_NOBODY: UNKNOWN})),
        advises("EXPN tells", conversation=_talk({Step.EXPN: reply(250, "<root@mx.example>")})),
        leaves("SMTP-GREET-220", conversation=_UNSERVED),
    ),
    "POSTMASTER-UNCONDITIONAL": (
        passes(conversation=_talk()),
        fails("PoStMaStEr is answered", conversation=_talk({Step.ANY_CASE: UNKNOWN})),
        leaves("SMTP-POSTMASTER", conversation=_talk(recipients=(UNKNOWN,))),
        undecided("deferred", conversation=_talk({Step.ANY_CASE: reply(450, "4.2.0 greylisted")})),
    ),
}
