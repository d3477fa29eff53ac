"""Faults of reverse names."""

from __future__ import annotations

from tests.real.domains import ADDRESS, POSTFIX, Domain, Server

NETWORK = 39

DOMAINS = (
    Domain(
        "unforwarded-ptr",
        "reverse name leads to another address",
        Server(POSTFIX),
        records={"elsewhere A": ("11.0.25.250",)},
        ptr=("elsewhere.unforwarded-ptr.test.",),
        fail=("PTR-FCRDNS",),
    ),
    Domain(
        "no-ptr",
        "no reverse name",
        Server(POSTFIX),
        ptr=(),
        fail=("PTR-EXISTS",),
    ),
    Domain(
        "two-ptr",
        "two reverse names, one of them unconfirmed",
        Server(POSTFIX),
        ptr=("mx.two-ptr.test.", "gone.two-ptr.test."),
        advice=("PTR-QUALITY",),
    ),
    Domain(
        "ptr-detour",
        "reverse name behind two aliases",
        Server(POSTFIX),
        ptr_detour=True,
        fail=("PTR-2317",),
    ),
    Domain(
        "generic-ptr",
        "reverse name that looks like a dynamic one",
        Server(POSTFIX),
        records={"dynamic-client A": (ADDRESS,)},
        ptr=("dynamic-client.generic-ptr.test.",),
        fail=("PTR-QUALITY",),
        advice=("HELO-EQ-PTR", "RDNS-SPF"),
        why="the host does not say this name in EHLO, and the name publishes no SPF.",
    ),
    Domain(
        "foreign-ptr",
        "reverse name in a zone that the inventory does not name",
        Server(POSTFIX),
        records={"reverse PTR": ("mx",)},
        ptr_at="reverse.foreign-ptr.test.",
        fail=("PTR-OWNER",),
    ),
)
