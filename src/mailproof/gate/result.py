"""The result of a run: every verdict with its proof, as plain values; what all reports are rendered from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from mailproof.controls import Control
from mailproof.gate.verdict import Judgement, Verdict

FORMAT = "mailproof-result"
VERSION = 1


@dataclass(frozen=True)
class Result:
    """One verdict. ``evidence`` is the proof, line by line; hostile text in it must be escaped when shown."""

    control: str
    target: str
    target_type: str
    level: str
    verdict: str
    message: str
    """One line for a list."""
    expected: str
    observed: str
    evidence: tuple[str, ...]
    why: str
    fix: str
    references: tuple[tuple[str, str], ...]
    """Pairs of title and address."""
    seconds: float
    domains: tuple[str, ...] = ()
    """Mail domains that the target belongs to."""
    file: str = ""
    """The inventory file that names the target, or its domain; empty where none does."""
    line: int = 0
    """The line in ``file``, from 1."""
    proposed: bool = False
    """Whether the verdict rests on a zone as proposed (``--zone``) instead of as published."""

    @property
    def family(self) -> str:
        """The control's family, like ``SPF``."""
        return self.control.split("-")[0]

    @property
    def id(self) -> str:
        """A short name of (control, target) that is the same in every run, for links and fingerprints."""
        return hashlib.sha256(f"{self.control}\n{self.target}".encode(errors="backslashreplace")).hexdigest()[:12]

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a result, the same from run to run."""
        return self.control, self.target


def make_result(
    control: Control,
    target: str,
    target_type: str,
    judgement: Judgement,
    evidence: tuple[str, ...],
    seconds: float,
    domains: tuple[str, ...] = (),
    place: tuple[str, int] = ("", 0),
    proposed: bool = False,
) -> Result:
    """A result from a judgement. ``place`` is the file and line of the inventory that names the target."""
    observed = judgement.observed
    if judgement.verdict is Verdict.PASS:
        message, observed = control.title, observed or "as expected"
    else:
        message = observed.split("\n", 1)[0]
    return Result(
        control=control.id,
        target=target,
        target_type=target_type,
        level=str(judgement.level),
        verdict=str(judgement.verdict),
        message=message,
        expected=control.title,
        observed=observed,
        evidence=evidence,
        why=control.why,
        fix=control.fix,
        references=tuple((reference.title, reference.url) for reference in control.references),
        seconds=round(seconds, 6),
        domains=domains,
        file=place[0],
        line=place[1],
        proposed=proposed,
    )


@dataclass(frozen=True)
class Decision:
    """Whether the gate opens, and why not."""

    open: bool
    reasons: tuple[str, ...]


@dataclass
class RunResult:
    """Everything that reports need to know of a run."""

    inventory: str
    mailproof: str
    started_at: str
    surveyed_at: str
    replayed: bool
    contact: str | None = None
    results: list[Result] = field(default_factory=list)
    connections: dict[str, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    """False where the run was interrupted or stopped before every control had judged."""
    unused: list[str] = field(default_factory=list)
    """Controls that were selected but had no target in this inventory."""

    def counts(self) -> dict[str, int]:
        """How many results have each verdict, all verdicts present."""
        found = Counter(result.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}

    def decision(self) -> Decision:
        """The gate's decision. A run that proved nothing does not open it."""
        counts = self.counts()
        reasons = []
        if not self.results:
            reasons.append("nothing was checked: no control had a target")
        elif counts[Verdict.NOT_APPLICABLE] == len(self.results):
            reasons.append("nothing was checked: no control applied")
        if not self.complete:
            reasons.append("the run was stopped before its end")
        if counts[Verdict.FAIL]:
            reasons.append(_count(counts[Verdict.FAIL], "finding"))
        if counts[Verdict.INCONCLUSIVE]:
            reasons.append(f"{counts[Verdict.INCONCLUSIVE]} inconclusive")
        return Decision(not reasons, tuple(reasons))

    def sort(self) -> None:
        """Bring the results into the order of control, then target, whatever order they ran in."""
        self.results.sort(key=lambda result: result.key)

    def document(self) -> dict[str, Any]:
        """The versioned JSON document."""
        decision = self.decision()
        return {
            "format": FORMAT,
            "version": VERSION,
            "mailproof": self.mailproof,
            "inventory": self.inventory,
            "contact": self.contact,
            "started_at": self.started_at,
            "surveyed_at": self.surveyed_at,
            "replayed": self.replayed,
            "complete": self.complete,
            "decision": {"open": decision.open, "reasons": list(decision.reasons)},
            "counts": self.counts(),
            "traffic": {"connections": self.connections, "questions": self.questions},
            "controls_without_target": self.unused,
            "results": [_plain(result) for result in self.results],
        }


def _plain(result: Result) -> dict[str, Any]:
    plain = {"id": result.id, "family": result.family, **asdict(result)}
    plain["references"] = [{"title": title, "url": url} for title, url in result.references]
    return plain


def from_reports(items: Iterable[dict[str, Any]]) -> list[Result]:
    """Results that travelled as plain dictionaries (between xdist's processes)."""
    return [
        Result(
            **{
                **{name: value for name, value in item.items() if name not in ("id", "family")},
                "evidence": tuple(item["evidence"]),
                "domains": tuple(item["domains"]),
                "references": tuple((ref["title"], ref["url"]) for ref in item["references"]),
            }
        )
        for item in items
    ]


def to_report(result: Result) -> dict[str, Any]:
    """The inverse of ``from_reports`` for one result."""
    return _plain(result)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
