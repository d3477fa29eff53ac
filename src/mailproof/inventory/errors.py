"""What is wrong with an inventory, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailproof.net.text import printable


@dataclass(frozen=True)
class Problem:
    """One fault of an inventory. ``line`` counts from 1; ``key`` is the dotted path within the file."""

    file: Path
    line: int | None
    key: str | None
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return printable(f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}")


class InventoryError(Exception):
    """The inventory cannot be used. ``problems`` holds every fault found, in the order of the file."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
