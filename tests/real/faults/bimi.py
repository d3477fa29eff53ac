"""Faults of BIMI. Images and the one mark certificate lie below https://mta-sts.NAME.test/bimi/."""

from __future__ import annotations

from tests.real.domains import Domain
from tests.real.faults.right import with_logo

NETWORK = 73

DOMAINS = (
    Domain(
        "bimi-syntax",
        "the BIMI record names an image over HTTP",
        records={"default._bimi TXT": ("v=BIMI1; l=http://mta-sts.bimi-syntax.test/bimi/right.svg",)},
        fail=("BIMI-RECORD",),
    ),
    Domain(
        "bimi-pct",
        "a logo beside a DMARC policy for a part of the mail",
        records={
            **with_logo("bimi-pct", "right.svg"),
            "_dmarc TXT": ("v=DMARC1; p=reject; pct=50; rua=mailto:dmarc@bimi-pct.test",),
        },
        fail=("BIMI-DMARC-READY", "DMARC-PCT-100"),
        why="pct is gone from DMARC, and BIMI still asks for all mail.",
    ),
    Domain(
        "bimi-script",
        "the logo holds a script",
        records=with_logo("bimi-script", "script.svg"),
        fail=("BIMI-SVG",),
    ),
    Domain(
        "bimi-foreign",
        "the mark certificate is for another domain",
        records=with_logo("bimi-foreign", "right.svg", "mark.pem"),
        fail=("BIMI-CERT",),
    ),
)
