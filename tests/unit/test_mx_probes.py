"""MX records of a domain whose own addresses cannot be had."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.net.dns.client import Answer
from mailproof.net.errors import ServerFailure
from mailproof.observations.mx import MX
from mailproof.probes.mx import mx
from mailproof.targets.mail import MailDomain

from .observed import DOMAIN, answer


def look(*exchanges: str) -> MX:
    """The domain has these MX records, and its server fails for AAAA."""

    async def resolve(name: str, type: str) -> Answer:
        if type == "AAAA":
            raise ServerFailure("SERVFAIL")
        return answer(name, type, *(exchanges if type == "MX" else ()))

    net: Any = SimpleNamespace(dns=SimpleNamespace(resolve=resolve))

    async def main() -> MX:
        return await mx(MailDomain(DOMAIN), net)

    return asyncio.run(main())


def test_the_own_addresses_matter_only_without_mx_records() -> None:
    seen = look("10 mx.example.org.")
    assert seen.own_ipv6 is None
    assert (seen.names, seen.has_own_address) == (("mx.example.org",), False)
    with pytest.raises(ServerFailure):
        look()
