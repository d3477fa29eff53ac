"""Faults of SPF records."""

from __future__ import annotations

from tests.real.domains import Domain

NETWORK = 42

DOMAINS = (
    Domain(
        "no-spf",
        "no SPF record",
        records={"@ TXT": ()},
        fail=("SPF-EXISTS",),
    ),
    Domain(
        "spf-all",
        "SPF passes everybody",
        records={"@ TXT": ("v=spf1 +all",)},
        fail=("SPF-ALL-STRICT",),
    ),
    Domain(
        "spf-neutral",
        "SPF says nothing about others",
        records={"@ TXT": ("v=spf1 mx ?all",)},
        fail=("SPF-ALL-STRICT",),
    ),
    Domain(
        "spf-two",
        "two SPF records",
        records={"@ TXT": ("v=spf1 mx -all", "v=spf1 a -all")},
        fail=("SPF-EXISTS",),
    ),
    Domain(
        "spf-syntax",
        "SPF record with an unknown mechanism",
        records={"@ TXT": ("v=spf1 mx ipv4:11.0.25.10 -all",)},
        fail=("SPF-SYNTAX",),
    ),
    Domain(
        "spf-lookups",
        "SPF needs 11 DNS lookups",
        records={"@ TXT": ("v=spf1 " + " ".join(["a:mx.right.test"] * 11) + " -all",)},
        fail=("SPF-LOOKUPS-10",),
    ),
    Domain(
        "spf-void",
        "SPF has three void lookups",
        records={"@ TXT": ("v=spf1 a:gone1.spf-void.test a:gone2.spf-void.test a:gone3.spf-void.test mx -all",)},
        fail=("SPF-VOID-2",),
    ),
    Domain(
        "spf-loop",
        "SPF includes itself",
        records={"@ TXT": ("v=spf1 include:spf-loop.test -all",)},
        fail=("SPF-INCLUDE-VALID",),
    ),
    Domain(
        "spf-include",
        "SPF includes a name without SPF",
        records={"@ TXT": ("v=spf1 a:mx.right.test include:mta-sts.spf-include.test -all",)},
        fail=("SPF-INCLUDE-VALID",),
    ),
    Domain(
        "spf-ptr",
        "SPF uses ptr",
        records={"@ TXT": ("v=spf1 mx ptr -all",)},
        fail=("SPF-NO-PTR",),
    ),
    Domain(
        "spf-everybody",
        "SPF passes everybody who has an IPv4 address",
        records={"@ TXT": ("v=spf1 ip4:0.0.0.0/0 a:mx.right.test -all",)},
        fail=("SPF-INVENTORY-EVAL",),
    ),
    Domain(
        "spf-forgotten",
        "SPF does not name the sender",
        records={"@ TXT": ("v=spf1 -all",)},
        fail=("SPF-INVENTORY-EVAL",),
    ),
    Domain(
        "spf-open",
        "SPF without all",
        records={"@ TXT": ("v=spf1 a:mx.right.test",)},
        fail=("SPF-ALL-STRICT",),
    ),
    Domain(
        "spf-void-a",
        "SPF has three void lookups behind a match",
        records={
            "@ TXT": (
                "v=spf1 a:mx.right.test a:gone1.spf-void-a.test a:gone2.spf-void-a.test a:gone3.spf-void-a.test -all",
            )
        },
        fail=("SPF-VOID-2",),
    ),
    Domain(
        "spf-redirect",
        "SPF redirects to a name without SPF",
        records={"@ TXT": ("v=spf1 a:mx.right.test redirect=mta-sts.spf-redirect.test",)},
        fail=("SPF-INCLUDE-VALID",),
    ),
)
