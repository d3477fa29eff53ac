"""Squid on the addresses of mail hosts: one for all of them, which tells its doors apart by their names."""

from __future__ import annotations

from pathlib import Path

from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

_USER = "proxy"
"""Compiled into the package; Squid does not run as root."""

_COMMON = f"""\
acl SSL_ports port 443
acl Safe_ports port 80 443 1025-65535
acl CONNECT method CONNECT
auth_param basic program /bin/false
auth_param basic children 1 startup=0 idle=1
acl known proxy_auth REQUIRED
cache deny all
access_log none
cache_log /dev/null
pid_filename none
netdb_filename none
pinger_enable off
cache_effective_user {_USER}
visible_hostname squid.test
"""
"""Ports and methods as in the configuration that is packaged."""


def squid(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start it. A rule of a domain holds at its own door."""
    directory.mkdir()
    lines = []
    for domain in plan.proxied():
        lines += [
            f"http_port {plan.address(domain)}:{plan.SQUID_PORT} name={domain.label}",
            f"acl {domain.label} myportname {domain.label}",
        ]
        for rule in domain.squid:
            verb, action, condition = rule.split(" ", 2)
            lines.append(f"{verb} {action} {domain.label} {condition}")
    file = directory / "squid.conf"
    file.write_text(_COMMON + "\n".join([*lines, "http_access deny all"]) + "\n")
    # What it shares with processes of its own lies there by a name that another Squid would have as well.
    script = f"mount -t tmpfs tmpfs /dev/shm && exec {program('squid')} -N -f {file}"
    daemons.start("squid", namespace, ["sh", "-c", script])
