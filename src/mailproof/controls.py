"""What a control is: a test function with an id, a level and references, and a docstring that says why and how to mend
it.

    @control("PTR-FCRDNS", SHOULD, rfc(1912, "2.1"), rfc(8601, "3"))
    def test_ptr_is_forward_confirmed(reverse_dns: ReverseDNS) -> None:
        \"\"\"A PTR name of every sending address resolves back to that address.

        Why: receivers take an address whose reverse name does not confirm itself for a home computer.
        Fix: ask whoever assigned the address block to set the PTR; then publish A/AAAA for that name.
        \"\"\"
        assert reverse_dns.confirmed_names, reverse_dns.explain()

The parameters name the observations that the control judges; they decide which targets it gets. An assertion
that fails is the finding, its message is what was observed. House rules are written in the same way.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any, Never

import pytest

from mailproof.extensions import told
from mailproof.net.errors import NotObserved
from mailproof.patterns import names_control
from mailproof.places import Place
from mailproof.references import Reference as Reference  # house rules may import it and rfc from here
from mailproof.references import rfc as rfc
from mailproof.remedies import Remedy


class Level(StrEnum):
    """RFC 2119 words, as the control's source uses them."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    @property
    def rank(self) -> int:
        """0 for MUST, 1 for SHOULD, 2 for MAY."""
        return list(Level).index(self)


class Harm(StrEnum):
    """What a fault does to the mail, the worst first. It orders reports and decides nothing."""

    LOST = "mail is lost or cannot be delivered"
    ABUSED = "others can abuse the server or the name"
    REFUSED = "large receivers refuse the mail"
    READ = "mail can be read or changed on the way"
    OTHER = "other findings"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Harm).index(self)


MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


@dataclass(frozen=True)
class Family:
    """The family of the controls in one module, its ``FAMILY``: what their ids begin with, and what they are about.

    ``also`` are other first words of their ids.
    """

    name: str
    title: str
    also: tuple[str, ...] = ()

    def holds(self, id: str) -> bool:
        """Whether a control with this id may belong to the family."""
        return id.split("-")[0] in (self.name, *self.also)


