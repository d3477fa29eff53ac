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
    waiver: dict[str, Any] | None = None
    """The waiver that covers the finding, or did until it expired; see ``Waivers.states`` for its keys."""
    change: str = ""
    """Against the baseline: ``new``, ``regressed`` or ``known`` for what is amiss; empty otherwise."""
    proposed: bool = False
    """Whether the verdict rests on a zone as proposed (``--zone``) instead of as published."""

    @property
    def family(self) -> str:
        """The control's family, like ``SPF``."""
        return self.control.split("-")[0]

    @property
    def id(self) -> str:
        """A short name of (control, target) that is the same in every run, for links and fingerprints."""
        return result_id(self.control, self.target)

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a result, the same from run to run."""
        return self.control, self.target


def result_id(control: str, target: str) -> str:
    """A short name of (control, target)."""
    return hashlib.sha256(f"{control}\n{target}".encode(errors="backslashreplace")).hexdigest()[:12]


def make_result(
    control: Control,
    target: str,
    target_type: str,
    judgement: Judgement,
    evidence: tuple[str, ...],
    seconds: float,
    domains: tuple[str, ...] = (),
    place: tuple[str, int] = ("", 0),
    *,
    waiver: dict[str, Any] | None = None,
    change: str = "",
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
        waiver=waiver,
        change=change,
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
    tester: str = ""
    """From where: the name of the machine, and the name that it said in EHLO where that differs."""
    vantage: list[dict[str, str]] = field(default_factory=list)
    """What the tester's own network or clock lacks; see ``Vantage.document``."""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and the libraries that what was seen and judged depends on."""
    complete: bool = True
    """False where the run was interrupted or stopped before every control had judged."""
    unused: list[str] = field(default_factory=list)
    """Controls that were selected but had no target in this inventory."""
    profile: dict[str, Any] | None = None
    """The profile, its source, what it leaves off and what it does not cover; see ``Profile.document``."""
    own_profiles: list[dict[str, Any]] = field(default_factory=list)
    """Profiles that single domains and hosts are judged by; see ``Policy.own_documents``."""
    fail_on: str | None = None
    """The weakest level that closes the gate, where the command line says so; else the profiles do."""
    inconclusive: str = "fail"
    """``fail``: what could not be verified keeps the gate closed; ``warn``: it is only reported."""
    waivers: list[dict[str, Any]] = field(default_factory=list)
    """What became of every waiver; see ``Waivers.states``."""
    strict_waivers: bool = False
    """Whether a waiver that is no longer needed keeps the gate closed."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Former names of domains and hosts to their present ones."""
    baseline: dict[str, Any] | None = None
    """The comparison with an earlier run; see ``Comparison.document``."""

    def counts(self) -> dict[str, int]:
        """How many results have each verdict, all verdicts present."""
        found = Counter(result.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}

    def decision(self) -> Decision:
        """The gate's decision. A run that proved nothing does not open it."""
        reasons = [self.nothing_checked] if self.nothing_checked else []
        if not self.complete:
            reasons.append("the run was stopped before its end")
        closing = Counter((result.verdict, result.change) for result in self.results if self.closes(result))
        for change, word in (("", ""), ("new", "new "), ("regressed", "regressed ")):
            if number := closing[Verdict.FAIL, change]:
                reasons.append(_count(number, f"{word}finding"))
            if number := closing[Verdict.INCONCLUSIVE, change]:
                reasons.append(f"{number} {word}inconclusive")
        expired = sum(result.waiver is not None for result in self.results if self.closes(result))
        if expired:
            reasons.append(f"{expired} of them with an expired waiver")
        unneeded = sum(waiver["state"] == "unneeded" for waiver in self.waivers)
        if unneeded and self.strict_waivers:
            reasons.append(f"{_count(unneeded, 'waiver')} no longer needed")
        return Decision(not reasons, tuple(reasons))

    def tolerated(self) -> tuple[str, ...]:
        """What is amiss and does not keep the gate closed, in a few words each."""
        amiss = Counter(
            "known" if result.change == "known" else result.verdict
            for result in self.results
            if result.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WAIVED) and not self.closes(result)
        )
        words = {"known": "known from the baseline", "waived": "waived", "inconclusive": "inconclusive"}
        return tuple(f"{amiss[name]} {word}" for name, word in words.items() if amiss[name])

    @property
    def nothing_checked(self) -> str:
        """Why the run proved nothing; empty where it did."""
        counts = self.counts()
        if not self.results:
            return "nothing was checked: no control had a target"
        if counts[Verdict.NOT_APPLICABLE] == len(self.results):
            return "nothing was checked: no control applied"
        silent = counts[Verdict.NOT_APPLICABLE] + counts[Verdict.INCONCLUSIVE]
        if self.inconclusive == "warn" and silent == len(self.results):
            return "nothing was checked: nothing could be observed"
        return ""

    def closes(self, result: Result) -> bool:
        """Whether ``result`` keeps the gate closed."""
        if result.verdict == Verdict.INCONCLUSIVE and self.inconclusive == "warn":
            return False
        return result.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) and result.change != "known"

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
            "profile": self.profile,
            "own_profiles": self.own_profiles,
            "fail_on": self.fail_on,
            "inconclusive": self.inconclusive,
            "strict_waivers": self.strict_waivers,
            "renamed": self.renamed,
            "decision": {"open": decision.open, "reasons": list(decision.reasons)},
            "counts": self.counts(),
            "tester": self.tester,
            "vantage": self.vantage,
            "versions": self.versions,
            "traffic": {"connections": self.connections, "questions": self.questions},
            "controls_without_target": self.unused,
            "waivers": self.waivers,
            "baseline": self.baseline,
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
