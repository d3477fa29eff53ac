"""BIMI as a domain publishes it: the record, the image and the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from mailproof.grammars.bimi import BIMIRecord, near_misses, parse_bimi, select_records
from mailproof.grammars.svg import SVGFacts
from mailproof.net.dns.client import Answer
from mailproof.net.pkix.marks import MarkCertificate
from mailproof.observations import Observation


def _texts(answer: Answer | None) -> tuple[str, ...]:
    return tuple(record.text for record in answer.records) if answer else ()


@dataclass(frozen=True)
class BIMI(Observation):
    """The TXT records at ``default._bimi`` of a domain, and where it has none, of its organisational domain."""

    domain: str
    answer: Annotated[Answer, "TXT"]
    organisation: str = ""
    """The organisational domain; empty where the domain has a record of its own."""
    above: Annotated[Answer | None, "TXT"] = None
    """At the organisational domain; None where nobody asked."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The domain's own records."""
        return select_records(_texts(self.answer))

    @property
    def near_misses(self) -> tuple[str, ...]:
        """Texts that look like an attempt at such a record and are none."""
        return near_misses(_texts(self.answer))

    @cached_property
    def record(self) -> BIMIRecord | None:
        """The domain's own record; None where there is not exactly one."""
        return parse_bimi(self.texts[0]) if len(self.texts) == 1 else None

    @cached_property
    def applies(self) -> BIMIRecord | None:
        """The record that receivers use, the organisational domain's included, if it can be read."""
        above = select_records(_texts(self.above))
        record = self.record if self.texts else parse_bimi(above[0]) if len(above) == 1 else None
        return record if record is not None and not record.errors else None

    @property
    def own(self) -> BIMIRecord | None:
        """The domain's own record if receivers use it."""
        return self.record if self.record is not None and not self.record.errors else None

    def evidence(self) -> tuple[str, ...]:
        return (*self.answer.evidence(), *(self.above.evidence() if self.above else ()))


@dataclass(frozen=True)
class Fetched(Observation):
    """What a URI of a BIMI record gave."""

    domain: str
    url: str = ""
    """Empty where the record names none."""
    status: int = 0
    content_type: str = ""
    tls_error: str = ""

    @property
    def fault(self) -> str:
        """Why there is no document; empty where there is one."""
        if self.tls_error:
            return f"{self.url}: {self.tls_error}"
        return "" if self.status == 200 else f"{self.url} answers status {self.status}"

    def evidence(self) -> tuple[str, ...]:
        return (f"GET {self.url}", f"status {self.status} {self.content_type}{self.tls_error}") if self.url else ()


@dataclass(frozen=True)
class BIMILogo(Fetched):
    """The image that the record names."""

    octets: int = 0
    """As sent."""
    sha256: str = ""
    """Without compression."""
    image: SVGFacts | None = None


@dataclass(frozen=True)
class BIMICertificate(Fetched):
    """The mark certificate that the record names."""

    at: str = ""
    mark: MarkCertificate | None = None
    unreadable: str = ""
    """Why it is no certificate."""
    logo_sha256: str = ""
    """Of the image that the record names; empty where it could not be had."""
