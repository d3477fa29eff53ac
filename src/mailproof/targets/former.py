"""Targets of records that were written before the protocol of an endpoint was its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailproof.net.services import SERVICES
from mailproof.targets.services import Endpoint, endpoint_kind


def as_now(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A target of a record as one is written today; ``item`` itself where it is one already.

    What stood for all endpoints of some roles stands for those of each role now. Raises KeyError for roles
    that are unknown.
    """
    kind = item["target_type"]
    if kind == Endpoint.__name__ and item.get("role") in SERVICES:
        yield {**item, "target_type": endpoint_kind(SERVICES[item["role"]]).__name__}
    elif kind == "Undiscovered" and "type" in item:
        rest = {name: value for name, value in item.items() if name not in ("type", "roles")}
        roles = item.get("roles") or SERVICES
        of_roles = (endpoint_kind(SERVICES[role]) for role in roles) if item["type"] == Endpoint.__name__ else ()
        for missing in dict.fromkeys(found.__name__ for found in of_roles) or (item["type"],):
            yield {**rest, "missing": missing}
    else:
        yield item
