"""What a target is, what stands in for one that could not be found out, and all targets of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, cast

from pydantic import BeforeValidator, PlainSerializer

from mailproof.extensions import BrokenExtension, extension_of
from mailproof.net.errors import KINDS, NotObserved

T = TypeVar("T", bound="Target")
R = TypeVar("R")


@dataclass(frozen=True)
class Target:
    """What a control judges. A class that derives from this one is a kind of target; its name is used once."""

    domains: tuple[str, ...] = field(default=(), kw_only=True)
    """The mail domains that the target belongs to, as far as is known."""
    active: bool = field(default=False, kw_only=True)
    """The owner's consent to probes that he may notice."""
    scan: bool = field(default=False, kw_only=True)
    """The owner's consent to a deep scan of TLS, which is one of its own."""

    @property
    def id(self) -> str:
        """Identifies the target among those of its kind: reads well, and stays the same between runs."""
        raise NotImplementedError

    @property
    def kind(self) -> type[Target]:
        """The kind of target that this one is, or stands in for."""
        return type(self)

    @property
    def dead(self) -> bool:
        """Whether the inventory says that the target does not answer, on purpose."""
        return False

    @property
    def mail_host(self) -> str:
        """The mail host that the target is, or is a service of; empty where it is about none."""
        return ""

    @property
    def parts(self) -> tuple[Target, ...]:
        """The target and those that it is made of: probes of them may be asked about it."""
        return (self,)

    @property
    def entries(self) -> tuple[str, ...]:
        """The names by which the inventory may know it, in the order of choice: reports point at the line of one."""
        return (self.id, *self.domains, self.mail_host)

    def _settle(self, **values: object) -> None:
        """Set fields that follow from others; for ``__post_init__``, since targets are frozen."""
        for name, value in values.items():
            object.__setattr__(self, name, value)


def kinds() -> dict[str, type[Target]]:
    """Every kind of target by the name of its class. Raises BrokenExtension where two classes have one name."""
    found: dict[str, type[Target]] = {}
    for kind in subclasses(Target):
        if (other := found.setdefault(kind.__name__, kind)) is not kind:
            first, second = _origin(other), _origin(kind)
            raise BrokenExtension(f"two kinds of target are called {kind.__name__}: in {first}, and in {second}")
    return found


def _origin(kind: type) -> str:
    extension = extension_of(kind.__module__)
    return f"{kind.__module__} ({extension})" if extension else kind.__module__


def subclasses(kind: type[T]) -> Iterator[type[T]]:
    """The classes that derive from ``kind``, in the order in which they were defined, each before its own."""
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)


def fixture_name(kind: type[Target]) -> str:
    """The name by which a control asks for the target itself: ``mail_domain``, ``mx_endpoint``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.__name__).lower()


def _kind_called(name: object) -> object:
    """The kind of target of that name; what is no name stays. Raises ValueError."""
    if not isinstance(name, str):
        return name
    try:
        return kinds()[name]
    except KeyError:
        raise ValueError(f"there is no kind of target called {name!r:.60}") from None


Kind = Annotated[type[Target], BeforeValidator(_kind_called), PlainSerializer(lambda kind: kind.__name__)]
"""A kind of target; in records its name."""


@dataclass(frozen=True)
class Undiscovered(Target):
    """Stands for targets that could not be found out. Whatever is asked of it is inconclusive with ``reason``."""

    missing: Kind
    """The kind of target that is missing."""
    name: str
    reason: str
    evidence: tuple[str, ...] = ()
    failure: str = NotObserved.kind
    """The kind of failure that ``reason`` tells of."""
    host: str = ""
    """The mail host whose targets are missing; empty where it is no host's."""

    @classmethod
    def because(
        cls, failure: NotObserved, missing: type[Target], name: str, *, domains: tuple[str, ...] = (), host: str = ""
    ) -> Undiscovered:
        """What is missing because of ``failure``. ``name`` says in words what could not be found out."""
        return cls(missing, name, failure.reason, failure.evidence, failure.kind, host, domains=domains)

    @property
    def id(self) -> str:
        return self.name

    @property
    def kind(self) -> type[Target]:
        return self.missing

    @property
    def mail_host(self) -> str:
        return self.host

    def not_observed(self) -> NotObserved:
        """The failure itself."""
        return KINDS.get(self.failure, NotObserved)(self.reason, self.evidence)


