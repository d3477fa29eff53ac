"""The programs that watch the machines, as strangers see them."""

from __future__ import annotations

from mailproof.observations.machine_ports import MachinePort, MachinePortsSeen

from ..observed import HOST
from .case import Case, Table, fails, passes, skips


def seen(port: int, said: str = "", *, inside: bool = False) -> MachinePortsSeen:
    ports = (MachinePort(f"192.0.2.25:{port}", port, said, "" if said else "connection refused"),)
    return MachinePortsSeen(HOST, inside, () if inside else ports)


def _table(port: int, greeting: str) -> tuple[Case, ...]:
    return (
        passes(machine_ports=seen(port)),
        passes(machine_ports=seen(port, "SSH-2.0-OpenSSH_9.2")),
        passes(machine_ports=MachinePortsSeen(HOST, False, (MachinePort(f"192.0.2.25:{port}", port),))),
        fails(f"192.0.2.25:{port}: {greeting}", machine_ports=seen(port, greeting)),
        skips("has no address", machine_ports=MachinePortsSeen(HOST, False, ())),
        skips("vantage: inside", machine_ports=seen(port, inside=True)),
    )


TABLE: Table = {
    "NUT-CLOSED": _table(3493, "Network UPS Tools upsd 2.8.0 - https://www.networkupstools.org/"),
    "MUNIN-CLOSED": _table(4949, "# munin node at mx1.example.org"),
}
