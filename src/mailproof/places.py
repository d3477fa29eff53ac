"""Places in files: where a value of the inventory stands, or what a finding in a file is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int = 0
    """From 1; 0 stands for the whole file."""

    @property
    def path(self) -> Path:
        """The file as a path."""
        return Path(self.file)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file
