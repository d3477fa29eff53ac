"""For each control of the suite what is wrong and what is right, as the control itself said of it.

The examples are cases that the unit tests judge; `make docs` writes them into the file beside this module, so that the
page of a control needs neither a network nor a checkout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Example:
    """What was seen of a target, and what the control says of it."""

    seen: tuple[str, ...]
    """The evidence, cut where it is long; empty where there is none to show."""
    found: tuple[str, ...] = ()
    """What is wrong, line by line; empty where nothing is."""
    parameters: Mapping[str, Any] | None = None
    """What the inventory sets for the control, where that decides."""


@dataclass(frozen=True)
class Examples:
    """Those of one control."""

    bad: Example
    good: Example


@cache
def all_examples() -> Mapping[str, Examples]:
    """By the ids of controls."""
    found = json.loads((files(__package__) / "examples.json").read_text(encoding="utf-8"))
    return {id: Examples(_example(both["bad"]), _example(both["good"])) for id, both in found.items()}


def _example(plain: Mapping[str, Any]) -> Example:
    return Example(tuple(plain["seen"]), tuple(plain.get("found", ())), plain.get("parameters"))
