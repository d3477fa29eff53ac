"""Faults of MX records."""

from __future__ import annotations

from tests.real.controls import PARTLY, PRIVATE
from tests.real.domains import ADDRESS, NEXT_KEY, NO_KEY, POSTFIX, Domain, Server

NETWORK = 37

DOMAINS = (
    Domain(
        "mx-bypass",
        "the host behind the filter takes mail from anybody",
        # The host of open-relay-postfix.test, which takes mail for everybody.
        records={"backend A": ("11.0.38.10",)},
        behind=("backend.mx-bypass.test",),
        active=True,
        fail=("MX-BYPASS",),
        where="backend.mx-bypass.test[",
    ),
    Domain(
        "mx-delivers-elsewhere",
        "the host that is to deliver is no MX host",
        delivery_host="mx.elsewhere.test",
        fail=("SINGLE-MDA",),
    ),
    Domain(
        "mx-behind-filter",
        "the host behind the filter takes no mail from strangers: no fault",
        records={"backend A": ("11.0.25.11",)},
        behind=("backend.mx-behind-filter.test",),
        delivery_host="mx.right.test",
        active=True,
        unjudged="no fault: strangers are refused",
    ),
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
        records={"@ MX": ("10 mx",), "mx A": ("10.0.0.25",), "_25._tcp.mx TLSA": (NO_KEY, NEXT_KEY)},
        fail=("MX-PUBLIC-ADDR",),
        inconclusive=PARTLY,
        why=PRIVATE,
    ),
    Domain(
        "mx-localhost",
        "MX has a loopback address",
        records={"@ MX": ("10 mx",), "mx A": ("127.0.0.1",), "_25._tcp.mx TLSA": (NO_KEY, NEXT_KEY)},
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
        records={
            "@ MX": ("10 .",),
            "_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@reports.null-mx-preference.test",),
            "reports MX": ("10 mx.right.test.",),
        },
        policy_mx=("mx.right.test",),
        fail=("MX-NULL-PREF", "MX-NULL-RIGHT"),
        why="It sends mail as well: its SPF record names the mail host.",
    ),
    Domain(
        "null-mx-alone",
        "null MX of a domain that receives mail",
        records={"@ MX": ("0 .",)},
        policy_mx=("mx.right.test",),
        fail=("MX-EXISTS",),
    ),
    Domain(
        "mx-underscore",
        "the name of the MX host has an underscore",
        Server(POSTFIX, other_names=("mx_1.mx-underscore.test",)),
        records={"@ MX": ("10 mx_1",), "mx_1 A": (ADDRESS,), "_25._tcp.mx_1 CNAME": ("_25._tcp.mx",)},
        policy_mx=("*.mx-underscore.test",),
        fail=("MX-HOST-SYNTAX",),
    ),
    Domain(
        "mx-twice",
        "one host in two MX records",
        records={"@ MX": ("10 mx.right.test.", "20 mx.right.test.")},
        advice=("MX-NO-DUPLICATE",),
    ),
    Domain(
        "mx-unapproved",
        "an MX host that the inventory does not name",
        Server(POSTFIX),
        caused_by="not in mx_hosts of the inventory",
        fail=("MX-APPROVED",),
    ),
    Domain(
        "parked-mx",
        "parked, with an MX record",
        parked=True,
        records={
            "@ TXT": ("v=spf1 -all",),
            "* TXT": ("v=spf1 -all",),
            "sel1._domainkey TXT": (),
            "*._domainkey TXT": ("v=DKIM1; p=",),
            "_mta-sts TXT": (),
            "_smtp._tls TXT": (),
        },
        fail=("MX-PARKED-NONE",),
    ),
    Domain(
        "mx-token",
        "an MX record is left over from Microsoft's proof of ownership",
        records={"@ MX": ("10 mx.right.test.", "32767 ms12345678.msv1.invalid.")},
        fail=("MX-M365-TOKEN",),
    ),
    Domain(
        "tls-demanded-postfix",
        "takes mail inside TLS only",
        Server(POSTFIX, ("smtpd_tls_security_level = encrypt",)),
        active=True,
        fail=("MX-NOT-TLS-ONLY",),
    ),
)

EVERYWHERE = {
    "MX-REDUNDANT": "A mail host of the laboratory has one address in each family.",
}
