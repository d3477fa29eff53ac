"""Faults of servers in what they do with mail that goes out. Only an exercise shows them: tests/real/exercised.py."""

from __future__ import annotations

from tests.real.domains import NOT_SINK_KEY, POSTFIX, SINK_KEY, Domain, Server

NETWORK = 142

SINK = "exercise-sink"
"""The label of the domain that the service sends to."""


STS_DOMAIN = f"sts.{SINK}.test"
"""The domain below it whose MTA-STS policy does not name its MX."""


def sink_records(address: str) -> dict[str, tuple[str, ...]]:
    """What `mailproof exercise --records` says that the sink domain has to publish."""
    records: dict[str, tuple[str, ...]] = {f"{host} A": (address,) for host in ("mx", "mx-dane", "mx-dane-wrong")}
    records |= {f"{case} MX": ("10 mx",) for case in ("plain", "later", "lines")}
    records |= {f"{case} MX": (f"10 mx-{case}",) for case in ("dane", "dane-wrong")}
    records |= {"sts MX": ("10 mx",), "_mta-sts.sts TXT": ("v=STSv1; id=1;",), "mta-sts.sts A": ("11.0.4.1",)}
    return records | {"_25._tcp.mx-dane TLSA": (SINK_KEY,), "_25._tcp.mx-dane-wrong TLSA": (NOT_SINK_KEY,)}


NEVER_AGAIN = "exercise-once"
"""The label of the domain whose server sends once only."""

STS = "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix"
DANE = ("smtp_dns_support_level = dnssec", "smtp_tls_security_level = dane", STS)
"""What a Postfix that sends is told."""

DOMAINS = (
    Domain(
        "exercise-clear",
        "delivers in clear",
        Server(POSTFIX, ("smtp_tls_security_level = none",)),
        fail=("OUT-STARTTLS",),
    ),
    Domain(
        "exercise-may",
        "heeds neither TLSA records nor policies of MTA-STS",
        Server(POSTFIX, ("smtp_tls_security_level = may",)),
        fail=("OUT-DANE", "OUT-STS"),
        why="Both are demands of the recipient, and it asks for neither.",
    ),
    Domain(
        "exercise-stray",
        "lets a bare CR go out",
        Server(POSTFIX, (*DANE, "cleanup_replace_stray_cr_lf = no")),
        fail=("OUT-CLEAN-LINES",),
    ),
    Domain(
        NEVER_AGAIN,
        "takes every deferral for a refusal",
        Server(POSTFIX, (*DANE, "smtp_reply_filter = regexp:{ {/^450(.*)/ 550$1} }")),
        fail=("SMTP-RECEIVED-BOTH-WAYS",),
    ),
)
