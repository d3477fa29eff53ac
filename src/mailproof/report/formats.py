"""The formats that a result document is rendered in, by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mailproof.documents import write_atomically
from mailproof.gate.document import RunDocument, as_json
from mailproof.report import code_quality, csv_table, html, markdown, oscal, prometheus, sarif
from mailproof.report import text as plain_text
from mailproof.report.annotations import render as render_annotations

FORMATS: Mapping[str, Callable[[RunDocument], str]] = {
    "json": lambda document: "".join(as_json(document)),
    "html": html.render,
    "text": plain_text.render,
    "sarif": sarif.render,
    "markdown": markdown.render,
    "prometheus": prometheus.render,
    "csv": csv_table.render,
    "codequality": code_quality.render,
    "oscal": oscal.render,
    "annotations": render_annotations,
}
"""Each a pure function: the same document gives the same text."""

FILE_OPTIONS = ("sarif", "markdown", "prometheus", "csv")
"""Formats that a run writes where its option of the same name says."""


def write_formats(document: RunDocument, files: Mapping[str, Path]) -> tuple[list[Path], list[str]]:
    """Write a document to ``files``, given by format, each in one step. Returns files written and problems."""
    written, problems = [], []
    for name, file in files.items():
        try:
            write_atomically(file, as_json(document) if name == "json" else [FORMATS[name](document)])
            written.append(file)
        except OSError as error:
            problems.append(f"{file}: cannot be written: {error.strerror}")
    return written, problems
