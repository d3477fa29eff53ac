"""RDAP answers (RFC 9083) and bootstrap files (RFC 9224), as far as mail needs them.

Whatever they are, nothing here raises but ValueError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

MAX_DEPTH = 5
"""Entities within entities that are looked at (RFC 9083, section 5.1)."""


@dataclass(frozen=True)
class DomainEntry:
    """What a registry says of a domain (RFC 9083, section 5.3)."""

    name: str
    status: tuple[str, ...]
    events: tuple[tuple[str, str], ...]
    """Pairs of action and date, as written."""
    name_servers: tuple[str, ...]
    key_tags: tuple[int, ...] | None
    """Of its DS records; None where the registry says nothing of DNSSEC."""

    def date_of(self, action: str) -> str:
        """When something happened (registration, expiration); empty where that is not said."""
        return next((date for name, date in self.events if name == action), "")


@dataclass(frozen=True)
class NetworkEntry:
    """What a registry says of a network (RFC 9083, section 5.4)."""

    handle: str
    abuse: tuple[str, ...]
    """Mailboxes of those with the role abuse."""


def parse_bootstrap(text: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Pairs of entries (domains, or networks) and URLs that end in a slash. Raises ValueError."""
    services = _object(text).get("services")
    found = []
    for service in services if isinstance(services, list) else ():
        if isinstance(service, list) and len(service) >= 2:
            entries, urls = _texts(service[-2]), _texts(service[-1])
            https = tuple(f"{url.rstrip('/')}/" for url in urls if url.startswith("https://"))
            if entries and https:
                found.append((tuple(entry.lower() for entry in entries), https))
    if not found:
        raise ValueError("it has no services with an https URL")
    return tuple(found)


def server_of(bootstrap: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...], wanted: str) -> str:
    """The server for a domain or an address: that of the longest entry that holds it; empty where there is none."""
    best, length = "", -1
    for entries, urls in bootstrap:
        for entry in entries:
            if (matched := _matches(entry, wanted)) > length:
                best, length = urls[0], matched
    return best


def _matches(entry: str, wanted: str) -> int:
    """How much of ``wanted`` an entry holds: labels or bits; -1 for nothing."""
    try:
        address = ip_address(wanted)
    except ValueError:
        return entry.count(".") + 1 if f".{wanted}".endswith(f".{entry}") else -1
    try:
        network = ip_network(entry)
    except ValueError:
        return -1
    return network.prefixlen if address in network else -1


def parse_domain(text: str) -> DomainEntry:
    """A domain object. Raises ValueError."""
    entry = _object(text)
    if entry.get("objectClassName") != "domain":
        raise ValueError("it is no domain object (RFC 9083, section 5.3)")
    servers = [server.get("ldhName") for server in _objects(entry.get("nameservers"))]
    events = [(event.get("eventAction"), event.get("eventDate")) for event in _objects(entry.get("events"))]
    return DomainEntry(
        str(entry.get("ldhName", "")).lower().rstrip("."),
        tuple(map(_status, _texts(entry.get("status")))),
        tuple((action, date) for action, date in events if isinstance(action, str) and isinstance(date, str)),
        tuple(sorted({name.lower().rstrip(".") for name in servers if isinstance(name, str)})),
        _key_tags(entry.get("secureDNS")),
    )


def _status(text: str) -> str:
    """A status as RFC 8056 writes it; some registries give that of EPP (clientTransferProhibited)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()


def _key_tags(secure: Any) -> tuple[int, ...] | None:
    if not isinstance(secure, dict):
        return None
    records = _objects(secure.get("dsData"))
    tags = {tag for record in records if (tag := _number(record.get("keyTag"))) is not None}
    if not tags and (records or secure.get("delegationSigned") is not False):
        return None
    return tuple(sorted(tags))


def _number(value: Any) -> int | None:
    """A key tag; some registries write numbers as text."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else None


def parse_network(text: str) -> NetworkEntry:
    """An object of an IP network. Raises ValueError."""
    entry = _object(text)
    if entry.get("objectClassName") != "ip network":
        raise ValueError("it is no object of an IP network (RFC 9083, section 5.4)")
    mailboxes = dict.fromkeys(mailbox for contact in _entities(entry, 0) for mailbox in _mailboxes(contact))
    return NetworkEntry(str(entry.get("handle", "")), tuple(mailboxes))


def _entities(entry: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """The entities of an object that have the role abuse, at any depth."""
    for entity in _objects(entry.get("entities")) if depth < MAX_DEPTH else ():
        if "abuse" in (role.lower() for role in _texts(entity.get("roles"))):
            yield entity
        yield from _entities(entity, depth + 1)


def _mailboxes(entity: dict[str, Any]) -> Iterator[str]:
    """The mailboxes in a jCard (RFC 7095, section 3.3)."""
    card = entity.get("vcardArray")
    properties = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else ()
    for item in properties:
        if isinstance(item, list) and len(item) > 3 and item[0] == "email" and isinstance(item[3], str):
            local, at, domain = item[3].rpartition("@")
            if at and local and domain:
                yield f"{local}@{domain.lower()}"


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
