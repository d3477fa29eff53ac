"""Which networks announce addresses, and whether the RPKI permits it (RFC 6811)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class Route:
    """A prefix and the AS that announces it."""

    prefix: str
    asn: int

    def __str__(self) -> str:
        return f"{self.prefix} from AS{self.asn}"


@dataclass(frozen=True)
class BlockOrigin:
    """What the origin service says of a block. ``failure``: it could not be asked."""

    block: str
    answer: Annotated[Answer, "TXT"] | None = None
    failure: str = ""
    kind: str = ""
    """The kind of that failure, as in ``net.errors``."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route to the block, in the format of Team Cymru: ``AS [AS ...] | prefix | ...``."""
        records = self.answer.records if self.answer else ()
        return tuple(dict.fromkeys(route for record in records for route in _routes(record.text)))


def _routes(text: str) -> Iterator[Route]:
    fields = [field.strip() for field in text.split("|")]
    if len(fields) < 2:
        return
    try:
        prefix = str(ip_network(fields[1]))
    except ValueError:
        return
    for number in re.findall(r"\d{1,10}", fields[0]):
        yield Route(prefix, int(number))


@dataclass(frozen=True)
class ServerOrigins(Observation):
    """The origins of the addresses of a zone's servers."""

    zone: str
    addresses: tuple[tuple[str, str], ...]
    """The public addresses that are looked up, each with its block."""
    origins: tuple[BlockOrigin, ...]
    service: str = ""
    """Why nothing was looked up: there is no service."""

    def of_family(self, version: int) -> tuple[tuple[str, BlockOrigin], ...]:
        """The IPv4 (4) or IPv6 (6) addresses with their origins."""
        by_block = {origin.block: origin for origin in self.origins}
        return tuple(
            (address, by_block[block])
            for address, block in self.addresses
            if block in by_block and (6 if ":" in address else 4) == version
        )

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for origin in self.origins for line in _evidence(origin))


def _evidence(origin: BlockOrigin) -> tuple[str, ...]:
    return origin.answer.evidence() if origin.answer else (f"{origin.block}: {origin.failure}",)


@dataclass(frozen=True)
class VRP:
    """A validated ROA payload (RFC 6811, section 2)."""

    prefix: str
    max_length: int
    asn: int

    def covers(self, route: Route) -> bool:
        """Whether it speaks of the prefix of a route."""
        mine, theirs = ip_network(self.prefix), ip_network(route.prefix)
        return mine.version == theirs.version and mine.supernet_of(theirs)  # type: ignore[arg-type]

    def permits(self, route: Route) -> bool:
        """Whether it permits the route. AS 0 permits nobody (RFC 7607)."""
        length = ip_network(route.prefix).prefixlen
        return self.covers(route) and length <= self.max_length and self.asn == route.asn != 0


class Validity(StrEnum):
    """What the RPKI says of a route (RFC 6811, section 2)."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class ValidatedPayloads(Observation):
    """The payloads that cover one of the blocks of the run."""

    source: str
    at: str
    """When they were read (ISO 8601)."""
    generated: str
    """When they were made, as they say themselves; empty where they do not."""
    payloads: tuple[VRP, ...]

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.source}, made {self.generated or 'at an unknown time'}, read {self.at}",)


@dataclass(frozen=True)
class BlockRoutes(Observation):
    """The routes to a block, and the payloads that cover it."""

    origin: BlockOrigin
    payloads: tuple[VRP, ...]
    source: str
    at: str
    generated: str
    service: str = ""
    """Why nothing was looked up: there is no service."""

    @property
    def age(self) -> timedelta | None:
        """How old the payloads were; None where that is not known."""
        try:
            made = datetime.fromisoformat(self.generated)
            return datetime.fromisoformat(self.at) - made
        except (ValueError, TypeError, OverflowError):
            return None

    def validity(self, route: Route) -> Validity:
        """What the payloads say of a route."""
        covering = [payload for payload in self.payloads if payload.covers(route)]
        if any(payload.permits(route) for payload in covering):
            return Validity.VALID
        return Validity.INVALID if covering else Validity.NOT_FOUND

    def evidence(self) -> tuple[str, ...]:
        payloads = (f"{payload.prefix} up to /{payload.max_length}, AS{payload.asn}" for payload in self.payloads)
        return (*_evidence(self.origin), f"{self.source}, made {self.generated or 'at an unknown time'}", *payloads)
