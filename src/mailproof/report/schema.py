"""The JSON Schema of the JSON report. ``python -m mailproof.report.schema FILE`` writes it to a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mailproof.documents import JSON, write_atomically
from mailproof.gate.document import VERSION, RunDocument
from mailproof.inventory.schema import DIALECT, without_titles
from mailproof.record import adapter


def schema() -> dict[str, JSON]:
    """The schema as plain values (JSON Schema 2020-12)."""
    generated = without_titles(adapter(RunDocument).json_schema())
    return {"$schema": DIALECT, "title": f"mailproof result, version {VERSION}", **generated}


def text() -> str:
    """The schema as it stands in ``docs/result.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), [text()])
