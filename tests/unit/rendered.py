"""Reports as their consumers read them."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from mailproof.gate.document import RunDocument
from mailproof.report.formats import FORMATS

from .sarif_model import faults

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")

OURS = re.compile(r"</?(details|summary|b|code)>|<!-- -->")
"""Markup of mailproof's own in a Markdown summary."""


def log(document: RunDocument) -> Any:
    """The SARIF run, which keeps to the model of its schema."""
    rendered = json.loads(FORMATS["sarif"](document))
    assert faults(rendered) == []
    return rendered["runs"][0]


def tokens(rendered: str) -> list[Any]:
    """Markdown as GitHub parses it."""
    found = []
    for token in MarkdownIt("gfm-like").parse(rendered):
        found += [token, *(token.children or [])]
    return found


def samples(document: RunDocument) -> dict[str, list[Any]]:
    """Prometheus' samples by metric."""
    families = text_string_to_metric_families(FORMATS["prometheus"](document))
    return {family.name: family.samples for family in families}


def rows(document: RunDocument) -> list[dict[str, str]]:
    """The rows of the CSV table."""
    return list(csv.DictReader(io.StringIO(FORMATS["csv"](document), newline=""), strict=True))
