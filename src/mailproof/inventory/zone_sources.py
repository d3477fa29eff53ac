"""Where zones are kept, in one notation for ``zone_files`` of an inventory, ``--zone`` and ``mailproof zones``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, PlainSerializer, Tag

from mailproof.inventory.values import DomainName, domain_name, keys_once, unique, wrong
from mailproof.net.text import printable

FILE, DIRECTORY, AXFR = "file", "directory", "axfr"

FILE_KINDS = {
    "terraform": "terraform:PLAN.json",
    "octodns": "octodns:CONFIG.yaml",
    "dnscontrol": "dnscontrol:IR.json",
    "route53": "route53:RECORDS.json",
    "cloudflare": "cloudflare:EXPORT.txt",
    "bind": "bind:NAMED.CONF",
}
"""How a source that lies in a file is written, by its kind."""

FORMS = ("NAME=FILE", "a directory of NAME.zone files", *FILE_KINDS.values(), "axfr://SERVER/ZONE")

_SCHEME = re.compile(rf"({'|'.join((*FILE_KINDS, AXFR))}):")
_LEAVE_OUT = "leave-out"
_FLAGS = {
    AXFR: ("key", "key-file"),
    "bind": ("view",),
    "dnscontrol": ("view", _LEAVE_OUT),
    "terraform": ("view", _LEAVE_OUT),
    FILE: (),
    DIRECTORY: (),
}
_BY_SUFFIX = {".json": "terraform", ".conf": "bind", ".yaml": "octodns", ".yml": "octodns"}
_DNS = 53


@dataclass(frozen=True)
class ZoneSource:
    """One place that holds zones."""

    kind: str
    path: Path | None = None
    """A file or a directory; None for a transfer."""
    zone: str = ""
    """The name of the zone, where the source says it: of a master file, and of a transfer."""
    server: str = ""
    port: int = _DNS
    view: str | None = None
    """Of BIND's configuration, where it has several; the tag of zones of DNSControl; the address of one of several
    zones of Terraform that have one name.
    """
    key: str = ""
    """The name of the key that signs a transfer (TSIG, RFC 8945); empty: it is not signed."""
    algorithm: str = "hmac-sha256"
    secret: str = field(default="", repr=False)
    """The key itself, in base64."""
    key_file: Path | None = None
    leaves_out: bool = False
    """Whether records that no master file can hold are left out, rather than the zone refused."""

    def __str__(self) -> str:
        """As it is written, without the secret."""
        if self.kind == FILE:
            return f"{self.zone}={self.path}"
        if self.kind == DIRECTORY:
            return str(self.path)
        flags = [f"{name}={value}" for name, value in (("view", self.view), ("key", self.key)) if value]
        flags += [f"key-file={self.key_file}"] if self.key_file is not None else []
        flags += [_LEAVE_OUT] if self.leaves_out else []
        port = "" if self.port == _DNS else f":{self.port}"
        server = f"[{self.server}]" if ":" in self.server else self.server
        where = f"//{server}{port}/{self.zone}" if self.kind == AXFR else str(self.path)
        return f"{self.kind}:{where}{'?' if flags else ''}{'&'.join(flags)}"

    def at(self, path: Path | None, key_file: Path | None) -> ZoneSource:
        """The same source, with its files as they were found."""
        return replace(self, path=path, key_file=key_file)

    def beside(self, directory: Path) -> ZoneSource:
        """The same source, with file names that are relative to ``directory``."""
        path, key_file = (file and directory / file.expanduser() for file in (self.path, self.key_file))
        return self.at(path, key_file)


def zone_source(text: str) -> ZoneSource:
    """A source as it is written: one of ``FORMS``, the flags of it behind a question mark. Raises ValueError."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        name, sign, file = text.partition("=")
        if not sign:
            return ZoneSource(DIRECTORY, Path(text))
        if not file:
            raise wrong(f"{printable(text)}: no file is named behind {printable(name)}=")
        return ZoneSource(FILE, Path(file), domain_name(name))
    kind = scheme[1]
    place, _, written = text[scheme.end() :].partition("?")
    flags = _flags(kind, written)
    if kind == AXFR:
        return _transfer(place, flags)
    if not place:
        raise wrong(f"no file is named; write {FILE_KINDS[kind]}")
    return ZoneSource(kind, Path(place), view=flags.get("view"), leaves_out=_LEAVE_OUT in flags)


