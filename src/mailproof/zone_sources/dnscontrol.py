"""Zones of DNSControl: its intermediate representation, as ``dnscontrol print-ir --out IR.json`` writes it.

That command runs the configuration, checks it, makes names absolute, and asks no provider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.zone_sources.records import Record, Unwritable, record_of
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble, read_source, text_record

_USUAL_TTL = 300
"""What DNSControl makes of no TTL, and what Cloudflare makes of its TTL 1."""

_NUMBERS = {
    "MX": ("mxpreference",),
    "SRV": ("srvpriority", "srvweight", "srvport"),
    "TLSA": ("tlsausage", "tlsaselector", "tlsamatchingtype"),
    "SMIMEA": ("smimeausage", "smimeaselector", "smimeamatchingtype"),
    "SSHFP": ("sshfpalgorithm", "sshfpfingerprint"),
}
"""The fields that stand before the target. A zero is left out of the JSON."""

_PLAIN = ("A", "AAAA", "CNAME", "DNAME", "NS", "PTR", "OPENPGPKEY")
_ARE_NAMES = ("CNAME", "DNAME", "NS", "PTR", "MX", "SRV")
_PROXIED = ("A", "AAAA", "CNAME")


def read_ir(file: Path, tag: str | None = None) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zones by name, and what no master file can hold of them. Raises SourceError.

    Of a zone with several views, D("example.org!inside") in the configuration, ``tag`` chooses one. A zone without
    tags is read in any case.
    """
    document = read_source(file, "`dnscontrol print-ir --out IR.json` writes it")
    domains = document.get("domains") if isinstance(document, dict) else None
    if not isinstance(domains, list) or not all(isinstance(one, dict) for one in domains):
        raise SourceError(f"{file}: no `domains`: `dnscontrol print-ir --out {file.name}` writes them")
    found: dict[str, SourceZone] = {}
    troubles: list[Trouble] = []
    tags: dict[str, set[str]] = {}
    for domain in domains:
        name, own = _name_and_tag(file, domain)
        if own and tag is None:
            raise SourceError(
                f"{file}: {name}!{own} is one view of a zone: ?view={own} judges it as {name}; "
                "--domains of dnscontrol chooses among zones"
            )
        tags.setdefault(name, set()).add(own)
    if tag is not None and not any(tag in own for own in tags.values()):
        there = ", ".join(sorted(set().union(*tags.values()) - {""})) or "none"
        raise SourceError(f"{file}: there is no view {printable(tag)}; there are {there}")
    for domain in domains:
        name, own = _name_and_tag(file, domain)
        if own != (tag if tag in tags[name] else ""):
            continue
        if name in found:
            raise SourceError(f"{file}: there are several zones {name}; --domains of dnscontrol chooses among them")
        found[name] = SourceZone(name)
        troubles += _fill(found[name], domain)
        if len(found[name].lines) > MAX_RECORDS:
            raise SourceError(f"{file}: {name}: more than {MAX_RECORDS} records")
    if not found:
        raise SourceError(f"{file}: there is no zone in it")
    return found, troubles


_KEEPING = ("keepunknown", "unmanaged", "ignored_names", "ignored_targets")
"""What NO_PURGE, IGNORE, IGNORE_NAME and IGNORE_TARGET leave in a domain, by versions."""


def _name_and_tag(file: Path, domain: Mapping[str, Any]) -> tuple[str, str]:
    """The name of a zone, and the tag that tells its views apart; empty without. Raises SourceError."""
    name, _, tag = str(domain.get("name")).partition("!")
    tag = tag or str(domain.get("uniquename", "")).partition("!")[2] or str(domain.get("tag") or "")
    try:
        return domain_name(name), printable(tag)
    except ValueError as error:
        raise SourceError(f"{file}: {error}") from None


def _fill(zone: SourceZone, domain: Mapping[str, Any]) -> Iterator[Trouble]:
    """Add the records of a domain, and yield those that are none of a master file."""
    if any(domain.get(key) for key in _KEEPING):
        yield Trouble(zone.name, "NO_PURGE or IGNORE: what else is published stays, and is not known here")
    meta = domain.get("meta")
    proxied = isinstance(meta, dict) and meta.get("cloudflare_proxy_default", "off") != "off"
    records = [one for one in _list(domain.get("records")) if isinstance(one, dict)]
    servers = [one.get("name") for one in _list(domain.get("nameservers")) if isinstance(one, dict)]
    if not any(one.get("type") == "NS" and one.get("name") == "@" for one in records):
        records += [{"type": "NS", "name": "@", "target": f"{str(name).rstrip('.')}."} for name in servers]
    for record in records:
        try:
            _record(zone.name, record, proxied).add_to(zone)
        except Unwritable as error:
            label = record.get("name")
            yield Trouble(f"{label if label != '@' else ''}{'' if label == '@' else '.'}{zone.name}", str(error))


def _record(zone: str, record: Mapping[str, Any], proxied: bool) -> Record:
    """Raises Unwritable."""
    kind, target = str(record.get("type")), record.get("target")
    meta = record.get("meta")
    proxy = meta.get("cloudflare_proxy") if isinstance(meta, dict) else None
    if kind in _PROXIED and (proxied if proxy is None else proxy != "off"):
        raise Unwritable(f"{kind}: proxied: Cloudflare answers with addresses of its own")
    if record.get("rdata"):
        raise Unwritable(f"{kind}: a form of newer versions of DNSControl, which is not read here")
    if not isinstance(target, str):
        raise Unwritable(f"{kind}: it has no target")
    if kind in _ARE_NAMES:
        target = zone + "." if target == "@" else target if target.endswith(".") else f"{target}.{zone}."
    ttl = record.get("ttl", _USUAL_TTL)
    # A short name is one below the zone, whatever it ends in.
    label = record.get("name")
    if not isinstance(label, str) or label.endswith("."):
        raise Unwritable(f"{kind}: it has no name, or one that ends in a dot")
    name = zone if label == "@" else f"{label}.{zone}"
    if kind == "CNAME" and name == zone:
        raise Unwritable("a CNAME of the zone itself: the provider answers with addresses in its place")
    return record_of(f"{name}.", kind, _USUAL_TTL if ttl in (0, 1) else ttl, [_data(kind, record, target)])


def _data(kind: str, record: Mapping[str, Any], target: str) -> str:
    """Raises Unwritable."""
    if kind in _PLAIN:
        return target
    if kind in _NUMBERS:
        return " ".join((*(_number(record, field) for field in _NUMBERS[kind]), target))
    other = _OTHERS.get(kind)
    if other is None:
        raise Unwritable(f"{kind}: a type of DNSControl or a provider, or one that is not read here")
    return other(record, target)


def _number(record: Mapping[str, Any], field: str) -> str:
    value = record.get(field, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unwritable(f"{field} is no number")
    return str(value)


def _txt(record: Mapping[str, Any], target: str) -> str:
    strings = record.get("txtstrings")  # of versions before 4
    return text_record("".join(map(str, strings)) if isinstance(strings, list) and strings else target)


def _ds(record: Mapping[str, Any], target: str) -> str:
    numbers = (_number(record, field) for field in ("dskeytag", "dsalgorithm", "dsdigesttype"))
    return " ".join((*numbers, str(record.get("dsdigest", ""))))


_OTHERS: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    "TXT": _txt,
    "CAA": lambda record, target: f"{_number(record, 'caaflag')} {record.get('caatag')} {text_record(target)}",
    "DS": _ds,
}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
