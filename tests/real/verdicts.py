"""Verdicts of a run over the laboratory, sorted by the domain that they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.real import domains
from tests.real.lab import plan

FINDINGS = ("fail", "advice", "inconclusive")
LABELS = frozenset(domain.label for domain in plan.DOMAINS)
_ADDRESSES = {
    **{address: d.label for d in plan.DOMAINS if d.server for address in plan.addresses(d)},
    **{plan.store_address(d): d.label for d in plan.stores()},
    domains.SILENT_ADDRESS: "silent",
}

Key = tuple[str, str]
"""Control and target."""
Verdict = tuple[str, str, str]
"""Verdict, level, and what was observed."""


def domain_of(target: str) -> str:
    """The label of the domain that a target belongs to; empty where it is nobody's.

    The first name below ``test`` decides, so a mail exchange is its domain's and not its host's.
    """
    address = _ADDRESSES.get(target.partition("@")[0])
    if address is not None:
        return address
    name = re.search(r"([a-z0-9-]+)\.test\b", target)
    return name[1] if name and name[1] in LABELS else ""


def of(document: Mapping[str, Any]) -> dict[Key, Verdict]:
    """All verdicts in the JSON document of a run."""
    return {
        (item["control"], item["target"]): (item["verdict"], item["level"], item["observed"])
        for item in document["results"]
    }


def found(seen: Mapping[Key, Verdict]) -> dict[str, dict[tuple[str, str], list[str]]]:
    """Findings by domain: (control, verdict) with the targets and what was observed."""
    by_domain: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (control, target), (verdict, _, observed) in seen.items():
        if verdict in FINDINGS:
            findings = by_domain.setdefault(domain_of(target), {})
            findings.setdefault((control, verdict), []).append(f"{target}: {observed}")
    return by_domain
