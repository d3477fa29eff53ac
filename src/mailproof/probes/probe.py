"""What a probe is, and what the survey needs to know of one.

A probe is an async function. Its first parameter is the target that it looks at; the others are filled by
name: ``net`` is the network, ``look`` asks another probe about another target, ``planned`` tells whether the run makes
an observation anyway, ``inventory`` is the inventory, ``targets`` are all targets of the run, ``former`` is what
earlier runs knew of them, and any other name is the probe of that name on the same target.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, get_type_hints

from mailproof.extensions import told
from mailproof.net.errors import NotObserved
from mailproof.net.settings import Limits
from mailproof.observations import Observation
from mailproof.targets.base import Target

O = TypeVar("O", bound=Observation)  # noqa: E741
R = TypeVar("R")


@dataclass(frozen=True)
class Probe:
    """A probe and what its signature says."""

    name: str
    function: Callable[..., Awaitable[Observation]]
    target: type[Target]
    observation: type[Observation]
    needs: tuple[str, ...]
    """Names of the probes of the same target that it builds on."""
    given: tuple[str, ...]
    """Which of ``GIVEN`` it takes."""
    active: bool
    """A server owner may notice it: it runs only with consent."""
    scan: bool
    """A deep scan of TLS: it runs only with a consent of its own."""
    first: bool
    """Must be the first to talk to its host (postscreen tests only strangers)."""
    connections: int | Callable[[Limits], int] = 0
    """Connections that it opens to its target at most, for ``mailproof plan``; or what says so by the limits."""
    peer: str = "{}"
    """Where these connections go, for ``mailproof plan``: ``{}`` is the id of the target, or of its endpoint."""
    looks: tuple[str, ...] = ()
    """Names of probes that it asks about its own target, or the endpoint of it, through ``look``."""
    refusals: int = 0
    """Refusals by a right server that count against the tester (``net.refusals``), at most, for ``mailproof plan``."""
    questions: int = 0
    """Questions that it puts to name servers directly, at most and retries aside, for ``mailproof plan``."""
    on_dead_hosts: bool = False
    """Whether it looks also at hosts that are dead on purpose."""
    full: bool = False
    """It shows what only the full depth of TLS asks: in the usual depth no control that needs it is judged."""

    def missing_consent(self, target: Target) -> str:
        """What the inventory would have to say of ``target``, ``active`` or ``scan``; nothing where it says all."""
        if self.active and not target.active:
            return "active"
        return "scan" if self.scan and not target.scan else ""

    def unwanted(self, target: Target) -> str:
        """Why it does not run on ``target``, by what the inventory says; nothing where it may."""
        if target.dead and not self.on_dead_hosts:
            return f"{target.id} is dead on purpose: the inventory says so (dead: true)"
        missing = self.missing_consent(target)
        return f"needs consent: {missing}: true for {target.mail_host or target.id} in the inventory" if missing else ""

    def most_connections(self, limits: Limits) -> int:
        """Connections that it opens to its target at most, further attempts aside."""
        return self.connections(limits) if callable(self.connections) else self.connections


GIVEN = ("net", "look", "planned", "inventory", "targets", "former")


class Look(Protocol):
    """Asks another probe about another target, through the survey's memo."""

    async def __call__(self, probe: Callable[..., Awaitable[O]], target: Target) -> O: ...


class Planned(Protocol):
    """Whether the run looks at a target with a probe anyway, whoever asks."""

    def __call__(self, probe: Callable[..., Awaitable[Observation]], target: Target) -> bool: ...


async def look_at_each(
    look: Look, probe: Callable[..., Awaitable[O]], endpoints: Iterable[Target], of: Callable[[O], R]
) -> tuple[list[R], tuple[str, ...]]:
    """What ``of`` makes of what ``probe`` sees of each endpoint, and why others could not be looked at.

    Raises what may have passed by now: the survey tries again.
    """
    shown: list[R] = []
    unknown: list[str] = []
    for endpoint in endpoints:
        try:
            shown.append(of(await look(probe, endpoint)))
        except NotObserved as failure:
            if failure.transient:
                raise
            unknown.append(f"{endpoint.id}: {failure.reason}")
    return shown, tuple(unknown)


def probe(
    *,
    active: bool = False,
    scan: bool = False,
    first: bool = False,
    connections: int | Callable[[Limits], int] = 0,
    peer: str = "{}",
    looks: tuple[str, ...] = (),
    refusals: int = 0,
    questions: int = 0,
    on_dead_hosts: bool = False,
    full: bool = False,
) -> Callable[[Callable[..., Awaitable[O]]], Callable[..., Awaitable[O]]]:
    """Make an async function a probe; see the module for its parameters."""

    def decorate(function: Callable[..., Awaitable[O]]) -> Callable[..., Awaitable[O]]:
        function.__probe__ = {  # type: ignore[attr-defined]
            "active": active,
            "scan": scan,
            "first": first,
            "connections": connections,
            "peer": peer,
            "looks": looks,
            "refusals": refusals,
            "questions": questions,
            "on_dead_hosts": on_dead_hosts,
            "full": full,
        }
        return function

    return decorate


def read_probe(function: Callable[..., Any]) -> Probe | None:
    """What the signature of a function marked by ``@probe`` says; None for other functions.

    Raises TypeError where it says too little.
    """
    marked = getattr(function, "__probe__", None)
    if marked is None:
        return None
    called = f"the probe {function.__name__} of {function.__module__}"
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"{called} is no async function")
    try:
        hints = get_type_hints(function)
    except Exception as error:
        raise TypeError(f"{called}: its annotations cannot be read: {told(error)}") from error
    names = tuple(inspect.signature(function).parameters)
    if not names or not _is_a(hints.get(names[0]), Target):
        first = f"its first parameter, {names[0]}," if names else "a first parameter, which it lacks,"
        raise TypeError(f"{called}: {first} must be annotated with the kind of target that it looks at")
    if not _is_a(hints.get("return"), Observation):
        raise TypeError(f"{called} must be annotated with the observation that it returns: `-> AnObservation`")
    return Probe(
        name=function.__name__,
        function=function,
        target=hints[names[0]],
        observation=hints["return"],
        needs=tuple(name for name in names[1:] if name not in GIVEN),
        given=tuple(name for name in names[1:] if name in GIVEN),
        **marked,
    )


def _is_a(hint: object, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def needs_consent(names: Iterable[str], probes: Mapping[str, Probe]) -> str:
    """The consent that any of the named probes, or what it builds on, needs: ``active``, ``scan``, or nothing."""
    for name in names:
        if name in probes:
            entry = probes[name]
            own = "active" if entry.active else "scan" if entry.scan else ""
            if found := own or needs_consent(entry.needs, probes):
                return found
    return ""


@dataclass(frozen=True)
class NoConsent:
    """A probe was not run because the inventory does not want it for the target: no consent, or a host that is dead."""

    reason: str


Outcome = Observation | NotObserved | NoConsent
"""The outcome of a probe on a target."""


class NoConsentError(Exception):
    """An observation was asked for that needs a consent which the inventory does not give."""

    def __init__(self, outcome: NoConsent) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome
