"""Zones of a Terraform or OpenTofu plan, as ``terraform show -json`` writes it.

Read are the records of Route 53, Cloudflare, Google Cloud DNS and PowerDNS as they will be once the plan is applied.
What a master file cannot say (aliases of a provider, proxied names, routing policies, values that are known after the
apply only) is told, and never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from mailproof.inventory.values import domain_name
from mailproof.zone_sources.records import Record, Unwritable, record_of
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble, read_source, text_record

MAX_DEPTH = 64
"""Modules inside each other."""

_AUTOMATIC_TTL = 300
"""What Cloudflare makes of its TTL 1."""


def read_plan(file: Path) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zones of a plan by name, and what could not be read of it. Raises SourceError."""
    document = read_source(file, "`terraform show -json PLAN > PLAN.json` writes it")
    if not isinstance(document, dict) or not str(document.get("format_version", "")).startswith(("0.", "1.")):
        raise SourceError(f"{file}: no plan of Terraform with format_version 0 or 1")
    planned = document.get("planned_values") or document.get("values")
    resources = [*_resources(planned)]
    prior = document.get("prior_state")
    known = [*resources, *_resources(prior.get("values") if isinstance(prior, dict) else None)]
    zones = {name: SourceZone(name) for name in sorted({name for name, _ in _zones(known)})}
    private = set(_private(known))
    by_id = {id: name for name, ids in _zones(known) for id in ids}
    troubles: list[Trouble] = []
    written: set[tuple[str, str]] = set()
    count = 0
    for address, kind, values in resources:
        if kind not in _READERS:
            continue
        try:
            record = _READERS[kind](values)
            zone = _zone_of(record, zones, by_id, private)
            if kind.startswith("cloudflare") and record.type == "CNAME" and record.absolute(zone.name) == zone.name:
                raise Unwritable("a CNAME of the zone itself: Cloudflare answers with addresses in its place")
        except Unwritable as error:
            troubles.append(Trouble(address, str(error)))
            continue
        count += len(record.data)
        if count > MAX_RECORDS:
            raise SourceError(f"{file}: more than {MAX_RECORDS} records")
        record.add_to(zone)
        name = record.absolute(zone.name)
        if kind == "aws_route53_record" and (name, record.type) in written:
            troubles.append(Trouble(address, f"another {record.type} record set of {name}: a routing policy?"))
        written.add((name, record.type))
    if not any(zone.lines for zone in zones.values()) and not troubles:
        raise SourceError(f"{file}: no record of Route 53, Cloudflare, Google Cloud DNS or PowerDNS is planned")
    return {name: zone for name, zone in zones.items() if zone.lines}, troubles


def _resources(values: object, depth: int = 0) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, type and values of all resources, of data sources as well."""
    module = values.get("root_module", values) if isinstance(values, dict) else None
    if not isinstance(module, dict) or depth > MAX_DEPTH:
        return
    for resource in _list(module.get("resources")):
        if isinstance(resource, dict) and isinstance(found := resource.get("values"), dict):
            yield str(resource.get("address", "?")), str(resource.get("type", "")), found
    for child in _list(module.get("child_modules")):
        yield from _resources(child, depth + 1)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _zones(resources: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[tuple[str, list[str]]]:
    """Names of zones and the ids by which records refer to them."""
    for _, kind, values in resources:
        if kind == "aws_route53_zone" and not values.get("vpc") and not values.get("private_zone"):
            name, ids = values.get("name"), [values.get("zone_id"), values.get("id")]
        elif kind == "cloudflare_zone":
            name, ids = values.get("zone") or values.get("name"), [values.get("id"), values.get("zone_id")]
        elif kind == "google_dns_managed_zone" and values.get("visibility") != "private":
            name, ids = values.get("dns_name"), [values.get("name")]
        elif kind in ("powerdns_zone", "powerdns_record"):
            name = values.get("name" if kind == "powerdns_zone" else "zone")
            ids = [str(name).lower().rstrip(".")]
        else:
            continue
        try:
            yield domain_name(str(name).rstrip(".")), [str(id) for id in ids if id]
        except ValueError:
            continue


def _private(resources: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    """Names of zones that only networks of the user's own see."""
    for _, kind, values in resources:
        if kind == "aws_route53_zone" and (values.get("vpc") or values.get("private_zone")):
            yield str(values.get("name")).lower().rstrip(".")


