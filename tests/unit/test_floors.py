"""The house stands: no module imports upward, none in a circle, none is too big (docs/architecture.md)."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "mailproof"

FLOORS = (
    (
        "clock",
        "garbage",
        "criteria",
        "documents",
        "extensions",
        "patterns",
        "references",
        "captures",
        "hiding",
        "exercises",
        "drills",
        "places",
        "remedies",
        "languages",
    ),
    ("net",),
    ("grammars",),
    ("inventory",),
    ("targets",),
    ("observations",),
    ("archive",),
    ("probes",),
    ("survey", "record", "former_records", "expedition", "vantage", "proposal", "zone_sources"),
    ("controls",),
    ("gate",),
    ("report",),
    ("output",),
    (
        "archiving",
        "capturing",
        "drilling",
        "exercising",
        "sealing",
        "signatures",
        "coverage",
        "draft",
        "docket",
        "plan",
        "worlds",
        "fixtures",
    ),
    ("run",),
    ("fleet",),
    ("identity", "plugin", "cli", "commands", "octodns", "reference"),
)
"""From the ground up. The catalogue in tests_compliance sees controls and what lies below."""

FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

MAX_LINES_OF_FILE = 500
MAX_LINES_OF_CLASS = 200

ELSEWHERE = ("tests_compliance", "fixtures", "__init__.py")
"""What lies at the top of the checkout, and is only linked to."""

MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in ELSEWHERE]
FILES = [path for folder in ("src", "tests_compliance", "fixtures") for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    """A module as it is imported."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def imported(path: Path) -> set[str]:
    """The modules of mailproof that a module imports, wherever in it: also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mailproof"):
            module = node.module or ""
            inside = {f"{module}.{alias.name}" for alias in node.names} & NAMES
            # ``from package import module`` needs the module, and the package only if something else comes from it.
            names |= inside if len(inside) == len(node.names) else {module, *inside}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith("mailproof")}
    return names


def part(module: str) -> str:
    """The part of mailproof that a module belongs to, as floors name it."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_from_its_own_floor_and_below(path: Path) -> None:
    own = FLOOR[part(name_of(path))]
    upward = {name for name in imported(path) if part(name) in FLOOR and FLOOR[part(name)] > own}
    assert upward == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name_of(path): imported(path) - {name_of(path)} for path in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_class_is_too_big(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES_OF_FILE
    sizes = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: size for name, size in sizes.items() if size > MAX_LINES_OF_CLASS} == {}


def test_the_page_on_architecture_names_every_floor_in_order() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| floor | what it holds |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [
        {name.strip("` /").removesuffix(".py") for name in line.split("|")[1].split(",")} - {"fixtures"}
        for line in table
    ]
    assert rows == [set(floor) - {"fixtures"} for floor in reversed(FLOORS)]
