"""To which organisation a domain belongs."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import SHOULD

from ..observed import DOMAIN
from .case import Table, advises, fails, leaves, passes, skips
from .dmarc import dmarc
from .dmarc_records import org

REJECT = "v=DMARC1; p=reject"
SUFFIX = f"{REJECT}; psd=y"

TABLE: Table = {
    "DMARC-WALK-EQ-PSL": (
        passes(dmarc=org(REJECT)),
        passes(dmarc=dmarc(parents=((REJECT,), ()))),
        passes(dmarc=dmarc(REJECT, parents=((REJECT,), ()))),
        leaves("DMARC-EXISTS", dmarc=org()),
        passes(dmarc=dmarc(parents=((), (SUFFIX,)))),
        advises(f"sub.{DOMAIN} by the tree walk, {DOMAIN} by the Public Suffix List", dmarc=dmarc(REJECT)),
        advises(f"sub.{DOMAIN} by", dmarc=dmarc(f"{REJECT}; psd=n", parents=((REJECT,), ()))),
        advises("org by the tree walk", dmarc=dmarc(parents=((), (REJECT,)))),
        leaves("DMARC-PSD", dmarc=dmarc(REJECT, parents=((SUFFIX,), ()))),
        skips("a public suffix itself", dmarc=replace(org(SUFFIX), by_list="")),
    ),
    "DMARC-PSD": (
        passes(dmarc=org(f"{REJECT}; psd=n")),
        passes(dmarc=org(f"{REJECT}; psd=u")),
        passes(dmarc=dmarc(parents=((), (SUFFIX,)))),
        passes(dmarc=replace(org(SUFFIX), by_list="", suffixes=(DOMAIN,))),
        fails("is no public suffix", level=SHOULD, dmarc=org(SUFFIX)),
        advises(f"_dmarc.{DOMAIN} says psd=y", dmarc=dmarc(REJECT, parents=((SUFFIX,), ()))),
        advises("an organisation of its own", dmarc=dmarc(f"{REJECT}; psd=n", parents=((REJECT,), ()))),
        skips("no record on the way has psd", dmarc=org(REJECT)),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
}
