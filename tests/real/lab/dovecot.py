"""Dovecot: one instance for each mail store, with IMAP, POP3, ManageSieve and submission."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()


def configuration(domain: domains.Domain, directory: Path, issued: Issued) -> str:
    """The configuration file of one domain's instance. No password is ever right."""
    assert domain.store is not None
    if domain.store.software == domains.STUNNEL:
        return "\n".join(_behind_stunnel(domain, directory)) + "\n" + LOGINS
    settings = [
        f"base_dir = {directory}/run",
        f"state_dir = {directory}/state",
        f"log_path = {directory}/log",
        "protocols = imap pop3 submission sieve lmtp",
        f"listen = {plan.store_address(domain)}",
        f"hostname = {domain.store_host}",
        "ssl = required",
        f"ssl_cert = <{issued.chain_file}",
        f"ssl_key = <{issued.key_file}",
        "ssl_min_protocol = TLSv1.2",
        "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20",
        "disable_plaintext_auth = yes",
        "auth_mechanisms = plain",
    ]
    changed = {_key(setting) for setting in domain.store.settings}
    kept = [setting for setting in settings if _key(setting) not in changed]
    return "\n".join([*kept, *domain.store.settings]) + "\n" + LOGINS + SERVICES


def _behind_stunnel(domain: domains.Domain, directory: Path) -> list[str]:
    """IMAP and POP3 in clear, for nobody but this machine."""
    return [
        f"base_dir = {directory}/run",
        f"state_dir = {directory}/state",
        f"log_path = {directory}/log",
        "protocols = imap pop3",
        f"listen = {plan.plain_address(domain)}",
        "ssl = no",
        "auth_mechanisms = plain",
    ]


LOGINS = """\
passdb {
  driver = static
  args = nologin=yes
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
"""
SERVICES = """\
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
service submission-login {
  inet_listener submission {
    port = 587
  }
  inet_listener submissions {
    port = 465
    ssl = yes
  }
}
"""


def dovecot(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one Dovecot for each of its domains, and for those of stunnel. ``issued`` holds the certificates by label
    of the domain.
    """
    for domain in plan.stores(domains.DOVECOT, domains.STUNNEL):
        own = directory / domain.label
        (own / "state").mkdir(parents=True)
        config = own / "dovecot.conf"
        config.write_text(configuration(domain, own, issued[domain.label]))
        daemons.start(f"dovecot-{domain.label}", namespace, [program("dovecot"), "-F", "-c", str(config)])
