"""Names that nobody has."""

from __future__ import annotations

from hashlib import sha256


def made_up_mailbox(domain: str, sender: str) -> str:
    """A local part that nobody has. It is the same in every run, so that greylisting gets to know it: what stands
    behind a plus sign in ``sender``, the number of the run, does not count.
    """
    local, _, own = sender.partition("@")
    sender = f"{local.partition('+')[0]}@{own}"
    return f"mailproof-{sha256(f'{domain} {sender}'.lower().encode()).hexdigest()[:24]}"
