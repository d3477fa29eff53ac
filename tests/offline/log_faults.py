"""Logs of mail servers with a fault, and one that is right."""

from __future__ import annotations

from pathlib import Path

FOLDER = "logs"
RIGHT, WRONG = f"{FOLDER}/right", f"{FOLDER}/wrong"

_SESSION = (
    "2026-11-25 10:00:00 1abc-01-AB <= a@b.example H=mail.example [11.99.0.{n}] P=esmtps X={version}:SUITE:256 S=99\n"
)
_REFUSED = "2026-11-25 10:00:00 H=(print) [{address}] F=<a@b.example> rejected RCPT <c@d>: reverse DNS lookup failed\n"
_DELIVERED = '2026-11-25 10:00:03 1abc-01-AB => c@d R=dnslookup T=remote_smtp H=mx.example.com [11.51.100.7] C="250"\n'
_UNREACHED = "2026-11-25 10:00:04 1abc-02-AB H=mx.example.net [11.51.100.{n}] Connection timed out\n"
PARTNER, STRANGER = "11.98.0.7", "11.97.0.7"


def in_inventory() -> str:
    """The keys of the inventory that name the logs, and the partner."""
    return f"logs: [{RIGHT}, {WRONG}]\npartners: [11.98.0.0/24]\n"


def write(directory: Path) -> None:
    texts = {
        RIGHT: _SESSION.format(n=1, version="TLS1.3") * 9 + _REFUSED.format(address=STRANGER) + _DELIVERED,
        WRONG: _SESSION.format(n=2, version="TLS1.0") * 9
        + _REFUSED.format(address=PARTNER)
        + "".join(_UNREACHED.format(n=n) for n in range(3)),
    }
    for name, text in texts.items():
        (directory / name).mkdir(parents=True)
        (directory / name / "mainlog").write_text(text)
