"""Sends test messages to the mailboxes of the laboratory, as a user does: with `mailproof exercise`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.real.domains import EXIM, OPENSMTPD, POSTFIX, Domain
from tests.real.faults import outgoing
from tests.real.faults.incoming import BOGUS_DOMAIN, SENDER
from tests.real.lab import Lab, exim, opensmtpd, plan, postfix, signers, stunnel

USER = "user"
HANGS = 600.0
"""Seconds after which an exercise is taken to hang. Those with the sink take a minute."""
LABELS = frozenset(domain.label for domain in plan.DOMAINS)


def exercised(labels: Collection[str]) -> list[Domain]:
    """The domains whose user may receive test mail."""
    hosts = (domain for software in (POSTFIX, EXIM, OPENSMTPD) for domain in plan.hosts(software))
    return [domain for domain in hosts if domain.label in labels and domain.is_exercised]


def _maildir(lab_directory: Path, domain: Domain) -> Path:
    if domain.software == EXIM:
        return lab_directory / "exim" / domain.label / exim.MAILDIR
    if domain.software == OPENSMTPD:
        return opensmtpd.maildir(lab_directory / "opensmtpd", domain)
    return lab_directory / "postfix" / postfix.MAILDIRS / domain.label


def _sends(domain: Domain) -> bool:
    return domain.software != POSTFIX or postfix.sends(domain)


def own_mailboxes(directory: Path, lab_directory: Path, labels: Collection[str]) -> list[dict[str, Any]]:
    """The entries of the inventory: mailboxes of Postfix, Exim and OpenSMTPD, read as Maildirs."""
    key = str(signers.write_sink(directory))
    found = []
    for domain in exercised(labels):
        entry: dict[str, Any] = {
            "address": f"{USER}@{domain.name}",
            "exercise": True,
            "maildir": str(_maildir(lab_directory, domain)),
            # One sender never comes again: its time has to pass. Of the others nothing takes so long, but on a machine
            # that is busy a sender may come again after half a minute.
            "wait": 8.0 if domain.label == outgoing.NEVER_AGAIN else 40.0 if _sends(domain) else 20.0,
        }
        if domain not in outgoing.DOMAINS:
            entry["incoming"] = {
                "test_domain": f"{SENDER}.test",
                "source": [plan.CLIENT],
                "key": str(directory / "signers" / "right.test" / "sel1.private"),
                "bogus_domain": f"{BOGUS_DOMAIN}.test",
            }
        if _sends(domain):
            port = stunnel.SUBMISSIONS if domain.software == OPENSMTPD else 587
            entry["outgoing"] = {
                "sink_domain": f"{outgoing.SINK}.test",
                "listen": plan.CLIENT,
                "key": key,
                "sts": True,
                "submission": {"host": domain.host, "port": port},
            }
        found.append(entry)
    return found


def exercise(lab: Lab, directory: Path, labels: Collection[str] = LABELS) -> None:
    """`mailproof exercise` over ``lab.yaml`` of ``directory``, on the client's side.

    There is one sink, so mailboxes that need it come one after the other; the others go on meanwhile.
    """
    sending = [domain for domain in exercised(labels) if _sends(domain)]
    parts = (sending, [domain for domain in exercised(labels) if domain not in sending])

    def run(part: list[Domain]) -> str:
        chosen = [f"--mailbox={USER}@{domain.name}" for domain in part]
        command = [sys.executable, "-m", "mailproof.cli", "exercise", "lab.yaml", *chosen]
        done = lab.run(command, cwd=directory, timeout=HANGS)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    with ThreadPoolExecutor() as pool:
        assert not any(failed := list(pool.map(run, filter(None, parts)))), failed
