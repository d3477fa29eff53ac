"""Logs of mail servers: versions of TLS."""

from __future__ import annotations

from mailproof.observations.logs import ClientSeen, LogsSeen

from .case import Case, Table, advises, passes, skips, undecided

OLD = ClientSeen("192.0.2.1", "TLSv1.0", 2)


def logs(*sessions: tuple[str, int], **more: object) -> LogsSeen:
    return LogsSeen("logs/mx1", 1, 100, sessions, **more)  # type: ignore[arg-type]


FEW = logs(("TLSv1.0", 2), ("TLSv1.3", 998), old=(OLD,))
MANY = logs(("TLSv1.0", 2), ("TLSv1.3", 98), old=(OLD,))

TABLE: Table = {
    "TLS-CLIENT-SHARE": (
        passes(log_counts=logs(("TLSv1.2", 5), ("TLSv1.3", 5))),
        passes(log_counts=FEW),
        Case(passes().verdict, "", {"log_counts": MANY}, None, {"limit": 5.0}),
        Case(passes().verdict, "", {"log_counts": logs(("TLSv1.3", 5))}, None, {"limit": 0.0}),
        advises("2.0 % of the sessions inside TLS are older than TLS 1.2: 192.0.2.1: 2 x TLSv1.0", log_counts=MANY),
        skips("no session inside TLS", log_counts=logs(refused=(ClientSeen("192.0.2.4", "its HELO name", 7),))),
        undecided("no line of a session", log_counts=logs()),
    ),
}
