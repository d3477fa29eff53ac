"""The ways of messages: where their bounces go, which domains they name, and what our own servers write on them."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, not_applicable
from mailproof.grammars.messages import Field, without_comments
from mailproof.net.errors import NotAvailable
from mailproof.observations.messages import Message, OneClick, ReturnPath
from mailproof.places import Place
from mailproof.references import BSI_TR_03182, PRACTICE, rfc
from mailproof.tests_compliance.test_messages import is_by_others, require_ours

FAMILY = Family("MSG", "Messages", also=("BACKEND", "BULK", "RETURN", "SENDING"))


@control("RETURN-PATH", MUST, rfc(5321, "2.3.5"), rfc(5321, "6.1"), rfc(7505, "4.2"), harm=Harm.REFUSED)
def test_bounces_can_be_sent(return_path: ReturnPath) -> None:
    """The domain of a message's envelope sender resolves and takes mail.

    Why: receivers refuse mail that could not be returned, and nobody learns that a message was not delivered. Whether
    bounces are taken in domains of the inventory is asked of their servers (SMTP-NULL-SENDER).
    Fix: publish an MX for the domain, or use one as the envelope's sender that takes mail.
    """
    require_ours(return_path.message)
    if return_path.message.return_path == "":
        not_applicable("the message is a bounce: its envelope has no sender")
    if not return_path.domain:
        raise NotAvailable("no field tells the sender of the envelope (Return-Path)", return_path.evidence())
    if return_path.is_ours:
        not_applicable(f"{return_path.domain} is a domain of the inventory, which the controls of MX judge")
    mx = return_path.mx
    assert mx is None or not mx.nonexistent, f"bounces go to {return_path.domain}, which does not exist"
    if mx is not None and mx.records and not return_path.takes_mail:
        finding(SHOULD, f"bounces go to {return_path.domain}, which takes no mail (null MX)")
    assert return_path.takes_mail, f"bounces go to {return_path.domain}, which has neither MX nor address"


@control("MSG-ONECLICK-LIVE", MUST, rfc(8058, "3"), harm=Harm.REFUSED)
def test_one_click_address_answers(one_click: OneClick) -> None:
    """The https address by which a message offers to unsubscribe has a valid certificate, and answers without redirect.

    Why: receivers post to it when somebody unsubscribes; where that fails, they no longer offer it, and people report
    spam. It is asked for once by GET, which must not unsubscribe (RFC 8058), with the owner's consent (active).
    Fix: mend the certificate or the page; let the address itself take the POST, without a redirect.
    """
    require_ours(one_click.message)
    if not one_click.uri:
        not_applicable("the message is not signed by its domain, or offers no one-click unsubscription")
    response = one_click.response
    if response is None:
        raise NotAvailable(f"{one_click.host} gave no answer", one_click.evidence())
    assert response.tls_error is None, f"{one_click.host}: {response.tls_fault}: {response.tls_error}"
    if response.status in (404, 410) or response.status >= 500:
        finding(SHOULD, f"{one_click.host} answers a GET of the address with status {response.status}")
    if 300 <= response.status < 400:
        finding(
            MAY,
            f"{one_click.host} answers a GET of the address with a redirect ({response.status})",
            why="an answer to the POST must be no redirect (RFC 8058, section 3.1); whether it is one is not tried",
            fix="let the address itself take the POST",
        )


@control("SENDING-DOMAIN-SET", MAY, rfc(2142, "2"), rfc(7208, "10.1"), PRACTICE, harm=Harm.REFUSED)
def test_sending_domains_are_in_the_inventory(message: Message) -> None:
    """A message names no sub-domain, in From or in its envelope, that the inventory does not have.

    Why: a sub-domain that sends needs its own SPF, DKIM keys, DMARC, MX and mailboxes, and only what is in the
    inventory is judged for them.
    Fix: name the sub-domain in the inventory (domains), with receives: false where it takes no mail.
    """
    require_ours(message)
    assert not message.strays, f"no domain of the inventory: {', '.join(message.strays)}"


@control("BACKEND-AUTHRES", MUST, rfc(8601, "5"), BSI_TR_03182, harm=Harm.ABUSED)
def test_authentication_results_are_our_own(message: Message) -> None:
    """A message that came from outside carries the server's own Authentication-Results, and no forged ones.

    Why: mail programs and filters believe what the server's name stands on; the sender could have written it.
    Fix: let the server that takes mail remove fields that carry its own name, and add its own.
    """
    if not message.taken_at:
        not_applicable("the message was not taken from outside by a host of the inventory")
    above, below = _parted(message)
    hosts = {
        hop.by
        for field, hop in zip(message.header.all("received"), message.hops, strict=True)
        if field.line <= message.taken_at
    }
    own = hosts | {_server(field) for field in above}
    for field in below:
        if _server(field) in own:
            fail(
                f"Authentication-Results of {_server(field)} stand where the sender wrote them, and were not removed",
                at=Place(message.file, field.line),
            )
    if not above:
        finding(
            MAY,
            "the server that took the message adds no Authentication-Results (BSI TR-03182 wants them)",
            fix="have the server check SPF, DKIM and DMARC, and write what it found",
        )


def _parted(message: Message) -> tuple[list[Field], list[Field]]:
    """The Authentication-Results that our servers wrote, and those that came with the message.

    A filter may write below the Received field of its server: what follows that field without one of the sender's
    counts as written by us.
    """
    above: list[Field] = []
    below: list[Field] = []
    sender_began = False
    for field in message.header.fields:
        is_trace = field.key != "received" and is_by_others(field.key)
        if field.line > message.taken_at and not is_trace:
            sender_began = True
        if field.key == "authentication-results":
            (below if sender_began else above).append(field)
    return above, below


def _server(field: Field) -> str:
    """The name of the server that the field is of (authserv-id, RFC 8601, section 2.2)."""
    words = without_comments(field.value).partition(";")[0].split()
    return words[0].strip('"').lower() if words else ""
