"""Questions to one server, whose silence is an observation as well."""

from __future__ import annotations

from collections.abc import Awaitable

from mailproof.net.dns.client import Answer
from mailproof.net.errors import ClosedEarly, Malformed, Refused, RefusedByAddress, TimedOut
from mailproof.observations.authorities import Silence


async def heard(question: Awaitable[Answer]) -> Answer | Silence:
    """The answer, or how the server failed to give it. Raises what is nobody's fault but the tester's."""
    try:
        return await question
    except (TimedOut, Refused, ClosedEarly, Malformed) as failure:
        return Silence(failure.reason, failure.kind, isinstance(failure, RefusedByAddress), failure.evidence)
