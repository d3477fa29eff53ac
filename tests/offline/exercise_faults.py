"""Records of exercises as `mailproof exercise` writes them: one that is right, and one of a service that is not."""

from __future__ import annotations

from pathlib import Path

from mailproof.clock import now
from mailproof.exercises import Delivery, Exercise, HandedIn, write_exercise

RIGHT, WRONG = "right@right.example", "wrong@right.example"
MAILBOXES = ", ".join(
    f"{{address: {address}, exercise: true, maildir: box, outgoing: {{sink_domain: sink.example, listen: 127.0.0.1, "
    "sts: true, submission: {host: mx.right.example}}}"
    for address in (RIGHT, WRONG)
)
"""Entries of the inventory."""


def target_of(address: str) -> str:
    """What reports call the mailbox."""
    return f"{address} (exercise)"


def write(directory: Path) -> None:
    """Write the records beside the inventory."""
    for address, cases in ((RIGHT, ("plain",)), (WRONG, ("plain", "sts"))):
        handed_in = tuple(HandedIn(case, f"sink@{case}.sink.example", 250, "Ok") for case in ("plain", "sts"))
        came = tuple(Delivery(case, "11.1.0.1", "mx.right.example", "TLSv1.3", "", taken=True) for case in cases)
        record = Exercise("a1b2", address, now(), now(), 300.0, (), handed_in, came)
        write_exercise(directory / "exercised" / f"{address}.json", record)
