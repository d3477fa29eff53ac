"""Faults of registrations, and of whom a domain depends on."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server
from tests.real.shown import Registered

NETWORK = 93

DOMAINS = (
    Domain(
        "registered-elsewhere", Registered.OTHER_SERVERS, registered=Registered.OTHER_SERVERS, fail=("REGISTRAR-NS",)
    ),
    Domain("registered-unlocked", Registered.UNLOCKED, registered=Registered.UNLOCKED, advice=("REGISTRAR-LOCK",)),
    Domain("registered-ending", Registered.ENDS_SOON, registered=Registered.ENDS_SOON, advice=("REGISTRAR-EXPIRY",)),
    Domain("registered-new", Registered.NEW, registered=Registered.NEW, advice=("REP-DOMAIN-AGE",)),
    Domain(
        "no-abuse-contact",
        Registered.NO_ABUSE,
        Server(POSTFIX),
        registered=Registered.NO_ABUSE,
        advice=("REP-ABUSE-CONTACT",),
    ),
    Domain(
        "stranger-decides",
        "SPF includes the record of a domain that the inventory does not trust",
        records={"@ TXT": ("v=spf1 a:mx.right.test include:client.test -all",)},
        fail=("DNS-TRUST-SET",),
    ),
    Domain(
        "long-ttl",
        "a TTL longer than the inventory plans",
        records={"@ MX": (), "@ 86400 MX": ("10 mx.right.test.",)},
        policy_mx=("mx.right.test",),
        advice=("DNS-TTL-PLAN",),
    ),
)
