"""Registered or not: what the DNS says of the domain that one would have to register."""

from __future__ import annotations

import pytest

from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.registration import registrable, unregistered
from mailproof.net.dns.zone_files import parse_zone

from .dns_world import ZONE, session

TLD = """@ 60 SOA a.nic h 1 2 3 4 5
@ 60 NS a.nic
example 60 NS ns.example.com.
inside 60 A 192.0.2.1
alias 60 CNAME mx.gone.test.
"""


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.example.org", "example.org"),
        ("example.org", "example.org"),
        ("org", ""),
        ("mx.example.co.uk", "example.co.uk"),
        ("user.github.io", "github.io"),
        ("mx.gone.test", "gone.test"),
        ("ms1.msv1.invalid", ""),
        ("1.2.0.192.in-addr.arpa", ""),
        (".", ""),
        (r"joe\@gone.test", ""),
    ],
)
def test_what_one_would_register(name: str, domain: str) -> None:
    assert registrable(name) == domain


def _asked(name: str) -> tuple[str, int]:
    """The domain that could be registered for a name, and how many questions that cost besides the name's own."""

    async def work(dns: DNSClient) -> tuple[str, int]:
        answer = await dns.resolve(name, "A")
        before = dns.questions.total()
        found = await unregistered(dns, answer)
        return found, dns.questions.total() - before

    zones = [parse_zone(".", "@ 60 SOA a.nic. h. 1 2 3 4 5\n@ 60 NS a.nic.\n"), parse_zone("test", TLD)]
    zones += [parse_zone("example.test", ZONE), parse_zone("com", "@ 60 SOA a h 1 2 3 4 5\n@ 60 NS a\n")]
    return session(work, DNSServer(zones, recursive=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mx.gone.test", ("gone.test", 1)),
        ("alias.test", ("gone.test", 1)),
        ("gone.test", ("gone.test", 1)),
        ("nobody.example.test", ("", 0)),
        ("mx1.example.test", ("", 0)),
        ("mx.inside.test", ("", 1)),
    ],
)
def test_a_domain_is_free_where_a_zone_above_denies_it(name: str, expected: tuple[str, int]) -> None:
    """A name that stands in the zone of its top-level domain is registered, with no zone of its own."""
    assert _asked(name) == expected
