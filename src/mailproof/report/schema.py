"""The JSON Schema of the JSON report. ``python -m mailproof.report.schema FILE`` writes it to a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from mailproof.documents import JSON, write_atomically
from mailproof.gate.document import VERSION, RunDocument
from mailproof.gate.part import Part
from mailproof.inventory.schema import DIALECT, without_titles


def schema() -> dict[str, JSON]:
    """The schema as plain values (JSON Schema 2020-12)."""
    usual = Part.__pydantic_config__
    Part.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    try:
        generated = without_titles(TypeAdapter(RunDocument).json_schema())
    finally:
        Part.__pydantic_config__ = usual
    return {"$schema": DIALECT, "title": f"mailproof result, version {VERSION}", **generated}


def text() -> str:
    """The schema as it stands in ``docs/result.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), [text()])
