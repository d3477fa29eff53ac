"""Faults of MX records."""

from __future__ import annotations

from tests.real.controls import PARTLY, PRIVATE
from tests.real.domains import NO_KEY, Domain

NETWORK = 37

DOMAINS = (
    Domain(
        "null-mx-beside-mx",
        "null MX beside another MX",
        records={"@ MX": ("0 .", "10 mx.right.test.")},
        fail=("MX-NULL-ALONE",),
    ),
    Domain(
        "mx-cname",
        "MX is an alias",
        records={"@ MX": ("10 alias",), "alias CNAME": ("mx.right.test.",)},
        fail=("MX-NOT-ALIAS",),
    ),
    Domain(
        "mx-address",
        "MX is an address",
        records={"@ MX": ("10 11.0.25.10.",)},
        fail=("MX-NOT-IP",),
    ),
    Domain(
        "mx-unresolvable",
        "MX does not exist",
        records={"@ MX": ("10 nowhere",)},
        fail=("MX-RESOLVES",),
    ),
    Domain(
        "mx-private",
        "MX has a private address",
        records={"@ MX": ("10 mx",), "mx A": ("10.0.0.25",), "_25._tcp.mx TLSA": (NO_KEY,)},
        fail=("MX-PUBLIC-ADDR",),
        inconclusive=PARTLY,
        why=PRIVATE,
    ),
    Domain(
        "mx-localhost",
        "MX has a loopback address",
        records={"@ MX": ("10 mx",), "mx A": ("127.0.0.1",), "_25._tcp.mx TLSA": (NO_KEY,)},
        fail=("MX-PUBLIC-ADDR",),
        inconclusive=PARTLY,
        why=PRIVATE,
    ),
    Domain(
        "no-mx",
        "no MX record",
        records={"@ MX": ()},
        policy_mx=("mx.right.test",),
        fail=("MX-EXISTS",),
    ),
    Domain(
        "null-mx-preference",
        "null MX with a preference",
        records={"@ MX": ("10 .",)},
        policy_mx=("mx.right.test",),
        fail=("MX-NULL-PREF",),
    ),
    Domain(
        "null-mx-alone",
        "null MX of a domain that receives mail",
        records={"@ MX": ("0 .",)},
        policy_mx=("mx.right.test",),
        fail=("MX-EXISTS",),
    ),
)
