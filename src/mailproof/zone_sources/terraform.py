"""Zones of a Terraform or OpenTofu plan, as ``terraform show -json`` writes it.

Read are the records of Route 53, Cloudflare, Google Cloud DNS and PowerDNS as they will be once the plan is applied.
What a master file cannot say (aliases of a provider, proxied names, routing policies, values that are known after the
apply only) is told, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.zone_sources.records import Record, Unwritable, from_octal, lies_in, record_of
from mailproof.zone_sources.source import MAX_RECORDS, SourceError, SourceZone, Trouble, read_source, text_record

MAX_DEPTH = 64
"""Modules inside each other."""

_AUTOMATIC_TTL = 300
"""What Cloudflare makes of its TTL 1."""

_MAKES_RECORDS = re.compile(r"_dns(_|$)|_record(s|_|set|$)|_rrset|route53")
_HOLDS_NO_RECORDS = re.compile(
    r"aws_route53_(zone|zone_association|vpc_association_authorization|health_check|key_signing_key|hosted_zone_dnssec"
    r"|delegation_set|query_log|traffic_policy|cidr_collection|cidr_location|resolver_\w+)"
    r"|aws_route53(domains|profiles|recovery\w*)_\w+|google_dns_(managed_zone\w*|policy|response_policy\w*|keys)"
    r"|azurerm_dns_zone|\w*_private_dns_\w+|cloudflare_(account|zone)_dns_\w+|cloudflare_dns_firewall\w*"
)
"""Types of resources that have to do with the DNS, and put no record into a public zone."""


@dataclass(frozen=True)
class _Resource:
    address: str
    kind: str
    managed: bool
    values: dict[str, Any]


@dataclass
class _Zone:
    """A zone at a provider. Several may have one name: in two accounts, or while it moves from one to another."""

    provider: str
    zone: SourceZone
    private: bool
    """Whether only networks of the user's own see it."""
    ids: set[str] = field(default_factory=set)
    addresses: dict[str, None] = field(default_factory=dict)
    managed: bool = False
    """Whether it is a resource of the plan, rather than a data source."""
    stays: bool = False
    """Whether it is there once the plan is applied."""
    had_records: bool = False
    """Whether records of it are in the plan, or in the state before."""

    @property
    def address(self) -> str:
        """Where the configuration has it first."""
        return next(iter(self.addresses))

    def is_same(self, other: _Zone) -> bool:
        """Whether another of the same name is the same zone."""
        return not (self.ids.isdisjoint(other.ids) and self.addresses.keys().isdisjoint(other.addresses))


def read_plan(file: Path, address: str | None = None) -> tuple[dict[str, SourceZone], list[Trouble]]:
    """The zones of a plan by name, and what could not be read of it. Raises SourceError.

    ``address`` is that of a zone in the configuration (``aws_route53_zone.public``): it is the one that counts where
    several have its name.
    """
    document = read_source(file, "`terraform show -json PLAN > PLAN.json` writes it")
    if not isinstance(document, dict) or not str(document.get("format_version", "")).startswith(("0.", "1.")):
        raise SourceError(f"{file}: no plan of Terraform with format_version 0 or 1")
    if document.get("errored"):
        raise SourceError(f"{file}: the plan ended in an error, and is not whole")
    prior = document.get("prior_state")
    resources = [*_resources(document.get("planned_values") or document.get("values"))]
    before = [*_resources(prior.get("values") if isinstance(prior, dict) else None)]
    troubles = [*_gaps(document), *_unread(resources)]
    zones = _zones(resources, before)
    by_id: dict[tuple[str, str], list[_Zone]] = {}
    for zone in zones:
        for one in zone.ids:
            by_id.setdefault((zone.provider, one), []).append(zone)
    for resource in (*before, *_changed(document)):
        if resource.managed and resource.kind in _READERS:
            _mark(resource, zones, by_id)
    count = 0
    written: set[tuple[int, str, str]] = set()
    for resource in resources:
        if not resource.managed or resource.kind not in _READERS:
            continue
        try:
            zone = _zone_of(resource, zones, by_id)
            zone.had_records = zone.stays = True
            if zone.private:
                continue
            record, name = _added(resource, zone)
        except Unwritable as error:
            troubles.append(Trouble(resource.address, str(error)))
            continue
        count += len(record.data)
        if count > MAX_RECORDS:
            raise SourceError(f"{file}: more than {MAX_RECORDS} records")
        if resource.kind == "aws_route53_record" and (id(zone), name, record.type) in written:
            troubles.append(Trouble(resource.address, f"another {record.type} record set of {name}: a routing policy?"))
        written.add((id(zone), name, record.type))
    if address is not None and not any(address in zone.addresses for zone in zones):
        there = ", ".join(printable(one) for zone in zones for one in zone.addresses)
        raise SourceError(f"{file}: there is no zone {printable(address)}; there are {there or 'none'}")
    found = _chosen(zones, troubles, address)
    if not found and not troubles:
        raise SourceError(f"{file}: no record of Route 53, Cloudflare, Google Cloud DNS or PowerDNS is planned")
    return found, troubles


