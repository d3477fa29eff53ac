"""Keys of users as the DNS and web servers give them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from mailproof.grammars.openpgp import KeyRing, parse_openpgp
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.dane import TLSARecord, records_of


@dataclass(frozen=True)
class SMIMEA(Observation):
    """The SMIMEA records of an address (RFC 8162). ``answer`` is None where the inventory says nothing of them."""

    address: str
    answer: Annotated[Answer, "TLSA"] | None
    secure: bool = False
    """Our own validation finds them secure."""
    matching: tuple[str, ...] | None = None
    """The records that match the certificate which the inventory names; None where it names none."""

    @property
    def records(self) -> tuple[TLSARecord, ...]:
        """They have the form of TLSA records (RFC 8162, section 2)."""
        return records_of(self.answer) if self.answer else ()

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence() if self.answer else (f"{self.address}: not looked for",)


@dataclass(frozen=True)
class OpenPGPKeyRecords(Observation):
    """The OPENPGPKEY records of an address (RFC 7929). ``answer`` is None where the inventory says nothing of them."""

    address: str
    answer: Annotated[Answer, "TXT"] | None
    at: int
    """When they were seen, in seconds since 1970."""
    secure: bool = False

    @property
    def rings(self) -> tuple[KeyRing, ...]:
        """What the records hold."""
        found = []
        for record in self.answer.records if self.answer else ():
            try:
                found.append(parse_openpgp(base64.b64decode("".join(record.data.split()), validate=True)))
            except (binascii.Error, ValueError):
                found.append(KeyRing((), "it is no base64"))
        return tuple(found)

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence() if self.answer else (f"{self.address}: not looked for",)


@dataclass(frozen=True)
class WebKeys(Observation):
    """What a Web Key Directory gives for an address. ``wanted``: the inventory says that there is one."""

    address: str
    at: int
    wanted: bool
    url: str = ""
    status: int = 0
    """Of HTTP; 0 where nobody answered."""
    fault: str = ""
    """Why there was no answer: no host, or TLS said no."""
    ring: KeyRing | None = None

    def evidence(self) -> tuple[str, ...]:
        if not self.wanted:
            return (f"{self.address}: not looked for",)
        lines = [f"GET {self.url}: {self.fault or f'status {self.status}'}"]
        for key in self.ring.keys if self.ring else ():
            lines.append(f"key of version {key.version} of {', '.join(key.user_ids)[:300] or 'nobody'}")
        return tuple(lines)
