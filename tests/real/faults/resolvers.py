"""Faults of resolvers: Unbound as it should be, and Unbound with all that it can be told to do wrong."""

from __future__ import annotations

from tests.real.domains import FORGETFUL_RESOLVER, OPEN_RESOLVER, RESOLVER, WRONG_RESOLVER, Domain

NETWORK = 91

DOMAINS = (
    Domain(
        "views-differ",
        "one resolver gives another MX record",
        caused_by=f"at {WRONG_RESOLVER}: local-data: views-differ.test. MX 20 mx.right.test.",
        advice=("RES-VIEWS",),
    ),
)

OUTSIDE = {
    *(
        (control, "fail", f"{WRONG_RESOLVER}:53")
        for control in ("RESOLVER-CACHES", "RES-VALIDATES", "RESOLVER-DNSBL-OK", "RESOLVER-NO-SPOOF", "RES-ENCRYPTED")
    ),
    ("RESOLVER-QUERYLOG", "advice", "unbound@resolver.client.test"),
    ("RES-V6-REACH", "advice", f"{WRONG_RESOLVER}:53"),
    ("RESOLVER-CACHES", "fail", f"{OPEN_RESOLVER}:53"),
    ("RES-FAILURE-CACHE", "fail", f"{FORGETFUL_RESOLVER}:53"),
    # The laboratory's root has a key of its own, and no resolver here trusts the one of IANA.
    ("RES-KSK-2024", "fail", f"{RESOLVER}:53"),
    ("RES-KSK-2024", "fail", f"{FORGETFUL_RESOLVER}:53"),
    # The name that fails at the forgetful one does not exist at the others.
    ("RES-FAILURE-CACHE", "inconclusive", f"{RESOLVER}:53"),
    ("RES-FAILURE-CACHE", "inconclusive", f"{WRONG_RESOLVER}:53"),
}
"""Findings (control, verdict, target) about the resolvers themselves."""
