"""Messages as they were received: samples that the inventory names, judged by what receivers check.

A message is judged where From is a domain of the inventory, or lies below one; others are samples of foreign mail.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.criteria.mailbox_providers import MAILBOX_PROVIDERS
from mailproof.grammars.messages import MAX_LINE, ONCE, Field, is_date, is_message_id, time_error
from mailproof.net.errors import NotAvailable
from mailproof.observations.arc import ARCChain
from mailproof.observations.messages import Message, https_uris
from mailproof.places import Place
from mailproof.references import GOOGLE_SENDERS, YAHOO_SENDERS, rfc

FAMILY = Family("MSG", "Messages", also=("BACKEND", "BULK", "RETURN", "SENDING"))


def require_ours(message: Message) -> None:
    """End the control for a message whose From is not the inventory's."""
    if not message.ours:
        whose = message.author_domain or "nobody that could be read"
        not_applicable(f"the message is from {whose}, which is no domain of the inventory")


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
        field = max((field for field in header.fields if field.line <= line), key=_line, default=None)
        if what.startswith("holds nothing") and field is not None and is_by_others(field.key):
            continue  # reports of filters
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
    if wrong := time_error(dates[0].value):
        fail(f"Date names no time: {wrong} ({dates[0].value[:80]!r})", at=Place(file, dates[0].line))
    _judge_text(message)
    identifiers = header.all("message-id")
    if not identifiers:
        finding(SHOULD, "there is no Message-ID (RFC 5322, section 3.6.4)")
    if not is_message_id(identifiers[0].value):
        fail(
            f"Message-ID has not the form <left@right>: {identifiers[0].value[:80]!r}",
            at=Place(file, identifiers[0].line),
        )


def _line(field: Field) -> int:
    return field.line


def _judge_lines(message: Message) -> None:
    form = message.header.form
    if form.bare_cr:
        fail(f"line {form.bare_cr} holds a CR without LF", at=Place(message.file, form.bare_cr))
    if form.bare_lf:
        fail(f"line {form.bare_lf} ends in LF, others in CRLF", at=Place(message.file, form.bare_lf))
    long = [(field.line, field.longest) for field in message.header.fields if not is_by_others(field.key)]
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
    beyond = [field for field in message.header.fields if not field.is_ascii and not is_by_others(field.key)]
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


def is_by_others(name: str) -> bool:
    """Whether servers on the way write fields of this name, or may."""
    return name.startswith(_OF_SERVERS) or name in _OF_DELIVERY


_OF_SERVERS = ("x-", "arc-", "received", "authentication-results", "ironport-")
_OF_DELIVERY = ("return-path", "delivered-to", "envelope-to", "delivery-date", "dkim-filter", "dmarc-filter")


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
    post = message.header.all("list-unsubscribe-post")
    if not post:
        finding(SHOULD, "there is no List-Unsubscribe-Post: unsubscribing takes more than one click", at=at)
    if "".join(post[0].value.split()).lower() != "list-unsubscribe=one-click":
        finding(
            MUST,
            f"List-Unsubscribe-Post says {post[0].value[:80]!r}, not List-Unsubscribe=One-Click",
            at=Place(message.file, post[0].line),
        )
    if not https_uris(unsubscribe[0].value):
        finding(MUST, "List-Unsubscribe holds no https URI, and List-Unsubscribe-Post needs one", at=at)


@control("MSG-ARC", MAY, rfc(8617, "5.2"), harm=Harm.REFUSED)
def test_arc_chain_verifies(arc_chain: ARCChain) -> None:
    """The ARC chain of a message, where somebody passed it on with one, verifies.

    Why: receivers that trust a forwarder take its word for SPF and DKIM only if the chain is whole.
    Fix: let whatever changes messages come before what seals them; a seal of yours goes on last.
    """
    if not arc_chain.concerns_us:
        require_ours(arc_chain.message)
    if not arc_chain.sets:
        not_applicable("the message has no ARC sets: nobody passed it on, or not with ARC")
    if arc_chain.unknown:
        raise NotAvailable(f"the chain could not be verified: {arc_chain.unknown}", arc_chain.evidence())
    assert not arc_chain.broken, f"the chain of {arc_chain.sets} ARC sets does not verify: {arc_chain.broken}"
