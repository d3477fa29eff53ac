"""The programs that watch the machines: strangers are not served."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, not_applicable
from mailproof.net.machine_ports import MUNIN, NUT
from mailproof.observations.machine_ports import MachinePortsSeen
from mailproof.references import MUNIN_NODE, PRACTICE, rfc

FAMILY = Family("HOST", "The machines behind the mail", also=("EGRESS", "F2B", "MUNIN", "NUT", "VIP", "WHITELIST"))


@control("NUT-CLOSED", SHOULD, rfc(9271), PRACTICE, harm=Harm.ABUSED)
def test_strangers_do_not_reach_nut(machine_ports: MachinePortsSeen) -> None:
    """No stranger is served by NUT's upsd at port 3493 of a mail host.

    Why: it tells about the power of the machine, takes passwords in clear, and with one of them it can switch the
    machine off.
    Fix: LISTEN 127.0.0.1 in upsd.conf, or a firewall in front of the port.
    """
    _require_closed(machine_ports, NUT, "network ups tools")


@control("MUNIN-CLOSED", SHOULD, MUNIN_NODE, PRACTICE, harm=Harm.ABUSED)
def test_strangers_do_not_reach_munin(machine_ports: MachinePortsSeen) -> None:
    """No stranger is served by munin-node at port 4949 of a mail host.

    Why: it tells what runs on the machine, how much mail it has in its queue, and when nobody watches.
    Fix: in munin-node.conf allow the master alone, or host 127.0.0.1; or a firewall in front of the port.
    """
    _require_closed(machine_ports, MUNIN, "# munin node")


def _require_closed(seen: MachinePortsSeen, port: int, greeting: str) -> None:
    if seen.inside:
        not_applicable("this machine stands inside (vantage: inside): what strangers reach cannot be seen from here")
    if not seen.ports:
        not_applicable(f"{seen.host} has no address")
    served = [str(one) for one in seen.ports if one.port == port and greeting in one.said.lower()]
    assert not served, "; ".join(served)
