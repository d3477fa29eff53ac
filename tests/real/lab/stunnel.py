"""stunnel: one instance with TLS in front of servers that have none: mail stores, and submission to OpenSMTPD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.real import domains
from tests.real.lab import opensmtpd, plan
from tests.real.lab.ca import Issued
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

RIGHT = ("ciphers = ECDHE+AESGCM:ECDHE+CHACHA20",)
SUBMISSIONS = 465
LEADS_TO = ((993, 143), (995, 110))


def _key(setting: str) -> str:
    return setting.partition("=")[0].strip()


def _store(domain: domains.Domain, issued: Issued) -> str:
    """The services of a mail store."""
    assert domain.store is not None
    changed = {_key(setting) for setting in domain.store.settings}
    settings = [*(setting for setting in RIGHT if _key(setting) not in changed), *domain.store.settings]
    at, behind = plan.store_address(domain), plan.plain_address(domain)
    return "".join(_service(f"{at}:{port}", f"{behind}:{plain}", issued, settings) for port, plain in LEADS_TO)


def _submission(domain: domains.Domain, issued: Issued) -> str:
    """Where users of an OpenSMTPD hand in their mail: Debian's fails every handshake of its own."""
    behind = f"{plan.own_side(domain)}:{opensmtpd.SUBMISSION}"
    return _service(f"{plan.address(domain)}:{SUBMISSIONS}", behind, issued, RIGHT)


def _service(accept: str, connect: str, issued: Issued, settings: Iterable[str]) -> str:
    named = (("accept", accept), ("connect", connect), ("cert", issued.chain_file), ("key", issued.key_file))
    return "\n".join([f"[{accept}]", *(f"{name} = {value}" for name, value in named), *settings]) + "\n"


def stunnel(daemons: Daemons, namespace: str, directory: Path, issued: Mapping[str, Issued]) -> None:
    """Start one stunnel for all its domains. ``issued`` holds the certificates by label of the domain."""
    directory.mkdir()
    file = directory / "stunnel.conf"
    services = [_store(domain, issued[domain.label]) for domain in plan.stores(domains.STUNNEL)]
    services += [_submission(domain, issued[domain.label]) for domain in opensmtpd.senders()]
    file.write_text("\n".join(["foreground = yes", "pid =", "debug = err", *services]) + "\n")
    daemons.start("stunnel", namespace, [program("stunnel4"), str(file)])
