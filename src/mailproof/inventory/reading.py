"""YAML as inventories, waivers and profiles have it: includes, environment variables, and where each value stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailproof.documents import UnreadableFile, read_text
from mailproof.grammars.yaml_nodes import MAX_DEPTH, NotYAML, compose, line_of
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.secrets import Secrets
from mailproof.places import Place

MAX_FILE_SIZE = 16 * 1024 * 1024
"""Octets. An inventory of 10,000 domains is about 1 MiB."""

MAX_INCLUDES = 100

Path_ = tuple[str | int, ...]


Places = dict[Path_, Place]


def dotted(path: Path_) -> str:
    """``("domains", 0, "name")`` as ``domains[0].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


class Reader:
    """Reads files. ``example`` is shown to those whose file is empty, ``writer`` says what would write one.

    ``secrets`` are the values of ``${secret:NAME}`` that were met.
    """

    def __init__(
        self, environment: Mapping[str, str], example: str, writer: str = "", *, secrets: Secrets | None = None
    ) -> None:
        self.environment = environment
        self._example = example
        self._writer = writer
        self.secrets = Secrets() if secrets is None else secrets
        self._files = 0

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Keep the secrets out of error messages."""
        try:
            yield
        except InventoryError as error:
            redacted = (replace(problem, message=self.secrets.redact(problem.message)) for problem in error.problems)
            raise InventoryError(*redacted) from None

    def read(self, file: Path, including: tuple[Path, ...] = ()) -> tuple[dict[str, Any], Places]:
        """The merged content of ``file`` and of what it includes, includes first, and where each value stands."""
        self._files += 1
        if self._files > MAX_INCLUDES:
            raise InventoryError(Problem(file, None, None, f"more than {MAX_INCLUDES} files are included"))
        root = _compose(file, self._writer)
        if root is None:
            raise InventoryError(Problem(file, None, None, f"the file is empty; this would be enough: {self._example}"))
        if not isinstance(root, MappingNode):
            raise InventoryError(Problem(file, line_of(root), None, f"a mapping is expected, like {self._example}"))
        places: dict[Path_, Place] = {}
        content = _Constructor(file, self, places).construct(root)
        included = content.pop("include", [])
        included = [included] if isinstance(included, str) else included
        if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
            raise InventoryError(
                Problem(file, places[("include",)].line, "include", "a file name or a list of file names is expected")
            )
        merged: dict[str, Any] = {}
        merged_places: Places = {}
        for index, name in enumerate(included):
            place = places.get(("include", index), places[("include",)])
            path = beside(file, Path(name))
            if path is None or not path.is_file():
                raise InventoryError(Problem(file, place.line, "include", f"there is no file {name} beside this one"))
            top = (including or (file.resolve(),))[0].parent
            if not path.is_relative_to(top):
                # What is wrong with a file is quoted in logs that others read.
                raise InventoryError(Problem(file, place.line, "include", f"{name} does not lie below {top}"))
            if path in (*including, file.resolve()):
                raise InventoryError(Problem(file, place.line, "include", f"{name} includes itself"))
            _merge(merged, merged_places, *self.read(path, (*including, file.resolve())))
        _merge(merged, merged_places, content, places)
        return merged, merged_places

    def substitute(self, text: str, problem_at: Problem) -> str:
        """Replace ``${NAME}``, ``${NAME:-default}`` and ``${secret:NAME}`` by environment variables; ``$$`` is a
        dollar.
        """

        def value_of(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            value = self.environment.get(match["name"], match["default"])
            if value is None:
                raise InventoryError(
                    Problem(
                        problem_at.file,
                        problem_at.line,
                        problem_at.key,
                        f"the environment variable {match['name']} is not set; "
                        f"set it, or write ${{{match['name']}:-default}}",
                    )
                )
            if match["secret"] and self.environment.get(match["name"]):
                shown = f"${{secret:{match['name']}}}"
                try:
                    self.secrets.add(value, shown)
                except ValueError as error:
                    raise InventoryError(replace(problem_at, message=f"{shown} is too short: {error}")) from None
            return value

        found = _VARIABLE.sub(value_of, text)
        if "${secret:" in text:
            self.secrets.add_within(found)
        return found


_VARIABLE = re.compile(r"\$\$|\$\{(?P<secret>secret:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def _compose(file: Path, writer: str) -> Node | None:
    """The node tree of a file. ``writer`` says what would write such a file."""
    try:
        return compose(read_text(file, MAX_FILE_SIZE))
    except FileNotFoundError:
        near = get_close_matches(file.name, [f.name for f in _siblings(file)], 1)
        hint = f"; did you mean {near[0]}?" if near else f"; {writer}" if writer else ""
        raise InventoryError(Problem(file, None, None, f"there is no such file{hint}")) from None
    except UnreadableFile as error:
        raise InventoryError(Problem(file, None, None, str(error))) from None
    except NotYAML as error:
        raise InventoryError(Problem(file, error.line, None, str(error))) from None


def _siblings(file: Path) -> Iterator[Path]:
    try:
        yield from (path for path in file.parent.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError:
        return


def beside(file: Path, path: Path) -> Path | None:
    """``path`` as an absolute one, relative to where ``file`` stands; None where there can be no such file."""
    try:
        absolute = (file.parent / path.expanduser()).resolve()
        return absolute if absolute.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, NUL or lone surrogates in it, no such home directory
        return None


class _Constructor:
    """Turns nodes into plain values, remembering where each stands."""

    def __init__(self, file: Path, reader: Reader, places: dict[Path_, Place]) -> None:
        self._file = file
        self._reader = reader
        self._places = places
        self._yaml = YAML(typ="safe", pure=True)

    def construct(self, node: Node, path: Path_ = ()) -> Any:
        if len(path) > MAX_DEPTH:
            raise self._error(node, path[:1], f"nested deeper than {MAX_DEPTH} levels")
        self._places.setdefault(path, Place(str(self._file), line_of(node)))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.construct(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._error(key_node, path, "a key must be plain text")
            key = str(key_node.value)
            if key in result:
                first = self._places[(*path, key)].line
                raise self._error(key_node, (*path, key), f"given twice; the first one is in line {first}")
            self._places[(*path, key)] = Place(str(self._file), line_of(key_node))
            result[key] = self.construct(value_node, (*path, key))
        return result

    def _scalar(self, node: Node, path: Path_) -> Any:
        if node.tag and not node.tag.startswith("tag:yaml.org,2002:"):
            raise self._error(node, path, f"the tag {node.tag} is not known here")
        try:
            value = self._yaml.constructor.construct_object(node, deep=True)
        except (YAMLError, ValueError) as error:
            raise self._error(node, path, f"{node.value!r} cannot be read: {str(error).splitlines()[0]}") from None
        except (LookupError, TypeError, AttributeError, OverflowError):  # ruamel.yaml on a tag that does not fit
            raise self._error(node, path, f"{node.value!r} does not fit its tag {node.tag}") from None
        if isinstance(value, str):
            return self._reader.substitute(value, Problem(self._file, line_of(node), dotted(path), ""))
        if value is None or isinstance(value, bool | int | float):
            return value
        return str(node.value)

    def _error(self, node: Node, path: Path_, message: str) -> InventoryError:
        return InventoryError(Problem(self._file, line_of(node), dotted(path), message))


def _merge(into: dict[str, Any], into_places: Places, content: dict[str, Any], places: Places) -> None:
    """Lay ``content`` over ``into``: mappings are united, lists are appended, everything else is replaced."""
    moved: dict[Path_, Path_] = {}
    _merge_values(into, content, (), moved)
    for path, place in places.items():
        prefix = next((path[:cut] for cut in range(len(path), 0, -1) if path[:cut] in moved), None)
        into_places[(*moved[prefix], *path[len(prefix) :]) if prefix else path] = place


def _merge_values(into: dict[str, Any], content: dict[str, Any], path: Path_, moved: dict[Path_, Path_]) -> None:
    for key, value in content.items():
        known = into.get(key)
        here = (*path, key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge_values(known, value, here, moved)
        elif isinstance(known, list) and isinstance(value, list):
            for index in range(len(value)):
                moved[(*here, index)] = (*here, len(known) + index)
            known.extend(value)
        else:
            into[key] = value