def _flags(kind: str, written: str) -> dict[str, str]:
    """What stands behind the question mark. Raises ValueError; values are not quoted, as they may be secrets."""
    known = _FLAGS.get(kind, (_LEAVE_OUT,))
    found: dict[str, str] = {}
    for flag in written.split("&") if written else ():
        name, sign, value = flag.partition("=")  # a plus sign is one: it occurs in base64
        if name not in known or name in found or bool(sign) is (name == _LEAVE_OUT) or (sign and not value):
            forms = " or ".join(one if one == _LEAVE_OUT else f"{one}=..." for one in known)
            raise wrong(f"behind the ? of {kind}: stands {forms}, once")
        found[name] = unquote(value)
    return found


def _transfer(place: str, flags: dict[str, str]) -> ZoneSource:
    example = "axfr://SERVER/ZONE, or axfr://SERVER/ZONE?key=NAME&key-file=FILE for a signed one"
    try:
        parts = urlsplit(f"axfr:{place}")
        host, port, zone = parts.hostname, parts.port or _DNS, domain_name(parts.path.strip("/"))
        if not host or parts.username or parts.fragment:
            raise ValueError
    except ValueError:
        raise wrong(f"write {example}") from None
    source = ZoneSource(AXFR, zone=zone, server=host, port=port)
    file = flags.get("key-file")
    if "key" not in flags:
        if file is not None:
            raise wrong("key=NAME says which key of the key-file signs the transfer")
        return source
    *algorithm, name, secret = flags["key"].split(":") if ":" in flags["key"] else (flags["key"], "")
    if not name or len(algorithm) > 1 or bool(secret) is (file is not None):
        raise wrong(
            "a key is key=NAME&key-file=FILE, a file as tsig-keygen writes it, or key=ALGORITHM:NAME:${secret:VARIABLE}"
        )
    return replace(
        source,
        key=name,
        algorithm=algorithm[0].lower() if algorithm else source.algorithm,
        secret=secret,
        key_file=Path(file) if file is not None else None,
    )


def hint_of(path: Path) -> str:
    """How a file is written that was named without its kind, as its suffix has it; empty if that says nothing."""
    kind = _BY_SUFFIX.get(path.suffix.lower())
    return f"; write {kind}:{printable(str(path))}" if kind else ""


def _read(value: object) -> object:
    if isinstance(value, str):
        return zone_source(value)
    if not isinstance(value, ZoneSource):
        raise wrong(f"a text is expected: {', '.join(FORMS)}")
    return value


_AnyZoneSource = Annotated[
    ZoneSource, BeforeValidator(_read, json_schema_input_type=str), PlainSerializer(str, return_type=str)
]

ZoneFiles = Annotated[
    Annotated[dict[DomainName, Annotated[Path, Field(strict=False)]], keys_once(domain_name), Tag("[mapping]")]
    | Annotated[list[_AnyZoneSource], AfterValidator(unique), Tag("[list]")],
    Discriminator(lambda value: "[list]" if isinstance(value, list) else "[mapping]"),
]
"""A mapping of names to master files, or a list of sources as they are written."""

KEPT = f"master files (a mapping of names to files), or from where they are kept (a list of {', '.join(FORMS)})"


def files_of(zone_files: Mapping[str, Path] | Sequence[ZoneSource]) -> Mapping[str, Path]:
    """Zones that are named as files."""
    return zone_files if isinstance(zone_files, Mapping) else {}


def sources_of(zone_files: Mapping[str, Path] | Sequence[ZoneSource]) -> Sequence[ZoneSource]:
    """Zones that are named by where they are kept, if they are."""
    return () if isinstance(zone_files, Mapping) else zone_files
