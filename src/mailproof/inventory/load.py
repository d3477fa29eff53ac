"""Load an inventory: what is read is held against the model, and errors name file, line and key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mailproof.documents import UnreadableFile, read_text
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.evidence import FILES
from mailproof.inventory.model import Domain, Host, Inventory
from mailproof.inventory.names import add_names, name_of
from mailproof.inventory.reading import MAX_FILE_SIZE, Path_, Places, Reader, beside, dotted
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import domain_name, is_url
from mailproof.inventory.zone_sources import files_of, sources_of
from mailproof.net.dnssec.validator import anchors_in
from mailproof.net.pkix.marks import authorities_in
from mailproof.places import Place

P = TypeVar("P", bound=BaseModel)


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
            "resolver": [resolver.address for resolver in model.resolvers_under_test],
            "mailbox": [mailbox.address for mailbox in model.own_mailboxes],
            "configuration": [f"{entry.program} on {entry.host}" for entry in model.configurations],
            "report": [source.key.rpartition("/")[2] for source in model.reports],
            **{key.removesuffix("s"): [path.name for path in getattr(model, key)] for key in FILES},
        }
        return tuple(sorted(f"{kind} {name}" for kind, names in named.items() for name in names))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the inventory says, secrets aside, in hexadecimal.

        Without the owners that it does not name: it is that of before there were any, and sealed results have it.
        """
        unsaid = {
            key: {index: {"owner"} for index, entry in enumerate(getattr(self.model, key)) if entry.owner is None}
            for key in ("domains", "hosts")
        }
        return hashlib.sha256(self.redact(self.model.model_dump_json(exclude=unsaid)).encode()).hexdigest()

    def names(self, name: str) -> bool:
        """Whether the inventory names something other than a domain so: a host, an address, a zone."""
        return name in self._named_beside_domains

    @cached_property
    def _named_beside_domains(self) -> frozenset[str]:
        return frozenset(self._named) - {domain.name for domain in self.model.domains}

    def place_of(self, *names: str) -> Place:
        """Where the first of ``names`` that the inventory holds stands: a domain, host, address, zone or blocklist.

        The beginning of the file where none of them is named.
        """
        for name in names:
            if name in self._named:
                return self._named[name]
        return Place(str(self.file), 1)

    def owners_of(self, *, hosts: Iterable[str], domains: Iterable[str]) -> tuple[str, ...]:
        """Who answers for a target: the owner of its host, or else those of its domains."""
        for owners, names in ((self._owners["hosts"], hosts), (self._owners["domains"], domains)):
            if found := dict.fromkeys(owners[name] for name in names if name in owners):
                return tuple(found)
        return ()

    @cached_property
    def has_owners(self) -> bool:
        """Whether anybody is said to answer for anything."""
        return any(self._owners.values())

    @cached_property
    def _owners(self) -> dict[str, dict[str, str]]:
        """By the name of the host or domain."""
        entries: dict[str, list[Domain] | list[Host]] = {"domains": self.model.domains, "hosts": self.model.hosts}
        return {key: {entry.name: entry.owner for entry in those if entry.owner} for key, those in entries.items()}

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
            "resolvers_under_test": [resolver.address for resolver in model.resolvers_under_test],
            "own_mailboxes": [mailbox.address for mailbox in model.own_mailboxes],
            "configurations": [str(entry.file) for entry in model.configurations],
            "reports": [source.key for source in model.reports],
            **{key: [str(path) for path in getattr(model, key)] for key in FILES},
        }
        for key, names in parts.items():
            for index, name in enumerate(names):
                if (key, index) in self.places:
                    named.setdefault(name, self.places[key, index])
        return named

    def require_zone_files(self, who: str) -> None:
        """Raise InventoryError where zones are to be read from where they are kept, and not from files by name.

        ``who`` would leave them out, and ask the DNS instead.
        """
        if sources_of(self.model.zone_files):
            place = self.places.get(("zone_files",), Place(str(self.file), 1))
            told = f"{who} takes files by name (a mapping); `mailproof zones` writes them"
            raise InventoryError(Problem(Path(place.file), place.line, "zone_files", told))

    def redact(self, text: str) -> str:
        """``text`` with every secret replaced by the expression that it came from."""
        return self.secrets.redact(text)


