"""Logs of mail servers: refusals."""

from __future__ import annotations

from mailproof.observations.logs import ClientSeen, RefusedSender, RefusedSenders

from .case import Table, advises, passes, skips, undecided

NAME = "logs/mx1"
CLIENT = ClientSeen("192.0.2.4", "its HELO name", 7)


def refused(*senders: RefusedSender, **more: object) -> RefusedSenders:
    return RefusedSenders(NAME, senders, **more)  # type: ignore[arg-type]


TABLE: Table = {
    "REJECT-LOG-AUDIT": (
        passes(refused_senders=refused()),
        passes(refused_senders=refused(RefusedSender(CLIENT, ("spam.example.net",)))),
        advises(
            "192.0.2.4: 7 x its HELO name; mx.bank.example; partner bank.example",
            refused_senders=refused(RefusedSender(CLIENT, ("mx.bank.example",), "bank.example")),
        ),
        advises("welcome at dnswl", refused_senders=refused(RefusedSender(CLIENT, welcome=("dnswl",)))),
        skips("names no partners", refused_senders=refused(is_compared=False)),
        undecided("no line of a mail server", refused_senders=refused(understood=False)),
        undecided("dnswl: refused", refused_senders=refused(RefusedSender(CLIENT, unknown=("dnswl: refused",)))),
    ),
}
