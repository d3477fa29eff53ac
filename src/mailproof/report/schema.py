"""The format of the JSON report: its model, its JSON Schema, and the reading of earlier reports.

``python -m mailproof.report.schema FILE`` writes the schema to a file. Keys may be added within a version, so readers
pass over those that they do not know; what a key means, or that it is there, changes with the version only.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mailproof.documents import UnreadableDocument, read_json, write_atomically
from mailproof.gate.result import FORMAT, VERSION
from mailproof.inventory.schema import DIALECT, without_titles


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time with its offset from UTC is expected")
    return text


Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True, use_attribute_docstrings=True)


class ReferenceModel(_Model):
    title: str
    url: str
    """Empty where the source has no address."""


class ResultModel(_Model):
    """One verdict: what one control says of one target."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    """A short name of control and target, the same in every run."""
    family: str
    """The control's family, like SPF."""
    control: str
    target: str
    target_type: str
    level: Literal["MUST", "SHOULD", "MAY"]
    """The level that the verdict counts at (RFC 2119)."""
    verdict: Literal["pass", "fail", "advice", "waived", "not applicable", "inconclusive"]
    message: str
    """What was observed, in one line."""
    expected: str
    """The requirement."""
    observed: str
    """What was observed, or why nothing could be; may have several lines."""
    evidence: list[str]
    """The proof: DNS answers, dialogues, certificates. Text of other people's servers, unescaped."""
    why: str
    """Why it matters."""
    fix: str
    """How to mend it."""
    references: list[ReferenceModel]
    """Who demands it."""
    seconds: Annotated[float, Field(ge=0)]
    """How long judging took, in seconds."""
    domains: list[str]
    """Mail domains that the target belongs to."""
    file: str
    """The inventory file that names the target, relative to the directory of the run; empty where none does."""
    line: Count
    """The line in that file, from 1; 0 where there is none."""
    proposed: bool = False
    """Whether the verdict rests on a zone as proposed, and not as published."""
    left_to: str = ""
    """The control that owns the fault because of which nothing was judged here; empty otherwise."""
    left_to_target: str = ""
    """The target on which that control found the fault, where that is known."""
    host: str = ""
    """The host that the target is, or is a service of; empty where it is none."""
    harm: str = ""
    """What the fault does to the mail."""
    waiver: dict[str, Any] | None = None
    """The waiver that covers the finding, or did until it expired."""
    change: Literal["", "new", "regressed", "known"] = ""
    """What became of it since the baseline; empty without one."""


class DecisionModel(_Model):
    open: bool
    """Whether the gate is open."""
    reasons: list[str]
    """Why it stays closed."""


class TrafficModel(_Model):
    connections: dict[str, Count]
    """Connections by host."""
    questions: dict[str, Count]
    """DNS questions by server."""


class SourceModel(_Model):
    """Who demands what a profile does."""

    title: str = ""
    date: str = ""
    url: str = ""


class ProfileModel(_Model):
    """The profile of a run."""

    name: str
    title: str
    source: SourceModel | None = None
    off: dict[str, str] = {}
    """Controls that it leaves off, with the reason."""
    not_covered: list[str] = []
    """What its source demands and no control tests."""


class OwnProfileModel(_Model):
    """A profile of single domains and hosts."""

    name: str
    entries: list[str]


class WaiverModel(_Model):
    """A waiver, and what became of it."""

    control: str
    target: str
    reason: str
    expires: str
    days_left: int
    state: str
    findings: Count


class DifferenceModel(_Model):
    """What became of one verdict since the baseline."""

    control: str
    target: str
    former: str
    before: str
    after: str


class BaselineModel(_Model):
    """The comparison with an earlier run."""

    inventory: str
    started_at: str
    counts: dict[str, Count]
    new: list[DifferenceModel]
    regressed: list[DifferenceModel]
    mended: list[DifferenceModel]
    gone: list[DifferenceModel]


