"""What the page shows, worked out from the JSON document: scores, matrix, groups of equal findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mailproof.controls import Harm, Reference
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict
from mailproof.languages import Language
from mailproof.report.grouping import by_shape, named, shape
from mailproof.report.joining import harm_of
from mailproof.report.selection import unjudged

RANKS = ("must", "should", "may", "inconclusive", "advice", "waived", "pass", "none")
"""How bad a verdict is, the worst first: failures by level, then the rest. ``none`` stands for not applicable."""

BANDS = {
    "must": (0, 39),
    "should": (40, 69),
    "inconclusive": (40, 69),
    "may": (70, 89),
    "advice": (90, 99),
    "waived": (90, 99),
    "pass": (100, 100),
    "none": (100, 100),
}
"""The lowest and highest score by the worst rank that occurs."""

_PASS = RANKS.index("pass")
_RANK_OF_VERDICT = {
    Verdict.PASS: "pass",
    Verdict.ADVICE: "advice",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NOT_APPLICABLE: "none",
    Verdict.WAIVED: "waived",
}

WORDS = {
    "must": "MUST",
    "should": "SHOULD",
    "may": "MAY",
    "advice": "advice",
    "inconclusive": "inconclusive",
    "waived": "waived",
    "pass": "pass",
    "none": "not applicable",
}
"""What the ranks are called."""

NAMED = 3
"""Hosts or domains named for a group at the top of the page."""

FIRST = 4
"""Groups named at the top of the page for each harm."""

SECTIONS = {
    "must": ("Requirements broken", "A MUST of the source is not kept."),
    "should": ("Recommendations broken", "A SHOULD of the source is not kept."),
    "may": ("Options not used", "A MAY of the source that this run's policy asks for."),
    "advice": ("Advice", "Better, and not required: the gate does not close for it."),
    "inconclusive": ("Could not be verified", "Neither right nor wrong: what the verdict rests on was not observed."),
    "waived": ("Waived", "Findings that a waiver covers, for as long as it holds."),
}
"""Title and explanation of the lists of findings, by rank."""


def rank_of(result: Result) -> str:
    """Where a result stands in ``RANKS``."""
    return result.level.lower() if result.verdict is Verdict.FAIL else _RANK_OF_VERDICT[result.verdict]


class Tally(Counter[str]):
    """Numbers of results by rank."""

    @property
    def worst(self) -> str:
        """The worst rank that occurs."""
        return next((rank for rank in RANKS if self[rank]), "none")

    @property
    def applicable(self) -> int:
        """How many results there are, without those that did not apply."""
        return sum(self.values()) - self["none"]

    @property
    def score(self) -> int | None:
        """From 0 to 100; None where nothing applied.

        The worst finding decides the band, and the share of verdicts that pass only the place within it: a domain with
        an open relay never looks better than one with an advice.
        """
        if not self.applicable:
            return None
        lowest, highest = BANDS[self.worst]
        return lowest + (highest - lowest) * self["pass"] // self.applicable

    @property
    def findings(self) -> int:
        """How many failures, of all levels."""
        return self["must"] + self["should"] + self["may"]

    def told(self, words: Mapping[str, str]) -> str:
        """Like ``2 MUST, 1 inconclusive, 14 pass``; ``words`` are those of the ranks."""
        return ", ".join(f"{self[rank]} {words[rank]}" for rank in RANKS if self[rank])

    @property
    def order(self) -> tuple[int, ...]:
        """A key that sorts the worst first."""
        return tuple(-self[rank] for rank in RANKS[:_PASS])


@dataclass(frozen=True)
class Row:
    """One target in a group: a single finding, or what one reason left unjudged there."""

    target: str
    domains: tuple[str, ...]
    message: str
    observed: tuple[str, ...]
    """Lines after the first, which is the message."""
    evidence: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    """Pairs of the result's id and its control."""
    place: str
    """File and line, and who answers for the target."""
    note: str
    """A waiver's reason and end, or what changed since the baseline."""
    subject: str = ""
    """The host or domain that is to be mended."""
    published: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    """What to publish in place of what is published, where the finding says so; nothing where that is to be removed."""


