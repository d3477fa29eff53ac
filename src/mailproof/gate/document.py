"""The document of a run: every verdict with its proof, and what was decided. All reports are rendered from it.

It is the JSON report, field by field. Fields may be added within a version, so that readers pass over those that they
do not know; what a field means, or that it is there, changes with the version only.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StrictBool, ValidationError

from mailproof.controls import Level, Reference
from mailproof.documents import UnreadableDocument, json_lines, read_json
from mailproof.gate.documentation import DocumentationNote
from mailproof.gate.part import Count, Moment, Number, Part
from mailproof.gate.part import Pair as Pair
from mailproof.gate.receivers import ReportedNote
from mailproof.gate.verdict import Verdict
from mailproof.languages import Language
from mailproof.places import Place
from mailproof.record import adapter, redacted
from mailproof.remedies import Remedy

FORMAT: Literal["mailproof-result"] = "mailproof-result"
VERSION: Literal[1] = 1


P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverNote(Part):
    """The waiver that covers a finding, or did until it expired."""

    control: str
    """The control's id, or a pattern."""
    target: str
    """The target's id, or a pattern."""
    reason: str
    inconclusive: StrictBool = False
    """Whether it also covers what could not be verified."""
    expires: str
    """The last day on which it holds (YYYY-MM-DD, UTC)."""
    owner: str | None = None
    ticket: str | None = None
    days_left: Number
    """Days on which it still holds after that of the run: 0 on its last day, negative once it has expired."""
    line: Count = 0
    """The line of the file in which it stands."""

    @property
    def summary(self) -> str:
        """One line for people: until when, why, who. Text in it must be escaped when shown."""
        return self.told(Language())

    def told(self, say: Language) -> str:
        """The summary in a language."""
        if self.days_left < 0:
            until = say("expired after {day}", day=self.expires)
        elif self.days_left == 0:
            until = say("until {day} (its last day)", day=self.expires)
        elif self.days_left == 1:
            until = say("until {day} (1 day left)", day=self.expires)
        else:
            until = say("until {day} ({n} days left)", day=self.expires, n=self.days_left)
        more = [say("owner {names}", names=self.owner)] if self.owner else []
        more += [say("ticket {name}", name=self.ticket)] if self.ticket else []
        return "; ".join([f"{until}: {self.reason}", *more])


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverState(WaiverNote):
    """A waiver, and what became of it."""

    state: str
    """``used``, ``expired``, ``unneeded`` or ``open``; see ``Waivers.states``."""
    findings: Count
    """How many findings it is meant for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Part):
    """One verdict: what one control says of one target."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    """A short name of control and target, the same in every run."""
    family: str
    """The first word of the control's id, like SPF."""
    control: str
    target: str
    target_type: str
    level: Level
    """The level that the verdict counts at (RFC 2119)."""
    verdict: Verdict
    message: str
    """What was observed, in one line."""
    expected: str
    """The requirement."""
    observed: str
    """What was observed, or why nothing could be; may have several lines."""
    evidence: tuple[str, ...]
    """The proof: DNS answers, dialogues, certificates. Text of other people's servers, unescaped."""
    why: str
    """Why it matters."""
    fix: str
    """How to mend it."""
    references: tuple[Reference, ...]
    """Who demands it."""
    seconds: Annotated[float, Field(ge=0, strict=True)]
    """How long judging took, in seconds."""
    domains: tuple[str, ...]
    """Mail domains that the target belongs to."""
    owners: tuple[str, ...] = ()
    """Who answers for the target, as the inventory says; absent where it names nobody."""
    file: str
    """The inventory file that names the target, relative to the directory of the run; empty where none does."""
    line: Count
    """The line in that file, from 1; 0 where there is none."""
    waiver: WaiverNote | None = None
    """The waiver that covers the finding, or did until it expired."""
    change: Annotated[str, Field(pattern="^(new|regressed|known)?$")] = ""
    """What became of it since the baseline: ``new``, ``regressed`` or ``known``; empty otherwise."""
    proposed: StrictBool = False
    """Whether the verdict rests on a zone as proposed, and not as published."""
    left_to: str = ""
    """The control that owns the fault because of which nothing was judged here; empty otherwise."""
    left_to_target: str = ""
    """The target on which that control found the fault, where that is known."""
    host: str = ""
    """The host that the target is, or is a service of; empty where it is none."""
    harm: str = ""
    """What the fault does to the mail."""
    at: Place | None = None
    """The place of the finding itself, like a line of a server's configuration; absent where it has none."""
    remedy: Remedy | None = None
    """What to publish instead of what is published; absent where that does not follow from what was seen."""
    waived: Annotated[str, Field(pattern="^(fail|advice|inconclusive)?$")] = ""
    """What the verdict would be without the waiver; absent where none is waived, or an earlier version judged."""

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a result, the same from run to run."""
        return self.control, self.target

    def told(self, say: Language) -> str:
        """The verdict in a language, and what it would be without its waiver, like ``waived (inconclusive)``."""
        verdict = say.of_document(self.verdict)
        return f"{verdict} ({say.of_document(self.waived)})" if self.waived else verdict

    @property
    def subject(self) -> str:
        """The host or domain that it is about: who mends one, mends all of its addresses and ports."""
        return self.host or (self.domains[0] if len(self.domains) == 1 else self.target)

    @property
    def place(self) -> Place | None:
        """Where to look: the finding's own place, or else the inventory's line that names the target."""
        return self.at or (Place(self.file, self.line) if self.file else None)


def result_id(control: str, target: str) -> str:
    """A short name of (control, target), the same in every run, for links and fingerprints."""
    return hashlib.sha256(f"{control}\n{target}".encode(errors="backslashreplace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Decision(Part):
    """Whether the gate opens, and why not."""

    open: StrictBool
    """Whether the gate is open."""
    reasons: tuple[str, ...]
    """Why it stays closed."""


@dataclass(frozen=True, slots=True)
class Traffic(Part):
    """What the run asked of others."""

    connections: dict[str, Count] = field(default_factory=dict)
    """Connections by host."""
    questions: dict[str, Count] = field(default_factory=dict)
    """DNS questions by server."""


@dataclass(frozen=True, slots=True)
class Source(Part):
    """Who demands what a profile does."""

    title: str = ""
    url: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNote(Part):
    """A profile that was judged by."""

    name: str
    title: str
    source: Source | None = None
    description: str = ""
    off: dict[str, str] = field(default_factory=dict)
    """Controls that it leaves off, with the reason."""
    not_covered: tuple[str, ...] = ()
    """What its source demands and no control tests."""
    attestation: tuple[str, ...] = ()
    """What its source demands and nobody sees from outside; absent where there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile(ProfileNote):
    """A profile of single domains and hosts."""

    entries: tuple[str, ...]
    """The names of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceNote(Part):
    """What became of one verdict since the baseline. The empty text stands for "not judged"."""

    id: str = ""
    control: str
    target: str
    former: str
    """The target's former id, where that differs."""
    before: str
    after: str
    message: str = ""
    """What was found, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineNote(Part):
    """The comparison with an earlier run."""

    file: str = ""
    """Where its result was read from."""
    inventory: str
    started_at: str
    counts: dict[str, Count]
    new: tuple[DifferenceNote, ...]
    regressed: tuple[DifferenceNote, ...]
    mended: tuple[DifferenceNote, ...]
    known: tuple[DifferenceNote, ...] = ()
    gone: tuple[DifferenceNote, ...]
    targets_added: tuple[str, ...] = ()
    targets_gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TesterFault(Part):
    """A fault of the tester's own network or clock."""

    fault: str
    """``no resolver``, ``lying resolver``, ``no IPv6``, ``port 25 blocked`` or ``clock wrong``."""
    text: str
    """What it is, from what it was concluded, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Part):
    """What of the suite was judged."""

    partial: StrictBool
    """Whether only a part of it was."""
    by: tuple[str, ...]
    """What on the command line selected that part."""
    judged: Count
    """Pairs of control and target that were judged."""
    of: Count
    """Pairs that the whole suite has in this inventory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint(Part):
    """One run in the trend of an inventory."""

    started_at: str
    score: Annotated[float, Field(strict=True)] | None
    """The share of applicable verdicts that pass, from 0 to 1; null where no control applied."""
    findings: Number
    inconclusive: Number
    open: StrictBool