class FaultModel(_Model):
    """A fault of the tester's own network or clock."""

    fault: str
    """``no resolver``, ``lying resolver``, ``no IPv6``, ``port 25 blocked`` or ``clock wrong``."""
    text: str
    """What it is, from what it was concluded, and what to do."""


class SelectionModel(_Model):
    """What of the suite was judged."""

    partial: bool
    """Whether only a part of it was."""
    by: list[str]
    """What on the command line selected that part."""
    judged: Count
    """Pairs of control and target that were judged."""
    of: Count
    """Pairs that the whole suite has in this inventory."""


class PairModel(_Model):
    """A control on a target."""

    control: str
    target: str


class PointModel(_Model):
    """One run in the trend of an inventory."""

    started_at: str
    score: float | None
    """The share of applicable verdicts that pass, from 0 to 1; null where no control applied."""
    findings: int
    inconclusive: int
    open: bool


class DocumentModel(_Model):
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
    command: list[str] = []
    """The arguments of pytest."""
    selection: SelectionModel | None = None
    """What of the suite was judged."""
    proposals: list[str] = []
    """What was judged as proposed, a line for each zone or host."""
    lost: list[PairModel] = []
    """What is right where it is live and has nothing to judge under the proposal."""
    contact: str | None
    """Whom to ask about the run, as the inventory says."""
    started_at: Moment
    """When the run began."""
    surveyed_at: Moment
    """When the servers were looked at: earlier than the run where a record was judged."""
    replayed: bool
    """Whether a record was judged and nobody contacted."""
    complete: bool
    """False where the run was stopped before its end."""
    decision: DecisionModel
    counts: dict[str, Count]
    """Results by verdict, every verdict named."""
    profile: ProfileModel | None = None
    """The profile that was judged by."""
    own_profiles: list[OwnProfileModel] = []
    """Profiles that single domains and hosts were judged by."""
    fail_on: str | None = None
    """The weakest level that closes the gate, where the command line says so."""
    inconclusive: Literal["fail", "warn"] = "fail"
    """Whether what could not be verified closes the gate."""
    strict_waivers: bool = False
    """Whether a waiver that is no longer needed closes the gate."""
    waivers: list[WaiverModel] = []
    """What became of each waiver."""
    renamed: dict[str, str] = {}
    """Former names of domains and hosts to their present ones."""
    baseline: BaselineModel | None = None
    """The comparison with an earlier run."""
    tester: str = ""
    """From where: the name of the machine, and the name that it said in EHLO where that differs."""
    sources: list[str] = []
    """Addresses that connections left from."""
    vantage: list[FaultModel] = []
    """What the tester itself lacked: what it left unverified says nothing about the servers."""
    versions: dict[str, str] = {}
    """Python and the libraries that what was seen and judged depends on."""
    trend: list[PointModel] = []
    """Runs of this inventory that the history holds, oldest first, this one last; empty without a history."""
    traffic: TrafficModel
    controls_without_target: list[str]
    """Controls that were asked for and had nothing to judge in this inventory."""
    results: list[ResultModel]
    """In the order of control, then target."""


class DocumentError(Exception):
    """The file is not a JSON report that this version can read."""


def read_document(file: Path) -> dict[str, Any]:
    """Read a JSON report as plain values. Raises DocumentError that says what is wrong with the file."""
    try:
        document = read_json(file, "JSON report", FORMAT, VERSION)
    except UnreadableDocument as error:
        raise DocumentError(str(error)) from None
    try:
        DocumentModel.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{file}: damaged: {where}: {first['msg']}") from None
    found = Counter(result["verdict"] for result in document["results"])
    if found != Counter(document["counts"]):
        raise DocumentError(f"{file}: damaged: the counts are not those of the results")
    return document


def schema() -> dict[str, Any]:
    """The schema as plain values (JSON Schema 2020-12)."""
    generated = without_titles(DocumentModel.model_json_schema())
    return {"$schema": DIALECT, "title": f"mailproof result, version {VERSION}", **generated}


def text() -> str:
    """The schema as it stands in ``docs/result.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), [text()])
