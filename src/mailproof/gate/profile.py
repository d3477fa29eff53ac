"""Profiles: which controls are judged, at which levels and with which parameters, and who demands it.

A profile is a YAML file. The shipped ones lie in ``profiles/`` beside this module; a profile of the user's own may
extend one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mailproof.controls import Catalogue, Control, Level, UnknownControl
from mailproof.gate.document import ProfileNote, Source
from mailproof.gate.parameters import named_twice, wrong_parameter
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.load import load_part
from mailproof.inventory.parts import Part
from mailproof.inventory.reading import Places
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import wrong
from mailproof.patterns import matches

SHIPPED = Path(__file__).parent / "profiles"
DEFAULT = "baseline"

EXAMPLE = "{name: ours, title: Our rules, extends: baseline}"


class UnknownProfile(LookupError):
    """No profile has this name."""


LevelName = Annotated[
    Literal["MUST", "SHOULD", "MAY"], BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
]


class SourcePart(Part):
    """Who makes the demands of a profile."""

    title: str = Field(description="Name of the document.")
    url: str = Field("", description="Its address; empty where it has none.")
    date: str = Field("", description="Its date or version.")


class SettingPart(Part):
    """What a profile says of the controls that a pattern matches."""

    level: LevelName | None = Field(None, description="Level of every finding, in place of the control's own.")
    parameters: dict[str, Any] = Field(default={}, description="Parameters in place of the control's defaults.")
    off: str | None = Field(None, min_length=1, description="Why these controls are not judged.")

    @model_validator(mode="after")
    def _off_says_nothing_else(self) -> Self:
        if self.off is not None and (self.level or self.parameters):
            raise wrong("a control that is off has neither level nor parameters")
        return self


class WherePart(Part):
    """Narrows the controls that a profile names."""

    level: LevelName | None = Field(None, description="Only controls of this level.")
    source: str | None = Field(None, description="Only controls with a reference whose title matches this pattern.")


class ProfilePart(Part):
    """A profile's file."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="What `--profile` and reports call it.")
    title: str = Field(description="What it is, in a few words.")
    source: SourcePart | None = Field(None, description="Who demands it.")
    description: str = Field("", description="What one has to know of it.")
    extends: str | None = Field(None, description="The profile that it builds on: a shipped one by name, or a file.")
    fail_on: LevelName | None = Field(None, description="Weakest level whose findings close the gate; else SHOULD.")
    where: WherePart | None = Field(None, description="Narrows the controls named under `controls`.")
    controls: dict[str, SettingPart] = Field(
        default={},
        description="Controls by id or pattern (* and ?); later ones have the last word.",
    )
    not_covered: list[str] = Field(default=[], description="What the source demands and no control tests.")
    attestation: list[str] = Field(
        default=[],
        description="What the source demands and nobody can see from outside: somebody attests it.",
    )


