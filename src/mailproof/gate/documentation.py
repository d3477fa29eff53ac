"""Where the documentation is published, and the page that it has for a control."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from mailproof.gate.part import Part

_NAME = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentationNote(Part):
    """The site of the documentation, as the inventory says."""

    address: str
    """Its first page is below this URL, which ends with a slash."""
    house_rules: tuple[str, ...] = ()
    """Controls that have no page there."""

    @classmethod
    def of(cls, address: str | None, house_rules: Iterable[str]) -> Self | None:
        """The site at an address; None where the inventory names none."""
        return cls(address=address, house_rules=tuple(sorted(house_rules))) if address is not None else None

    def page(self, family: str, control: str) -> str:
        """The URL of the page of a family's control; empty where it has none."""
        if control in self.house_rules or not (_NAME.fullmatch(family) and _NAME.fullmatch(control)):
            return ""
        return f"{self.address}controls/{family}/{control}.html"