def _chosen(zones: list[_Zone], troubles: list[Trouble], address: str | None) -> dict[str, SourceZone]:
    """The zones that can be judged, by name; why another cannot is added to ``troubles``."""
    by_name: dict[str, list[_Zone]] = {}
    for zone in zones:
        if not zone.private:
            by_name.setdefault(zone.zone.name, []).append(zone)
    found = {}
    for name, all_of_name in sorted(by_name.items()):
        staying = [zone for zone in all_of_name if zone.stays]
        staying = [zone for zone in staying if address in zone.addresses] or staying
        if not staying:
            troubles.append(Trouble(all_of_name[0].address, f"the plan has the zone {name} no longer"))
        elif len(staying) > 1:
            which = " and ".join(zone.address for zone in staying)
            told = f"several zones have this name, and one of them is delegated: {which}; ?view=ADDRESS chooses one"
            troubles.append(Trouble(name, told))
        elif staying[0].had_records:
            found[name] = staying[0].zone
        elif staying[0].managed:
            why = f"neither the plan nor the state before has a record of the zone {name}: what it holds is not known"
            troubles.append(Trouble(staying[0].address, why))
    return found


def _resources(values: object, depth: int = 0) -> Iterator[_Resource]:
    """All resources, and all data sources."""
    module = values.get("root_module", values) if isinstance(values, dict) else None
    if not isinstance(module, dict) or depth > MAX_DEPTH:
        return
    for resource in _list(module.get("resources")):
        if isinstance(resource, dict) and isinstance(found := resource.get("values"), dict):
            yield _resource(resource, found)
    for child in _list(module.get("child_modules")):
        yield from _resources(child, depth + 1)


def _resource(described: dict[str, Any], values: dict[str, Any]) -> _Resource:
    managed = described.get("mode", "managed") == "managed"
    return _Resource(str(described.get("address", "?")), str(described.get("type", "")), managed, values)


def _changed(document: dict[str, Any]) -> Iterator[_Resource]:
    """The resources that the plan changes, as they are before."""
    for change in _list(document.get("resource_changes")):
        what = change.get("change") if isinstance(change, dict) else None
        if isinstance(what, dict) and isinstance(values := what.get("before"), dict):
            yield _resource(change, values)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _gaps(document: dict[str, Any]) -> Iterator[Trouble]:
    """What the plan says of itself that it does not do or does not know."""
    if document.get("complete") is False:
        yield Trouble("the plan", "it is not complete: another apply will follow it")
    for deferred in _list(document.get("deferred_changes")):
        change = deferred.get("resource_change") if isinstance(deferred, dict) else None
        resource = change if isinstance(change, dict) else {}
        kind = str(resource.get("type", ""))
        if not kind or kind in _READERS or _MAKES_RECORDS.search(kind):
            yield Trouble(str(resource.get("address", "the plan")), "the plan leaves it to another one")
    for change in _list(document.get("resource_changes")):
        what = change.get("change") if isinstance(change, dict) else None
        if isinstance(what, dict) and what.get("actions") == ["forget"] and str(change.get("type")) in _READERS:
            yield Trouble(str(change.get("address", "?")), "Terraform forgets it, and it stays published")


