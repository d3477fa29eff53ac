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
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any, Never

import pytest

from ROLE import Role
from mailproof.net.errors import NotObserved


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
class Reference:
    """The source of a rule. ``url`` is empty where it is nothing that can be linked to."""

    title: str
    url: str = ""

    def __str__(self) -> str:
        return self.title


def rfc(number: int, section: str | None = None) -> Reference:
    """An RFC, or one section of it."""
    url = f"https://www.rfc-editor.org/rfc/rfc{number}"
    if section is None:
        return Reference(f"RFC {number}", url)
    anchor = f"appendix-{section}" if section[0].isalpha() else f"section-{section}"
    word = "appendix" if section[0].isalpha() else "section"
    return Reference(f"RFC {number}, {word} {section}", f"{url}#{anchor}")


GOOGLE_SENDERS = Reference("Google: email sender guidelines", "https://support.google.com/a/answer/81126")
YAHOO_SENDERS = Reference("Yahoo: sender best practices", "https://senders.yahooinc.com/best-practices/")
INTERNET_NL = Reference("Internet.nl: mail test", "https://internet.nl/about-mailtest/")
NCSC_NL_TLS = Reference(
    "NCSC-NL: TLS guidelines 2025-05", "https://english.ncsc.nl/publications/publications/2025/june/01/tls-guidelines"
)
SWEET32 = Reference("CVE-2016-2183 (Sweet32)", "https://nvd.nist.gov/vuln/detail/CVE-2016-2183")
STARTTLS_INJECTION = Reference("CVE-2011-0411", "https://nvd.nist.gov/vuln/detail/CVE-2011-0411")
IANA_SPECIAL_ADDRESSES = Reference(
    "IANA special-purpose address registries",
    "https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml",
)
PRACTICE = Reference("Mail administrators' practice")


class Finding(AssertionError):
    """A finding that differs from what its control says of itself: in its level, its reason or its remedy.

    What is None is the control's own.
    """

    def __init__(
        self, observed: str, level: Level | None = None, *, why: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(observed)
        self.level = level
        self.why = why
        self.fix = fix


class NotApplicable(pytest.skip.Exception):  # type: ignore[name-defined,misc]
    """The control has nothing to say about the target. ``left_to`` is the control that owns the fault behind it."""

    def __init__(self, reason: str, left_to: str = "") -> None:
        super().__init__(reason)
        self.left_to = left_to


def finding(level: Level, observed: str, *, why: str | None = None, fix: str | None = None) -> Never:
    """Fail the control with a finding of ``level``: an optional mechanism that is simply absent, say.

    ``why`` and ``fix`` replace the control's own where this finding has others.
    """
    raise Finding(observed, level, why=why, fix=fix)


def fail(observed: str, *, why: str | None = None, fix: str | None = None) -> Never:
    """Fail the control with a finding that has its own ``why`` or ``fix``."""
    raise Finding(observed, why=why, fix=fix)


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
    roles: tuple[Role, ...] = ()
    """Of endpoints: only those in one of these roles are judged. Empty: all."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds with their defaults; the inventory's ``controls`` may override them."""
    allowed: Mapping[str, Allowed] = field(default_factory=dict)
    """What the parameters may be, by name."""
    harm: Harm = Harm.OTHER
    """What a finding does to the mail."""
    function: str = ""
    by_clock: bool = False
    """Whether the verdict depends on the time of day; it is inconclusive where the tester's clock is wrong."""
    explains: tuple[type[NotObserved], ...] = ()
    """Failures to observe that have their cause in the fault which it finds: other controls leave them to it."""

    @property
    def family(self) -> str:
        return self.id.split("-")[0]


ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")


def control(
    id: str,
    level: Level,
    *references: Reference,
    roles: tuple[Role, ...] = (),
    by_clock: bool = False,
    harm: Harm = Harm.OTHER,
    explains: tuple[type[NotObserved], ...] = (),
    allowed: Mapping[str, Allowed] | None = None,
    **parameters: Any,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test function a control; ``Control`` says what the arguments mean.

    ``parameters`` are thresholds, handed to it as the fixture ``parameters``; ``allowed`` says what they may be.

    Raises TypeError where the id, the references or the docstring are not as they must be.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        if not ID.fullmatch(id):
            raise TypeError(f"{id!r} is not a control id, like PTR-FCRDNS")
        if not references:
            raise TypeError(f"{id} names no reference: who demands it?")
        title, why, fix = _read_docstring(id, function)
        function.__control__ = Control(  # type: ignore[attr-defined]
            id=id,
            level=level,
            references=references,
            title=title,
            why=why,
            fix=fix,
            observations=tuple(name for name in inspect.signature(function).parameters if name != "parameters"),
            roles=roles,
            parameters=parameters,
            allowed=allowed or {},
            harm=harm,
            function=function.__name__,
            by_clock=by_clock,
            explains=explains,
        )
        return function

    return decorate


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

    def __iter__(self) -> Iterator[Control]:
        return iter(self.controls.values())

    def __getitem__(self, id: str) -> Control:
        """Raises UnknownControl with the nearest ids."""
        try:
            return self.controls[id.upper()]
        except KeyError:
            raise UnknownControl(self._unknown(id)) from None

    def matching(self, pattern: str) -> tuple[Control, ...]:
        """Controls whose id matches a shell pattern. Raises UnknownControl if none does."""
        found = tuple(c for c in self if fnmatchcase(c.id, pattern.upper()))
        if not found:
            raise UnknownControl(self._unknown(pattern))
        return found

    def _unknown(self, id: str) -> str:
        near = get_close_matches(id.upper(), self.controls, 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`mailproof controls` lists them"
        return f"there is no control {id}; {hint}"


def load_catalogue(package: str = "mailproof.tests_compliance") -> Catalogue:
    """Import the compliance suite and collect its controls. Raises TypeError when an id is used twice."""
    suite = importlib.import_module(package)
    found: dict[str, Control] = {}
    for module_info in sorted(pkgutil.iter_modules(suite.__path__), key=lambda info: info.name):
        _add_controls(found, importlib.import_module(f"{package}.{module_info.name}"))
    return Catalogue(found)


class BrokenRules(Exception):
    """A file of house rules that cannot be imported, or that uses an id again."""


def with_rules(catalogue: Catalogue, files: Sequence[Path]) -> Catalogue:
    """The catalogue and the house rules of these files, which find their helper modules beside them.

    Raises BrokenRules.
    """
    found = dict(catalogue.controls)
    for file in files:
        sys.path.insert(0, str(file.resolve().parent))
        try:
            spec = importlib.util.spec_from_file_location(file.stem, file)
            if spec is None or spec.loader is None:
                raise BrokenRules(f"{file}: not a Python file")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            _add_controls(found, module)
        except Exception as error:
            raise BrokenRules(f"{file}: {error}") from error
        finally:
            sys.path.pop(0)
    return Catalogue(found)


def _add_controls(found: dict[str, Control], module: ModuleType) -> None:
    for value in vars(module).values():
        entry = control_of(value)
        if entry is None:
            continue
        if entry.id in found:
            raise TypeError(f"the control id {entry.id} is used twice")
        found[entry.id] = entry
