"""Records: the targets and observations of a survey as versioned JSON, written atomically, judged again without a
network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mailproof import __version__
from mailproof.documents import UnreadableDocument, json_lines, read_json, write_atomically
from mailproof.former_records import FORMER, TODAY, Handshakes, todays
from mailproof.inventory.load import LoadedInventory
from mailproof.net.errors import KINDS, NotObserved
from mailproof.net.text import printable
from mailproof.observations import Observation
from mailproof.probes.probe import NoConsent, Outcome, Probe
from mailproof.targets.base import Target, Targets, kinds
from mailproof.targets.former import as_now
from mailproof.targets.mail import MailDomain

FORMAT = "mailproof-record"
VERSION = 1


class RecordError(Exception):
    """The file is not a record that this version can read, or cannot be written."""


@dataclass(frozen=True)
class Record:
    """What a survey saw. ``surveyed_at`` is ISO 8601 in UTC; ``traffic`` counts connections and questions by peer."""

    inventory: str
    surveyed_at: str
    targets: Targets
    outcomes: dict[tuple[str, str], Outcome]
    connections: Mapping[str, int]
    questions: Mapping[str, int]
    attempts: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """The attempts at what was tried more than once, by the keys of ``outcomes``."""
    root_signature: tuple[str, str] | None = None
    """When the signature of the DNS root begins and ends (ISO 8601): what tells the day that no host under test can."""
    clock_synchronised: bool | None = None
    """Whether the kernel said that its clock follows a time source; None if it did not say."""
    lacks: tuple[str, ...] = ()
    """What servers may refuse the tester for, see ``probes.identity``."""
    run: str = ""
    """The number of the run, as the envelope sender may have shown it."""
    entries: tuple[str, ...] | None = None
    """What the inventory names, see ``LoadedInventory.entries``; None in records that do not say."""

    def check_inventory(self, loaded: LoadedInventory, file: Path) -> None:
        """Raise RecordError unless the record, read from ``file``, is one of what ``loaded`` names."""
        redact = loaded.redact  # a record is written without secrets
        if self.entries is not None:
            known, wanted = set(map(redact, self.entries)), set(map(redact, loaded.entries))
        else:
            known = {redact(f"domain {target.id}") for target in self.targets.of(MailDomain)}
            wanted = {redact(entry) for entry in loaded.entries if entry.startswith("domain ")}
        missing, foreign = sorted(wanted - known), sorted(known - wanted)
        if missing or foreign:
            parts = [f"not in it: {_some(missing)}"] if missing else []
            parts += [f"only in it: {_some(foreign)}"] if foreign else []
            raise RecordError(
                f"{file}: a record of another inventory ({self.inventory}, {self.surveyed_at}): {'; '.join(parts)}"
            )


def write_record(file: Path, record: Record, redact: Callable[[str], str] | None = None) -> None:
    """Write a record so that a reader sees the old file or the whole new one. Raises RecordError.

    ``redact`` takes the secrets out of a text, where there are any.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "mailproof": __version__,
        "inventory": record.inventory,
        "run": record.run,
        "lacks": list(record.lacks),
        "entries": record.entries,
        "root_signature": record.root_signature,
        "clock_synchronised": record.clock_synchronised,
        "surveyed_at": record.surveyed_at,
        "traffic": {"connections": dict(record.connections), "questions": dict(record.questions)},
    }
    targets: Iterable[Any] = (
        {"target_type": type(target).__name__, **adapter(type(target)).dump_python(target, mode="json")}
        for target in record.targets
    )
    outcomes: Iterable[Any] = (
        {
            "probe": name,
            "target": target,
            **_dump(outcome),
            **({"attempts": list(record.attempts[name, target])} if (name, target) in record.attempts else {}),
        }
        for (name, target), outcome in record.outcomes.items()
    )
    if redact is not None:
        document = redacted(document, redact)
        targets, outcomes = ((redacted(item, redact) for item in items) for items in (targets, outcomes))
    sealed = ({**item, "seal": _seal(item)} for item in outcomes)
    try:
        write_atomically(file, json_lines(document, targets=targets, outcomes=sealed))
    except OSError as error:
        raise RecordError(f"{file}: cannot be written: {error.strerror}") from None


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Plain ``value`` with every text in it redacted. Keys of mappings are ours and stay.

    It is done before the text is quoted for JSON: a secret may hold what JSON writes otherwise, or be a word of it.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [redacted(item, redact) for item in value]
    if isinstance(value, dict):
        return {key: redacted(item, redact) for key, item in value.items()}
    return value