def _unread(resources: list[_Resource]) -> Iterator[Trouble]:
    for resource in resources:
        kind = resource.kind
        may = _MAKES_RECORDS.search(kind) and not _HOLDS_NO_RECORDS.fullmatch(kind)
        if resource.managed and kind not in _READERS and may:
            yield Trouble(resource.address, f"{kind} is not read here, and may put records into a zone")


def _zones(resources: list[_Resource], before: list[_Resource]) -> list[_Zone]:
    """The zones, those of one id or one address being one."""
    zones: list[_Zone] = []
    alike: dict[tuple[str, str, bool], list[_Zone]] = {}
    for is_planned, some in ((True, resources), (False, before)):
        for resource in some:
            described = _described(resource)
            if described is None:
                continue
            known = alike.setdefault((described.provider, described.zone.name, described.private), [])
            zone = next((one for one in known if one.is_same(described)), None)
            if zone is None:
                zones.append(zone := described)
                known.append(zone)
            zone.ids |= described.ids
            zone.addresses |= described.addresses
            zone.stays |= is_planned or not resource.managed or resource.kind == "powerdns_record"
            zone.managed |= is_planned and resource.managed
    return zones


def _described(resource: _Resource) -> _Zone | None:
    """A zone as a resource or a data source describes it, and the ids by which records refer to it."""
    kind, values, private = resource.kind, resource.values, False
    if kind == "aws_route53_zone":
        name, ids = values.get("name"), [_last(values.get("zone_id")), _last(values.get("id"))]
        private = bool(values.get("vpc") or values.get("private_zone"))
    elif kind == "cloudflare_zone":
        name, ids = values.get("zone") or values.get("name"), [values.get("id"), values.get("zone_id")]
    elif kind == "google_dns_managed_zone":
        name, ids = values.get("dns_name"), [_google_id(values, "name")]
        private = values.get("visibility") == "private"
    elif kind in ("powerdns_zone", "powerdns_record"):
        name = values.get("name" if kind == "powerdns_zone" else "zone")
        ids = [str(name).lower().rstrip(".")]
    else:
        return None
    try:
        zone = SourceZone(domain_name(str(name or "").rstrip(".")))
    except ValueError:
        return None
    provider = kind.partition("_")[0]
    return _Zone(provider, zone, private, {str(one) for one in ids if one}, {resource.address: None})


def _last(id: object) -> object:
    """Route 53 calls a zone /hostedzone/ID, or ID."""
    return id.rpartition("/")[2] if isinstance(id, str) else id


def _google_id(values: dict[str, Any], key: str) -> str:
    """The project and the name in it; names of managed zones occur in several projects."""
    name, project = values.get(key), values.get("project")
    if not isinstance(name, str) or not name:
        return ""
    if len(parts := name.split("/")) >= 4:  # projects/PROJECT/managedZones/NAME
        project, name = parts[-3], parts[-1]
    return f"{project or ''}/{name}"


def _id_of(resource: _Resource) -> str:
    """How a record refers to its zone; empty if that is known after the apply only."""
    values = resource.values
    if resource.kind.startswith("google"):
        return _google_id(values, "managed_zone")
    if resource.kind.startswith("powerdns"):
        return str(values.get("zone") or "").lower().rstrip(".")
    return str(_last(values.get("zone_id")) or "")


def _zone_of(resource: _Resource, zones: list[_Zone], by_id: dict[tuple[str, str], list[_Zone]]) -> _Zone:
    """Raises Unwritable."""
    id, provider = _id_of(resource), resource.kind.partition("_")[0]
    same = (zone for zone in zones if zone.provider == provider)
    if id:
        over = by_id.get((provider, id), [])
        if not over and resource.kind.startswith("google") and id.startswith("/"):  # no project: that of the provider
            over = [zone for zone in same if any(one.endswith(id) for one in zone.ids)]
    else:
        over = [zone for zone in same if lies_in(str(resource.values.get("name")).lower().rstrip("."), zone.zone.name)]
        if any(zone.private for zone in over):
            raise Unwritable(
                "the plan has a private zone over its name as well, and does not say which of them it is for"
            )
        longest = max((len(zone.zone.name) for zone in over), default=0)
        over = [zone for zone in over if len(zone.zone.name) == longest]
    if not over:
        raise Unwritable(
            "its zone is not in the plan; a resource or a data source of the zone in the configuration names it"
        )
    if len(over) > 1:
        which = " or ".join(zone.address for zone in over)
        raise Unwritable(f"it may be of either zone: {which}")
    return over[0]


