"""Domains without mail."""

from __future__ import annotations

from mailproof.controls import SHOULD
from mailproof.observations.spf import NamesBelow

from ..observed import DOMAIN, PARKED, RECEIVES
from .case import Table, fails, leaves, passes, skips
from .dmarc import dmarc
from .spf_strength import below

TABLE: Table = {
    "PARKED-SUBDOMAINS": (
        passes(names_below=below()),
        passes(names_below=below(mx=("0 .",), address=("192.0.2.80",))),
        fails("can be sent mail", level=SHOULD, names_below=below(address=("192.0.2.80",))),
        fails("can be sent mail", names_below=below(ipv6=("2001:db8::80",))),
        passes(names_below=below(mx=("0 .",), ipv6=("2001:db8::80",))),
        fails("can be sent mail", names_below=below(mx=("10 mx.example.org.",))),
        skips("the domain has mail", names_below=NamesBelow(DOMAIN, False)),
        leaves("MX-EXISTS", names_below=NamesBelow(DOMAIN, True)),
    ),
    "PARKED-RUA": (
        passes(dmarc=dmarc("v=DMARC1; p=reject; rua=mailto:d@example.org"), mail_domain=PARKED),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=reject; rua=mailto:d@example.org",), ())), mail_domain=PARKED),
        fails("no aggregate reports", level=SHOULD, dmarc=dmarc("v=DMARC1; p=reject"), mail_domain=PARKED),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=reject; rua="), mail_domain=PARKED),
        skips("sends mail", dmarc=dmarc("v=DMARC1; p=reject"), mail_domain=RECEIVES),
        leaves("DMARC-EXISTS", dmarc=dmarc(), mail_domain=PARKED),
    ),
}