def load_inventory(
    file: Path, environment: Mapping[str, str] = os.environ, *, only: Container[str] | None = None
) -> LoadedInventory:
    """Read, merge and validate an inventory.

    Of its domains those in ``only`` are kept, if that is given: the others are neither validated nor held.

    Raises InventoryError with every fault that was found.
    """
    reader = Reader(environment, "domains: [example.org]", "`mailproof init DOMAIN > FILE` writes one")
    with reader.telling():
        data, places = reader.read(file)
        add_names(data, places, only)
        model = _resolve_paths(_validate(data, Inventory, file, places, reader.secrets), places)
    return LoadedInventory(model, file, places, reader.secrets)


@dataclass(frozen=True)
class FleetNames:
    """The domains of an inventory by name alone, as many as there are."""

    names: tuple[str, ...]
    explicit: frozenset[str]
    """Those that the inventory says something of itself, and not only a file of names."""
    refusing: frozenset[str]
    """Those to which it says ``active: false``."""
    digest: str
    """SHA-256 of all that the inventory and its files of names say, in hexadecimal."""


def load_names(file: Path, environment: Mapping[str, str] = os.environ) -> FleetNames:
    """Read the names of the domains of an inventory, and validate nothing else of it. Raises InventoryError."""
    reader = Reader(environment, "domains: [example.org]", "`mailproof init DOMAIN > FILE` writes one")
    with reader.telling():
        data, places = reader.read(file)
        listed = data.get("domains")
        entries = list(listed) if isinstance(listed, list) else []
        add_names(data, places)
    names = [name_of(entry) for entry in data["domains"]] if isinstance(data.get("domains"), list) else []
    said = reader.secrets.redact(json.dumps(data, sort_keys=True, default=str))
    return FleetNames(
        names=tuple(name for name in names if name),
        explicit=frozenset(map(name_of, entries)) - {""},
        refusing=frozenset(
            name_of(entry) for entry in entries if isinstance(entry, dict) and entry.get("active") is False
        ),
        digest=hashlib.sha256(said.encode()).hexdigest(),
    )


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
    reader = Reader(environment, example, secrets=secrets)
    with reader.telling():
        data, places = reader.read(file)
        return _validate(data, part, file, places, reader.secrets), places


def _validate(data: dict[str, Any], model: type[P], file: Path, places: Mapping[Path_, Place], secrets: Secrets) -> P:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [_problem(dict(item), model, file, places, secrets) for item in error.errors()]
        raise InventoryError(*sorted(problems, key=lambda p: (str(p.file), p.line or 0))) from None


def _problem(
    error: dict[str, Any], model: type[BaseModel], file: Path, places: Mapping[Path_, Place], secrets: Secrets
) -> Problem:
    loc: Path_ = tuple(part for part in error["loc"] if part not in ("[key]", "[mapping]", "[list]"))
    known = next((loc[:cut] for cut in range(len(loc), -1, -1) if loc[:cut] in places), ())
    place = places.get(known, Place(str(file), 1))
    if error["type"] == "extra_forbidden":
        message = _unknown_key(str(loc[-1]), loc[:-1], model)
    elif error["type"] == "missing":
        return Problem(place.path, place.line, dotted(loc[:-1]) or None, f"the key {loc[-1]} is missing")
    elif isinstance(error["input"], str) and secrets.are_in(error["input"]):
        # What a check says of a value may quote any part of it.
        message = f"the value does not fit here; it is {secrets.redact(error['input'])}, and a secret is not shown"
    elif error["type"] == "inventory":
        message = error["msg"]
    else:
        shown = _shown(error["input"]) if not secrets.are_in(error["input"]) else "a value that holds a secret"
        message = f"{_lower_first(error['msg'])}, but it is {shown}"
    return Problem(place.path, place.line, dotted(loc) or None, message)


