"""stunnel: one instance for all its mail stores, each with TLS in front of a Dovecot that has none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

RIGHT = ("ciphers = ECDHE+AESGCM:ECDHE+CHACHA20",)
LEADS_TO = ((993, 143), (995, 110))


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()


def configuration(domain: domains.Domain, issued: Issued) -> str:
    """The services of one domain."""
    assert domain.store is not None
    changed = {_key(setting) for setting in domain.store.settings}
    settings = [*(setting for setting in RIGHT if _key(setting) not in changed), *domain.store.settings]
    lines = []
    for port, plain in LEADS_TO:
        lines += [
            f"[{domain.label}-{port}]",
            f"accept = {plan.store_address(domain)}:{port}",
            f"connect = {plan.plain_address(domain)}:{plain}",
            f"cert = {issued.chain_file}",
            f"key = {issued.key_file}",
            *settings,
        ]
    return "\n".join(lines) + "\n"


def stunnel(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one stunnel for all its domains. ``issued`` holds the certificates by label of the domain."""
    directory.mkdir()
    file = directory / "stunnel.conf"
    services = [configuration(domain, issued[domain.label]) for domain in plan.stores(domains.STUNNEL)]
    file.write_text("\n".join(["foreground = yes", "pid =", "debug = err", *services]) + "\n")
    daemons.start("stunnel", namespace, [program("stunnel4"), str(file)])
