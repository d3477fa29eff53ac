"""Runs parsers on inputs: bounded in time and memory, each failure with the input and the command that repeats it."""

from __future__ import annotations

import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fuzz.mutation import make_input
from tests.fuzz.parser import Parser

SLOWEST = 5.0
"""Seconds of CPU time that one input may take. Inputs have at most 64 KiB: what needs longer can stall a run."""

MEMORY = 3 * 1024**3
"""Octets of address space for a process that fuzzes."""

KINDS = 5
"""Different failures of one parser that are kept; more of the same kind are only counted."""


class TooSlow(Exception):
    """An input took longer than ``SLOWEST``."""


@dataclass(frozen=True)
class Failure:
    """An input on which a parser did what it must not."""

    parser: str
    seed: int
    number: int
    data: bytes
    kind: str
    """Exception and place: failures of one kind have one cause."""
    trace: str

    @property
    def command(self) -> str:
        return f"python -m tests.fuzz {self.parser} --seed {self.seed} --only {self.number}"


@dataclass
class Report:
    """What came of a series of inputs to one parser. ``slowest`` is in seconds, with the number of the input."""

    parser: str
    inputs: int = 0
    accepted: int = 0
    """Inputs that the parser took for valid: none at all would mean that nothing behind its front door was tried."""
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)
    failures: list[Failure] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, other: Report) -> None:
        """Take in what came of another series."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        for failure in other.failures:
            if failure.kind not in self.counts:
                self.failures.append(failure)
        for kind, count in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count


def bound_memory() -> None:
    """Let this process have no more than ``MEMORY``."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


@contextmanager
def little_work(seconds: float = SLOWEST) -> Iterator[None]:
    """Raise TooSlow where the block takes more than so much CPU time, which other processes do not use up."""
    before = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(parser: Parser, seed: int, numbers: Iterable[int]) -> Report:
    """Run a parser on the inputs with these numbers; a warning is a failure. Must be called from the main thread."""
    report = Report(parser.name)
    before = signal.signal(signal.SIGPROF, _too_slow)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for number in numbers:
                _try(parser, seed, number, report)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return report


def _try(parser: Parser, seed: int, number: int, report: Report) -> None:
    data = make_input(parser.name, seed, number, parser.corpus, parser.words)
    signal.setitimer(signal.ITIMER_PROF, SLOWEST)
    started = time.perf_counter()
    try:
        report.accepted += parser.parse(data)
    except Exception as error:
        kind = _kind(error)
        if kind not in report.counts and len(report.failures) < KINDS:
            trace = "".join(traceback.format_exception(error))
            report.failures.append(Failure(parser.name, seed, number, data, kind, trace))
        report.counts[kind] = report.counts.get(kind, 0) + 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.perf_counter() - started
    report.inputs += 1
    report.seconds += seconds
    report.slowest = max(report.slowest, (seconds, number))


def _kind(error: Exception) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "mailproof" in frame.filename]
    place = f"{frames[-1].filename.rpartition('mailproof/')[2]}:{frames[-1].lineno}" if frames else "the property"
    return f"{type(error).__name__} at {place}"


def _too_slow(*_: object) -> None:
    raise TooSlow("too much CPU time was taken")
