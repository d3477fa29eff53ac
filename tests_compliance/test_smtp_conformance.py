"""How exactly a server speaks SMTP: order of commands, extensions that work, limits, many recipients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import NotAvailable, NoTLS, NotObserved
from mailproof.net.smtp import Reply
from mailproof.observations.conversation import ENOUGH, PIPELINED, RECIPIENTS, TRANSACTIONS, Conversation, Step
from mailproof.observations.refusals import demands_tls, refuses_client, status
from mailproof.observations.smtp import SMTPSession
from mailproof.references import rfc

FAMILY = Family("CONFORMANCE", "SMTP to the letter", also=("SMTP", "PIPELINE", "MULTI", "RCPT", "POSTMASTER"))

UNKNOWN = (500, 502)
"""The command is not known (RFC 5321, section 4.2.4)."""


@control("SMTP-VERBS", MUST, rfc(5321, "4.5.1"), harm=Harm.LOST)
def test_minimum_commands_are_known(conversation: Conversation) -> None:
    """NOOP, RSET, MAIL and RCPT are known: none is answered with 500 or 502.

    Why: clients say NOOP and RSET between messages, and end the session where they are refused.
    Fix: look for a filter in front of the server that lets only some commands pass. VRFY may be answered with 252 or
    502: Postfix knows no other way to switch it off.
    """
    _require_service(conversation)
    for step in (Step.NOOP, Step.RSET, Step.MAIL):
        reply = conversation.reply(step)
        assert reply.code not in UNKNOWN, f"{step} is answered with {reply}"
    first = conversation.reply(Step.RCPT_FIRST)
    assert first.code not in UNKNOWN, f"{Step.RCPT_FIRST} is answered with {first}"
    vrfy = conversation.find(Step.VRFY)
    if vrfy is not None and vrfy.reply is not None:
        assert vrfy.reply.code != 500, f"VRFY is answered with {vrfy.reply}"


@control("SMTP-STATE", MUST, rfc(5321, "4.1.4"), rfc(5321, "4.1.1.5"), harm=Harm.LOST)
def test_commands_have_their_order(conversation: Conversation) -> None:
    """RCPT before MAIL is refused; behind RSET, and behind a second EHLO, a transaction begins; RSET ends no session.

    Why: senders use one session for several messages, and rely on RSET to begin anew.
    Fix: update the server; or let the filter in front of it pass RSET and EHLO.
    """
    _require_service(conversation)
    first = conversation.reply(Step.RCPT_FIRST)
    assert not first.positive, f"RCPT without MAIL is accepted: {first}"
    if not conversation.reply(Step.MAIL).positive:
        raise NotAvailable(f"MAIL is refused: {conversation.reply(Step.MAIL)}", conversation.evidence())
    rset = conversation.find(Step.RSET)
    if rset is not None and rset.reply is None and "421" not in rset.why:  # 421: two refusals were too many for it
        fail(
            f"RSET ends the session: {rset.why}",
            why="senders say RSET after a recipient was refused, and go on; here they have to connect again.",
            fix="let the server answer RSET with 250 (RFC 5321, section 4.1.1.5).",
        )
    for step in (Step.RSET, Step.MAIL_AFTER_RSET, Step.EHLO_AGAIN, Step.MAIL_AFTER_EHLO):
        reply = conversation.reply(step)
        if step is Step.RSET and reply.code in UNKNOWN:
            leave_to("SMTP-VERBS", "RSET is not known")
        if step is Step.EHLO_AGAIN and reply.code in UNKNOWN:
            leave_to("SMTP-EHLO-HELO", "EHLO is not known")
        if reply.transient:
            raise NotAvailable(f"{step} is deferred: {reply}", conversation.evidence())
        assert reply.positive, f"{step} is answered with {reply}"
    again = conversation.reply(Step.MAIL_AGAIN)
    if again.positive:
        finding(
            MAY,
            f"a second MAIL in one transaction is accepted: {again}",
            why="a client that has lost count delivers its message from the wrong sender.",
            fix="nothing to set: servers answer 503 (RFC 5321, section 4.1.4); ask the server's authors.",
        )


@control("SMTP-ADVERTISED", MUST, rfc(5321, "4.2.4"), rfc(5321, "4.1.1.1"), harm=Harm.LOST)
def test_what_is_offered_works(conversation: Conversation) -> None:
    """What the EHLO reply offers is known: parameters of SIZE, 8BITMIME, DSN and SMTPUTF8, and VRFY, HELP, BDAT.

    Why: clients use what is offered; where it is refused then, the message is returned or deferred.
    Fix: take the keyword out of the EHLO reply (Postfix: smtpd_discard_ehlo_keywords), or switch the extension on.
    """
    _require_service(conversation)
    offered = conversation.offers
    if Step.PARAMETERS in {said.step for said in conversation.said}:
        mail = conversation.reply(Step.PARAMETERS)
        command = next(said.command for said in conversation.said if said.step is Step.PARAMETERS)
        assert mail.code not in (*UNKNOWN, 501, 504, 555), f"{command} is answered with {mail}"
        notify = conversation.find(Step.NOTIFY)
        if notify is not None and notify.reply is not None:
            assert notify.reply.code not in (*UNKNOWN, 501, 504, 555), f"NOTIFY=NEVER is answered with {notify.reply}"
    for keyword, step in (("VRFY", Step.VRFY), ("EXPN", Step.EXPN), ("HELP", Step.HELP), ("CHUNKING", Step.BDAT)):
        said = conversation.find(step)
        if keyword in offered and said is not None and said.reply is not None:
            assert said.reply.code not in UNKNOWN, f"{keyword} is offered, and answered with {said.reply}"


@control("SMTP-ENHANCED-CODES", MUST, rfc(2034, "4"), harm=Harm.LOST)
def test_enhanced_codes_come_with_every_reply(conversation: Conversation) -> None:
    """Where ENHANCEDSTATUSCODES is offered, each reply but those to EHLO has a code, and its class fits.

    Why: the sender's report says by this code what was wrong, in words that every language has.
    Fix: let own texts (of access lists, policy services, milters) begin with the code: 550 5.7.1 not here.
    """
    _require_service(conversation)
    if "ENHANCEDSTATUSCODES" not in conversation.offers:
        not_applicable("ENHANCEDSTATUSCODES is not offered")
    for what, reply in _replies(conversation):
        if reply.intermediate:
            continue
        assert reply.enhanced is not None, f"{what} is answered without a code: {reply}"
        assert reply.enhanced[0] == str(reply.code)[0], f"{what} is answered with a code of another class: {reply}"


def _replies(conversation: Conversation) -> Iterator[tuple[str, Reply]]:
    for said in conversation.said:
        if said.reply is not None and said.step is not Step.EHLO_AGAIN:
            yield str(said.step), said.reply
    for reply in conversation.pipelined:
        yield "a command in a segment of several", reply


@control("SMTP-SIZE", SHOULD, rfc(1870, "6.1"), rfc(1870, "6.2"), harm=Harm.LOST)
def test_messages_above_the_limit_are_refused_at_once(conversation: Conversation) -> None:
    """A message that says to be larger than the limit is refused at MAIL, with 552 or 452.

    Why: a sender that is told after the last octet has sent all of them for nothing, and tries again for days.
    Fix: let the filter or proxy in front of the server check SIZE= as the server would.
    """
    _require_service(conversation)
    if conversation.find(Step.TOO_LARGE) is None and conversation.said:
        not_applicable("the EHLO reply tells no limit (SIZE)")
    mail = conversation.find(Step.MAIL)
    if mail is not None and mail.reply is not None and not mail.reply.positive:
        raise NotAvailable(f"MAIL is refused: {mail.reply}", conversation.evidence())
    reply = conversation.reply(Step.TOO_LARGE)
    if reply.transient and reply.code != 452:
        raise NotAvailable(f"MAIL is deferred: {reply}", conversation.evidence())
    assert not reply.positive, f"a message of one octet above the limit is welcome: {reply}"
    assert reply.code in (552, 452), f"a message above the limit is answered with {reply}, and not with 552"


_LIMIT = re.compile(r"([A-Za-z0-9_-]+)=([\x21-\x3a\x3c-\x7e]+)")
"""RFC 9422, section 3."""

NAMED_LIMITS = ("MAILMAX", "RCPTMAX", "RCPTDOMAINMAX")
"""Their values are numbers of one to six digits, the first of which is no zero (RFC 9422, section 4)."""


@control("SMTP-LIMITS", MUST, rfc(9422, "3"), rfc(5321, "4.5.3.1.8"), harm=Harm.LOST)
def test_limits_are_right(smtp_session: SMTPSession) -> None:
    """Where LIMITS is offered, its parameters have the right form, and RCPTMAX is not below 100.

    Why: senders keep to these limits: with a smaller RCPTMAX they cut a message into more pieces than others do.
    Fix: write LIMITS RCPTMAX=1000, or take the keyword away.
    """
    limits = _keywords(smtp_session).get("LIMITS")
    if limits is None:
        not_applicable("LIMITS is not offered")
    for word in limits:
        found = _LIMIT.fullmatch(word)
        assert found is not None, f"LIMITS has a parameter without a value: {word}"
        name, value = found[1].upper(), found[2]
        if name in NAMED_LIMITS:
            assert re.fullmatch(r"[1-9][0-9]{0,5}", value), f"LIMITS {word}: that is no number of at most six digits"
        if name == "RCPTMAX" and int(value) < RECIPIENTS:
            fail(
                f"LIMITS {word}: a server takes at least 100 recipients",
                why="senders cut a message into more pieces, and lists take longer.",
                fix="raise the limit of recipients to 100 or more (RFC 5321, section 4.5.3.1.8).",
            )


@control("SMTP-UTF8", MUST, rfc(6531, "3.1"), rfc(6531, "3.5"), harm=Harm.LOST)
def test_internationalised_addresses(smtp_session: SMTPSession, conversation: Conversation) -> None:
    """SMTPUTF8 is offered together with 8BITMIME, and an address in UTF-8 is taken or refused as an address.

    Why: a sender that may not send eight bits cannot use SMTPUTF8; and who meets a syntax error believes it is broken.
    Fix: offer 8BITMIME, which every current server has; or take SMTPUTF8 away (Postfix: smtputf8_enable = no).
    """
    _require_service(conversation)
    keywords = _keywords(smtp_session)
    if "SMTPUTF8" not in keywords:
        not_applicable("SMTPUTF8 is not offered")
    assert "8BITMIME" in keywords, "SMTPUTF8 is offered without 8BITMIME"
    mail = conversation.reply(Step.UTF8_MAIL)
    if mail.code in (*UNKNOWN, 501, 504, 555):
        leave_to("SMTP-ADVERTISED", "the parameter SMTPUTF8 is not known")
    if not mail.positive:
        raise NotAvailable(f"MAIL is refused: {mail}", conversation.evidence())
    sender = conversation.heard(Step.UTF8_SENDER)
    assert sender.code not in (*UNKNOWN, 501), f"an address in UTF-8 is answered with {sender}, as if it were none"


@control("SMTP-MINIMUM-SIZES", MUST, rfc(5321, "4.5.3.1"), harm=Harm.LOST)
def test_long_lines_and_names_are_taken(conversation: Conversation) -> None:
    """A command line of 512 octets, a local part of 64 and a path of 256 are no syntax error.

    Why: addresses of that length are made by lists and forwarders (VERP, SRS), and mail to and from them is lost.
    Fix: raise the limit in the filter in front of the server.
    """
    _require_service(conversation)
    short = conversation.find(Step.SHORT_LINE)
    takes_no_words = short is not None and not (short.reply is not None and short.reply.positive)
    for step in (Step.LONG_LINE, Step.LONG_LOCAL_PART, Step.LONG_DOMAIN):
        said = conversation.find(step)
        if (said is None and step is Step.LONG_LOCAL_PART) or (takes_no_words and step is Step.LONG_LINE):
            continue
        if said is not None and said.why == ENOUGH:
            continue
        reply = conversation.heard(step)
        if step is not Step.LONG_LINE and reply.enhanced == "5.1.8":
            continue  # a domain that does not exist, as it may be
        assert reply.code not in (*UNKNOWN, 501), f"{step} is answered with {reply}"


@control("PIPELINE-SYNC", MUST, rfc(2920, "3.2"), harm=Harm.LOST)
def test_commands_of_one_segment_are_answered_in_order(conversation: Conversation) -> None:
    """Where PIPELINING is offered, commands sent in one segment get one reply each, in order.

    Why: senders count the replies; one too few and they wait until the session ends, and deliver nothing.
    Fix: switch off "fixups" of SMTP in the firewall; or take PIPELINING out of the EHLO reply.
    """
    _require_service(conversation)
    if "PIPELINING" not in conversation.offers:
        not_applicable("PIPELINING is not offered")
    if not conversation.pipelined and not conversation.not_pipelined:
        raise NotAvailable("the session ended before that", conversation.evidence())
    count = len(conversation.pipelined)
    if "421" in conversation.not_pipelined:
        raise NotAvailable(f"the session ended before that: {conversation.not_pipelined}", conversation.evidence())
    assert not conversation.not_pipelined, (
        f"of {len(PIPELINED)} commands in one segment {count} were answered: {conversation.not_pipelined}"
    )
    *_, rset, noop = conversation.pipelined
    for step, reply in ((Step.RSET, rset), (Step.NOOP, noop)):
        alone = conversation.reply(step)
        assert reply.code == alone.code, f"{step} is answered with {alone}, and in a segment of several with {reply}"


@control("MULTI-TXN", MUST, rfc(5321, "3.3"), rfc(5321, "4.1.1.5"), harm=Harm.LOST)
def test_several_transactions_in_one_session(conversation: Conversation) -> None:
    """Five transactions in one session are begun, or the sixth command ends it with 421.

    Why: senders with several messages use one session; a server that hangs up makes them wait, and try again later.
    Fix: raise the limit of messages in a session (Exim: smtp_accept_max_per_connection).
    """
    _require_service(conversation)
    rset = conversation.find(Step.RSET)
    if rset is not None and rset.reply is not None and not rset.reply.positive:
        if rset.reply.code in UNKNOWN:
            leave_to("SMTP-VERBS", "RSET is not known")
        leave_to("SMTP-STATE", f"RSET is answered with {rset.reply}")
    said = [one for one in conversation.said if one.step is Step.TRANSACTION]
    if not said:
        raise NotAvailable("no session came that far", conversation.evidence())
    if said[0].reply is None or not said[0].reply.positive:
        raise NotAvailable(f"MAIL is not accepted: {said[0].reply or said[0].why}", conversation.evidence())
    for number, one in enumerate(said, 1):
        if one.reply is None and "421" in one.why:
            return
        assert one.reply is not None, f"the session ends at transaction {number}, without 421: {one.why}"
        if not one.reply.positive and (reason := refuses_client(one.reply, conversation.tester)):
            raise NotObserved(reason, conversation.evidence())
        assert one.reply.positive, f"MAIL of transaction {number} is answered with {one.reply}"
    if len(said) < TRANSACTIONS:
        raise NotAvailable(f"the session ends after {len(said)} transactions, at RSET", conversation.evidence())


@control("RCPT-100", MUST, rfc(5321, "4.5.3.1.8"), rfc(5321, "4.5.3.1.10"), harm=Harm.LOST)
def test_a_hundred_recipients_are_taken(conversation: Conversation) -> None:
    """A transaction may have 100 recipients: 100 times postmaster is accepted here, and ended by RSET.

    Why: lists and offices send to many at once; recipients that are refused get the message later, or never.
    Fix: raise the limit to 100 or more (Postfix: smtpd_recipient_limit; Exim: recipients_max).
    """
    _require_service(conversation)
    replies = conversation.recipients
    if not replies:
        raise NotAvailable(
            f"no session came that far: {conversation.fewer_recipients or 'it ended'}",
            conversation.evidence(),
        )
    if not replies[0].positive:
        leave_to("SMTP-POSTMASTER", f"postmaster is not accepted: {replies[0]}")
    taken = sum(reply.positive for reply in replies)
    last = replies[-1]
    code = status(last)
    if last.transient and code is not None and code[1] == 7:  # X.7: by a policy about the client, and not by number
        raise NotObserved(f"after {taken} recipients the server defers the tester: {last}", conversation.evidence())
    ended = conversation.fewer_recipients
    if taken < RECIPIENTS and (ended.startswith("no complete reply") or ": 421 4.7." in ended):  # X.7 as above
        raise NotObserved(f"after {taken} recipients: {conversation.fewer_recipients}", conversation.evidence())
    if taken < RECIPIENTS and conversation.fewer_recipients:
        fail(
            f"the session ends after {taken} recipients: {conversation.fewer_recipients}",
            why="the sender cannot know which recipients have the message, and sends it to all of them again.",
            fix="answer 452 where no more recipients are taken (RFC 5321, section 4.5.3.1.10), and not below 100.",
        )
    assert taken >= RECIPIENTS, f"after {taken} recipients the next one is answered with {last}"


@control("SMTP-NO-EXPN-VRFY", MAY, rfc(5321, "7.3"), rfc(5321, "3.5.3"), harm=Harm.ABUSED)
def test_mailboxes_are_not_told(conversation: Conversation) -> None:
    """VRFY does not tell mailboxes that exist from those that do not, and EXPN expands nothing.

    Why: whoever collects addresses asks for thousands of names in one session, without sending a message.
    Fix: Postfix: disable_vrfy_command = yes; Exim: no acl_smtp_vrfy and no acl_smtp_expn; Sendmail: PrivacyOptions with
    novrfy,noexpn.
    """
    _require_service(conversation)
    vrfy = conversation.find(Step.VRFY)
    if vrfy is None or vrfy.reply is None:
        raise NotAvailable(
            f"VRFY was not answered: {vrfy.why if vrfy else 'it was not asked'}", conversation.evidence()
        )
    nobody = conversation.find(Step.VRFY_NOBODY)
    if nobody is not None and nobody.reply is not None and not nobody.reply.transient:
        assert nobody.reply.code == vrfy.reply.code or not vrfy.reply.positive, (
            f"VRFY tells mailboxes apart: {vrfy.reply.code} for postmaster, {nobody.reply} for one that nobody has"
        )
    expn = conversation.find(Step.EXPN)
    if expn is not None and expn.reply is not None:
        assert expn.reply.code != 250, f"EXPN tells who is behind postmaster: {expn.reply}"


@control("POSTMASTER-UNCONDITIONAL", MUST, rfc(5321, "4.5.1"), rfc(5321, "2.4"), harm=Harm.LOST)
def test_postmaster_in_any_letters(conversation: Conversation) -> None:
    """Postmaster is accepted in any letter case.

    Why: whoever has trouble with the server writes to Postmaster, POSTMASTER or postmaster, and means the same.
    Fix: look up local parts in lower case (Postfix and Exim do unless a table of their own does not).
    """
    _require_service(conversation)
    if not conversation.recipients or not conversation.recipients[0].positive:
        leave_to("SMTP-POSTMASTER", "postmaster is not accepted at all, or could not be asked for")
    reply = conversation.reply(Step.ANY_CASE)
    if reply.transient:
        raise NotAvailable(f"it is deferred: {reply}", conversation.evidence())
    assert reply.positive, f"PoStMaStEr is answered with {reply}, while postmaster is accepted"


def _require_service(conversation: Conversation) -> None:
    """The server serves, and does not want a TLS first that does not work."""
    if conversation.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {conversation.unserved}")
    refused = next((said.reply for said in conversation.said if said.reply and demands_tls(said.reply)), None)
    if refused is not None:
        raise NoTLS(f"TLS does not work, and without it the server says {refused}", conversation.evidence())


def _keywords(session: SMTPSession) -> dict[str, tuple[str, ...]]:
    """What senders are offered: inside TLS where it works."""
    if not session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    if session.without_ehlo:
        leave_to("SMTP-EHLO-HELO", "EHLO is refused")
    return session.extensions_in_tls if session.tls_works and session.ehlo_in_tls else session.extensions
