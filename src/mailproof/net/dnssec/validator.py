"""Our own validation of what the resolvers say: their AD bit is not needed, and they are not believed.

They are asked for whole answers with DO and CD, each question once. A resolver that leaves signatures out, or has
another root than the trust anchors, is a fault of the tester's network and not of any zone: nothing can be said then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DS import DS

from mailproof.criteria.dnssec import LOCALLY_SERVED
from mailproof.documents import UnreadableFile, read_text
from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.dns.messages import PARSED_AT_ONCE, parsed
from mailproof.net.dns.names import parse_name, text_of
from mailproof.net.dnssec.anchors import read_anchors, root_anchors
from mailproof.net.dnssec.chain import Chains, Response
from mailproof.net.dnssec.trust import Flaw, Status, Verdict
from mailproof.net.errors import BoundReached, Malformed, NotObserved, UntrustedRoot

MAX_ANCHORS = 1 << 20
"""Octets of a file of trust anchors. IANA's has a thousand."""


def anchors_in(file: Path, at: datetime | None = None) -> tuple[DS, ...]:
    """The trust anchors of a file that are valid at a time, usually now. Raises ValueError that says what is wrong."""
    try:
        return read_anchors(read_text(file, MAX_ANCHORS), at or datetime.now(UTC))
    except (OSError, UnreadableFile) as error:
        raise ValueError(str(error)) from error


class Validator:
    """Whether data are secure, by chains from the trust anchors down, as of the time when the run began."""

    def __init__(self, client: DNSClient, anchors: Path | None = None, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC)
        self._client = client
        self._chains = Chains(self._fetch, self.at, anchors_in(anchors, self.at) if anchors else root_anchors())
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    async def judge(self, name: str, type: str) -> Verdict:
        """The status of the answer for ``name`` and ``type``: secure, insecure or bogus.

        Raises NotObserved where that could not be found out.
        """
        root = (await self._chains.root()).link
        if root is not None:
            raise UntrustedRoot(
                f"the keys of the root that the resolver gives cannot be trusted: {root.flaw}"
                + (f" ({root.detail})" if root.detail else "")
            )
        known = self._verdicts.get((name, type))
        if known is None:
            known = await self._chains.observe(_parsed(name), dns.rdatatype.from_text(type))
            self._verdicts[name, type] = known
        if known.status is Status.INDETERMINATE and known.link is not None:
            raise (BoundReached if known.link.flaw is Flaw.BOUND else NotObserved)(str(known.link))
        if known.status is Status.BOGUS and (zone := _served_locally(name)) and not await self._is_signed(name, type):
            raise NotObserved(f"{name} {type}: resolvers answer for {zone} by themselves, and do not sign that")
        return known

    async def accepts(self, answer: Answer) -> bool:
        """Whether the resolvers validate, and hand out an answer all the same."""
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return False
        try:
            return answer.authenticated or (await self._client.question(".", "SOA")).authenticated
        except NotObserved:
            return False

    async def _is_signed(self, name: str, type: str) -> bool:
        return bool((await self.records(name, type)).signers())

    async def records(self, name: str, type: str) -> Response:
        """The whole answer to a question, unjudged. Raises NotObserved."""
        return await self._fetch(_parsed(name), dns.rdatatype.from_text(type))

    async def _fetch(self, name: dns.name.Name, type: RdataType) -> Response:
        return response_of(await self._client.whole(text_of(name), dns.rdatatype.to_text(type)))


def _served_locally(name: str) -> str:
    """The zone of ``LOCALLY_SERVED`` that a name lies in, if it lies in one."""
    return next((zone for zone in LOCALLY_SERVED if f".{name}".endswith(f".{zone}")), "")


def _parsed(name: str) -> dns.name.Name:
    try:
        return parse_name(name)
    except ValueError as error:
        raise Malformed(str(error)) from error


def response_of(answer: Answer) -> Response:
    """The sections of an answer that has its octets. Raises Malformed."""
    try:
        return _response(answer.wire)
    except dns.exception.DNSException as error:
        raise Malformed(f"{answer.server} sent an answer that does not parse") from error


@lru_cache(maxsize=PARSED_AT_ONCE)
def _response(message: bytes) -> Response:
    return Response.of(parsed(message))