@dataclass(frozen=True)
class Setting:
    """What a profile says of one control. ``off`` is the reason why it is not judged."""

    level: Level | None = None
    """The level of every finding; None leaves the control's own levels."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    off: str | None = None


@dataclass(frozen=True)
class Profile:
    """A profile with what it inherits."""

    name: str
    title: str
    source: SourcePart
    description: str
    fail_on: Level | None
    where: WherePart
    entries: tuple[tuple[str, SettingPart], ...]
    """Patterns in the order in which they have their say."""
    not_covered: tuple[str, ...]
    attestation: tuple[str, ...] = ()
    """What the source demands and only somebody of the organisation can tell."""

    def setting(self, control: Control) -> Setting | None:
        """What the profile says of ``control``; None where it does not name it."""
        named = [entry for pattern, entry in self.entries if control.is_named(pattern)]
        if not named:
            return None
        if named[-1].off is not None:
            return Setting(off=named[-1].off)
        level: Level | None = None
        parameters: dict[str, Any] = {}
        for entry in named:
            level = Level(entry.level) if entry.level else level
            parameters |= entry.parameters
        return Setting(level, parameters) if self._admits(control, level or control.level) else None

    def _admits(self, control: Control, level: Level) -> bool:
        if self.where.level is not None and level != self.where.level:
            return False
        pattern = self.where.source
        return pattern is None or any(matches(pattern, reference.title) for reference in control.references)

    def note(self, catalogue: Catalogue) -> ProfileNote:
        """The profile for reports."""
        off = {control.id: found.off for control in catalogue if (found := self.setting(control)) and found.off}
        return ProfileNote(
            name=self.name,
            title=self.title,
            source=Source(**self.source.model_dump()),
            description=self.description,
            off=off,
            not_covered=self.not_covered,
            attestation=self.attestation,
        )


def shipped_names() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_profile(
    name: str, catalogue: Catalogue, beside: Path, secrets: Secrets | None = None, *, quoted: bool = True
) -> Profile:
    """A shipped profile by name, or one from a file relative to the directory ``beside``.

    Its secrets are added to ``secrets``. Unless it may be ``quoted``, which is so for a name from the command line,
    messages quote nothing from files outside ``beside``. Raises UnknownProfile for a name that is neither, and
    InventoryError for whatever is wrong with the file.
    """
    secrets = Secrets() if secrets is None else secrets
    file = _file_of(name, beside)
    try:
        return _load(file, catalogue, (), secrets)
    except InventoryError as error:
        if quoted or all(_may_be_quoted(problem.file, beside) for problem in error.problems):
            raise
        raise InventoryError(
            Problem(file, None, None, f"no profile that can be used; a file outside {beside} is not quoted")
        ) from None


def _may_be_quoted(file: Path, root: Path) -> bool:
    """Whether logs, which others read, may hold parts of ``file``: one of ours, or one below ``root``."""
    return any(file.resolve().is_relative_to(folder) for folder in (root.resolve(), SHIPPED))


def _file_of(name: str, beside: Path) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return beside / Path(name).expanduser()
    if name in shipped_names():
        return SHIPPED / f"{name}.yaml"
    near = get_close_matches(name, shipped_names(), 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(shipped_names())}"
    raise UnknownProfile(f"there is no profile {name}; {hint} A file's name ends in .yaml")


def _load(file: Path, catalogue: Catalogue, extending: tuple[Path, ...], secrets: Secrets) -> Profile:
    part, places = load_part(file, ProfilePart, EXAMPLE, secrets=secrets)
    base: Profile | None = None
    if part.extends is not None:
        place = places["extends",]
        try:
            parent = _file_of(part.extends, place.path.parent)
        except UnknownProfile as error:
            raise InventoryError(Problem(place.path, place.line, "extends", str(error))) from None
        if parent.resolve() in (*extending, file.resolve()):
            raise InventoryError(Problem(place.path, place.line, "extends", f"{part.extends} extends itself"))
        base = _load(parent, catalogue, (*extending, file.resolve()), secrets)
    elif not part.controls:
        raise InventoryError(Problem(file, 1, None, "the profile judges nothing: give controls or extends"))
    problems = list(_problems(part, catalogue, places))
    if problems:
        raise InventoryError(*problems)
    own = tuple(part.controls.items())
    if base is None:
        fallback = SourcePart(title="")
        return Profile(
            part.name,
            part.title,
            part.source or fallback,
            part.description,
            Level(part.fail_on) if part.fail_on else None,
            part.where or WherePart(),
            own,
            tuple(part.not_covered),
            tuple(part.attestation),
        )
    return Profile(
        part.name,
        part.title,
        part.source or base.source,
        part.description or base.description,
        Level(part.fail_on) if part.fail_on else base.fail_on,
        part.where or base.where,
        (*base.entries, *own),
        (*base.not_covered, *part.not_covered),
        (*base.attestation, *part.attestation),
    )


def _problems(part: ProfilePart, catalogue: Catalogue, places: Places) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for pattern, entry in part.controls.items():
        place = places["controls", pattern]
        present = catalogue.present_id(pattern)
        if (control := catalogue.controls.get(present)) and (other := first.setdefault(present, pattern)) != pattern:
            said = named_twice(control, other, pattern, places["controls", other].line)
            yield Problem(place.path, place.line, f"controls.{pattern}", said)
        found = [control for control in catalogue if control.is_named(pattern)]
        if not found:
            try:
                catalogue.matching(pattern)
            except UnknownControl as error:
                yield Problem(place.path, place.line, f"controls.{pattern}", str(error))
        for name, value in entry.parameters.items():
            where = places["controls", pattern, "parameters", name]
            for control in found:
                if (complaint := wrong_parameter(control, name, value)) is not None:
                    yield Problem(where.path, where.line, f"controls.{pattern}.parameters.{name}", complaint)
                    break
