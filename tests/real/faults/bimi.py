"""Faults of BIMI. Images and the one mark certificate lie below https://mta-sts.NAME.test/bimi/."""

from __future__ import annotations

from tests.real.domains import Domain

NETWORK = 73

RIGHT = "bimi-right"
"""The domain that the mark certificate is for."""


def _record(label: str, image: str, certificate: str = "") -> dict[str, tuple[str, ...]]:
    where = f"https://mta-sts.{label}.test/bimi"
    mark = f" a={where}/{certificate};" if certificate else ""
    return {"default._bimi TXT": (f"v=BIMI1; l={where}/{image};{mark}",)}


DOMAINS = (
    Domain(RIGHT, records=_record(RIGHT, "right.svg", "mark.pem")),
    Domain("bimi-declined", records={"default._bimi TXT": ("v=BIMI1; l=; a=;",)}),
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
            **_record("bimi-pct", "right.svg"),
            "_dmarc TXT": ("v=DMARC1; p=reject; pct=50; rua=mailto:dmarc@bimi-pct.test",),
        },
        fail=("BIMI-DMARC-READY", "DMARC-PCT-100"),
        why="pct is gone from DMARC, and BIMI still asks for all mail.",
    ),
    Domain(
        "bimi-script",
        "the logo holds a script",
        records=_record("bimi-script", "script.svg"),
        fail=("BIMI-SVG",),
    ),
    Domain(
        "bimi-foreign",
        "the mark certificate is for another domain",
        records=_record("bimi-foreign", "right.svg", "mark.pem"),
        fail=("BIMI-CERT",),
    ),
)