@dataclass(kw_only=True)
class RunDocument(Part):
    """The result of one run."""

    format: Literal["mailproof-result"]
    version: Literal[1]
    """Of this format."""
    mailproof: str
    """The version of mailproof that judged."""
    inventory: str
    """The inventory's name."""
    inventory_hash: str = ""
    """SHA-256 of what the inventory says, secrets aside, in hexadecimal."""
    command: list[str] = field(default_factory=list)
    """The arguments of pytest."""
    selection: Selection | None = None
    """What of the suite was judged."""
    proposals: list[str] = field(default_factory=list)
    """What was judged as proposed, a line for each zone or host."""
    zones_without: list[str] = field(default_factory=list)
    """Records that zones of the inventory were read without, and why: no master file can hold them."""
    lost: list[Pair] = field(default_factory=list)
    """What is right where it is live and has nothing to judge under the proposal."""
    contact: str | None
    """Whom to ask about the run, as the inventory says."""
    documentation: DocumentationNote | None = None
    """Where each control has a page; absent where the inventory names no place."""
    run: str = ""
    """The number of the run that looked at the servers, which their owners may know from their logs; absent where an
    earlier version looked."""
    started_at: Moment
    """When the run began."""
    surveyed_at: Moment
    """When the servers were looked at: earlier than the run where a record was judged."""
    replayed: StrictBool
    """Whether a record was judged and nobody contacted."""
    complete: StrictBool
    """False where the run was stopped before its end."""
    profile: ProfileNote | None = None
    """The profile that was judged by."""
    own_profiles: list[OwnProfile] = field(default_factory=list)
    """Profiles that single domains and hosts were judged by."""
    fail_on: str | None = None
    """The weakest level that closes the gate, where the command line says so."""
    inconclusive: Literal["fail", "warn"] = "fail"
    """Whether what could not be verified closes the gate."""
    strict_waivers: StrictBool = False
    """Whether a waiver that is no longer needed closes the gate."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Former names of domains and hosts to their present ones."""
    decision: Decision
    counts: dict[str, Count]
    """Results by verdict, every verdict named."""
    tester: str = ""
    """From where: the name of the machine, and the name that it said in EHLO where that differs."""
    sources: list[str] = field(default_factory=list)
    """Addresses that connections left from."""
    vantage: list[TesterFault] = field(default_factory=list)
    """What the tester itself lacked: what it left unverified says nothing about the servers."""
    versions: dict[str, str] = field(default_factory=dict)
    """Python and the libraries that what was seen and judged depends on."""
    traffic: Traffic
    controls_without_target: list[str]
    """Controls that were asked for and had nothing to judge in this inventory."""
    waivers: list[WaiverState] = field(default_factory=list)
    """What became of each waiver."""
    baseline: BaselineNote | None = None
    """The comparison with an earlier run."""
    trend: list[TrendPoint] = field(default_factory=list)
    """Runs of this inventory that the history holds, oldest first, this one last; absent without a history."""
    reported: list[ReportedNote] = field(default_factory=list)
    """What aggregate reports say of each domain; absent where the inventory names none."""
    results: list[Result]
    """In the order of control, then target."""

    @property
    def scope(self) -> str:
        """``whole``: the inventory as it is; ``part`` of the suite; or ``proposed``: as it would be."""
        if self.proposals:
            return "proposed"
        return "part" if self.selection is not None and self.selection.partial else "whole"

    def page_of(self, family: str, control: str) -> str:
        """The URL of the page of a family's control in the documentation; empty where none is known."""
        return self.documentation.page(family, control) if self.documentation is not None else ""

    def closes(self, result: Result) -> bool:
        """Whether ``result`` keeps the gate closed."""
        if result.verdict is Verdict.INCONCLUSIVE and self.inconclusive == "warn":
            return False
        return result.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) and result.change != "known"

    def tolerated(self) -> tuple[str, ...]:
        """What is amiss and does not keep the gate closed, in a few words each."""
        unseen = str(Verdict.INCONCLUSIVE)
        amiss = Counter(
            "known" if result.change == "known" else "unseen" if result.waived == unseen else str(result.verdict)
            for result in self.results
            if result.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WAIVED) and not self.closes(result)
        )
        words = {
            "known": "known from the baseline",
            "waived": "waived",
            "unseen": "inconclusive and waived",
            unseen: unseen,
        }
        return tuple(f"{amiss[name]} {word}" for name, word in words.items() if amiss[name])


