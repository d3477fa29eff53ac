"""Messages with one fault each, and the control that has to find it; one that is right. Signed as they are written."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailproof.clock import now

FOLDER = "samples"
DOMAIN = "mail.right.example"
SENDER = "11.1.0.1"

_HEADER = {
    "From": f"A <a@{DOMAIN}>",
    "To": "b@elsewhere.example",
    "Subject": "x",
    "Message-ID": f"<1@{DOMAIN}>",
    "List-Unsubscribe": f"<https://{DOMAIN}/u?t=1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
_RESULTS = "Authentication-Results: mx.right.example; spf=none"
_SIGNED = ("From", "From", "To", "Subject", "Date", *list(_HEADER)[-2:])


@dataclass(frozen=True)
class MessageFault:
    """A message that differs from the right one, and what the control says of it.

    ``fields`` replace those of the header, or take one away (None); ``tail`` is added to the body once it is signed.
    """

    control: str
    fields: tuple[tuple[str, str | None], ...] = ()
    signed: tuple[str, ...] = _SIGNED
    tail: str = ""
    return_path: str = f"bounces+1@{DOMAIN}"
    trace: tuple[str, ...] = ()
    """Fields above Received."""
    verdict: str = "fail"
    right: str = f"{FOLDER}/msg-right.eml"
    """The message that the control has to pass."""
    is_sealed: bool = False
    """Whether a list passed it on, with an ARC set."""
    is_foreign: bool = False
    """Whether it came from outside, and was taken by a host of the inventory."""

    @property
    def target(self) -> str:
        return f"{FOLDER}/{self.control.lower()}.eml"

    @property
    def behaviour(self) -> str:
        """What is wrong, as the page of the laboratory says it."""
        changed = [name if value is None else f"{name}: {value}" for name, value in self.fields]
        signed = f"h={':'.join(self.signed)}" if self.signed != _SIGNED else ""
        other = self.return_path if self.return_path != MessageFault("").return_path else ""
        return "; ".join(filter(None, (*changed, signed, self.tail.strip(), *self.trace, other)))


RIGHT_MESSAGE = MessageFault("MSG-RIGHT")
"""The message that every control has to pass."""

RIGHT_FOREIGN = MessageFault("FOREIGN-RIGHT", (("From", "x@outside.example"),), trace=(_RESULTS,), is_foreign=True)
"""The same for controls of what our own servers write."""

RIGHT_SEALED = MessageFault("ARC-RIGHT", is_sealed=True)
"""The same as a list passes it on."""

FAULTS = (
    MessageFault(
        "MSG-ARC", tail="changed behind the seal\r\n", verdict="advice", right=RIGHT_SEALED.target, is_sealed=True
    ),
    MessageFault("DKIM-SIGNED-MAIL", tail="added by a gateway\r\n"),
    MessageFault("DKIM-SIGNED-WELL", signed=("From", "From", "Subject", "Date", *_SIGNED[-2:])),
    MessageFault("MSG-FORMAT", (("Message-ID", "1"),)),
    MessageFault("SPF-EVAL-LISTED", return_path="bounces+1@parked.example"),
    MessageFault("BULK-HEADERS", (("List-Unsubscribe-Post", None),), _SIGNED[:-1]),
    MessageFault("MSG-ONECLICK-LIVE", (("List-Unsubscribe", f"<https://gone.{DOMAIN}/u?t=1>"),)),
    MessageFault("RETURN-PATH", return_path="bounces+1@nobody.example", right=f"{FOLDER}/sending-domain-set.eml"),
    MessageFault("SENDING-DOMAIN-SET", return_path=f"bounces+1@news.{DOMAIN}", verdict="advice"),
    MessageFault(
        "BACKEND-AUTHRES",
        (("From", "x@outside.example"), ("Authentication-Results", "mx.right.example; spf=pass")),
        trace=(_RESULTS,),
        right=RIGHT_FOREIGN.target,
        is_foreign=True,
    ),
)


@cache
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def key_record() -> str:
    """The key record of the selector sel1, as the rest of a line of a master file."""
    public = key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(public).decode()
    return f'"v=DKIM1; k=rsa; p={text[:200]}" "{text[200:]}"'


def octets(fault: MessageFault) -> bytes:
    """The message as it lies in its file."""
    time = _rfc5322(now())
    fields = {name: value for name, value in {**_HEADER, "Date": time, **dict(fault.fields)}.items() if value}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    message = "\r\n".join((*lines, "", "Hello", "")).encode()
    private = key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    names = [name.encode() for name in fault.signed]
    signature = dkim.sign(message, b"sel1", DOMAIN.encode(), private, include_headers=names)
    client, server = (
        (DOMAIN, "mx.elsewhere.example") if not fault.is_foreign else ("mx.outside.example", "mx.right.example")
    )
    address = SENDER if not fault.is_foreign else "11.50.0.1"
    hop = f"from {client} ({client} [{address}]) by {server} with ESMTPS id 1; {time}"
    trace = "\r\n".join((f"Return-Path: <{fault.return_path}>", *fault.trace, f"Received: {hop}", "")).encode()
    signed = signature + message
    if fault.is_sealed:
        signed = f"Authentication-Results: {DOMAIN}; dkim=pass header.d={DOMAIN}\r\n".encode() + signed
        signed = b"".join(dkim.arc_sign(signed, b"sel1", DOMAIN.encode(), private, DOMAIN.encode())) + signed
    return bytes(trace + signed + fault.tail.encode())


def _rfc5322(time: str) -> str:
    return format_datetime(datetime.fromisoformat(time))


def in_zone() -> str:
    """The lines of the zone ``example`` that the messages rest on."""
    return (
        f'mail.right TXT "v=spf1 ip4:{SENDER} -all"\n'
        "mail.right MX 10 mx.right\n"
        "mail.right A 11.1.0.8\n"
        "gone.mail.right A 11.1.0.9\n"
        f"sel1._domainkey.mail.right TXT {key_record()}\n"
        'parked TXT "v=spf1 -all"\n'
        "parked MX 10 mx.right\n"
        f'nobody TXT "v=spf1 ip4:{SENDER} -all"\n'
        "nobody MX 0 .\n"
        f'news.mail.right TXT "v=spf1 ip4:{SENDER} -all"\n'
        "news.mail.right MX 10 mx.right\n"
        '_dmarc.mail.right TXT "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:reports@right.example; '
        'ruf=mailto:reports@right.example"\n'
    )


def in_world() -> str:
    """The web servers of the world that the messages rest on."""
    return (
        f"  - {{hosts: [{DOMAIN}], addresses: [11.1.0.8]}}\n"
        f"  - {{hosts: [gone.{DOMAIN}], addresses: [11.1.0.9], site: {{status: 404}}}}\n"
    )


def write(directory: Path) -> None:
    """Write the messages below ``directory``."""
    (directory / FOLDER).mkdir()
    for fault in (RIGHT_MESSAGE, RIGHT_FOREIGN, RIGHT_SEALED, *FAULTS):
        (directory / fault.target).write_bytes(octets(fault))
