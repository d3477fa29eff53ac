"""House rules, written like those of the catalogue."""

from __future__ import annotations

from mailproof.controls import SHOULD, Reference, control
from mailproof.observations.mx import MX

HANDBOOK = Reference("Example Ltd.: handbook of mail", "https://intranet.example.org/mail")


@control("HOUSE-MX-OWN", SHOULD, HANDBOOK)
def test_mx_hosts_are_our_own(mx: MX) -> None:
    """Every MX host is one of ours.

    Why: mail that passes through other hands has to be declared to our customers.
    Fix: let the MX records name hosts below example.org.
    """
    foreign = [name for _, name in mx.exchanges if not name.endswith(".example.org")]
    assert not foreign, f"{mx.domain} sends its mail through {', '.join(foreign)}"
