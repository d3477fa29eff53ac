"""Faults of IPv6 and of the way from the root."""

from __future__ import annotations

from tests.real.domains import CHILDREN, POSTFIX, Domain, Server

NETWORK = 94

DOMAINS = (
    Domain(
        "mx-ipv4-only",
        "MX host without an IPv6 address",
        Server(POSTFIX),
        caused_by="no AAAA of mx",
        advice=("V6-MX-AAAA",),
    ),
    Domain(
        "ipv4-path",
        "MX host in a zone that no server has on IPv6",
        records={"@ MX": ("10 mx.ns-ipv4-only.test.",)},
        advice=("DEL-V6-PATH",),
    ),
    Domain(
        "ns-ring",
        "the name of a server needs two zones that need each other",
        parent_ns=(*CHILDREN, "ns.ring-b.test"),
        child_ns=(*CHILDREN, "ns.ring-b.test"),
        parent_records={"ring-b NS": ("ns.ring-c.test.",), "ring-c NS": ("ns.ring-b.test.",)},
        fail=("DEL-NO-CYCLE",),
    ),
)
