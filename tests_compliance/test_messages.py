"""Messages as they were received: samples that the inventory names, judged by what receivers check.

A message is judged where From is a domain of the inventory, or lies below one; others are samples of foreign mail.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.criteria.mailbox_providers import MAILBOX_PROVIDERS
from mailproof.grammars.messages import MAX_LINE, ONCE, Field, is_date, is_message_id
from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.observations.messages import Message, MessageSignatures, SendingHop, SignatureSeen
from mailproof.places import Place
from mailproof.references import BSI_TR_03182, GOOGLE_SENDERS, YAHOO_SENDERS, rfc

FAMILY = Family("MSG", "Messages", also=("DKIM", "SPF", "BULK"))


@control(
    "DKIM-SIGNED-MAIL",
    MUST,
    rfc(6376, "6"),
    rfc(9989, "4.4.1"),
    GOOGLE_SENDERS,
    YAHOO_SENDERS,
    by_clock=True,
    allowed={"rotated_days": Between(0, 36500)},
    harm=Harm.REFUSED,
)
def test_sample_mail_is_signed(message_signatures: MessageSignatures, *, rotated_days: int = 30) -> None:
    """A message from the domain carries a DKIM signature that verifies and whose d= is aligned with From.

    Why: DMARC counts no other one; forwarded mail has nothing else, and large receivers refuse mail without it.
    Fix: let the server that sends it sign with d= the domain of From; let nothing change a message behind the signer.
    A signature whose key is gone is inconclusive in samples older than the parameter rotated_days.
    """
    signatures = message_signatures
    require_ours(signatures.message)
    if signatures.good:
        return
    if not signatures.message.author_domain:
        leave_to("MSG-FORMAT", "From does not name one author")
    if not signatures.signatures:
        finding(SHOULD, "the message carries no DKIM signature")
    unknown = [one for one in signatures.aligned if not one.result]
    if unknown:
        raise NotObserved(f"{_called(unknown[0])} could not be verified: {unknown[0].reason}", signatures.evidence())
    if signatures.left_out:
        raise NotAvailable(f"{signatures.left_out} more signatures are not looked at", signatures.evidence())
    if not signatures.aligned:
        domains = ", ".join(dict.fromkeys(one.signature.domain or "nobody" for one in signatures.signatures))
        finding(
            SHOULD, f"it is signed by {domains}, and none of them is aligned with {signatures.message.author_domain}"
        )
    broken = signatures.aligned[0]
    _leave_undecided(broken, signatures, rotated_days)
    fail(
        f"no aligned signature verifies: {_called(broken)}: {broken.result}, {broken.reason}",
        at=Place(signatures.message.file, broken.line),
    )


def require_ours(message: Message) -> None:
    """End the control for a message whose From is not the inventory's."""
    if not message.ours:
        whose = message.author_domain or "nobody that could be read"
        not_applicable(f"the message is from {whose}, which is no domain of the inventory")


def _called(one: SignatureSeen) -> str:
    return f"the signature of {one.signature.domain} with the selector {one.signature.selector}"


def _leave_undecided(broken: SignatureSeen, signatures: MessageSignatures, rotated_days: int) -> None:
    """Raise NotAvailable where something else than the sender may have broken the signature."""
    message = signatures.message
    age = message.age_in_days
    if broken.key_is_gone and (age is None or age > rotated_days):
        when = f"{age:.0f} days old" if age is not None else "of an unknown date"
        raise NotAvailable(f"{broken.reason} any more, and the sample is {when}", signatures.evidence())
    if broken.result == "fail" and message.passed_on:
        raise NotAvailable(
            f"{broken.reason}; but {message.passed_on} says that the message was passed on", signatures.evidence()
        )
    if broken.result == "fail" and message.header.envelope_line:
        raise NotAvailable(
            f"{broken.reason}; but the file is of the form mbox, which changes lines", signatures.evidence()
        )


