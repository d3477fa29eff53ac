"""Read an inventory from YAML: includes, environment variables, and errors that name file, line and key."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailproof.documents import UnreadableFile, read_text
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.model import Inventory, domain_name
from mailproof.inventory.secrets import Secrets

MAX_FILE_SIZE = 16 * 1024 * 1024
"""Octets. An inventory of 10,000 domains is about 1 MiB."""

MAX_NODES = 1_000_000
"""Values after aliases are expanded: a few hundred octets of nested aliases can stand for billions."""

MAX_DEPTH = 50
MAX_BRACKETS = 500
"""Brackets open at once, before the parser looks at them: its time grows with the square of their number."""

MAX_INCLUDES = 100

Path_ = tuple[str | int, ...]

P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    file: Path
    line: int


Places = dict[Path_, Place]


@dataclass(frozen=True)
class LoadedInventory:
    """An inventory with what its readers need besides the model."""

    model: Inventory
    file: Path
    places: Places
    secrets: Secrets = field(default_factory=Secrets)
    """Values that came from ``${secret:NAME}``, in this file and in the waivers and profiles read for it."""

    @property
    def name(self) -> str:
        """The file's name without its suffix: what reports are called."""
        return self.file.stem

    @property
    def entries(self) -> tuple[str, ...]:
        """What the inventory names, sorted: ``domain example.org``, ``host mx1.example.org``, and so on."""
        model = self.model
        named = {
            "domain": [domain.name for domain in model.domains],
            "selector": [f"{name}._domainkey.{domain.name}" for domain in model.domains for name in domain.selectors],
            "host": [host.name for host in model.hosts],
            "address": [sender.address for sender in model.sending],
            "zone": model.zones,
            "blocklist": [blocklist.name for blocklist in model.blocklists],
        }
        return tuple(sorted(f"{kind} {name}" for kind, names in named.items() for name in names))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the inventory says, secrets aside, in hexadecimal."""
        return hashlib.sha256(self.redact(self.model.model_dump_json()).encode()).hexdigest()

    def place_of(self, *names: str) -> Place:
        """Where the first of ``names`` that the inventory holds stands: a domain, host, address, zone or blocklist.

        The beginning of the file where none of them is named.
        """
        for name in names:
            if name in self._named:
                return self._named[name]
        return Place(self.file, 1)

    @cached_property
    def _named(self) -> dict[str, Place]:
        model = self.model
        named: dict[str, Place] = {}
        parts = {
            "domains": [domain.name for domain in model.domains],
            "hosts": [host.name for host in model.hosts],
            "sending": [sender.address for sender in model.sending],
            "zones": model.zones,
            "blocklists": [blocklist.name for blocklist in model.blocklists],
        }
        for key, names in parts.items():
            for index, name in enumerate(names):
                if (key, index) in self.places:
                    named.setdefault(name, self.places[key, index])
        return named

    def redact(self, text: str) -> str:
        """``text`` with every secret replaced by the expression that it came from."""
        return self.secrets.redact(text)


def load_inventory(file: Path, environment: Mapping[str, str] = os.environ) -> LoadedInventory:
    """Read, merge and validate an inventory.

    Raises InventoryError with every fault that was found.
    """
    reader = _Reader(environment, "domains: [example.org]", "`mailproof init DOMAIN > FILE` writes one")
    with reader.telling():
        data, places = reader.read(file)
        model = _resolve_paths(_validate(data, Inventory, file, places, reader.secrets), places)
    return LoadedInventory(model, file, places, reader.secrets)


def load_part(
    file: Path,
    part: type[P],
    example: str,
    environment: Mapping[str, str] = os.environ,
    *,
    secrets: Secrets | None = None,
) -> tuple[P, Places]:
    """Read a YAML file of its own that holds a ``part`` (waivers, a profile), by the rules of inventories.

    ``example`` is shown to those whose file is empty, and ``secrets`` of the file are added to those given. Returns the
    part and where each of its values stands. Raises InventoryError with every fault that was found.
    """
    reader = _Reader(environment, example, secrets=secrets)
    with reader.telling():
        data, places = reader.read(file)
        return _validate(data, part, file, places, reader.secrets), places


class _Reader:
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
        """Keep the secrets out of what is told about faults."""
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
            raise InventoryError(Problem(file, _line(root), None, f"a mapping is expected, like {self._example}"))
        _check_size(root, file)
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
            path = _beside(file, Path(name))
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
    """The YAML node tree (YAML 1.2: yes, no, on and off are text). ``writer`` says what would write such a file."""
    try:
        text = read_text(file, MAX_FILE_SIZE)
    except FileNotFoundError:
        near = get_close_matches(file.name, [f.name for f in _siblings(file)], 1)
        hint = f"; did you mean {near[0]}?" if near else f"; {writer}" if writer else ""
        raise InventoryError(Problem(file, None, None, f"there is no such file{hint}")) from None
    except UnreadableFile as error:
        raise InventoryError(Problem(file, None, None, str(error))) from None
    if _bracket_depth(text) > MAX_BRACKETS:
        raise InventoryError(Problem(file, None, None, f"nested deeper than {MAX_DEPTH} levels"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of anchors that are used again, which YAML 1.2 allows
            return YAML(typ="safe", pure=True).compose(StringIO(text))  # type: ignore[no-any-return]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(str(part) for part in (error.problem, error.context) if part)
        raise InventoryError(Problem(file, mark.line + 1 if mark else None, None, f"not valid YAML: {what}")) from None
    except (YAMLError, ValueError, AssertionError) as error:  # AssertionError: a %YAML directive of another version
        raise InventoryError(Problem(file, None, None, f"not valid YAML: {str(error).splitlines()[0]}")) from None
    except RecursionError:
        raise InventoryError(Problem(file, None, None, f"nested deeper than {MAX_DEPTH} levels")) from None


def _bracket_depth(text: str) -> int:
    """How deep brackets and braces are nested, those in comments and quoted text included."""
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


_BRACKETS = re.compile(r"[\[{\]}]")


def _siblings(file: Path) -> Iterator[Path]:
    try:
        yield from (path for path in file.parent.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError:
        return


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _beside(file: Path, path: Path) -> Path | None:
    """``path`` as an absolute one, relative to where ``file`` stands; None where there can be no such file."""
    try:
        absolute = (file.parent / path.expanduser()).resolve()
        return absolute if absolute.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, NUL or lone surrogates in it, no such home directory
        return None


def _check_size(root: Node, file: Path) -> None:
    """Raise InventoryError for an alias that contains itself and for aliases that expand to more than MAX_NODES
    values.
    """
    sizes: dict[int, int | None] = {}

    def size(node: Node) -> int:
        if isinstance(node, ScalarNode):
            return 1
        known = sizes.get(id(node), 0)
        if known is None:
            raise InventoryError(Problem(file, _line(node), None, "this value contains an alias of itself"))
        if not known:
            sizes[id(node)] = None
            parts = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
            known = sizes[id(node)] = 1 + sum(size(part) for part in parts)
        return known

    try:
        number = size(root)
    except RecursionError:
        raise InventoryError(Problem(file, None, None, f"nested deeper than {MAX_DEPTH} levels")) from None
    if number > MAX_NODES:
        raise InventoryError(
            Problem(file, _line(root), None, f"more than {MAX_NODES} values once aliases are expanded")
        )


class _Constructor:
    """Turns nodes into plain values, remembering where each stands."""

    def __init__(self, file: Path, reader: _Reader, places: dict[Path_, Place]) -> None:
        self._file = file
        self._reader = reader
        self._places = places
        self._yaml = YAML(typ="safe", pure=True)

    def construct(self, node: Node, path: Path_ = ()) -> Any:
        if len(path) > MAX_DEPTH:
            raise self._error(node, path[:1], f"nested deeper than {MAX_DEPTH} levels")
        self._places.setdefault(path, Place(self._file, _line(node)))
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
            self._places[(*path, key)] = Place(self._file, _line(key_node))
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
            return self._reader.substitute(value, Problem(self._file, _line(node), dotted(path), ""))
        if value is None or isinstance(value, bool | int | float):
            return value
        return str(node.value)

    def _error(self, node: Node, path: Path_, message: str) -> InventoryError:
        return InventoryError(Problem(self._file, _line(node), dotted(path), message))


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


def _validate(data: dict[str, Any], model: type[P], file: Path, places: Mapping[Path_, Place], secrets: Secrets) -> P:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_problem(dict(item), model, file, places, secrets) for item in error.errors()]
        raise InventoryError(*sorted(problems, key=lambda p: (str(p.file), p.line or 0))) from None


def _problem(
    error: dict[str, Any], model: type[BaseModel], file: Path, places: Mapping[Path_, Place], secrets: Secrets
) -> Problem:
    loc: Path_ = tuple(part for part in error["loc"] if part not in ("[key]",))
    known = next((loc[:cut] for cut in range(len(loc), -1, -1) if loc[:cut] in places), ())
    place = places.get(known, Place(file, 1))
    if error["type"] == "extra_forbidden":
        message = _unknown_key(str(loc[-1]), loc[:-1], model)
    elif error["type"] == "missing":
        return Problem(place.file, place.line, dotted(loc[:-1]) or None, f"the key {loc[-1]} is missing")
    elif isinstance(error["input"], str) and secrets.are_in(error["input"]):
        # What a check says of a value may quote any part of it.
        message = f"the value does not fit here; it is {secrets.redact(error['input'])}, and a secret is not shown"
    elif error["type"] == "inventory":
        message = error["msg"]
    else:
        shown = _shown(error["input"]) if not secrets.are_in(error["input"]) else "a value that holds a secret"
        message = f"{_lower_first(error['msg'])}, but it is {shown}"
    return Problem(place.file, place.line, dotted(loc) or None, message)


def _unknown_key(key: str, parent: Path_, model: type[BaseModel]) -> str:
    part = _part_at(parent, model)
    valid = sorted(part.model_fields) if part else []
    if part is model:
        valid = sorted([*valid, "include"])
    near = get_close_matches(key, valid, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(valid)}"
    return f"unknown key; {hint}"


def _part_at(path: Path_, model: type[BaseModel]) -> type[BaseModel] | None:
    part: type[BaseModel] | None = model
    in_mapping = False
    for step in path:
        if isinstance(step, int) or part is None:
            continue
        if in_mapping:  # the step is a key of the user's own, like a control's id
            in_mapping = False
            continue
        annotation = part.model_fields[step].annotation if step in part.model_fields else None
        in_mapping = get_origin(annotation) is dict
        part = next(_models_in(annotation), None)
    return part


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _resolve_paths(model: Inventory, places: Mapping[Path_, Place]) -> Inventory:
    """Make file names absolute: each is relative to the file that gives it. Raises InventoryError if one is missing."""
    problems: list[Problem] = []

    def existing(value: Path, *path: str | int) -> Path:
        place = places[path]
        found = _beside(place.file, value)
        if found is None:
            problems.append(Problem(place.file, place.line, dotted(path), f"there is no file {value} beside this one"))
        return found or value

    def readable(file: Path, *path: str | int) -> None:
        place = places[path]
        try:
            read_text(file, MAX_FILE_SIZE)
        except FileNotFoundError:
            pass  # said already
        except UnreadableFile as error:
            problems.append(Problem(place.file, place.line, dotted(path), f"{file}: {error}"))

    update: dict[str, Any] = {}
    if model.trust.ca_file is not None:
        ca_file = existing(model.trust.ca_file, "trust", "ca_file")
        readable(ca_file, "trust", "ca_file")
        update["trust"] = model.trust.model_copy(update={"ca_file": ca_file})
    if model.zone_files:
        written = {domain_name(str(path[1])): path[1] for path in places if path[:1] == ("zone_files",) and path[1:]}
        update["zone_files"] = {
            name: existing(path, "zone_files", written[name]) for name, path in model.zone_files.items()
        }
    if model.rules:
        update["rules"] = [existing(path, "rules", index) for index, path in enumerate(model.rules)]
        for index, path in enumerate(update["rules"]):
            if not path.is_dir():
                readable(path, "rules", index)
                if path.suffix != ".py":
                    place = places["rules", index]
                    wrong = f"{path.name} is no Python file: rules are in files that end in .py"
                    problems.append(Problem(place.file, place.line, f"rules[{index}]", wrong))
    if problems:
        raise InventoryError(*problems)
    return model.model_copy(update=update) if update else model


def dotted(path: Path_) -> str:
    """``("domains", 0, "name")`` as ``domains[0].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