class DocumentError(Exception):
    """The file is not a JSON report that this version can read."""


def parsed(kind: type[P], plain: object) -> P:
    """A part of the document from plain values. Raises pydantic's ValidationError."""
    part: P = adapter(kind).validate_python(plain)
    return part


def plain(part: Part) -> dict[str, Any]:
    """A part of the document as it stands in JSON and travels between the processes of pytest-xdist."""
    found: dict[str, Any] = adapter(type(part)).dump_python(part, mode="json")
    if isinstance(part, Result):
        for name in ("at", "remedy", "owners", "waived"):
            if not found[name]:
                del found[name]
    return found


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong with a part, and where, like ``results.3.level: Field required``."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def without_secrets(part: P, redact: Callable[[str], str], ours: Collection[str] = ()) -> P:
    """``part`` with every text of others redacted; fields named in ``ours`` hold words of mailproof's own."""
    shown = {name: value if name in ours else redacted(value, redact) for name, value in plain(part).items()}
    return parsed(type(part), shown)


def as_json(document: RunDocument) -> Iterator[str]:
    """The JSON report, piece by piece: a large run has very many results."""
    later = ("trend", "run", "reported", "documentation", "zones_without")
    absent: dict[str, Any] = {name: True for name in later if not getattr(document, name)}
    unsaid = {"attestation"}
    if document.profile is not None and not document.profile.attestation:
        absent["profile"] = unsaid
    absent["own_profiles"] = {at: unsaid for at, note in enumerate(document.own_profiles) if not note.attestation}
    absent["results"] = True
    head = adapter(RunDocument).dump_python(document, mode="json", exclude=absent)
    return json_lines(head, results=map(plain, document.results))


def read_document(file: Path) -> RunDocument:
    """Read a JSON report. Raises DocumentError that says what is wrong with the file."""
    try:
        found = read_json(file, "JSON report", FORMAT, VERSION)
    except UnreadableDocument as error:
        raise DocumentError(str(error)) from None
    try:
        document = parsed(RunDocument, found)
    except ValidationError as error:
        raise DocumentError(f"{file}: damaged: {first_fault(error)}") from None
    counted = Counter(str(result.verdict) for result in document.results)
    if not set(document.counts) <= set(Verdict) or counted != Counter(document.counts):
        raise DocumentError(f"{file}: damaged: the counts are not those of the results")
    return document


def count(number: int, noun: str) -> str:
    """Like ``1 finding`` and ``2 findings``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
