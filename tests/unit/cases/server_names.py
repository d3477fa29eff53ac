"""Names that servers give themselves."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD
from mailproof.observations.messages import SaidNames
from mailproof.observations.smtp import ServerName, SMTPSession
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.services import MXEndpoint

from ..observed import ADDRESS, HOST, answer, evaluation, reply, reverse, session
from .case import Table, advises, fails, leaves, passes, skips
from .mx import host


def server_name(
    smtp: SMTPSession, addresses: dict[str, tuple[str, ...]] | None = None, ptr: tuple[str, ...] = (HOST,)
) -> ServerName:
    """``addresses`` by name; left out, the host's name resolves to the address."""
    known = {HOST: (ADDRESS,)} if addresses is None else addresses
    return ServerName(
        smtp,
        ADDRESS,
        tuple((name, answer(name, "A", *found), answer(name, "AAAA")) for name, found in known.items()),
        answer("25.2.0.192.in-addr.arpa", "PTR", *(f"{name}." for name in ptr)),
    )


_LIVE = MXEndpoint(HOST, ADDRESS, 25)
_SENDER = SendingAddress(ADDRESS, HOST)

_UNNAMED = SendingAddress(ADDRESS)
_SILENT = SaidNames(ADDRESS)


def _said(*names: str) -> SaidNames:
    return SaidNames(ADDRESS, tuple((name, "a.eml") for name in names))


def _of(sender: SendingAddress, *names: str, said_names: SaidNames = _SILENT) -> dict[str, object]:
    return {"sending_address": sender, "reverse_dns": reverse(*names), "said_names": said_names}


TABLE: Table = {
    "HELO-FQDN": (
        passes(server_name=server_name(session())),
        passes(
            server_name=server_name(
                session(greeting=reply(220, "[192.0.2.25] ESMTP"), ehlo=reply(250, "[IPv6:2001:db8::25]"))
            )
        ),
        passes(server_name=server_name(session(ehlo=reply(502, "?")))),
        fails(
            "'mx1', which is not",
            level=SHOULD,
            server_name=server_name(session(greeting=reply(220, "mx1 ESMTP"))),
        ),
        fails("which has no address", server_name=server_name(session(), {})),
        fails(
            "EHLO reply names other.example",
            server_name=server_name(session(ehlo=reply(250, "other.example"))),
        ),
        fails("''", server_name=server_name(session(greeting=reply(220, "")))),
    ),
    "PTR-EQ-BANNER": (
        passes(mx_endpoint=_LIVE, server_name=server_name(session())),
        passes(mx_endpoint=_LIVE, server_name=server_name(session(), ptr=("other.example",))),
        passes(mx_endpoint=_LIVE, server_name=server_name(session(), {}, ptr=("other.example", HOST))),
        advises(
            "the greeting says",
            mx_endpoint=_LIVE,
            server_name=server_name(session(), {HOST: ("192.0.2.99",)}, ptr=("other.example",)),
        ),
        skips("PTR-EXISTS", mx_endpoint=_LIVE, server_name=server_name(session(), ptr=())),
    ),
    "HELO-SPF": (
        passes(spf_of_helo=evaluation("pass", "pass")),
        fails("no SPF record", level=SHOULD, spf_of_helo=evaluation("none", texts=())),
        fails("is in error", level=MUST, spf_of_helo=evaluation("permerror")),
        fails(f"{ADDRESS} says HELO", level=SHOULD, spf_of_helo=evaluation("neutral")),
        fails("says softfail for anybody", spf_of_helo=evaluation("pass", foreign=("softfail",))),
    ),
    "HELO-EQ-PTR": (
        passes(sending_address=_SENDER, reverse_dns=reverse(HOST), said_names=_SILENT),
        passes(sending_address=_SENDER, reverse_dns=reverse("other.example", HOST), said_names=_SILENT),
        passes(sending_address=_UNNAMED, reverse_dns=reverse(HOST), said_names=_said(HOST)),
        advises("says EHLO mx1.example.org", **_of(_SENDER, "other.example")),
        advises("EHLO x.example (a.eml), and its PTR", **_of(_SENDER, HOST, said_names=_said(HOST, "x.example"))),
        skips("nor a message says", **_of(_UNNAMED, "other.example")),
        leaves("PTR-EXISTS", "", **_of(_SENDER)),
        leaves(
            "PTR-FCRDNS",
            sending_address=_SENDER,
            reverse_dns=reverse("other.example", forward={"other.example": ("192.0.2.99",)}),
            said_names=_SILENT,
        ),
    ),
    "HELO-NOT-LOOPBACK": (
        passes(helo_addresses=host(ADDRESS)),
        fails("127.0.1.1", level=MUST, helo_addresses=host(ADDRESS, "127.0.1.1")),
        fails("::1", helo_addresses=host("::1")),
        skips("no address", helo_addresses=host()),
    ),
}
