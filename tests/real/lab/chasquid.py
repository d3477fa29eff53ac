"""chasquid: one daemon for each domain, as Debian packages it. It ends a session at the third error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.domains import Domain
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import chasquid as chasquid_program

MAILBOXES = ("postmaster", "abuse", "hostmaster", "user", "dmarc", "tlsrpt")


def _configuration(domain: Domain, directory: Path) -> str:
    addresses = "".join(
        f'smtp_address: "{f"[{address}]" if ":" in address else address}:25"\n' for address in plan.listeners(domain)
    )
    return (
        f'hostname: "{domain.host}"\n{addresses}'
        f'data_dir: "{directory / "data"}"\n'
        f'mail_log_path: "{directory / "mail.log"}"\n'
        'mail_delivery_agent_bin: "/bin/true"\n'
    )


def chasquid(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one chasquid for each of its domains. ``issued`` holds the certificates by label of the domain."""
    for domain in plan.hosts(domains.CHASQUID):
        own = directory / domain.label
        mailboxes = own / "domains" / domain.name
        certificates = own / "certs" / domain.host
        for path in (mailboxes, certificates, own / "data"):
            path.mkdir(parents=True)
        (mailboxes / "aliases").write_text("".join(f"{name}: root@{domain.host}\n" for name in MAILBOXES))
        (certificates / "fullchain.pem").write_bytes(issued[domain.label].chain_file.read_bytes())
        (certificates / "privkey.pem").write_bytes(issued[domain.label].key_file.read_bytes())
        (own / "chasquid.conf").write_text(_configuration(domain, own))
        daemons.start(f"chasquid-{domain.label}", namespace, [str(chasquid_program()), f"-config_dir={own}"])