@dataclass(frozen=True)
class Group:
    """Equal findings over one or more targets."""

    rank: str
    control: str
    """Empty where several controls share the reason."""
    families: tuple[str, ...]
    levels: tuple[str, ...]
    title: str
    why: str
    fix: str
    references: tuple[Reference, ...]
    rows: tuple[Row, ...]
    harm: str = ""
    """What the fault does to the mail."""
    unjudged: str = ""
    """What could not be judged because of it, in a sentence; empty where it kept nobody from judging."""

    @property
    def id(self) -> str:
        """Where the page has it: the first of its findings."""
        return self.rows[0].results[0][0]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The hosts or domains that it is about."""
        return tuple(dict.fromkeys(row.subject for row in self.rows))

    def named(self, say: Callable[..., str]) -> str:
        """The subjects, the first ones by name; ``say`` is that of a language."""
        return named(self.subjects, NAMED, say)

    @property
    def message(self) -> str:
        """What was found, where that is the same on all targets; else empty."""
        first = self.rows[0].message
        return first if all(row.message == first for row in self.rows) else ""


@dataclass
class TargetLine:
    """A line of the matrix."""

    name: str
    domains: tuple[str, ...]
    place: str
    """File and line of the inventory."""
    tally: Tally = field(default_factory=Tally)
    cells: dict[str, Tally] = field(default_factory=dict)
    """By family."""
    links: dict[str, str] = field(default_factory=dict)
    """The id of the worst result of a family, where something is amiss."""


@dataclass(frozen=True)
class ControlLine:
    """A line of the list of controls."""

    control: str
    title: str
    level: str
    tally: Tally


@dataclass(frozen=True)
class View:
    """Everything on the page."""

    tally: Tally
    families: tuple[str, ...]
    domains: tuple[tuple[str, Tally], ...]
    """Domains, and hosts that belong to none. The worst first."""
    targets: tuple[TargetLine, ...]
    """The worst first."""
    sections: tuple[tuple[str, tuple[Group, ...]], ...]
    """By rank, in order, without the empty ones."""
    controls: tuple[ControlLine, ...]

    @property
    def first(self) -> tuple[tuple[str, tuple[Group, ...]], ...]:
        """What to mend first, by what it does to the mail, the worst first."""
        failing = [group for rank, groups in self.sections if rank in ("must", "should", "may") for group in groups]
        harms = [str(harm) for harm in Harm]
        failing.sort(key=lambda group: (harms.index(group.harm), RANKS.index(group.rank), -len(group.rows)))
        found: dict[str, list[Group]] = {}
        for group in failing:
            found.setdefault(group.harm, []).append(group)
        return tuple((harm, tuple(groups[:FIRST])) for harm, groups in found.items())

    @property
    def sound(self) -> int:
        """How many domains have nothing amiss."""
        return sum(tally.worst in ("pass", "none") for _, tally in self.domains)


def _folder(result: Result) -> str:
    """The directory of a file that was judged: a card for each of a thousand reports would hide the domains."""
    folder, slash, _ = result.target.rpartition("/")
    return f"{folder}/" if slash and result.target_type.endswith("File") else result.target


def build(results: Iterable[Result], say: Language | None = None) -> View:
    """Work out the view of the document's results, in a language."""
    say = say or Language()
    total = Tally()
    domains: dict[str, Tally] = {}
    targets: dict[str, TargetLine] = {}
    controls: dict[str, ControlLine] = {}
    amiss: dict[str, list[Result]] = {rank: [] for rank in SECTIONS}
    left: dict[tuple[str, str], list[str]] = {}
    families = set()
    for result in results:
        rank = rank_of(result)
        total[rank] += 1
        family = result.family
        families.add(family)
        line = targets.get(result.target)
        if line is None:
            line = targets[result.target] = TargetLine(result.target, result.domains, str(result.place or ""))
        elif line.domains != result.domains:
            line.domains = tuple(dict.fromkeys((*line.domains, *result.domains)))
        line.tally[rank] += 1
        cell = line.cells.setdefault(family, Tally())
        if rank in amiss:
            if RANKS.index(rank) < RANKS.index(cell.worst):
                line.links[family] = result.id
            amiss[rank].append(result)
        cell[rank] += 1
        for card in result.domains or (result.host or _folder(result),):
            domains.setdefault(card, Tally())[rank] += 1
        if result.left_to_target:
            left.setdefault((result.left_to, result.left_to_target), []).append(result.control)
        control = controls.get(result.control)
        if control is None:
            control = ControlLine(result.control, say.of_control(result.expected), result.level, Tally())
            controls[control.control] = control
        control.tally[rank] += 1
    sections = []
    for rank, found in amiss.items():
        groups = _reasons(found, left, say) if rank == "inconclusive" else _findings(rank, found, left, say)
        if groups:
            sections.append((rank, tuple(sorted(groups, key=_gravity))))
    return View(
        tally=total,
        families=tuple(sorted(families)),
        domains=tuple(sorted(domains.items(), key=lambda item: (*_first_worst(item[1]), item[0]))),
        targets=tuple(sorted(targets.values(), key=lambda line: (*line.tally.order, line.name))),
        sections=tuple(sections),
        controls=tuple(controls[id] for id in sorted(controls)),
    )


