"""Sends test messages to the mailboxes of the laboratory, as a user does: with `mailproof exercise`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.real.domains import POSTFIX
from tests.real.faults.incoming import BOGUS_DOMAIN, SENDER
from tests.real.lab import Lab, plan, postfix

USER = "user"


def own_mailboxes(directory: Path, lab_directory: Path, labels: Collection[str]) -> list[dict[str, Any]]:
    """The entries of the inventory: mailboxes of Postfix, read as Maildirs."""
    return [
        {
            "address": f"{USER}@{domain.name}",
            "exercise": True,
            "maildir": str(lab_directory / "postfix" / postfix.MAILDIRS / domain.label),
            "wait": 10.0,
            "incoming": {
                "test_domain": f"{SENDER}.test",
                "source": [plan.CLIENT],
                "key": str(directory / "signers" / "right.test" / "sel1.private"),
                "bogus_domain": f"{BOGUS_DOMAIN}.test",
            },
        }
        for domain in plan.hosts(POSTFIX)
        if domain.label.startswith(postfix.EXERCISED) and domain.label in labels
    ]


def exercise(lab: Lab, directory: Path, *arguments: str) -> str:
    """`mailproof exercise` over ``lab.yaml`` of ``directory``, on the client's side. Returns what it says."""
    done = lab.run([sys.executable, "-m", "mailproof.cli", "exercise", "lab.yaml", *arguments], cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
