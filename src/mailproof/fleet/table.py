"""The results of a fleet as one table, in the columns of Apache Parquet: for DuckDB, Spark and pandas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from mailproof.documents import replacing
from mailproof.fleet.plan import FleetError, Plan
from mailproof.fleet.results import all_results
from mailproof.gate.document import Result

TOGETHER = 50_000
"""Rows of a group: as many as are held at once."""

TEXTS = (
    "control",
    "family",
    "target",
    "target_type",
    "host",
    "level",
    "verdict",
    "waived",
    "message",
    "harm",
    "left_to",
)
"""Fields of a result that are a column each. ``domains`` is a list."""


def write_parquet(directory: Path, plan: Plan, file: Path) -> int:
    """Write a row for each verdict, sorted by control and target. Returns how many there are. Raises FleetError."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise FleetError("--parquet needs pyarrow: pip install 'mailproof[fleet]'") from None
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    kinds = {name: pyarrow.string() if name in ("target", "message", "host") else text for name in TEXTS}
    schema = pyarrow.schema([*kinds.items(), ("domains", pyarrow.list_(pyarrow.string()))])
    schema = schema.with_metadata({"inventory": str(plan.inventory), "started_at": plan.started_at})
    count = 0
    try:
        with replacing(file) as stream, pyarrow.parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
            for rows in _groups(map(_row, all_results(directory, plan, {}))):
                writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema))
                count += len(rows)
    except OSError as error:
        raise FleetError(f"{error.filename or file}: cannot be written: {error.strerror or error}") from None
    return count


def _row(result: Result) -> dict[str, Any]:
    texts = {name: str(getattr(result, name)).encode(errors="backslashreplace").decode() for name in TEXTS}
    return {**texts, "domains": list(result.domains)}


def _groups(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while group := list(islice(rows, TOGETHER)):
        yield group