def _zone_of(
    record: Record, zones: dict[str, SourceZone], by_id: dict[str, str], private: Collection[str]
) -> SourceZone:
    if record.zone_id in by_id:
        return zones[by_id[record.zone_id]]
    name = record.name.lower().rstrip(".")
    over = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    if not record.zone_id and any(name == zone or name.endswith(f".{zone}") for zone in private):
        raise Unwritable("the plan has a private zone over its name as well, and does not say which of them it is for")
    if record.zone_id or not over:
        raise Unwritable(
            "its zone is not in the plan; a resource or a data source of the zone in the configuration names it"
        )
    return zones[max(over, key=len)]


def _record(values: dict[str, Any], data: object, zone_id: object, ttl: object) -> Record:
    """Raises Unwritable."""
    return record_of(values.get("name", ""), values.get("type", ""), ttl, data, str(zone_id or ""))


def _route53(values: dict[str, Any]) -> Record:
    if values.get("alias"):
        raise Unwritable("an alias of Route 53: what it answers with is AWS's to say")
    if values.get("set_identifier"):
        raise Unwritable("a routing policy: what it answers with depends on who asks")
    data = values.get("records")
    if values.get("type") in ("TXT", "SPF") and isinstance(data, list):
        # As the provider sends it: quotes around it, and "" between strings.
        data = ['"' + one.strip('"').replace('""', '" "') + '"' if isinstance(one, str) else one for one in data]
    return _record(values, data, values.get("zone_id"), values.get("ttl"))


def _cloudflare(values: dict[str, Any]) -> Record:
    if values.get("proxied"):
        raise Unwritable("proxied: Cloudflare answers with addresses of its own")
    kind, content, data = values.get("type"), values.get("content") or values.get("value"), values.get("data")
    parts = data[0] if isinstance(data, list) and data else data
    if kind in _CLOUDFLARE_DATA and isinstance(parts, dict) and any(parts.values()):
        told = {key: value for key, value in parts.items() if value is not None}
        try:
            content = _CLOUDFLARE_DATA[kind].format_map({"priority": values.get("priority"), **told})
        except (KeyError, ValueError):
            raise Unwritable("what it holds is known after the apply only") from None
    elif kind == "MX" and isinstance(content, str):
        content = f"{values.get('priority')} {content}"
    elif kind == "TXT" and isinstance(content, str) and not content.startswith('"'):
        content = text_record(content)
    ttl = values.get("ttl")
    return _record(values, [content], values.get("zone_id"), _AUTOMATIC_TTL if ttl in (1, None) else ttl)


_CLOUDFLARE_DATA = {
    "SRV": "{priority} {weight} {port} {target}",
    "CAA": '{flags} {tag} "{value}"',
    "TLSA": "{usage} {selector} {matching_type} {certificate}",
}


def _google(values: dict[str, Any]) -> Record:
    if values.get("routing_policy"):
        raise Unwritable("a routing policy: what it answers with depends on who asks")
    return _record(values, _quoted(values, "rrdatas"), values.get("managed_zone"), values.get("ttl"))


def _powerdns(values: dict[str, Any]) -> Record:
    zone = str(values.get("zone", "")).lower().rstrip(".")
    return _record(values, _quoted(values, "records"), zone, values.get("ttl"))


def _quoted(values: dict[str, Any], key: str) -> object:
    """What a set of records holds. A text without quotes ends at a semicolon in a master file. Raises Unwritable."""
    data = values.get(key)
    for one in _list(data) if values.get("type") in ("TXT", "SPF") else ():
        if isinstance(one, str) and not one.lstrip().startswith('"') and any(mark in one for mark in ';()"'):
            raise Unwritable(f"a text without quotes around it: {one!r:.60}")
    return data


_READERS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "aws_route53_record": _route53,
    "cloudflare_record": _cloudflare,
    "cloudflare_dns_record": _cloudflare,
    "google_dns_record_set": _google,
    "powerdns_record": _powerdns,
}
