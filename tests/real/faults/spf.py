"""Faults of SPF records."""

from __future__ import annotations

from tests.real.domains import Domain, Store
from tests.real.faults.right import without_mail

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
    Domain(
        "spf-behind-all",
        "SPF has a mechanism behind all",
        records={"@ TXT": ("v=spf1 a:mx.right.test -all mx",)},
        fail=("SPF-ALL-ONCE-LAST",),
    ),
    Domain(
        "spf-equals",
        "SPF has include= in place of include:",
        records={"@ TXT": ("v=spf1 a:mx.right.test include=right.test -all",)},
        fail=("SPF-SYNTAX",),
    ),
    Domain(
        "spf-long",
        "SPF record of 462 octets",
        records={"@ TXT": (f"v=spf1 a:mx.right.test{' ip4:11.0.25.10' * 29} -all",)},
        fail=("SPF-SIZE",),
    ),
    Domain(
        "spf-type-99",
        "a record of type SPF beside the TXT record",
        records={"@ SPF": ("v=spf1 mx -all",)},
        fail=("SPF-NO-TYPE99",),
    ),
    Domain(
        "spf-blanks",
        "SPF has two blanks between terms",
        records={"@ TXT": ("v=spf1 a:mx.right.test  -all",)},
        advice=("SPF-BLANKS",),
    ),
    Domain(
        "spf-reporting",
        "SPF reports go to an address with a domain",
        records={"@ TXT": ("v=spf1 a:mx.right.test -all ra=postmaster@spf-reporting.test",)},
        fail=("SPF-REPORTING",),
    ),
    Domain(
        "spf-exp",
        "SPF explains nothing: exp leads to a name without TXT",
        records={"@ TXT": ("v=spf1 a:mx.right.test -all exp=gone.spf-exp.test",)},
        advice=("SPF-EXP-ONE-TXT",),
    ),
    Domain(
        "spf-gone",
        "SPF names a host that does not exist",
        records={"@ TXT": ("v=spf1 a:mx.right.test a:gone.spf-gone.test -all",)},
        fail=("SPF-TARGETS-RESOLVE",),
    ),
    Domain(
        "spf-wide",
        "SPF authorises a sixteenth of the world",
        records={"@ TXT": ("v=spf1 a:mx.right.test ip4:32.0.0.0/4 -all",)},
        fail=("SPF-WIDTH",),
    ),
    Domain(
        "spf-web",
        "SPF authorises the web server",
        records={"@ TXT": ("v=spf1 a a:mx.right.test -all",), "@ A": ("11.0.25.80",)},
        advice=("SPF-BARE-A",),
    ),
    Domain(
        "spf-parked",
        "a domain without mail authorises its MX hosts",
        parked=True,
        records={**without_mail("spf-parked"), "@ TXT": ("v=spf1 mx -all",)},
        fail=("SPF-PARKED",),
    ),
    Domain(
        "spf-no-wildcard",
        "names below a domain without mail have no SPF record",
        parked=True,
        records={**without_mail("spf-no-wildcard"), "* TXT": ()},
        advice=("SPF-WILDCARD-DENY",),
    ),
    Domain(
        "spf-shared-pool",
        "SPF authorises a range that a provider rents out",
        records={"@ TXT": ("v=spf1 a:mx.right.test ip4:138.68.0.0/16 -all",)},
        fail=("SPF-SHARED-POOL",),
    ),
    Domain(
        "spf-store-name",
        "a host that sends nothing has no SPF record",
        store=Store(ports={"imap": (993,)}),
        records={"mail TXT": ()},
        advice=("SPF-HOST-DENY",),
    ),
)
