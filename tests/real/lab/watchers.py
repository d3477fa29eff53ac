"""NUT's upsd and munin-node on the address of a mail host, for whoever asks."""

from __future__ import annotations

from pathlib import Path

from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

UPSD = "/lib/nut/upsd"
"""The program itself: what is on the path asks /etc/nut first whether it may start."""

_MUNIN = """log_file {directory}/munin.log
pid_file {directory}/munin.pid
background 0
setsid 0
user root
group root
host_name {host}
allow ^.*$
host {address}
port 4949
"""


def watchers(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start both for each domain that has them."""
    for domain in plan.DOMAINS:
        if not domain.watched:
            continue
        home = directory / domain.label
        home.mkdir(parents=True)
        address = plan.address(domain)
        (home / "upsd.conf").write_text(f"LISTEN {address} 3493\n")
        (home / "ups.conf").write_text("[dummy]\n driver = dummy-ups\n port = none\n")
        (home / "upsd.users").touch()
        (home / "munin-node.conf").write_text(_MUNIN.format(directory=home, host=domain.host, address=address))
        places = [f"{name}={home}" for name in ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH")]
        daemons.start(f"upsd-{domain.label}", namespace, ["env", *places, UPSD, "-F", "-u", "root"])
        munin = [program("munin-node"), "--config", str(home / "munin-node.conf")]
        daemons.start(f"munin-{domain.label}", namespace, munin)
