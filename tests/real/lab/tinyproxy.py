"""tinyproxy on the address of a mail host, for whoever asks."""

from __future__ import annotations

from pathlib import Path

from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program


def tinyproxy(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start one for each domain that has a proxy."""
    directory.mkdir()
    for domain in plan.DOMAINS:
        if not domain.proxy:
            continue
        lines = (f"Port {plan.PROXY_PORT}", f"Listen {plan.address(domain)}", "Timeout 60", *domain.proxy)
        file = directory / f"{domain.label}.conf"
        file.write_text("".join(f"{line}\n" for line in lines))
        daemons.start(f"tinyproxy-{domain.label}", namespace, [program("tinyproxy"), "-d", "-c", str(file)])