def _unknown_key(key: str, parent: Path_, model: type[BaseModel]) -> str:
    part = _part_at(parent, model)
    valid = sorted(part.model_fields) if part else []
    if part is model:
        valid = sorted([*valid, "include"])
    homes = [one for one in valid if (inner := _part_at((*parent, one), model)) and key in inner.model_fields]
    near = get_close_matches(key, valid, 1, 0.5)
    if homes:
        hint = f"did you mean {dotted((*parent, homes[0], key))}?"
    else:
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
        found = beside(place.path, value)
        if found is None:
            missing = f"there is no file {value} beside this one"
            if path[0] == "captures":
                missing = f"there is no directory {value} beside this file; `mailproof capture HOST` writes one"
            problems.append(Problem(place.path, place.line, dotted(path), missing))
        return found or value

    def readable(file: Path, *path: str | int) -> None:
        place = places[path]
        try:
            read_text(file, MAX_FILE_SIZE)
        except FileNotFoundError:
            pass  # said already
        except UnreadableFile as error:
            problems.append(Problem(place.path, place.line, dotted(path), f"{file}: {error}"))

    update: dict[str, Any] = {}
    trusted = {}
    for key in ("ca_file", "public_roots", "trust_anchors", "mark_authorities"):
        if (value := getattr(model.trust, key)) is not None:
            trusted[key] = existing(value, "trust", key)
            readable(trusted[key], "trust", key)
    checks = (
        ("ca_file", authorities_in),
        ("public_roots", authorities_in),
        ("trust_anchors", anchors_in),
        ("mark_authorities", authorities_in),
    )
    for key, read in checks:
        if key in trusted and not problems:
            try:
                read(trusted[key])
            except ValueError as error:
                place = places["trust", key]
                wrong = f"{getattr(model.trust, key)}: {error}"
                problems.append(Problem(place.path, place.line, f"trust.{key}", wrong))
    if trusted:
        update["trust"] = model.trust.model_copy(update=trusted)
    if kept := sources_of(model.zone_files):
        update["zone_files"] = [
            source.at(
                existing(source.path, "zone_files", index) if source.path is not None else None,
                existing(source.key_file, "zone_files", index) if source.key_file is not None else None,
            )
            for index, source in enumerate(kept)
        ]
    elif files := files_of(model.zone_files):
        written = {domain_name(str(path[1])): path[1] for path in places if path[:1] == ("zone_files",) and path[1:]}
        update["zone_files"] = {name: existing(path, "zone_files", written[name]) for name, path in files.items()}
    if model.rules:
        update["rules"] = [existing(path, "rules", index) for index, path in enumerate(model.rules)]
        for index, path in enumerate(update["rules"]):
            if not path.is_dir():
                readable(path, "rules", index)
                if path.suffix != ".py":
                    place = places["rules", index]
                    wrong = f"{path.name} is no Python file: rules are in files that end in .py"
                    problems.append(Problem(place.path, place.line, f"rules[{index}]", wrong))
    if model.configurations:
        update["configurations"] = [
            entry.model_copy(update={"file": existing(entry.file, "configurations", index, "file")})
            for index, entry in enumerate(model.configurations)
        ]
    if model.chain_files:
        update["chain_files"] = [
            entry.model_copy(
                update={
                    key: existing(path, "chain_files", index, key)
                    for key in ("file", "private_key", "chain")
                    if (path := getattr(entry, key)) is not None
                }
            )
            for index, entry in enumerate(model.chain_files)
        ]
    if model.user_keys:
        update["user_keys"] = [
            entry.model_copy(update={"certificate": existing(entry.certificate, "user_keys", index, "certificate")})
            if entry.certificate is not None
            else entry
            for index, entry in enumerate(model.user_keys)
        ]
    if (vrps := model.routing.vrps) is not None and not is_url(vrps):
        file = existing(Path(vrps), "routing", "vrps")
        update["routing"] = model.routing.model_copy(update={"vrps": str(file)})
    for key, sources in (("drop", model.drop), ("registration", model.registration.bootstrap)):
        if any(not is_url(source) for source in sources):
            at = (key, "bootstrap") if key == "registration" else (key,)
            found = [
                source if is_url(source) else str(existing(Path(source), *at, index))
                for index, source in enumerate(sources)
            ]
            registration = model.registration.model_copy(update={"bootstrap": found})
            update[key] = registration if key == "registration" else found
    if model.reports:
        update["reports"] = [
            source.at(existing(source.file, "reports", index)) if source.file is not None else source
            for index, source in enumerate(model.reports)
        ]
    for key in FILES:
        if paths := getattr(model, key):
            update[key] = [existing(path, key, index) for index, path in enumerate(paths)]
    if problems:
        raise InventoryError(*problems)
    return model.model_copy(update=update) if update else model


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
