"""DNSSEC: CDS and CDNSKEY records, and signals for bootstrapping."""

from __future__ import annotations

from typing import Any

from mailproof.controls import MUST
from mailproof.net.dnssec.trust import Flaw
from mailproof.observations.dnssec import Judged
from mailproof.observations.signing import DSRecord, ZoneKey

from ..observed import DOMAIN
from .case import Table, advises, fails, passes, skips
from .dnssec import (
    NOT_SIGNED,
    NS2,
    SETS,
    UNSIGNED,
    _bogus,
    _ds,
    _good,
    _key,
    _server,
    _signature,
    _signatures,
    _zone,
)

BOTH = (_signature("CDS"), _signature("CDNSKEY"), *_signatures(13))
DELETE = (DSRecord(0, 0, 0, "0 0 0 00"),), (ZoneKey(1, 0, 0, 0, "0 3 0 AA=="),)


def _parent_told(
    *, cds: tuple[DSRecord, ...] = (_ds(),), cdnskey: tuple[ZoneKey, ...] = (_key(),), **more: Any
) -> dict[str, Any]:
    return _zone(_server(_key(), cds=cds, cdnskey=cdnskey, **{"signatures": BOTH, **more}))


SIGNAL = f"_dsboot.{DOMAIN}._signal.ns1.example.net"


def _signalled(text: str, judged: Judged, **more: Any) -> dict[str, Any]:
    server = _server(_key(), cds=(_ds(),), cdnskey=(_key(),), signatures=BOTH)
    return _zone(server, ds=(), verdict=UNSIGNED, signals=(judged,), signalled=(f"{SIGNAL} {text}",), **more)


TABLE: Table = {
    "SEC-CDS": (
        passes(**_parent_told()),
        passes(**_parent_told(cds=DELETE[0], cdnskey=DELETE[1])),
        passes(**_parent_told(cds=(_ds(), _ds(digest=4)))),
        fails("CDNSKEY is for key 1, while the other one asks", **_parent_told(cds=DELETE[0])),
        fails("CDS is for key 1, while the other one asks", **_parent_told(cdnskey=DELETE[1])),
        fails("CDS 0 0 2 ab asks for nothing", **_parent_told(cds=(_ds(0, 0),), cdnskey=DELETE[1])),
        fails("CDS for key 1: the digest", **_parent_told(cds=(_ds(flaw="the digest is not that of the key"),))),
        fails(
            "the keys 2 do not sign DNSKEY",
            **_zone(_server(_key(), _key(2), cds=(_ds(2),), cdnskey=(_key(2),), signatures=BOTH)),
        ),
        fails("signs the CDNSKEY records, but none", **_parent_told(signatures=(_signature("CDS"), *_signatures(13)))),
        fails("CDS: bogus: ", level=MUST, **_parent_told(sets=(*SETS, _bogus("CDS", Flaw.NO_SIGNATURE)))),
        fails("no key that a DS record names signs", **_parent_told(signatures=_signatures(13))),
        fails("stands beside others", **_parent_told(cds=(_ds(), _ds(0, 0, 0)))),
        fails("CDS is for the keys 1, CDNSKEY for 2", **_parent_told(cdnskey=(_key(2),))),
        fails("the keys 3 are not in the zone", **_parent_told(cds=(_ds(3),), cdnskey=())),
        advises("only one of CDS and CDNSKEY", **_parent_told(cdnskey=())),
        advises(
            "the servers differ",
            **_zone(
                _server(_key(), cds=(_ds(),), cdnskey=(_key(),), signatures=BOTH),
                _server(_key(), server=NS2),
            ),
        ),
        skips("no CDS or CDNSKEY", **_zone()),
        skips("not signed", **NOT_SIGNED),
    ),
    "SEC-BOOTSTRAP": (
        passes(**_signalled("CDS 1 13 2 ab", _good("CDS", SIGNAL))),
        passes(**_signalled("CDS 1 13 2 ab", _good("CDS", SIGNAL), signallers=(SIGNAL,))),
        fails(
            "no signal at _dsboot.other CDS 1 13 2 ab",
            **_signalled("CDS 1 13 2 ab", _good("CDS", SIGNAL), signallers=(SIGNAL, "_dsboot.other")),
        ),
        fails("the zone has no such record", level=MUST, **_signalled("CDS 9 13 2 ab", _good("CDS", SIGNAL))),
        fails("bogus", **_signalled("CDS 1 13 2 ab", _bogus("CDS", Flaw.EXPIRED, SIGNAL))),
        skips("signals no keys", **_zone()),
        skips("not signed", **NOT_SIGNED),
    ),
}
