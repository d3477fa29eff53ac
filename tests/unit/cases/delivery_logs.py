"""Logs of mail servers: whether mail goes out."""

from __future__ import annotations

from mailproof.observations.logs import LogsSeen

from .case import Case, Table, advises, passes, skips, undecided


def logs(reached: int, unreached: int) -> LogsSeen:
    """Logs that tell of so many servers."""
    servers = [f"11.0.0.{n}" for n in range(9)]
    return LogsSeen(
        "logs/mx1", 1, 10, reached=tuple(servers[:reached]), unreached=tuple(servers[reached : reached + unreached])
    )


TABLE: Table = {
    "OUT-PORT25": (
        passes(log_counts=logs(1, 0)),
        passes(log_counts=logs(1, 5)),
        advises("no server was reached at port 25, and these were tried: 11.0.0.0, 11.0.0.1", log_counts=logs(0, 3)),
        skips("tells of no connection", log_counts=logs(0, 0)),
        undecided("only 11.0.0.0, 11.0.0.1 was tried", log_counts=logs(0, 2)),
        Case(advises("").verdict, "no server was reached", {"log_counts": logs(0, 1)}, None, {"least": 1}),
    ),
}
