"""The plan of a fleet: its shards, and by what they are judged. It is made once and kept, so that a run can go on."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mailproof import __version__
from mailproof.clock import now
from mailproof.controls import BrokenRules, Catalogue, Control, Level, UnknownControl, load_catalogue, with_rules
from mailproof.docket import Docket, UnknownFixture
from mailproof.documents import UnreadableDocument, UnreadableFile, read_json, read_octets, write_atomically
from mailproof.expedition import Expedition
from mailproof.extensions import extensions
from mailproof.gate.policy import Policy
from mailproof.gate.profile import UnknownProfile, load_profile
from mailproof.gate.waivers import Waivers
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import FleetNames, LoadedInventory, load_inventory, load_names
from mailproof.inventory.zone_sources import sources_of
from mailproof.net.dns.zone_files import files_of
from mailproof.net.settings import NetSettings
from mailproof.probes import load_probes
from mailproof.probes.probe import Probe
from mailproof.proposal import Proposal, ProposalError, propose
from mailproof.record import adapter
from mailproof.targets.discovery import load_finders
from mailproof.targets.shards import MAX_SHARDS, Divider, Division, holds_together, require_divisible
from mailproof.worlds import WorldError, open_world
from mailproof.zone_sources.reading import Gathered
from mailproof.zone_sources.source import SourceError

FORMAT = "mailproof-fleet"
VERSION = 1

USUAL_SHARD = 2_000
"""Domains in a shard, unless the number of shards is given."""
ASKED_TOGETHER = 20_000
"""Domains whose MX records are asked for by one client, which remembers its answers."""
MAX_OCTETS = 1 << 30


class FleetError(Exception):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """By what a fleet is judged, as the command line says it."""

    controls: tuple[str, ...] = ()
    """Patterns of control ids; empty: all."""
    profile: str | None = None
    fail_on: Level | None = None
    inconclusive: Literal["fail", "warn"] = "fail"
    waivers: tuple[Path, ...] = ()
    strict_waivers: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done."""

    inventory: Path
    """Absolute."""
    digest: str
    """Of all that the inventory says."""
    settings: Settings
    domains: int
    sizes: tuple[int, ...]
    """Domains of each shard, those of others that visit it included."""
    criteria: str = ""
    """Digest of what waivers, profiles, house rules and zone files say, whose files the settings and the inventory only
    name.
    """
    left_out: tuple[str, ...] = ()
    """Controls that were chosen and that no shard can judge, because they hold all domains against each other."""
    started_at: str
    today: date
    """The day as of which waivers hold."""
    controls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What results of a control have in common, by its id."""
    formerly: Mapping[str, str] = field(default_factory=dict)
    """The ids of controls by those that they had in earlier releases."""
    mailproof: str = __version__

    @property
    def shards(self) -> int:
        """How many there are."""
        return len(self.sizes)


def chosen_controls(catalogue: Catalogue, settings: Settings) -> list[Control]:
    """The controls that are judged by, sorted by id. Raises FleetError."""
    try:
        found = {c.id: c for pattern in settings.controls or ("*",) for c in catalogue.matching(pattern)}
    except UnknownControl as error:
        raise FleetError(f"--control: {error}") from None
    return [found[id] for id in sorted(found)]


@dataclass(frozen=True)
class Judged:
    """An inventory, or a part of it, with all that it is judged by."""

    loaded: LoadedInventory
    probes: Mapping[str, Probe]
    catalogue: Catalogue
    controls: list[Control]
    policy: Policy
    waivers: Waivers
    proposal: Proposal


def read_judged(
    inventory: Path, settings: Settings, only: frozenset[str], today: date, directory: Path | None = None
) -> Judged:
    """Read an inventory with the domains ``only``, and what it is judged by. Raises FleetError.

    ``directory`` is that of the plan, where the zones of the inventory's sources lie since it was made; without it no
    source is read.
    """
    extensions()
    probes = load_probes()
    load_finders()
    redact: Callable[[str], str] = str
    try:
        loaded = load_inventory(inventory, only=only)
        redact = loaded.redact
        catalogue = with_rules(load_catalogue(), loaded.model.rules)
        profile = load_profile(settings.profile, catalogue, Path(), loaded.secrets) if settings.profile else None
        policy = Policy.load(loaded, catalogue, profile, settings.fail_on)
        waivers = Waivers.load(loaded, settings.waivers, today, catalogue)
        proposal = _with_zones(loaded, directory)
        controls = chosen_controls(catalogue, settings)
        docket = Docket(probes, policy)
        for control in controls:
            docket.kind(control)
    except UnknownFixture as error:
        raise FleetError(f"{error}: a fleet judges by rules that need nothing but observations") from None
    except (BrokenRules, InventoryError, ProposalError, SourceError, UnknownProfile, WorldError) as error:
        raise FleetError(redact(str(error))) from None
    return Judged(loaded, probes, catalogue, controls, policy, waivers, proposal)


def _with_zones(loaded: LoadedInventory, directory: Path | None) -> Proposal:
    """The settings with the zones that the inventory names. Sources are read once, before the plan is made: they may
    change while it is carried out. Raises ProposalError, SourceError, WorldError.
    """
    settings = loaded.model.net_settings()
    kept = sources_of(loaded.model.zone_files) if directory is not None else ()
    if directory is None or not kept:
        return propose(settings, (), (), Path())
    index = zones_index(directory)
    if index.exists():
        return propose(settings, (), (), Path(), kept=kept, gathered=Gathered.of(index, loaded.secrets))
    gathered = Gathered(index.parent, partial(open_world, loaded, settings), loaded.secrets)
    proposal = propose(settings, (), (), Path(), kept=kept, gathered=gathered)
    gathered.write_index()
    return proposal


def zones_index(directory: Path) -> Path:
    """Where it is noted what zones the sources of the inventory held."""
    return directory.resolve() / "zones" / "index.json"


def make_plan(
    inventory: Path,
    settings: Settings,
    directory: Path,
    shards: int | None = None,
    tick: Callable[[int, int], None] = lambda done, of: None,
) -> Plan:
    """Ask for the MX records of all domains, divide them, and write the plan into ``directory``.

    ``tick`` is told how many domains were asked about. Raises FleetError.
    """
    try:
        fleet = load_names(inventory)
    except InventoryError as error:
        raise FleetError(str(error)) from None
    if not fleet.names:
        raise FleetError(f"{inventory}: a fleet needs domains: give `domains` or `domains_from`")
    if shards is None:
        shards = math.ceil(len(fleet.names) / USUAL_SHARD)
    if not 1 <= shards <= min(MAX_SHARDS, len(fleet.names)):
        raise FleetError(f"--shards {shards}: at least 1, and no more than there are domains ({len(fleet.names)})")
    today = datetime.now(UTC).date()
    zones_index(directory).unlink(missing_ok=True)  # of a plan that was not finished
    judged = _read_all(inventory, settings, fleet, today, directory)
    try:
        require_divisible(judged.loaded)
    except InventoryError as error:
        raise FleetError(judged.loaded.redact(str(error))) from None
    controls = [control for control in judged.controls if not holds_together(control.observations)]
    if not controls:
        raise FleetError("--control: what is chosen holds all domains against each other; judge it with pytest")
    zones = judged.proposal.settings.zone_files
    divisions = Divider(_exchanges(fleet, judged, tick), fleet.refusing, shards, zones).all()
    plan = Plan(
        inventory=inventory.resolve(),
        digest=fleet.digest,
        settings=settings,
        domains=len(fleet.names),
        sizes=tuple(len(division.members) for division in divisions),
        criteria=criteria_of(judged),
        left_out=tuple(control.id for control in judged.controls if control not in controls),
        started_at=now(),
        today=today,
        controls={control.id: _texts(control) for control in controls},
        formerly={former: control.id for control in judged.catalogue for former in control.formerly},
    )
    write_plan(directory, plan, divisions)
    return plan


def _read_all(inventory: Path, settings: Settings, fleet: FleetNames, today: date, directory: Path) -> Judged:
    """What a whole fleet is judged by, with the domains alone that the inventory says something of. Raises
    FleetError.
    """
    return read_judged(inventory, settings, fleet.explicit or frozenset(fleet.names[:1]), today, directory)


def criteria_of(judged: Judged) -> str:
    """The digest of what is judged by and stands in files of its own. Raises FleetError."""
    digest = hashlib.sha256()
    said = [judged.policy.profile, sorted(judged.policy.profiles.items(), key=lambda named: named[0])]
    said += [entry.waiver for entry in judged.waivers.entries]
    for part in said:
        digest.update(judged.loaded.redact(f"{part!r}\n").encode(errors="backslashreplace"))
    files = [
        file
        for rules in judged.loaded.model.rules
        for file in (sorted(rules.rglob("*.py")) if rules.is_dir() else [rules])
    ]
    for name, zone in sorted(judged.proposal.settings.zone_files.items()):
        digest.update(f"{name}\n".encode())
        files += files_of(zone)
    for file in files:
        try:
            octets = file.read_bytes()
        except OSError as error:
            raise FleetError(f"{file}: cannot be read: {error.strerror}") from None
        digest.update(hashlib.sha256(octets).digest())
    return digest.hexdigest()


def write_plan(directory: Path, plan: Plan, divisions: Iterable[Division]) -> None:
    """Write a plan, the parts first: where there is a ``plan.json``, it is whole."""
    for division in divisions:
        file = _division_file(directory, division.shard.number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(adapter(Division).dump_json(division), 3, mtime=0))
    document = {"format": FORMAT, "version": VERSION, **adapter(Plan).dump_python(plan, mode="json")}
    write_atomically(directory / "plan.json", [json.dumps(document, indent=1), "\n"])


def _exchanges(fleet: FleetNames, judged: Judged, tick: Callable[[int, int], None]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with ExitStack() as stack:
        settings = in_world(judged, stack)
        for first in range(0, len(fleet.names), ASKED_TOGETHER):
            names = fleet.names[first : first + ASKED_TOGETHER]
            with Expedition(judged.loaded, judged.probes, settings) as expedition:
                found |= expedition.ask_exchanges(names)
            tick(len(found), len(fleet.names))
    return found


def in_world(judged: Judged, stack: ExitStack) -> NetSettings:
    """The settings of the network, or of the inventory's offline world, which runs until ``stack`` is closed. Raises
    FleetError.
    """
    settings = judged.proposal.settings
    if judged.loaded.model.world is None:
        return settings
    try:
        return stack.enter_context(open_world(judged.loaded, settings))
    except WorldError as error:
        raise FleetError(judged.loaded.redact(str(error))) from None


def _texts(control: Control) -> dict[str, Any]:
    return {
        "family": control.family,
        "expected": control.title,
        "why": control.why,
        "fix": control.fix,
        "references": [asdict(reference) for reference in control.references],
        "harm": control.harm.value,
    }


def read_plan(directory: Path) -> Plan:
    """Raises FleetError."""
    try:
        found = read_json(directory / "plan.json", "plan", FORMAT, VERSION, missing="; `mailproof fleet` writes one")
        known = {field.name for field in fields(Plan)}
        plan: Plan = adapter(Plan).validate_python({name: value for name, value in found.items() if name in known})
    except (UnreadableDocument, ValueError) as error:
        raise FleetError(str(error)) from None
    return plan


def differences(plan: Plan, inventory: Path, settings: Settings, shards: int | None, directory: Path) -> Iterator[str]:
    """Why a run cannot go on with ``plan``, which lies in ``directory``: what it was made of is not what is asked for
    now. Raises FleetError.
    """
    try:
        fleet = load_names(inventory)
    except InventoryError as error:
        raise FleetError(str(error)) from None
    if plan.inventory != inventory.resolve():
        yield f"it is one of {plan.inventory}"
    elif plan.digest != fleet.digest:
        yield "the inventory says something else now"
    if plan.settings != settings:
        yield "controls, profile, waivers or gate were chosen otherwise"
    elif fleet.names and plan.criteria != criteria_of(_read_all(inventory, settings, fleet, plan.today, directory)):
        yield "waivers, a profile, house rules or zone files say something else now"
    if shards not in (None, plan.shards):
        yield f"it has {plan.shards} shards"
    if plan.mailproof != __version__:
        yield f"it was made by mailproof {plan.mailproof}"


def _division_file(directory: Path, number: int) -> Path:
    return directory / "plan" / f"{number:05}.json.gz"


def read_division(directory: Path, number: int) -> Division:
    """Raises FleetError."""
    file = _division_file(directory, number)
    try:
        division: Division = adapter(Division).validate_json(gzip.decompress(read_octets(file, MAX_OCTETS)))
    except (UnreadableFile, OSError, EOFError, ValueError) as error:
        raise FleetError(f"{file}: {error}") from None
    return division
