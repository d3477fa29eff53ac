"""Checks of the parameters that profiles and inventories set for controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from mailproof.controls import Allowed, Between, Catalogue, Control, UnknownControl
from mailproof.inventory.errors import Problem
from mailproof.inventory.reading import Path_, Places, dotted


def parameter_problems(
    catalogue: Catalogue, values: Mapping[str, Mapping[str, Any]], places: Places, path: Path_
) -> Iterator[Problem]:
    """What is wrong with parameters by control id, which stand at ``path`` of a file."""
    first: dict[str, str] = {}
    for id, parameters in values.items():
        place = places[*path, id]
        try:
            control = catalogue[id]
        except UnknownControl as error:
            yield Problem(place.path, place.line, dotted((*path, id)), str(error))
            continue
        if (other := first.setdefault(control.id, id)) != id:
            said = named_twice(control, other, id, places[*path, other].line)
            yield Problem(place.path, place.line, dotted((*path, id)), said)
        for name, value in parameters.items():
            where = places[*path, id, name]
            if (wrong := wrong_parameter(control, name, value)) is not None:
                yield Problem(where.path, where.line, dotted((*path, id, name)), wrong)


def named_twice(control: Control, first: str, second: str, line: int | None) -> str:
    """What to say where one control is named by two of its ids; ``line`` is that of the first."""
    return f"{first} (line {line}) and {second} are one control, {control.id}; keep one of them"


def wrong_parameter(control: Control, name: str, value: Any) -> str | None:
    """What is wrong with one parameter; None if nothing is."""
    known = control.parameters
    if name not in known:
        near = get_close_matches(name, known, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"unknown parameter; {control.id} has {', '.join(known) or 'none'}{hint}"
    default = known[name]
    if isinstance(default, tuple):
        kinds = {type(item) for item in default} or {str}
        fits = isinstance(value, list | tuple) and all(type(item) in kinds for item in value)
    elif isinstance(default, int | float) and not isinstance(default, bool):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = type(value) is type(default)
    allowed = control.allowed.get(name)
    if not fits:
        example = (list(default) or ["..."]) if isinstance(default, tuple) else default
        return f"{_WORDS.get(type(default), 'text')} is expected, like {example!r}{_of(allowed)}"
    return _wrong_value(value, allowed)


def _of(allowed: Allowed | None) -> str:
    return "" if allowed is None else f", {allowed if isinstance(allowed, Between) else f'of {_listed(allowed)}'}"


def _wrong_value(value: Any, allowed: Allowed | None) -> str | None:
    if isinstance(allowed, Between):
        return None if allowed.least <= value <= allowed.most else f"a number {allowed} is expected"
    if allowed is None:
        return None
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        return f"at least one of {_listed(allowed)} is expected"
    for item in items:
        if item not in allowed:
            near = get_close_matches(str(item), allowed, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"{item!r} is none of {_listed(allowed)}{hint}"
    return None


def _listed(allowed: tuple[str, ...]) -> str:
    return ", ".join(allowed)


_WORDS = {tuple: "a list", int: "a number", float: "a number", bool: "true or false"}
