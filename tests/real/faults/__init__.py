"""Every fault of the laboratory beside what must be found there: a module for each module of ``tests_compliance`` that
has faults of its own, and ``right``, which has none. Modules are found by themselves. Each has

- ``DOMAINS``, its mail domains;
- ``NETWORK``, a number of its own from 25 to 254 in all addresses of its servers: what is appended to a module changes
  no address of another one;
- ``EVERYWHERE``, if need be: findings that every host gives, since no packaged server can do better, with the reason by
  the id of the control;
- ``OUTSIDE``, if need be: findings (control, verdict, target) that belong to no domain.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass

from tests.real.domains import Domain


@dataclass(frozen=True)
class Faults:
    """The faults of one family."""

    name: str
    network: int
    domains: tuple[Domain, ...]
    everywhere: Mapping[str, str]
    outside: frozenset[tuple[str, str, str]]


def _load(name: str) -> Faults:
    module = importlib.import_module(f"{__name__}.{name}")
    return Faults(
        name,
        module.NETWORK,
        module.DOMAINS,
        getattr(module, "EVERYWHERE", {}),
        frozenset(getattr(module, "OUTSIDE", ())),
    )


FAMILIES = tuple(_load(found.name) for found in pkgutil.iter_modules(__path__))
DOMAINS = tuple(domain for family in FAMILIES for domain in family.domains)
RIGHT = next(family for family in FAMILIES if family.name == "right").domains
EVERYWHERE = {control: reason for family in FAMILIES for control, reason in family.everywhere.items()}
OUTSIDE = frozenset(finding for family in FAMILIES for finding in family.outside)
