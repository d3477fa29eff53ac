"""Faults of delegations, name servers and DNSSEC."""

from __future__ import annotations

from tests.real.domains import SERIAL, Delegation, Domain

NETWORK = 44

DOMAINS = (
    Domain(
        "unsigned",
        "zone is not signed",
        delegation=Delegation.UNSIGNED,
        advice=("SEC-SIGNED",),
    ),
    Domain(
        "bogus",
        "DS of a key that the zone does not have",
        delegation=Delegation.WRONG_DS,
        fail=("SEC-NOT-BOGUS",),
    ),
    Domain(
        "expired-signatures",
        "signatures have expired",
        delegation=Delegation.EXPIRED_SIGNATURES,
        fail=("SEC-NOT-BOGUS",),
    ),
    Domain(
        "lame",
        "one name server does not know the zone",
        parent_ns=("ns1.dns.test", "lame.dns.test"),
        child_ns=("ns1.dns.test", "lame.dns.test"),
        fail=("DEL-AUTHORITATIVE",),
    ),
    Domain(
        "ns-mismatch",
        "parent and child name different servers",
        parent_ns=("ns1.dns.test", "ns2.dns.test"),
        child_ns=("ns1.dns.test", "ns3.dns.test"),
        fail=("DEL-PARENT-CHILD-NS",),
    ),
    Domain(
        "one-ns",
        "one name server",
        parent_ns=("ns1.dns.test",),
        child_ns=("ns1.dns.test",),
        fail=("DEL-MIN-NS",),
    ),
    Domain(
        "serial-mismatch",
        "name servers have different serials",
        second_serial=SERIAL - 1,
        unjudged="nothing compares serials",
    ),
    Domain(
        "open-transfer",
        "zone transfer allowed to everybody",
        open_transfer=True,
        active=True,
        unjudged="nothing asks for a zone transfer",
    ),
)

OUTSIDE = {
    ("SEC-SIGNED", "advice", "in-addr.arpa"),
    ("SEC-SIGNED", "advice", "8/29.25.0.11.in-addr.arpa"),
}
"""Findings (control, verdict, target) outside the domains: the reverse trees are not signed."""