def read_record(file: Path, probes: Mapping[str, Probe]) -> Record:
    """Read a record. Raises RecordError that says what is wrong with the file."""
    try:
        document = read_json(
            file, "record", FORMAT, VERSION, missing=f"; `pytest --inventory ... --record {file}` writes one"
        )
    except UnreadableDocument as error:
        raise RecordError(str(error)) from None
    try:
        targets = Targets.collect(_load_target(now) for item in document["targets"] for now in as_now(item))
        known = {name: probe.observation for name, probe in probes.items()}
        outcomes = _outcomes(document["outcomes"], known)
        if TODAY in probes:
            former = _outcomes(document["outcomes"], dict.fromkeys(FORMER, Handshakes))
            outcomes = todays(former) | outcomes
        traffic = document["traffic"]
        return Record(
            inventory=str(document["inventory"]),
            surveyed_at=_moment(document["surveyed_at"]),
            targets=targets,
            outcomes=outcomes,
            connections={str(k): int(v) for k, v in traffic["connections"].items()},
            questions={str(k): int(v) for k, v in traffic["questions"].items()},
            attempts=_attempts(document["outcomes"]),
            root_signature=_window(document.get("root_signature")),
            clock_synchronised=document.get("clock_synchronised"),
            run=str(document.get("run", "")),
            lacks=tuple(map(str, document.get("lacks", ()))),
            entries=tuple(str(entry) for entry in document["entries"]) if document.get("entries") is not None else None,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(printable(f"{file}: damaged: {error.title}: {where}: {first['msg']}")) from None
    except KeyError as error:
        raise RecordError(f"{file}: damaged: {error} is missing or unknown") from None
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise RecordError(printable(f"{file}: damaged: {error}")) from None


def _moment(text: object) -> str:
    """A time in ISO 8601 with its offset. Raises ValueError."""
    if datetime.fromisoformat(str(text)).tzinfo is None:
        raise ValueError(f"{text!r:.60} is not a time with its offset from UTC")
    return str(text)


def _window(times: Any) -> tuple[str, str] | None:
    if times is None:
        return None
    begin, end = times
    return _moment(begin), _moment(end)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """pydantic's reader and writer of a dataclass; made once, since that takes a while."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _dump(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Observation):
        observation = adapter(type(outcome)).dump_python(outcome, mode="json")
        return {"observation": observation}
    if isinstance(outcome, NoConsent):
        return {"no_consent": outcome.reason}
    return {"not_observed": {"kind": outcome.kind, "reason": outcome.reason, "evidence": list(outcome.evidence)}}


def _seal(item: Mapping[str, Any]) -> str:
    """What ties an outcome to its probe and target: a digest of all that the record says of it."""
    content = {name: value for name, value in item.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _attempts(items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[str, ...]]:
    attempts: dict[tuple[str, str], tuple[str, ...]] = {}
    for item in items:
        if "attempts" in item:
            key = (TODAY if item["probe"] in FORMER else str(item["probe"]), str(item["target"]))
            attempts[key] = (*attempts.get(key, ()), *map(str, item["attempts"]))
    return attempts


def _outcomes(
    items: Iterable[Mapping[str, Any]], kinds: Mapping[str, type[Observation]]
) -> dict[tuple[str, str], Outcome]:
    """The outcomes of the probes that ``kinds`` names, by probe and target."""
    return {
        (str(item["probe"]), str(item["target"])): _load(item, kinds[item["probe"]])
        for item in items
        if item["probe"] in kinds
    }


def _load(item: Mapping[str, Any], kind: type[Observation]) -> Outcome:
    if item.get("seal", "") not in ("", _seal(item)):
        raise ValueError(f"{item['probe']} of {item['target']} was changed, or belongs to another target")
    if "observation" in item:
        observation = adapter(kind).validate_python(item["observation"])
        assert isinstance(observation, Observation)  # noqa: S101
        return observation
    if "no_consent" in item:
        return NoConsent(str(item["no_consent"]))
    failure = item["not_observed"]
    return KINDS.get(failure["kind"], NotObserved)(
        str(failure["reason"]), tuple(str(line) for line in failure["evidence"])
    )


def _load_target(item: Mapping[str, Any]) -> Target:
    fields = dict(item)
    kind = kinds()[fields.pop("target_type")]
    target = adapter(kind).validate_python(fields)
    assert isinstance(target, Target)  # noqa: S101
    return target
