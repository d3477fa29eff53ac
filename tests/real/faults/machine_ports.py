"""Programs that watch a machine, and answer strangers."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 134

DOMAINS = (
    Domain(
        "watched",
        "NUT and Munin beside the mail server answer anybody",
        Server(POSTFIX),
        active=True,
        watched=True,
        fail=("NUT-CLOSED", "MUNIN-CLOSED"),
    ),
)
