"""Who says which network announces an address, and which announcements are permitted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import DomainName, FileOrURL


class Routing(Part):
    """Where routes are looked up."""

    origin: DomainName | Literal[False] = Field(
        "origin.asn.cymru.com",
        description="Zone that tells prefix and origin AS of an IPv4 address, in Team Cymru's format; false: none.",
    )
    origin6: DomainName | Literal[False] = Field(
        "origin6.asn.cymru.com", description="The same for IPv6 addresses; false: none."
    )
    vrps: FileOrURL | None = Field(
        None,
        description="Validated ROA payloads as JSON of Routinator or rpki-client: a file, or its https URL. Without it "
        "no route is held against the RPKI.",
    )