@dataclass
class Targets:
    """All targets of a run, in the order of the inventory.

    A kind contains the kinds that derive from it, and no two targets of a kind have the same id: the first one stays.
    """

    _by_kind: dict[type[Target], dict[str, Target]] = field(default_factory=dict)
    _known: set[tuple[type[Target], str]] = field(default_factory=set, compare=False)
    """The widest kind and the id of every target that was found."""
    _of_kind: dict[type[Target], tuple[Target, ...]] = field(default_factory=dict, compare=False)
    _of_domain: dict[type[Target], dict[str, list[Target]]] = field(default_factory=dict, compare=False)
    _made: dict[object, Any] = field(default_factory=dict, compare=False)
    """All three are made when they are first asked for."""

    def add(self, target: Target) -> None:
        """Keep ``target`` unless one of its kind and id is known already. Raises TypeError for what is no target."""
        if not isinstance(target, Target):
            raise TypeError(f"{target!r:.60} is no target")
        if not isinstance(target, Undiscovered):
            known = (_widest(type(target)), target.id)
            if known in self._known:
                return
            self._known.add(known)
        self._by_kind.setdefault(target.kind, {}).setdefault(target.id, target)
        self._of_kind.clear()
        self._of_domain.clear()
        self._made.clear()

    def of(self, kind: type[Target]) -> tuple[Target, ...]:
        """The targets of a kind, Undiscovered ones standing in for it included."""
        if kind not in self._of_kind:
            found: dict[str, Target] = {}
            for some, targets in self._by_kind.items():
                for id, target in targets.items() if issubclass(some, kind) else ():
                    found.setdefault(id, target)
            self._of_kind[kind] = tuple(found.values())
        return self._of_kind[kind]

    def found(self, kind: type[T]) -> tuple[T, ...]:
        """The targets of a kind that were found."""
        return self._once(kind, lambda: tuple(target for target in self.of(kind) if isinstance(target, kind)))

    def once(self, make: Callable[[Targets], R]) -> R:
        """What a function makes of all targets: it is called once, and again where one was added."""
        return self._once(make, lambda: make(self))

    def _once(self, key: object, make: Callable[[], R]) -> R:
        if key not in self._made:
            self._made[key] = make()
        return cast(R, self._made[key])

    def missing(self, kind: type[Target]) -> tuple[Undiscovered, ...]:
        """What stands in for targets of a kind that could not be found out."""
        return tuple(target for target in self.of(kind) if isinstance(target, Undiscovered))

    def of_domain(self, kind: type[Target], domain: str) -> tuple[Target, ...]:
        """The targets of a kind that belong to a mail domain, Undiscovered ones standing in for it included."""
        if kind not in self._of_domain:
            by_domain: dict[str, list[Target]] = {}
            for target in self.of(kind):
                for name in target.domains:
                    by_domain.setdefault(name, []).append(target)
            self._of_domain[kind] = by_domain
        return tuple(self._of_domain[kind].get(domain, ()))

    def found_of(self, kind: type[T], domain: str) -> tuple[T, ...]:
        """The targets of a kind that belong to a mail domain and were found."""
        return tuple(target for target in self.of_domain(kind, domain) if isinstance(target, kind))

    def __iter__(self) -> Iterator[Target]:
        for known in self._by_kind.values():
            yield from known.values()

    def __len__(self) -> int:
        return sum(len(known) for known in self._by_kind.values())

    @classmethod
    def collect(cls, targets: Iterable[Target]) -> Targets:
        collected = cls()
        for target in targets:
            collected.add(target)
        return collected


def _widest(kind: type[Target]) -> type[Target]:
    """The kind right below Target that ``kind`` is or derives from."""
    return next(above for above in reversed(kind.__mro__) if issubclass(above, Target) and above is not Target)
