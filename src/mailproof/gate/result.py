"""The result of a run: every verdict with its proof, as plain values; what all reports are rendered from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, overload

from mailproof.controls import Control
from mailproof.gate.verdict import Judgement, Verdict

FORMAT = "mailproof-result"
VERSION = 1


@dataclass(frozen=True, slots=True)
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
    left_to: str = ""
    """The control that owns the fault because of which nothing was judged here; empty otherwise."""
    left_to_target: str = ""
    """The target on which ``left_to`` found the fault, where that is known."""
    host: str = ""
    """The host that the target is, or is a service of; empty where it is none."""
    harm: str = ""
    """What a finding does to the mail; see ``Harm``."""

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


_FIELDS = tuple(field.name for field in fields(Result))


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
    host: str = "",
    left_to_target: str = "",
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
        why=judgement.why or control.why,
        fix=judgement.fix or control.fix,
        references=tuple((reference.title, reference.url) for reference in control.references),
        seconds=round(seconds, 6),
        domains=domains,
        file=place[0],
        line=place[1],
        waiver=waiver,
        change=change,
        proposed=proposed,
        left_to=judgement.left_to,
        left_to_target=left_to_target,
        host=host,
        harm="" if judgement.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE) else str(control.harm),
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
    """The inventory's name."""
    mailproof: str
    started_at: str
    surveyed_at: str
    replayed: bool
    contact: str | None = None
    results: list[Result] = field(default_factory=list)
    connections: dict[str, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    inventory_hash: str = ""
    """Of what the inventory says, secrets aside: SHA-256 in hexadecimal."""
    command: list[str] = field(default_factory=list)
    """The arguments of pytest."""
    narrowing: list[str] = field(default_factory=list)
    """Everything on the command line that selects a part of the suite, as it was written."""
    judgeable: int = 0
    """Pairs of control and target that the whole suite has in this inventory."""
    proposals: list[str] = field(default_factory=list)
    """What was judged as proposed, a line for each zone or host."""
    compares_live: bool = False
    """Whether what is live was judged first, and only what the proposal breaks closes the gate."""
    accept_lost: list[str] = field(default_factory=list)
    """Patterns of control or target ids whose loss under the proposal is meant."""
    lost: list[tuple[str, str]] = field(default_factory=list)
    """(control, target) pairs that are right where it is live and have nothing to judge under the proposal."""
    other_failures: int = 0
    """Failures of tests that are no controls."""
    problems: list[str] = field(default_factory=list)
    """What the run was asked for and could not do."""
    sources: list[str] = field(default_factory=list)
    """Addresses that connections left from."""
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
        if self.lost:
            reasons.append(f"{_count(len(self.lost), 'verdict')} lost by the proposal")
        if self.proposals and self.results and not any(result.proposed for result in self.results):
            reasons.append("nothing that was judged rests on the proposal")
        unneeded = sum(waiver["state"] == "unneeded" for waiver in self.waivers)
        if unneeded and self.strict_waivers:
            reasons.append(f"{_count(unneeded, 'waiver')} no longer needed")
        if self.other_failures:
            reasons.append(f"{_count(self.other_failures, 'failure')} of tests that are no controls")
        return Decision(not reasons, tuple(reasons))

    @property
    def exit_code(self) -> int:
        """The exit code that says the same as the decision: 0 open, 5 nothing was checked, 1 everything else."""
        if self.decision().open:
            return 0
        return 5 if self.nothing_checked and self.complete and not self.other_failures else 1

    @property
    def is_partial(self) -> bool:
        """Whether only a part of the suite was judged."""
        return bool(self.narrowing) or len(self.results) < self.judgeable

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
        if silent == len(self.results) and not any(map(self.closes, self.results)):
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
        """The versioned JSON document. Its results are made when they are looked at: a large run has very many."""
        decision = self.decision()
        return {
            "format": FORMAT,
            "version": VERSION,
            "mailproof": self.mailproof,
            "inventory": self.inventory,
            "inventory_hash": self.inventory_hash,
            "command": self.command,
            "selection": {
                "partial": self.is_partial,
                "by": self.narrowing,
                "judged": len(self.results),
                "of": max(self.judgeable, len(self.results)),
            },
            "proposals": self.proposals,
            "lost": [{"control": control, "target": target} for control, target in self.lost],
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
            "sources": self.sources,
            "vantage": self.vantage,
            "versions": self.versions,
            "traffic": {"connections": self.connections, "questions": self.questions},
            "controls_without_target": self.unused,
            "waivers": self.waivers,
            "baseline": self.baseline,
            "results": PlainResults(self.results),
        }


class PlainResults(Sequence[dict[str, Any]]):
    """Results as they stand in the JSON document, each made anew whenever it is looked at."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._results = results

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        found = self._results[index]
        return to_plain(found) if isinstance(found, Result) else [to_plain(result) for result in found]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(to_plain, self._results)

    def __len__(self) -> int:
        return len(self._results)


def to_plain(result: Result) -> dict[str, Any]:
    """A result as it stands in the JSON document and travels between xdist's processes."""
    plain = {name: getattr(result, name) for name in _FIELDS}
    references = [{"title": title, "url": url} for title, url in result.references]
    return {"id": result.id, "family": result.family, **plain, "references": references}


def from_plain(plain: Mapping[str, Any]) -> Result:
    """The inverse of ``to_plain``."""
    values = {name: value for name, value in plain.items() if name not in ("id", "family")}
    values["evidence"] = tuple(plain["evidence"])
    values["domains"] = tuple(plain["domains"])
    values["references"] = tuple((ref["title"], ref["url"]) for ref in plain["references"])
    return Result(**values)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