@control(
    "DKIM-SIGNED-WELL",
    SHOULD,
    rfc(6376, "5.4"),
    rfc(6376, "8.2"),
    rfc(6376, "8.15"),
    rfc(8058, "4"),
    BSI_TR_03182,
    harm=Harm.ABUSED,
)
def test_signatures_cover_what_they_should(message_signatures: MessageSignatures) -> None:
    """An aligned signature covers From, To, Subject, Date and List-Unsubscribe, the whole body, and no trace fields.

    Why: what is not signed can be exchanged by whoever has the message; what servers change on the way breaks it.
    Fix: list these fields in h=, From once more than it stands in the message (oversigning), leave out l=, Received
    and Return-Path.
    """
    require_ours(message_signatures.message)
    if not message_signatures.good:
        leave_to("DKIM-SIGNED-MAIL", "no aligned signature verifies")
    _judge_one_click_cover(message_signatures)
    for one in message_signatures.good:
        _judge_cover(one, message_signatures.message)
    for one in message_signatures.good:
        signed = one.signature.signed
        if signed.count("from") <= len(message_signatures.message.header.all("from")):
            finding(
                MAY,
                f"{_called(one)} does not oversign From: a second From could be added (RFC 6376, section 8.15)",
                fix="list From in h= once more than it stands in the message",
            )


def _judge_cover(one: SignatureSeen, message: Message) -> None:
    at = Place(message.file, one.line)
    if one.signature.body_length is not None:
        fail(f"{_called(one)} has l={one.signature.body_length}: text can be added behind it", at=at)
    trace = [name for name in ("received", "return-path") if name in one.signature.signed]
    if trace:
        fail(f"{_called(one)} signs {', '.join(trace)}, which servers on the way add or remove", at=at)
    missing = [name for name in _CORE if name in one.left_out]
    if missing:
        fail(f"{_called(one)} does not sign {', '.join(missing)}", at=at)


def _judge_one_click_cover(signatures: MessageSignatures) -> None:
    """One signature that verifies, whoever's, has to cover both fields of one-click (RFC 8058, section 4)."""
    if not signatures.message.header.all("list-unsubscribe-post"):
        return
    if any(not set(_ONE_CLICK) & set(one.left_out) for one in signatures.signatures if one.result == "pass"):
        return
    one = signatures.good[0]
    missing = ", ".join(name for name in _ONE_CLICK if name in one.left_out)
    finding(
        MUST,
        f"{_called(one)} does not sign {missing}: receivers do not offer to unsubscribe",
        fix="list List-Unsubscribe and List-Unsubscribe-Post in h= (RFC 8058, section 4)",
        at=Place(signatures.message.file, one.line),
    )


_ONE_CLICK = ("list-unsubscribe", "list-unsubscribe-post")
_CORE = ("to", "subject", "date", "list-unsubscribe")


@control("MSG-FORMAT", MUST, rfc(5322, "2"), rfc(5322, "3.6"), GOOGLE_SENDERS, harm=Harm.REFUSED)
def test_sample_mail_has_the_right_form(message: Message) -> None:
    """A message has one From, Date and Message-ID, lines of at most 998 octets, and no bare CR or LF.

    Why: Google and others refuse mail that breaks the form; servers on the way mend it, which breaks signatures.
    Fix: have the program that writes the message corrected; the finding names the line.
    """
    if not message.ours and not message.sent_by_us:
        require_ours(message)
    file, header = message.file, message.header
    for line, what in header.errors:
        fail(f"line {line} of the header {what}", at=Place(file, line))
    _judge_lines(message)
    for name in ONCE:
        fields = header.all(name)
        if len(fields) > 1:
            fail(f"{fields[0].name} stands {len(fields)} times", at=Place(file, fields[1].line))
    _judge_author(message)
    dates = header.all("date")
    if not dates:
        fail("there is no Date")
    if not is_date(dates[0].value):
        fail(f"Date is not of the form that may be written: {dates[0].value[:80]!r}", at=Place(file, dates[0].line))
    _judge_text(message)
    identifiers = header.all("message-id")
    if not identifiers:
        finding(SHOULD, "there is no Message-ID (RFC 5322, section 3.6.4)")
    if not is_message_id(identifiers[0].value):
        fail(
            f"Message-ID has not the form <left@right>: {identifiers[0].value[:80]!r}",
            at=Place(file, identifiers[0].line),
        )


