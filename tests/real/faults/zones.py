"""Faults of delegations, name servers and DNSSEC."""

from __future__ import annotations

from tests.real.domains import CHILDREN, SERIAL, Delegation, Domain, OwnServer

NETWORK = 44

LONG_NAMES = tuple(f"{letter * 63}.dns.test" for letter in "abc")

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
        # Test messages are signed with this key (faults/incoming.py).
        records={"mailproof._domainkey TXT": ("v=DKIM1; k=rsa; p=RSA-SIGNER",)},
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
        fail=("SOA-SERIAL-SAME",),
    ),
    Domain(
        "open-transfer",
        "zone transfer allowed to everybody",
        open_transfer=True,
        active=True,
        advice=("NS-NO-AXFR",),
    ),
    Domain(
        "ns-shared-address",
        "two of three name servers share an address",
        own_servers=(OwnServer("twin.dns.test", at="11.0.2.1"),),
        parent_ns=(*CHILDREN, "twin.dns.test"),
        child_ns=(*CHILDREN, "twin.dns.test"),
        advice=("DEL-DISTINCT-IP",),
    ),
    Domain(
        "ns-long-names",
        "the referral does not fit into 512 octets",
        own_servers=tuple(OwnServer(name) for name in LONG_NAMES),
        parent_ns=(*CHILDREN, *LONG_NAMES),
        child_ns=(*CHILDREN, *LONG_NAMES),
        advice=("DEL-REFERRAL-512",),
    ),
    Domain(
        "ns-cname",
        "a name server's name is an alias",
        own_servers=(OwnServer("cname.dns.test", alias="ns1.dns.test"),),
        parent_ns=("ns2.dns.test", "cname.dns.test"),
        child_ns=("ns2.dns.test", "cname.dns.test"),
        fail=("DEL-NS-NOT-CNAME",),
    ),
    Domain(
        "glue-old",
        "the parent gives an old address",
        own_servers=(OwnServer("ns.glue-old.test", ipv6=False, glue=("11.0.2.2",)), OwnServer("ns5.dns.test")),
        parent_ns=("ns1.dns.test", "ns5.dns.test", "ns.glue-old.test"),
        child_ns=("ns1.dns.test", "ns5.dns.test", "ns.glue-old.test"),
        fail=("DEL-GLUE-MATCH",),
    ),
    Domain(
        "glue-missing",
        "the parent gives no address of a server below the zone",
        own_servers=(OwnServer("ns.glue-missing.test", glue=()),),
        parent_ns=(*CHILDREN, "ns.glue-missing.test"),
        child_ns=(*CHILDREN, "ns.glue-missing.test"),
        fail=("DEL-GLUE-COMPLETE",),
    ),
    Domain(
        "ns-underscore",
        "a name server's name is no host name",
        own_servers=(OwnServer("ns_1.dns.test"),),
        parent_ns=("ns1.dns.test", "ns_1.dns.test"),
        child_ns=("ns1.dns.test", "ns_1.dns.test"),
        fail=("DEL-NS-SYNTAX",),
    ),
    Domain(
        "ab--reserved",
        "the zone's name has hyphens in third and fourth place",
        fail=("DEL-NAME-SYNTAX",),
    ),
    Domain(
        "ns-private",
        "a name server has a private address",
        own_servers=(OwnServer("private.dns.test", at="10.0.0.1", ipv6=False),),
        parent_ns=(*CHILDREN, "private.dns.test"),
        child_ns=(*CHILDREN, "private.dns.test"),
        fail=("DEL-NS-PUBLIC",),
    ),
    Domain(
        "ns-unapproved",
        "a name server that the inventory does not name",
        own_servers=(OwnServer("unapproved.dns.test"),),
        parent_ns=("ns1.dns.test", "unapproved.dns.test"),
        child_ns=("ns1.dns.test", "unapproved.dns.test"),
        fail=("DEL-NS-APPROVED",),
    ),
    Domain(
        "ns-ipv4-only",
        "no name server has an IPv6 address",
        own_servers=(OwnServer("v4-1.dns.test", at="11.0.1.1"), OwnServer("v4-2.dns.test", at="11.0.2.1")),
        parent_ns=("v4-1.dns.test", "v4-2.dns.test"),
        child_ns=("v4-1.dns.test", "v4-2.dns.test"),
        records={"@ CAA": ('0 issue "ca.test"',), "mx A": ("11.0.25.10",), "mx AAAA": ("2600:25::25:10",)},
        advice=("V6-NS-AAAA", "DANE-EXISTS"),
        why="its mx is a name of mx.right.test, for the domain ipv4-path, and has no TLSA record.",
    ),
)

OUTSIDE = {
    ("SEC-SIGNED", "advice", "in-addr.arpa"),
    ("SEC-SIGNED", "advice", "8/29.25.0.11.in-addr.arpa"),
}
"""Findings (control, verdict, target) outside the domains: the reverse trees are not signed."""
