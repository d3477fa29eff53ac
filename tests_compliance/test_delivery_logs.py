"""Logs of mail servers: whether mail goes out at all."""

from __future__ import annotations

from mailproof.controls import MAY, Between, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.logs import LogsSeen
from mailproof.references import M3AAWG_PORT_25, PRACTICE, rfc

FAMILY = Family("OUT", "What a service does with mail that goes out", also=("SMTP",))


@control(
    "OUT-PORT25",
    MAY,
    rfc(5321, "2.3.4"),
    M3AAWG_PORT_25,
    PRACTICE,
    harm=Harm.LOST,
    allowed={"least": Between(1, 20)},
)
def test_port_25_of_others_is_reached(log_counts: LogsSeen, *, least: int = 3) -> None:
    """By the logs, the server reaches port 25 of servers on the internet.

    Only servers with public addresses count. One that was reached is enough; it takes `least` that were not, since one
    alone may be down.

    Why: providers of networks and of virtual machines block port 25 outwards; mail then waits in the queue for days.
    Fix: have the provider open port 25, or send through a relay host at port 587.
    """
    if log_counts.reached:
        return
    if not log_counts.unreached:
        not_applicable(f"{log_counts.name} tells of no connection to port 25 of a public address")
    if len(log_counts.unreached) >= least:
        fail(f"no server was reached at port 25, and these were tried: {', '.join(log_counts.unreached[:3])}")
    raise NotAvailable(
        f"only {', '.join(log_counts.unreached)} was tried at port 25, and not reached", log_counts.evidence()
    )