class Finding(AssertionError):
    """A finding that differs from what its control says of itself: in its level, its reason, its remedy or its place.

    What is None is the control's own; the place is the inventory's line that leads to the target.
    """

    def __init__(
        self,
        observed: str,
        level: Level | None = None,
        *,
        why: str | None = None,
        fix: str | None = None,
        at: Place | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(observed)
        self.level = level
        self.why = why
        self.fix = fix
        self.at = at
        self.remedy = remedy


class NotApplicable(pytest.skip.Exception):  # type: ignore[name-defined,misc]
    """The control has nothing to say about the target. ``left_to`` is the control that owns the fault behind it."""

    def __init__(self, reason: str, left_to: str = "") -> None:
        super().__init__(reason)
        self.left_to = left_to


def finding(
    level: Level,
    observed: str,
    *,
    why: str | None = None,
    fix: str | None = None,
    at: Place | None = None,
    remedy: Remedy | None = None,
) -> Never:
    """Fail the control with a finding of ``level``: an optional mechanism that is simply absent, say.

    ``why`` and ``fix`` replace the control's own where this finding has others; ``at`` is the line of a file that it is
    about; ``remedy`` is what to publish instead, where that follows from what was seen.
    """
    raise Finding(observed, level, why=why, fix=fix, at=at, remedy=remedy)


def fail(
    observed: str,
    *,
    why: str | None = None,
    fix: str | None = None,
    at: Place | None = None,
    remedy: Remedy | None = None,
) -> Never:
    """Fail the control with a finding that has its own ``why`` or ``fix``, is about a line of a file (``at``), or knows
    what to publish instead (``remedy``).
    """
    raise Finding(observed, why=why, fix=fix, at=at, remedy=remedy)


def not_applicable(reason: str) -> Never:
    """End the control: it has nothing to say about this target, because of ``reason``."""
    raise NotApplicable(reason)


def leave_to(owner: str, reason: str) -> Never:
    """End the control: the fault behind ``reason`` is the finding of the control ``owner``, and of no other.

    One fault is one finding. Reports link to the owner and do not count the fault again.
    """
    raise NotApplicable(f"{reason}; {owner} judges that", owner)


@dataclass(frozen=True)
class Between:
    """The numbers that a parameter may have."""

    least: float
    most: float

    def __str__(self) -> str:
        return f"from {self.least:g} to {self.most:g}"


Allowed = Between | tuple[str, ...]
"""What a parameter may be: a number in a range, or some of these words."""


@dataclass(frozen=True)
class Control:
    """The metadata of one control."""

    id: str
    level: Level
    references: tuple[Reference, ...]
    title: str
    """The requirement, as one sentence."""
    why: str
    fix: str
    observations: tuple[str, ...]
    """Names of the observations it judges, which are its fixtures."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds with their defaults, the keyword-only parameters of the function; profiles and the inventory's
    ``controls`` may override them.
    """
    allowed: Mapping[str, Allowed] = field(default_factory=dict)
    """What the parameters may be, by name."""
    harm: Harm = Harm.OTHER
    """What a finding does to the mail."""
    function: str = ""
    by_clock: bool = False
    """Whether the verdict depends on the time of day; it is inconclusive where the tester's clock is wrong."""
    explains: tuple[type[NotObserved], ...] = ()
    """Failures to observe that have their cause in the fault which it finds: other controls leave them to it."""

    family: str = ""
    """The name of the family that it belongs to."""
    since: str = ""
    """The release that had it first."""
    formerly: tuple[str, ...] = ()
    """Ids that it had in earlier releases: waivers, profiles, parameters and baselines may still use them."""

    place: str = field(default="", compare=False)
    """Where it is defined, as file:line."""
    call: Callable[..., None] | None = field(default=None, compare=False, repr=False)
    """The function itself; None in a control that was made without one."""

    def is_named(self, pattern: str) -> bool:
        """Whether a pattern (``*``, ``?``, ``[...]``) matches its id or one that it had formerly."""
        return any(names_control(pattern, id) for id in (self.id, *self.formerly))


FIRST_RELEASE = "0.1.0"

ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")


def control(
    id: str,
    level: Level,
    *references: Reference,
    by_clock: bool = False,
    harm: Harm = Harm.OTHER,
    explains: tuple[type[NotObserved], ...] = (),
    allowed: Mapping[str, Allowed] | None = None,
    since: str = FIRST_RELEASE,
    formerly: tuple[str, ...] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test function a control; ``Control`` says what the arguments mean.

    Keyword-only parameters of the function are its thresholds; ``allowed`` says what they may be. It belongs to the
    ``FAMILY`` of its module, or where there is none, to the family named by the first word of its id.

    Raises TypeError where the id, the references, the thresholds or the docstring are not as they must be.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for name in (id, *_tuple_of_former_ids(id, formerly)):
            if not (isinstance(name, str) and ID.fullmatch(name)):
                raise TypeError(f"{name!r} is not a control id, like PTR-FCRDNS")
        scope = function.__qualname__.rpartition(".")[0]
        if scope and not scope.endswith("<locals>"):
            raise TypeError(f"{id} is a method of the class {scope}; a rule must be a function outside of any class")
        if not references:
            raise TypeError(f"{id} names no reference: who demands it?")
        title, why, fix = _read_docstring(id, function)
        observations, thresholds = _read_signature(id, function)
        if unknown := set(allowed or {}) - set(thresholds):
            raise TypeError(f"{id}: allowed names {', '.join(sorted(unknown))}, which is no threshold of it")
        for name, choice in (allowed or {}).items():
            if wrong := _wrong_default(thresholds[name], choice):
                raise TypeError(f"{id}: the threshold {name} {wrong}")
        family = function.__globals__.get("FAMILY") or Family(id.split("-")[0], "")
        if not family.holds(id):
            raise TypeError(f"{id} is not of the family {family.name} of its module; name its first word in `also`")
        function.__control__ = Control(  # type: ignore[attr-defined]
            id=id,
            level=level,
            references=references,
            title=title,
            why=why,
            fix=fix,
            observations=observations,
            parameters=thresholds,
            allowed=allowed or {},
            harm=harm,
            function=function.__name__,
            by_clock=by_clock,
            explains=explains,
            family=family.name,
            since=since,
            formerly=formerly,
            place=f"{(code := inspect.unwrap(function).__code__).co_filename}:{code.co_firstlineno}",
            call=function,
        )
        return function

    return decorate


def _read_signature(id: str, function: Callable[..., None]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of what a control judges, and its thresholds with their defaults."""
    signature = inspect.signature(function).parameters.values()
    thresholds = {entry.name: entry.default for entry in signature if entry.kind is entry.KEYWORD_ONLY}
    if missing := [name for name, default in thresholds.items() if default is inspect.Parameter.empty]:
        raise TypeError(f"{id}: the threshold {missing[0]} needs a default")
    for name, default in thresholds.items():
        for value in default if isinstance(default, tuple) else (default,):
            if not isinstance(value, bool | int | float | str):
                raise TypeError(
                    f"{id}: the threshold {name} has the default {default!r}; "
                    "it must be a number, a text, True or False, or a tuple of these"
                )
    return tuple(entry.name for entry in signature if entry.kind is not entry.KEYWORD_ONLY), thresholds


def _tuple_of_former_ids(id: str, formerly: object) -> tuple[object, ...]:
    if not isinstance(formerly, tuple):
        raise TypeError(f'{id}: formerly must be a tuple, like ("HOUSE-OLD",), not {formerly!r}')
    if id in formerly:
        raise TypeError(f"{id}: formerly names {id} itself; it is for ids that the control had before")
    return formerly


def _wrong_default(default: Any, allowed: object) -> str:
    """What is wrong with the default of a threshold, by what is allowed; empty if nothing is."""
    if isinstance(allowed, Between):
        if not isinstance(default, int | float) or isinstance(default, bool):
            return f"has the default {default!r}, and its allowed are numbers {allowed}"
        fits = allowed.least <= default <= allowed.most
    elif isinstance(allowed, tuple):
        fits = all(value in allowed for value in (default if isinstance(default, tuple) else (default,)))
    else:
        return f"has as its allowed {allowed!r}, which is neither Between(least, most) nor a tuple of words"
    words = allowed if isinstance(allowed, Between) else f"one of {', '.join(map(repr, allowed))}"
    return "" if fits else f"has the default {default!r}, which is not allowed: it must be {words}"


def _read_docstring(id: str, function: Callable[..., None]) -> tuple[str, str, str]:
    text = inspect.getdoc(function) or ""
    match = re.fullmatch(r"(?P<title>.+?)\n\n(?:.*\n)?Why: (?P<why>.+?)\nFix: (?P<fix>.+)", text, re.DOTALL)
    if match is None:
        raise TypeError(f"{id}: the docstring needs a title, a paragraph 'Why: ...' and one 'Fix: ...'")
    title, why, fix = (" ".join(match[part].split()) for part in ("title", "why", "fix"))
    return title, why, fix


def control_of(function: object) -> Control | None:
    """The control that a test function is; None for an ordinary test."""
    found = getattr(function, "__control__", None)
    return found if isinstance(found, Control) else None


class UnknownControl(LookupError):
    """No control has this id or matches this pattern."""


@dataclass(frozen=True)
class Catalogue:
    """All controls by id, in the order of their modules."""

    controls: Mapping[str, Control]
    families: Mapping[str, Family] = field(default_factory=dict)
    """The families of the suite by name, in the order of their modules."""
    rules: frozenset[str] = frozenset()
    """Ids of house rules: they are judged without being named by a profile."""

    def __iter__(self) -> Iterator[Control]:
        return iter(self.controls.values())

    def __getitem__(self, id: str) -> Control:
        """The control of an id, which it has now or had formerly. Raises UnknownControl with the nearest ids."""
        wanted = id.upper()
        if wanted in self.controls:
            return self.controls[wanted]
        for control in self:
            if wanted in control.formerly:
                return control
        raise UnknownControl(self._unknown(id))

    def matching(self, pattern: str) -> tuple[Control, ...]:
        """Controls whose id, present or former, matches a pattern. Raises UnknownControl if none does."""
        found = tuple(control for control in self if control.is_named(pattern))
        if not found:
            raise UnknownControl(self._unknown(pattern))
        return found

    def present_id(self, id: str) -> str:
        """The id that a control has now, whichever it had; ``id`` itself where no control has or had it."""
        try:
            return self[id].id
        except UnknownControl:
            return id

    def names(self, id: str) -> tuple[str, ...]:
        """An id and those that its control had formerly; an id that no control has stands alone."""
        control = self.controls.get(id)
        return (id, *control.formerly) if control is not None else (id,)

    def is_shipped(self, id: str) -> bool:
        """Whether a control of the suite has this id, and not a house rule."""
        return id in self.controls and id not in self.rules

    def _unknown(self, id: str) -> str:
        near = get_close_matches(id.upper(), self.controls, 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`mailproof controls` lists them"
        return f"there is no control {id}; {hint}"


def load_catalogue(package: str = "mailproof.tests_compliance") -> Catalogue:
    """Import the compliance suite and collect its controls. Raises TypeError when an id is used twice."""
    suite = importlib.import_module(package)
    found: dict[str, Control] = {}
    families: dict[str, Family] = {}
    for module_info in sorted(pkgutil.iter_modules(suite.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{module_info.name}")
        _add_controls(found, module)
        if isinstance(family := getattr(module, "FAMILY", None), Family):
            families[family.name] = family
    return Catalogue(found, families)


def used_twice(id: str, first: str, second: str) -> str:
    """What to say of an id that two controls have, or had, which are defined at these places."""
    where = f"at {first} and at {second}" if first != second else f"the control at {first} has two names or is imported"
    return f"the control id {id} is used twice: {where}"


class BrokenRules(Exception):
    """A file of house rules that cannot be imported, or that uses an id again."""


def with_rules(catalogue: Catalogue, files: Sequence[Path]) -> Catalogue:
    """The catalogue and the house rules of these files, which find their helper modules beside them.

    Of a directory, its test files (``test_*.py``, ``*_test.py``) are read. They are imported as pytest imports them,
    which then collects the same modules. Raises BrokenRules.
    """
    found = dict(catalogue.controls)
    for file in _rule_files(files):
        if not file.exists():
            raise BrokenRules(f"{file}: there is no such file")
        sys.path.insert(0, str(file.resolve().parent))
        try:
            if file.stem not in sys.modules:
                pytest.register_assert_rewrite(file.stem)
            module = importlib.import_module(file.stem)
            if not file.samefile(module.__file__ or os.devnull):
                raise BrokenRules(f"{file}: another module is called {file.stem}; rename the file")
            _add_controls(found, module)
        except (Exception, SystemExit, pytest.skip.Exception, pytest.exit.Exception) as error:
            raise BrokenRules(f"{file}{_line_in(file, error)}: {_said(error)}") from error
        finally:
            sys.path.pop(0)
    return Catalogue(found, catalogue.families, catalogue.rules | (set(found) - set(catalogue.controls)))


def _line_in(file: Path, error: BaseException) -> str:
    """The line of ``file`` in which ``error`` came up, as ``:line``."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(file.resolve())]
    return f":{lines[-1]}" if lines else ""


def _said(error: BaseException) -> str:
    """What is wrong with a file of rules. What mailproof demands is a TypeError or BrokenRules with a sentence."""
    if isinstance(error, SystemExit):
        return f"the file ends the program where it is read (SystemExit: {error.code}); it may only define rules"
    return str(error) if type(error) in (TypeError, BrokenRules) else told(error)


def _rule_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted({*path.rglob("test_*.py"), *path.rglob("*_test.py")})
            if not found:
                raise BrokenRules(f"{path}: there is no file of rules in it (test_*.py or *_test.py)")
            yield from found
        else:
            yield path


def _add_controls(found: dict[str, Control], module: ModuleType) -> None:
    """Add the controls of a module. Raises TypeError for an id that is, or was, another control's."""
    for value in vars(module).values():
        entry = control_of(value)
        if entry is None:
            continue
        taken = {id: control.place for control in found.values() for id in (control.id, *control.formerly)}
        if twice := sorted({entry.id, *entry.formerly} & set(taken)):
            raise TypeError(used_twice(twice[0], taken[twice[0]], entry.place))
        found[entry.id] = entry
