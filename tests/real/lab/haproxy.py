"""HAProxy as a load balancer of plain TCP: one address, two mail servers behind it in turn."""

from __future__ import annotations

from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

PROXY_PROTOCOL = "send-proxy-v2"


def _section(domain: domains.Domain) -> list[str]:
    assert domain.server is not None
    suffix = f" {PROXY_PROTOCOL}" if any(PROXY_PROTOCOL in line for line in domain.server.settings) else ""
    return [
        f"listen {domain.label}",
        *(f"  bind {address}:25" for address in plan.listeners(domain)),
        "  balance roundrobin",
        f"  source {domains.BALANCER}",
        *(f"  server {instance.key} {instance.addresses[0]}:25{suffix}" for instance in plan.backends(domain)),
    ]


def haproxy(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start one HAProxy for all its domains."""
    directory.mkdir()
    config = [
        "defaults",
        "  mode tcp",
        "  timeout connect 5s",
        "  timeout client 60s",
        "  timeout server 60s",
    ]
    for domain in plan.hosts(domains.HAPROXY):
        config += _section(domain)
    file = directory / "haproxy.cfg"
    file.write_text("\n".join(config) + "\n")
    daemons.start("haproxy", namespace, [program("haproxy"), "-db", "-q", "-f", str(file)])
