"""Names that lead to domains which nobody has registered: there is no nobody-has-this.test."""

from __future__ import annotations

from tests.real.domains import CHILDREN, Domain

NETWORK = 49

GONE = "nobody-has-this.test"
STRANGER = "The domain is none that the inventory trusts, either."

DOMAINS = (
    Domain(
        "dangle-mx",
        "an MX host in a domain that is not registered",
        records={"@ MX": ("10 mx.right.test.", f"20 mx.{GONE}.")},
        policy_mx=("mx.right.test", f"mx.{GONE}"),
        fail=("DANGLE-MX", "DNS-TRUST-SET"),
        why=STRANGER,
    ),
    Domain(
        "dangle-ns",
        "a name server in a domain that is not registered",
        parent_ns=(*CHILDREN, f"ns.{GONE}"),
        child_ns=(*CHILDREN, f"ns.{GONE}"),
        fail=("DANGLE-NS", "DNS-TRUST-SET"),
        why=STRANGER,
    ),
    Domain(
        "dangle-spf",
        "SPF includes a domain that is not registered",
        records={"@ TXT": (f"v=spf1 a:mx.right.test include:_spf.{GONE} -all",)},
        fail=("DANGLE-SPF", "DNS-TRUST-SET"),
        why=STRANGER,
    ),
    Domain(
        "dangle-dkim",
        "a DKIM selector leads to a domain that is not registered",
        records={"sel1._domainkey TXT": (), "sel1._domainkey CNAME": (f"sel1.{GONE}.",)},
        fail=("DANGLE-DKIM",),
    ),
    Domain(
        "dangle-sts",
        "the policy host is an alias in a domain that is not registered",
        records={"mta-sts A": (), "mta-sts CNAME": (f"sts.{GONE}.",)},
        fail=("DANGLE-STS",),
    ),
    Domain(
        "dangle-bimi",
        "the BIMI record is an alias in a domain that is not registered",
        records={"default._bimi CNAME": (f"bimi.{GONE}.",)},
        fail=("DANGLE-CNAME",),
    ),
    Domain(
        "dangle-rua",
        "reports go to a domain that is not registered",
        records={"_dmarc TXT": (f"v=DMARC1; p=reject; rua=mailto:dmarc@dangle-rua.test; ruf=mailto:a@{GONE}",)},
        fail=("DANGLE-RUA",),
    ),
    Domain(
        "dangle-txt",
        "a TXT record names a domain that is not registered",
        records={"@ TXT": ("v=spf1 a:mx.right.test -all", f"site-verification=https://www.{GONE}/proof")},
        advice=("DANGLE-TXT",),
    ),
)
