"""MTA-STS as a domain publishes it (RFC 8461)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mailproof.grammars import mta_sts
from mailproof.grammars.mta_sts import STSPolicy, parse_policy
from mailproof.net.https import Response
from mailproof.observations import Observation
from mailproof.observations.published import PublishedRecord


class STSRecord(PublishedRecord):
    """The TXT records at ``_mta-sts`` of a domain."""

    VERSION = mta_sts.VERSION
    record_errors = staticmethod(mta_sts.record_errors)


@dataclass(frozen=True)
class STSPolicyFile(Observation):
    """What ``https://mta-sts.DOMAIN/.well-known/mta-sts.txt`` gives; fetched only if a TXT record is in force."""

    domain: str
    record: STSRecord
    addresses: tuple[str, ...]
    response: Response | None
    unregistered: str = ""
    """The domain that anybody could register to have the policy host; empty where it is registered."""

    @property
    def fetched(self) -> bool:
        """Fetched as RFC 8461, section 3.3 wants: a valid certificate and status 200."""
        return self.response is not None and self.response.tls_error is None and self.response.status == 200

    @property
    def policy(self) -> STSPolicy | None:
        return parse_policy(self.response.body) if self.fetched and self.response is not None else None

    def evidence(self) -> tuple[str, ...]:
        lines = [
            *self.record.evidence(),
            f"mta-sts.{self.domain}: {', '.join(self.addresses) or 'no address'}",
        ]
        return (*lines, *(self.response.evidence() if self.response else ()))


@dataclass(frozen=True)
class STSChange(Observation):
    """The id in the DNS and the policy behind it, beside those that the run before saw."""

    domain: str
    kept: bool
    """Whether the run has a history."""
    id: str = ""
    digest: str = ""
    """SHA-256 of the policy's lines; empty where the policy could not be fetched."""
    former: str = ""
    """Id and digest that the run before saw; empty where none did."""

    FACT: ClassVar[str] = "mta-sts"

    @property
    def former_id(self) -> str:
        return self.former.partition(" ")[0]

    @property
    def former_digest(self) -> str:
        return self.former.partition(" ")[2]

    def facts(self) -> Mapping[str, str]:
        """A policy that changed under its id stays unknown to senders until the id changes: the former one is kept."""
        if not (self.id and self.digest) or (self.id == self.former_id and self.former_digest):
            return {}
        return {self.FACT: f"{self.id} {self.digest}"}

    def evidence(self) -> tuple[str, ...]:
        now = f"id {self.id or 'none'}, SHA-256 of the policy {self.digest or 'unknown'}"
        return (
            now,
            f"before: id {self.former_id}, {self.former_digest}" if self.former else "before: nothing is known",
        )