def _judge_lines(message: Message) -> None:
    form = message.header.form
    if form.bare_cr:
        fail(f"line {form.bare_cr} holds a CR without LF", at=Place(message.file, form.bare_cr))
    if form.bare_lf:
        fail(f"line {form.bare_lf} ends in LF, others in CRLF", at=Place(message.file, form.bare_lf))
    long = [(field.line, field.longest) for field in message.header.fields if not _is_by_others(field.key)]
    for line, octets in (*long, (form.longest_at, form.longest)):
        if octets > MAX_LINE:
            fail(f"a line has {octets} octets, {MAX_LINE} are allowed", at=Place(message.file, line))


def _judge_author(message: Message) -> None:
    fields = message.header.all("from")
    if not fields:
        fail("there is no From")
    author, at = message.author, Place(message.file, fields[0].line)
    for error in author.errors:
        fail(f"From: {error}", at=at)
    if author.groups:
        finding(SHOULD, "From holds a group, which is for special cases only (RFC 6854, section 1)", at=at)
    if len(author.addresses) > 1 and not message.header.all("sender"):
        fail("From names several authors and there is no Sender (RFC 5322, section 3.6.2)", at=at)
    provider = next((name for name in author.domains if name in MAILBOX_PROVIDERS), "")
    if provider and not message.ours:
        fail(
            f"From is an address of {provider}, and the message was sent by {message.sent_by_us}",
            why=f"{provider} has receivers quarantine or refuse mail in its name that it did not send",
            fix="send from an address of your own domain",
            at=at,
        )


def _judge_text(message: Message) -> None:
    """Text beyond ASCII in the header: only UTF-8, and only in internationalised mail (RFC 6532)."""
    beyond = [field for field in message.header.fields if not field.is_ascii and not _is_by_others(field.key)]
    for field in beyond:
        if not field.is_utf8:
            fail(f"{field.name} holds octets that are neither ASCII nor UTF-8", at=Place(message.file, field.line))
    if beyond and not any(hop.protocol.startswith("UTF8") for hop in message.hops):
        finding(
            MAY,
            f"{beyond[0].name} holds UTF-8 that is not encoded, and no hop says that the message is internationalised",
            fix="encode it (RFC 2047), unless the message was sent with SMTPUTF8",
            at=Place(message.file, beyond[0].line),
        )


def _is_by_others(name: str) -> bool:
    """Whether servers on the way write fields of this name, or may."""
    return name.startswith(("x-", "arc-", "received", "authentication-results")) or name in _OF_DELIVERY


_OF_DELIVERY = ("return-path", "delivered-to")


@control(
    "SPF-EVAL-LISTED",
    SHOULD,
    rfc(7208, "4"),
    rfc(9989, "4.4.2"),
    GOOGLE_SENDERS,
    by_clock=True,
    allowed={"days": Between(0, 36500)},
    harm=Harm.REFUSED,
)
def test_sample_mail_passes_spf(sending_hop: SendingHop, *, days: int = 30) -> None:
    """SPF passes for the hop by which a message left, and the domain of its envelope is aligned with From.

    Why: this is what receivers compute for real mail; large ones want SPF and DKIM to pass. It is judged by
    today's DNS: a sample older than the parameter days that does not pass is inconclusive.
    Fix: authorise the address in the SPF record of the envelope's domain, and let that be the domain of From or one
    of its organisation.
    """
    hop = sending_hop
    require_ours(hop.message)
    if not hop.address:
        raise NotAvailable("no field tells which address sent the message", hop.evidence())
    if not hop.is_ours and hop.are_declared:
        not_applicable(f"the message came from {hop.address}, which is no sending address of the inventory")
    if not hop.is_ours and hop.message.passed_on:
        not_applicable(f"the message came from {hop.address}, and {hop.message.passed_on} says that it was passed on")
    if hop.message.return_path is None:
        raise NotAvailable("no field tells the sender of the envelope (Return-Path)", hop.evidence())
    if hop.check is None:
        raise NotAvailable(f"{hop.domain or 'an empty sender without HELO name'} is no domain", hop.evidence())
    age = hop.message.age_in_days
    if hop.check.result != "pass" and (age is None or age > days):
        when = f"{age:.0f} days old" if age is not None else "of an unknown date"
        raise NotAvailable(f"SPF says {hop.check.result} today, and the sample is {when}", hop.evidence())
    if hop.check.result != "pass":
        finding(SHOULD, f"SPF of {hop.domain} says {hop.check.result} for {hop.address}, which sent the message")
    if not hop.aligned:
        finding(
            MAY,
            f"SPF passes for {hop.domain}, which is not aligned with {hop.message.author_domain}: DMARC rests on DKIM",
            fix="let the envelope's sender be of the domain of From, or of its organisation",
        )


