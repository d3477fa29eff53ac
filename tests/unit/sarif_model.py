"""Checks a SARIF log against pysarif, whose classes are generated from the official schema of SARIF 2.1.0.

pysarif's own reader passes over unknown keys and checks no value; this one takes the classes at their word.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import pysarif


def faults(log: Any) -> list[str]:
    """What is wrong with ``log``, each with its path; nothing where it is a SARIF log."""
    plain = {key.removeprefix("$"): value for key, value in log.items()}
    return list(_faults(plain, pysarif.SarifLog, "$"))


def _faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return
    if origin in (typing.Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        yield from _faults(value, inner, path)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{path}: {value!r} is none of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for number, item in enumerate(value):
            yield from _faults(item, arguments[0], f"{path}[{number}]")
    elif dataclasses.is_dataclass(kind):
        yield from _object_faults(value, kind, path)
    elif type(value) is not kind and not (kind is float and type(value) is int):
        yield f"{path}: {value!r} is no {kind}"


def _object_faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: an object is expected"
        return
    hints = typing.get_type_hints(kind)
    known = {_camel(field.name): field for field in dataclasses.fields(kind)}
    for name, field in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in value:
            yield f"{path}: {name} is missing"
    for name, item in value.items():
        if name in known:
            yield from _faults(item, hints[known[name].name], f"{path}.{name}")
        elif kind.__name__ != "PropertyBag":
            yield f"{path}: {name} is unknown to {kind.__name__}"


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)
