"""The JSON Schema of the inventory format, for editors and other tools.

``python -m mailproof.inventory.schema FILE`` writes it to a file. It is made from the model, so that what
it says of a key is what the reference says. It is as strict as JSON Schema can be: unknown keys and loose
types are errors. Names and addresses are checked by mailproof itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mailproof.documents import write_atomically
from mailproof.inventory.model import CONTENT, Inventory

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_INCLUDE = {
    "description": "Other inventory files, relative to this one: mappings are united, lists appended, and "
    "this file has the last word.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def schema() -> dict[str, Any]:
    """The schema as plain values (JSON Schema 2020-12)."""
    generated = without_titles(Inventory.model_json_schema())
    properties = {"include": _INCLUDE, **generated.pop("properties")}
    return {
        "$schema": DIALECT,
        "title": "mailproof inventory",
        **generated,
        "properties": properties,
        "anyOf": [{"required": [key]} for key in (*CONTENT, "domains_from", "include")],
    }


def without_titles(value: Any) -> Any:
    """pydantic gives every key a title, which says no more than the key; editors show the description."""
    if isinstance(value, list):
        return [without_titles(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: without_titles(part) for name, part in item.items()}
        if key in ("properties", "$defs")
        else without_titles(item)
        for key, item in value.items()
        if key != "title"
    }


def text() -> str:
    """The schema as it stands in ``inventories/inventory.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), [text()])