@control("BULK-HEADERS", SHOULD, rfc(8058, "3"), GOOGLE_SENDERS, YAHOO_SENDERS, harm=Harm.REFUSED)
def test_bulk_mail_can_be_unsubscribed(message: Message, *, bulk: tuple[str, ...] = ()) -> None:
    """A bulk message offers one-click unsubscription, and its bounces go to the domain, by recipient.

    Why: large receivers refuse bulk mail without it, and recipients who cannot leave report spam. A message is bulk
    where it says so (List-Unsubscribe, List-Id, Precedence), or where its file matches the parameter bulk.
    Fix: add List-Unsubscribe with an https URI and List-Unsubscribe-Post: List-Unsubscribe=One-Click.
    """
    require_ours(message)
    header = message.header
    says_so = [name for name in ("list-unsubscribe", "list-unsubscribe-post", "list-id") if header.all(name)]
    says_so += ["precedence"] if (header.first("precedence") or "").lower() in ("bulk", "list", "junk") else []
    if not says_so and not any(fnmatchcase(message.file, pattern) for pattern in bulk):
        not_applicable("nothing says that it is a bulk message")
    if header.all("list-post"):
        not_applicable("it is of a list for discussion (List-Post)")
    unsubscribe = header.all("list-unsubscribe")
    if not unsubscribe:
        finding(SHOULD, "there is no List-Unsubscribe")
    _judge_one_click(message, unsubscribe)
    path = message.return_path
    if path and "@" in path:
        local, _, domain = path.rpartition("@")
        if not f".{domain.lower()}".endswith(f".{message.ours}"):
            finding(MAY, f"bounces go to {domain}, a domain of others: SPF is not aligned")
        if not any(sign in local for sign in "+=") and not any(char.isdigit() for char in local):
            finding(
                MAY,
                f"bounces go to {path}: nothing in it tells the recipient",
                why="a bounce often does not say which address failed, so that dead addresses stay (practice: VERP)",
                fix="give each recipient a return path of its own",
            )


def _judge_one_click(message: Message, unsubscribe: tuple[Field, ...]) -> None:
    at = Place(message.file, unsubscribe[0].line)
    if len(unsubscribe) > 1:
        fail(f"List-Unsubscribe stands {len(unsubscribe)} times (RFC 2369, section 3)", at=at)
    uris = one_click_uris(unsubscribe[0].value)
    post = message.header.all("list-unsubscribe-post")
    if not post:
        finding(SHOULD, "there is no List-Unsubscribe-Post: unsubscribing takes more than one click", at=at)
    if "".join(post[0].value.split()).lower() != "list-unsubscribe=one-click":
        finding(
            MUST,
            f"List-Unsubscribe-Post says {post[0].value[:80]!r}, not List-Unsubscribe=One-Click",
            at=Place(message.file, post[0].line),
        )
    if not uris:
        finding(MUST, "List-Unsubscribe holds no https URI, and List-Unsubscribe-Post needs one", at=at)


def one_click_uris(value: str) -> tuple[str, ...]:
    """The https URIs of List-Unsubscribe, in order."""
    parts = [
        part.partition("<")[2].partition(">")[0].strip() for part in value.split(",<") for part in part.split(">,")
    ]
    return tuple(part for part in parts if part.lower().startswith("https://"))
