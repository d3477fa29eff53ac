"""Master files with one fault each, and the control that has to find it there; one that is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = "zone-files"

RIGHT = """$TTL 3600
@ SOA ns hostmaster {serial} 14400 3600 1209600 3600
@ NS ns
ns A 11.1.0.53
@ MX 10 mx.right.example.
@ TXT "v=spf1 mx -all"
www CNAME ns
_imaps._tcp SRV 0 1 993 ns
_25._tcp.ns TLSA 3 1 1 1111111111111111111111111111111111111111111111111111111111111111
"""
"""A zone in which all is well. What a fault adds begins on line 10."""


@dataclass(frozen=True)
class FileFault:
    """A zone NAME.example whose file has these lines besides, and what the control says of it."""

    control: str
    lines: str
    verdict: str = "fail"
    serial: int = 2
    in_laboratory: bool = False
    """Whether a zone of the laboratory has the fault as well."""
    served: str = ""
    """What the servers of the zone have besides under the serial 1; empty: the zone is not delegated yet."""

    @property
    def zone(self) -> str:
        return f"{self.control.lower()}.example"

    @property
    def target(self) -> str:
        return f"{self.zone} (records)"


RIGHT_ZONE = FileFault("ZONE-RIGHT", "", served="; nothing else\n")
"""The zone that every control has to pass."""

FAULTS = (
    FileFault("ZONE-RRSET-TTL", "a 60 A 11.1.0.1\na 61 A 11.1.0.2\n"),
    FileFault("ZONE-TRAILING-DOT", "mail CNAME mx.zone-trailing-dot.example\n"),
    FileFault("ZONE-DUPLICATE", "ns A 11.1.0.53\n", "advice"),
    FileFault("ZONE-INZONE-TARGET", "lists MX 10 gone\n"),
    FileFault("ZONE-ALIAS-CHAIN", "web CNAME www\n"),
    FileFault("ZONE-ALIAS-ALONE", "www A 11.1.0.1\n"),
    FileFault("ZONE-SRV-FORM", "imap.tcp SRV 0 1 143 ns\n"),
    FileFault("ZONE-TARGET-NOT-IP", "web CNAME 11.1.0.1.\n"),
    FileFault("ZONE-GLUE-PRESENT", "sub NS ns.sub\n"),
    FileFault("ZONE-TXT-FORM", "mail TXT v=spf1 mx -all\n"),
    FileFault("ZONE-RDATA-FORM", "_25._tcp.www2 TLSA 3 1 1 1111\n"),
    FileFault("ZONE-LABEL", "a\\.b TXT x\n"),
    FileFault("ZONE-WILDCARD", "*.users A 11.1.0.1\n", "advice", in_laboratory=True),
    FileFault("ZONE-PRIVATE-ADDR", "imap A 10.0.0.1\n"),
    FileFault("ZONE-TTL-SANE", "_dmarc 60 TXT x\n", "advice"),
    FileFault("ZONE-LOADS", "d DNAME example.net.\nd DNAME example.org.\n"),
    FileFault("ZONE-SERIAL-UP", "", serial=0, served="; the same\n"),
    FileFault("ZONE-SAFE-CHANGE", "", "advice", served="@ MX 20 mx.remembers.example.\n"),
)
DRIFT = next(fault for fault in FAULTS if fault.control == "ZONE-SAFE-CHANGE")
"""Where ZONE-DRIFT has to find the difference: the change that is not safe."""


def write(directory: Path) -> None:
    """Write the files below ``directory``, and those of the zones that are served below its world."""
    (directory / FOLDER).mkdir()
    for fault in (RIGHT_ZONE, *FAULTS):
        proposed = RIGHT.format(serial=fault.serial) + fault.lines
        (directory / FOLDER / f"{fault.zone}.zone").write_text(proposed, encoding="utf-8")
        if fault.served:
            (directory / "world" / f"{fault.zone}.zone").write_text(RIGHT.format(serial=1) + fault.served)


def served() -> tuple[str, ...]:
    """The zones that have servers."""
    return tuple(fault.zone for fault in (RIGHT_ZONE, *FAULTS) if fault.served)


def in_inventory() -> str:
    """The lines of an inventory that name the files."""
    files = (f"  {fault.zone}: {FOLDER}/{fault.zone}.zone\n" for fault in (RIGHT_ZONE, *FAULTS))
    return f"zone_files:\n{''.join(files)}"
