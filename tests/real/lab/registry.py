"""What the laboratory's registry says (RDAP, RFC 9083), and its lists of networks."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from tests.real.domains import REGISTRY, Domain
from tests.real.lab import plan
from tests.real.shown import Registered

DROP = f"https://{REGISTRY}/drop.txt"


def bootstrap(file: Path) -> Path:
    """Write the bootstrap file (RFC 9224) that names the registry."""
    url = [f"https://{REGISTRY}/"]
    services = [[["test"], url], [["11.0.0.0/8", "2600:25::/32"], url]]
    file.write_text(json.dumps({"version": "1.0", "services": services}), encoding="utf-8")
    return file


def documents() -> dict[str, str]:
    """What the registry says, by path."""
    found = {f"domain/{domain.name}": json.dumps(_domain(domain)) for domain in plan.DOMAINS}
    found["ip/any"] = json.dumps(_network("abuse@right.test"))
    dropped = [plan.address(domain) for domain in plan.DOMAINS if domain.registered is Registered.DROPPED]
    found["drop.txt"] = "".join(f"{address}/32 ; SBL1\n" for address in dropped)
    for domain in plan.DOMAINS:
        if domain.registered is Registered.NO_ABUSE:
            found[f"ip/{plan.address(domain)}"] = json.dumps(_network())
    return found


def _network(*mailboxes: str) -> dict[str, Any]:
    emails = [["email", {}, "text", mailbox] for mailbox in mailboxes]
    contact = {"objectClassName": "entity", "roles": ["abuse"], "vcardArray": ["vcard", emails]}
    return {"objectClassName": "ip network", "handle": "NET-11", "entities": [contact]}


def _domain(domain: Domain) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC)
    since, until = now - dt.timedelta(days=1000), now + dt.timedelta(days=200)
    if domain.registered is Registered.NEW:
        since = now - dt.timedelta(days=3)
    if domain.registered is Registered.ENDS_SOON:
        until = now + dt.timedelta(days=10)
    servers = list(domain.parent_ns)
    if domain.registered is Registered.OTHER_SERVERS:
        servers = servers[:1]
    return {
        "objectClassName": "domain",
        "ldhName": domain.name,
        "status": ["active"] if domain.registered is Registered.UNLOCKED else ["client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": since.isoformat()},
            {"eventAction": "expiration", "eventDate": until.isoformat()},
        ],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": name.upper()} for name in servers],
    }
