"""MTA-STS as a domain publishes it (RFC 8461)."""

from __future__ import annotations

from dataclasses import dataclass

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
