"""What is too much for markup: rows beyond the first ones, evidence and the matrix, compressed for the page's script.

All text is made printable before it is packed, so that control characters are free to stand for names: evidence names
its target over and over, and without the names most of its lines are the same for many targets.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterable
from itertools import chain

from mailproof.documents import JSON
from mailproof.net.text import printable
from mailproof.report.html.view import RANKS, Group, Row, View

_MIN_NAME = 5
"""Shorter names are not worth a placeholder."""

_FIRST, _LAST = 1, 8
"""Codes of the placeholders: below the tab, which stays as it is."""


def pack(value: JSON) -> str:
    """``value`` as JSON, gzip and base64: no character of it means anything in HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


def pack_within(build: Callable[[int], JSON], most: int, budget: int) -> tuple[str, int]:
    """``build(n)`` packed with the largest ``n`` tried, from ``most`` downwards, that needs at most ``budget`` bytes.

    Returns the text and ``n``.
    """
    limit = most
    while True:
        packed = pack(build(limit))
        if len(packed) <= budget or limit == 0:
            return packed, limit
        limit = int(limit * min(0.9, budget / len(packed)))


def names_of(target: str, domains: Iterable[str]) -> list[str]:
    """The names that a target's evidence is full of. The page's script derives the same list."""
    return list(dict.fromkeys([target, *re.split(r"[@\[\]]+", target), *domains]))[: _LAST - _FIRST + 1]


def overview(view: View) -> dict[str, JSON]:
    """Targets with their cells, and domains with their numbers."""
    domains = {name: index for index, (name, _) in enumerate(view.domains)}
    cells: dict[tuple[int, ...], int] = {}
    return {
        "ranks": RANKS,
        "families": [printable(family) for family in view.families],
        "domains": [[printable(name), *(tally[rank] for rank in RANKS)] for name, tally in view.domains],
        "targets": [
            [
                printable(line.name),
                [domains[name] for name in line.domains],
                printable(line.place),
                [
                    cells.setdefault(tuple(line.cells[family][rank] for rank in RANKS), len(cells))
                    if family in line.cells
                    else -1
                    for family in view.families
                ],
            ]
            for line in view.targets
        ],
        "cells": [list(cell) for cell in cells],
    }


def rows(view: View, groups: list[Group], shown: int, most: int) -> list[JSON]:
    """By group, the rows after the first ``shown`` ones, up to ``most``, as columns.

    The columns are targets, messages, notes, ids and controls; the last two are empty or parted by spaces.
    """
    targets = {line.name: index for index, line in enumerate(view.targets)}
    columns: list[JSON] = []
    for group in groups:
        packed = group.rows[shown : shown + most]
        columns.append(
            [
                [targets[row.target] for row in packed],
                [] if group.message else [_nameless(row, [row.message])[0] for row in packed],
                [printable(row.note) for row in packed] if any(row.note for row in packed) else [],
                [" ".join(id for id, _ in row.results) for row in packed],
                [] if group.control else [" ".join(printable(control) for _, control in row.results) for row in packed],
            ]
        )
    return columns


def proofs(groups: list[Group], shown: int) -> list[list[list[list[str]]]]:
    """By group, what was observed, the evidence and the remedy of the rows after the first ``shown`` ones, without
    names.
    """
    return [[[_nameless(row, part) for part in _parts(row)] for row in group.rows[shown:]] for group in groups]


def _parts(row: Row) -> tuple[tuple[str, ...], ...]:
    """The remedy only where there is one."""
    remedy = (row.published, row.instead) if row.published or row.instead else ()
    return (row.observed, row.evidence, *remedy)


def evidence(proofs: list[list[list[list[str]]]], most: int) -> dict[str, JSON]:
    """Up to ``most`` proofs of each group as numbers of lines."""
    lines: dict[str, int] = {}
    numbered = [
        [[[lines.setdefault(line, len(lines)) for line in part] for part in proof] for proof in group[:most]]
        for group in proofs
    ]
    return {"lines": list(lines), "groups": numbered}


def evidence_size(groups: Iterable[Group], shown: int) -> int:
    """Characters of evidence in the first ``shown`` rows of each group."""
    rows = chain.from_iterable(group.rows[:shown] for group in groups)
    return sum(len(line) + 1 for row in rows for part in _parts(row) for line in part)


def _nameless(row: Row, lines: Iterable[str]) -> list[str]:
    found = [printable(line) for line in lines]
    names = names_of(printable(row.target), map(printable, row.domains))
    numbered = sorted(enumerate(names), key=lambda item: -len(item[1]))
    for number, name in numbered:
        if len(name) >= _MIN_NAME:
            found = [line.replace(name, chr(_FIRST + number)) for line in found]
    return found
