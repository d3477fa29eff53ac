"""The formats that a result document is rendered in, by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mailproof.documents import write_atomically
from mailproof.gate.document import RunDocument, as_json
from mailproof.languages import ENGLISH
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

TRANSLATED: Mapping[str, Callable[[RunDocument, str], str]] = {
    "html": lambda document, language: html.render(document, language=language),
    "text": lambda document, language: plain_text.render(document, language=language),
    "markdown": lambda document, language: markdown.render(document, language=language),
}
"""Those that people read, in any language; what programs read is English always."""

FILE_OPTIONS = ("sarif", "markdown", "prometheus", "csv")
"""Formats that a run writes where its option of the same name says."""


def rendered(document: RunDocument, name: str, language: str = ENGLISH) -> str:
    """A document in a format; in a language where people read it. Raises ValueError where there is no such language."""
    return TRANSLATED[name](document, language) if name in TRANSLATED else FORMATS[name](document)


def write_formats(
    document: RunDocument, files: Mapping[str, Path], language: str = ENGLISH
) -> tuple[list[Path], list[str]]:
    """Write a document to ``files``, given by format, each in one step. Returns files written and problems."""
    written, problems = [], []
    for name, file in files.items():
        try:
            write_atomically(file, as_json(document) if name == "json" else [rendered(document, name, language)])
            written.append(file)
        except OSError as error:
            problems.append(f"{file}: cannot be written: {error.strerror}")
    return written, problems
