"""Cyrus: one instance for each mail store of its own, with IMAP, POP3, ManageSieve and LMTP."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import cyrus_environment, cyrus_program

USER, GROUP = "nobody", "nogroup"

SERVICES = (
    ("imap", "imapd", 143),
    ("imaps", "imapd -s", 993),
    ("pop3", "pop3d", 110),
    ("pop3s", "pop3d -s", 995),
    ("sieve", "timsieved", 4190),
    ("lmtp", "lmtpd", 24),
)


def _key(setting: str) -> str:
    return setting.partition(":")[0]


def configuration(domain: domains.Domain, directory: Path) -> str:
    """``imapd.conf`` of one domain's instance. No password is ever right: nobody answers behind saslauthd's socket."""
    assert domain.store is not None
    settings = [
        f"configdirectory: {directory}/config",
        f"partition-default: {directory}/spool",
        "defaultpartition: default",
        f"cyrus_user: {USER}",
        f"servername: {domain.store_host}",
        "sasl_pwcheck_method: saslauthd",
        "sasl_mech_list: PLAIN",
        "allowplaintext: no",
        f"tls_server_cert: {directory}/chain.pem",
        f"tls_server_key: {directory}/key.pem",
        "tls_versions: tls1_2 tls1_3",
        "tls_ciphers: ECDHE+AESGCM:ECDHE+CHACHA20",
    ]
    changed = {_key(setting) for setting in domain.store.settings}
    kept = [setting for setting in settings if _key(setting) not in changed]
    return "\n".join([*kept, *domain.store.settings]) + "\n"


def cyrus(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one Cyrus for each of its domains. ``issued`` holds the certificates by label of the domain."""
    for domain in plan.stores(domains.CYRUS):
        own = directory / domain.label
        for name in ("config/socket", "config/proc", "spool"):
            (own / name).mkdir(parents=True)
        (own / "chain.pem").write_bytes(issued[domain.label].chain_file.read_bytes())
        (own / "key.pem").write_bytes(issued[domain.label].key_file.read_bytes())
        settings = own / "imapd.conf"
        settings.write_text(configuration(domain, own))
        lines = [
            f'  {name} cmd="{cyrus_program("")}/{command} -C {settings}" listen="{plan.store_address(domain)}:{port}"\n'
            for name, command, port in SERVICES
        ]
        services = own / "cyrus.conf"
        services.write_text(f"SERVICES {{\n{''.join(lines)}}}\n")
        for path in (own, *own.rglob("*")):
            shutil.chown(path, USER, GROUP)
        command = [str(cyrus_program("master")), "-D", "-C", str(settings), "-M", str(services), "-p", str(own / "pid")]
        daemons.start(f"cyrus-{domain.label}", namespace, command, cyrus_environment())
