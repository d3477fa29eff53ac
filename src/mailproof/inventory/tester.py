"""Who we say we are to the servers that we look at."""

from __future__ import annotations

import socket
from typing import Annotated

from pydantic import AfterValidator, Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import Address, DomainName, Mailbox, SenderMailbox, domain_name, unique


def own_name() -> str:
    """This machine's host name, without asking any DNS; a name that does not exist where it is not a domain name."""
    try:
        name = domain_name(socket.gethostname())
    except ValueError:
        return "mailproof.invalid"
    return name if "." in name and not name.endswith((".local", ".localdomain")) else "mailproof.invalid"


class TesterPart(Part):
    """Who we say we are to the servers that we look at."""

    ehlo: DomainName | None = Field(
        None, description="Name said in EHLO. Without it this machine's host name, if that is fully qualified."
    )
    sender: SenderMailbox | None = Field(
        None,
        description="Envelope sender of mailbox and relay probes; nothing is sent. Without it the contact, or "
        "postmaster at the EHLO name. A domain that does not resolve makes servers turn us away. {run} behind a plus "
        "sign, as in prober+{run}@example.org, becomes the number of the run, which reports show: who finds it in a "
        "log can ask about that run.",
    )
    addresses: Annotated[list[Address], AfterValidator(unique)] = Field(
        default=[],
        description="The addresses that servers see, where this machine is behind address translation.",
    )
    outsider: Mailbox = Field(
        "mailproof-relay-probe@example.com",
        description="Recipient of relay probes: a mailbox that none of the hosts serves. Nothing is delivered.",
    )