def _mark(resource: _Resource, zones: list[_Zone], by_id: dict[tuple[str, str], list[_Zone]]) -> None:
    """Note that a zone had records before: it may have none once the plan is applied."""
    try:
        _zone_of(resource, zones, by_id).had_records = True
    except Unwritable:
        return


def _added(resource: _Resource, zone: _Zone) -> tuple[Record, str]:
    """A set of records, which is added to its zone, and the absolute name of it. Raises Unwritable."""
    record = _READERS[resource.kind](resource.values)
    name = record.absolute(zone.zone.name)
    if zone.provider == "cloudflare" and record.type == "CNAME" and name == zone.zone.name:
        raise Unwritable("a CNAME of the zone itself: Cloudflare answers with addresses in its place")
    record.add_to(zone.zone)
    return record, name


def _record(values: dict[str, Any], data: object, ttl: object, *, absolute: bool = False) -> Record:
    """Raises Unwritable."""
    return record_of(values.get("name"), values.get("type"), ttl, data, absolute=absolute)


def _route53(values: dict[str, Any]) -> Record:
    if values.get("alias"):
        raise Unwritable("an alias of Route 53: what it answers with is AWS's to say")
    if values.get("set_identifier"):
        raise Unwritable("a routing policy: what it answers with depends on who asks")
    data = values.get("records")
    if isinstance(data, list):
        data = [from_octal(one) if isinstance(one, str) else one for one in data]
    if str(values.get("type")).upper() in ("TXT", "SPF") and isinstance(data, list):
        # As the provider sends it: quotes around it, and "" between strings.
        data = ['"' + one.strip('"').replace('""', '" "') + '"' if isinstance(one, str) else one for one in data]
    name = values.get("name")
    return _record({**values, "name": from_octal(name) if isinstance(name, str) else None}, data, values.get("ttl"))


def _cloudflare(values: dict[str, Any]) -> Record:
    if values.get("proxied"):
        raise Unwritable("proxied: Cloudflare answers with addresses of its own")
    kind, content, data = str(values.get("type")), values.get("content") or values.get("value"), values.get("data")
    parts = data[0] if isinstance(data, list) and data else data
    if kind in _CLOUDFLARE_DATA and isinstance(parts, dict) and any(parts.values()):
        told = {key: value for key, value in {"priority": values.get("priority"), **parts}.items() if value is not None}
        try:
            content = _CLOUDFLARE_DATA[kind].format_map(told)
        except (KeyError, ValueError):
            raise Unwritable("what it holds is known after the apply only") from None
    elif kind == "MX" and isinstance(content, str):
        priority = values.get("priority")
        if not isinstance(priority, int) or isinstance(priority, bool):
            raise Unwritable("an MX record without a priority, or with one that is known after the apply only")
        content = f"{priority} {content}"
    elif kind == "TXT" and isinstance(content, str) and not content.startswith('"'):
        content = text_record(content)
    ttl = values.get("ttl")
    return _record(values, [content], _AUTOMATIC_TTL if ttl in (1, None) else ttl)


_CLOUDFLARE_DATA = {
    "SRV": "{priority} {weight} {port} {target}",
    "CAA": '{flags} {tag} "{value}"',
    "TLSA": "{usage} {selector} {matching_type} {certificate}",
}


def _google(values: dict[str, Any]) -> Record:
    if values.get("routing_policy"):
        raise Unwritable("a routing policy: what it answers with depends on who asks")
    return _record(values, values.get("rrdatas"), values.get("ttl"), absolute=True)


def _powerdns(values: dict[str, Any]) -> Record:
    return _record(values, values.get("records"), values.get("ttl"), absolute=True)


_READERS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "aws_route53_record": _route53,
    "cloudflare_record": _cloudflare,
    "cloudflare_dns_record": _cloudflare,
    "google_dns_record_set": _google,
    "powerdns_record": _powerdns,
}