def _first_worst(tally: Tally) -> tuple[int, int]:
    return RANKS.index(tally.worst), tally.score if tally.score is not None else 101


Left = Mapping[tuple[str, str], list[str]]
"""Controls that could not judge because of a fault, by the control and target that found it."""


def _gravity(group: Group) -> tuple[int, int, str, str]:
    harms = [str(harm) for harm in Harm]
    return harms.index(group.harm), -len(group.rows), group.control, group.title


def _unjudged(results: Iterable[Result], left: Left, say: Language) -> str:
    controls = [control for r in results for control in left.get(r.key, ())]
    return unjudged(controls, say) if controls else ""


def _findings(rank: str, results: Iterable[Result], left: Left, say: Language) -> list[Group]:
    """One group for each control, level, remedy and shape of the message."""
    groups = []
    for _, members in by_shape(results, lambda r: (r.control, r.level, r.fix), _shape):
        first = members[0]
        groups.append(
            Group(
                rank=rank,
                control=first.control,
                families=(first.family,),
                levels=(first.level,),
                title=say.of_control(first.expected),
                why=say.of_control(first.why),
                fix=say.of_control(first.fix),
                references=first.references,
                rows=tuple(_row([result], say) for result in sorted(members, key=lambda r: r.target)),
                harm=str(harm_of(first)),
                unjudged=_unjudged(members, left, say),
            )
        )
    return groups


def _reasons(results: Iterable[Result], left: Left, say: Language) -> list[Group]:
    """One group for each shape of the reason, whatever controls it left without a verdict."""
    groups = []
    for (kind,), members in by_shape(results, lambda r: (r.message.split(":", 1)[0],), _shape):
        by_target: dict[tuple[str, str], list[Result]] = {}
        for result in sorted(members, key=lambda r: (r.target, r.message, r.control)):
            by_target.setdefault((result.target, result.message), []).append(result)
        groups.append(
            Group(
                rank="inconclusive",
                control="",
                families=tuple(sorted({r.family for r in members})),
                levels=tuple(sorted({r.level for r in members})),
                title=members[0].message if len({_shape(r) for r in members}) == 1 else kind,
                why="",
                fix="",
                references=(),
                rows=tuple(_row(same, say) for same in by_target.values()),
                harm=str(Harm.OTHER),
                unjudged=_unjudged(members, left, say),
            )
        )
    return groups


def _shape(result: Result) -> str:
    return shape(result.message, result.target)


def _row(results: list[Result], say: Language) -> Row:
    first = results[0]
    return Row(
        target=first.target,
        domains=first.domains,
        message=first.message.rstrip(":"),
        observed=tuple(first.observed.splitlines()[1:]),
        evidence=first.evidence,
        results=tuple((result.id, result.control) for result in results),
        place="; ".join(part for part in (str(first.place or ""), _owners(first, say)) if part),
        note=_note(first, say),
        subject=first.subject,
        published=tuple(first.remedy.before.splitlines()) if first.remedy else (),
        instead=tuple(first.remedy.after.splitlines()) if first.remedy else (),
    )


def _owners(result: Result, say: Language) -> str:
    return say("owner {names}", names=", ".join(result.owners)) if result.owners else ""


def _note(result: Result, say: Language) -> str:
    parts = [say.of_document(result.change), say("rests on the proposal") if result.proposed else ""]
    if result.waived:
        parts.append(result.told(say))
    if result.waiver:
        parts.append(result.waiver.told(say))
    return "; ".join(part for part in parts if part)
