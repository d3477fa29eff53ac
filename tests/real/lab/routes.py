"""Who announces the blocks of the laboratory, and what the RPKI permits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

from tests.real import domains
from tests.real.faults import routing
from tests.real.lab import plan

ORIGIN = "origin.test"
"""The zone that tells prefix and origin of an address, in the format of Team Cymru."""


def blocks() -> Iterator[tuple[str, int]]:
    """The IPv4 blocks of all servers, each with its origin."""
    name_servers = (plan.PARENTS | domains.CHILDREN | plan.OTHER_NAME_SERVERS).values()
    addresses = [ipv4 for ipv4, _ in name_servers] + [domains.OPEN_RESOLVER, domains.SILENT_ADDRESS]
    addresses += [place.ipv4 for place in plan.OWN_SERVERS if place.listens]
    addresses += [plan.address(domain) for domain in plan.DOMAINS if domain.server]
    prefixes = dict.fromkeys(str(ip_network(f"{address}/24", strict=False)) for address in addresses)
    for number, prefix in enumerate(prefixes):
        yield prefix, routing.ASN.get(prefix, 65100 + number)


def origins() -> dict[str, tuple[str, ...]]:
    """The records of the origin service."""
    return {f"{_reversed(prefix)} TXT": (f"{asn} | {prefix} | ZZ | test | 2020-01-01",) for prefix, asn in blocks()}


def _reversed(prefix: str) -> str:
    return ".".join(reversed(prefix.partition("/")[0].split(".")))


def write_payloads(file: Path) -> None:
    """The validated ROA payloads of all blocks, as rpki-client writes them."""
    roas = [
        {"asn": 64999 if prefix in routing.WRONG_ROA else asn, "prefix": prefix, "maxLength": 24, "ta": "test"}
        for prefix, asn in blocks()
        if prefix not in routing.WITHOUT_ROA
    ]
    file.write_text(json.dumps({"metadata": {}, "roas": roas}), encoding="utf-8")
