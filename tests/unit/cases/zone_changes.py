"""What changes when a master file takes the place of what is served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MAY, MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.observations.zone_contents import Loading, ServedSet, ServedZone, ZoneLoads

from ..observed import DOMAIN, answer
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .zone_contents import FILE, KNOWN, of


def _loads(*statuses: int | None, text: str = "") -> dict[str, Any]:
    programs = ("named-checkzone", "nsd-checkzone", "kzonecheck")
    loadings = (Loading(name, status, ("line 10: no",)) for name, status in zip(programs, statuses, strict=False))
    return {"zone_loads": ZoneLoads(DOMAIN, FILE.name, tuple(loadings)), "zone_records": of(text), "zone_file": FILE}


def _set(name: str, type: str, served: tuple[str, ...], proposed: tuple[str, ...]) -> ServedSet:
    return ServedSet(name, type, answer(name, type, *served), proposed)


_SAME = _set(DOMAIN, "MX", ("10 mx.example.org.",), ("10 mx.example.org.",))
_OTHER = _set(DOMAIN, "MX", ("10 mx.example.org.", "20 old.example.org."), ("10 mx.example.org.",))
_SILENT = ServedSet(DOMAIN, "MX", None, ("10 mx.example.org.",))
_TLSA = _set(f"_25._tcp.mx.{DOMAIN}", "TLSA", ("3 1 1 11",), ("3 1 1 22",))
_KEY = _set(f"a._domainkey.{DOMAIN}", "TXT", ("v=DKIM1",), ())
_SPF = _set(DOMAIN, "TXT", ("v=spf1 mx -all",), ('"v=spf1 a -all"',))
_NEW = _set(f"www.{DOMAIN}", "A", (), ("192.0.2.1",))
_RECORDS = replace(of(), known=(*KNOWN, (_TLSA.name, "TLSA"), (_KEY.name, "TXT")))
_NOWHERE = ServedZone(DOMAIN, "", (), why_none="example.org is not delegated yet")


def _zone(*sets: ServedSet, served: tuple[int, ...] = (1,), proposed: int = 2, left_out: int = 0) -> dict[str, Any]:
    serials = tuple((f"ns{n}[192.0.2.{n}]", serial) for n, serial in enumerate(served, 1))
    zone = ServedZone(DOMAIN, "ns1[192.0.2.1]", sets, serials, proposed, left_out)
    return {"served_zone": zone, "zone_records": _RECORDS, "zone_file": FILE}


def _nowhere() -> dict[str, Any]:
    return {"served_zone": _NOWHERE, "zone_records": _RECORDS, "zone_file": FILE}


TABLE: Table = {
    "ZONE-LOADS": (
        passes(**_loads(0, 0)),
        fails("kzonecheck: line 10: no", level=MUST, **_loads(1, 1, 1)),
        advises("nsd-checkzone: line 10: no", **_loads(0, 1, 0)),
        Case(Verdict.FAIL, "nsd-checkzone", _loads(0, 1), MUST, {"loaders": ("nsd-checkzone",)}),
        undecided("nsd-checkzone did not come to an end", **_loads(0, None)),
        skips("not installed here", **_loads()),
        leaves("ZONE-ALIAS-ALONE", "", **_loads(1, text="www CNAME mx\nwww A 192.0.2.1\n")),
        leaves("ZONE-TRAILING-DOT", "", **_loads(1, text="@ NS ns.example.org\n")),
        leaves("ZONE-TARGET-NOT-IP", "", **_loads(1, text="@ NS 192.0.2.1\n")),
        leaves("ZONE-GLUE-PRESENT", "", **_loads(1, text="@ NS ns9\n")),
        leaves("ZONE-RDATA-FORM", "", **_loads(1, text="h SSHFP 4 2 1111\n")),
        leaves("ZONE-WILDCARD", "", **_loads(1, text="*.w NS ns\n")),
        fails("example.org has more than one SOA", level=MUST, **_loads(text="@ SOA ns hostmaster 2 3 4 5 6\n")),
        fails("a.example.net does not lie in example.org", level=SHOULD, **_loads(0, text="a.example.net. TXT x\n")),
        fails("hb.example.net does not lie", **_loads(0, text="$GENERATE 1-1 hb.example.net. A 192.0.2.$\n")),
        fails("x.s.example.org TXT belongs to s.example.org", **_loads(0, text="s NS ns\nx.s TXT x\n")),
        passes(**_loads(0, text="s NS ns.s\nns.s A 192.0.2.1\ns DS 1 13 2 " + "11" * 32 + "\nt NS ns.s\n")),
    ),
    "ZONE-SERIAL-UP": (
        passes(**_zone(_OTHER)),
        passes(**_zone(_SAME, served=(2, 2))),
        passes(**_zone(_OTHER, served=(4294967295,), proposed=3)),
        fails("the serial 2 has not gone up: ns1[192.0.2.1] serves 2", level=MUST, **_zone(_OTHER, served=(2,))),
        fails("is smaller", **_zone(_SAME, served=(3,))),
        fails("ns2[192.0.2.2] serves 3", **_zone(_OTHER, served=(1, 3))),
        undecided("does not answer", **_zone(_SILENT, served=(2,))),
        skips("not delegated yet", **_nowhere()),
    ),
    "ZONE-SAFE-CHANGE": (
        passes(**_zone(_SAME, _SPF, _NEW)),
        fails("_25._tcp.mx.example.org TLSA 3 1 1 11", level=SHOULD, **_zone(_TLSA, _OTHER)),
        advises("example.org MX 20 old.example.org.", **_zone(_OTHER)),
        advises("a._domainkey.example.org TXT", **_zone(_KEY)),
        undecided("does not answer", **_zone(_SILENT)),
        skips("not delegated yet", **_nowhere()),
    ),
    "ZONE-DRIFT": (
        passes(**_zone(_SAME)),
        advises("- example.org. MX 20 old.example.org.", **_zone(_OTHER)),
        Case(Verdict.ADVICE, "+ www.example.org. A 192.0.2.1", _zone(_NEW, _SILENT), MAY),
        undecided("does not answer", **_zone(_SILENT)),
        undecided("3 were not asked for", **_zone(_SAME, left_out=3)),
        skips("not delegated yet", **_nowhere()),
    ),
}
