"""No module imports upward: each floor knows only those below it (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "mailproof"

FLOORS = (
    ("clock", "documents"),
    ("net",),
    ("inventory",),
    ("observations",),
    ("probes",),
    ("survey", "record", "expedition", "vantage"),
    ("controls",),
    ("gate",),
    ("report",),
    ("draft", "docket", "plan", "worlds", "fixtures"),
    ("run",),
    ("plugin", "cli", "reference"),
)
"""From the ground up. The catalogue in tests_compliance sees controls and what lies below."""

FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

MODULES = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if path.relative_to(SOURCE).parts[0] not in ("tests_compliance", "fixtures", "__init__.py")
]


def imported(path: Path) -> set[str]:
    """The parts of mailproof that a module imports when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mailproof."):
            names.add((node.module or "").split(".")[1])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_from_its_own_floor_and_below(path: Path) -> None:
    own = FLOOR[path.relative_to(SOURCE).parts[0].removesuffix(".py")]
    upward = {name for name in imported(path) if FLOOR[name] > own}
    assert upward == set()
