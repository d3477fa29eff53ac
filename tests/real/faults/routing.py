"""Faults of routes: what the laboratory's origin service and its file of validated payloads say of its blocks."""

from __future__ import annotations

from tests.real.domains import Domain, OwnServer

NETWORK = 92

DOMAINS = (
    Domain(
        "ns-one-prefix",
        "all name servers are in one prefix",
        parent_ns=("ns2.dns.test", "ns3.dns.test"),
        child_ns=("ns2.dns.test", "ns3.dns.test"),
        advice=("NS-PREFIX-DIVERSITY",),
    ),
    Domain(
        "ns-one-as",
        "all name servers are in one autonomous system",
        own_servers=(OwnServer("one-as.dns.test"),),
        parent_ns=("ns1.dns.test", "one-as.dns.test"),
        child_ns=("ns1.dns.test", "one-as.dns.test"),
        advice=("NS-AS-DIVERSITY",),
    ),
)

ASN = {"11.0.1.0/24": 64501, f"11.3.{NETWORK}.0/24": 64501}
"""The origins of blocks that share one; each other block has an autonomous system of its own."""
WITHOUT_ROA = ("11.0.3.0/24", "11.255.0.0/24")
"""That of lame.dns.test, and that of an open resolver."""
WRONG_ROA = ("11.0.2.0/24",)
"""That of ns2.dns.test: its ROA is for another autonomous system."""

OUTSIDE = {
    ("BGP-ROA-EXISTS", "advice", "11.0.3.0/24"),
    ("BGP-ROA-SENDING", "advice", "11.255.0.0/24"),
    ("BGP-ROA-VALID", "fail", "11.0.2.0/24"),
    # The servers of the root and of the reverse trees are in one block.
    ("NS-PREFIX-DIVERSITY", "advice", "in-addr.arpa"),
}
"""Findings (control, verdict, target) about blocks of addresses, and zones that are no domain's."""
