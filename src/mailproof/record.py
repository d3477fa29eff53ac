"""Records: the targets and observations of a survey as versioned JSON, written atomically, judged again without a
network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mailproof import __version__
from mailproof.documents import UnreadableDocument, json_lines, read_json, write_atomically
from mailproof.inventory.targets import TARGET_TYPES, Target, Targets
from mailproof.net.errors import KINDS, NotObserved
from mailproof.observations import Observation
from mailproof.probes.probe import NoConsent, Outcome, Probe

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
    """What was tried more than once, and what came of each attempt, by the keys of ``outcomes``."""


def write_record(file: Path, record: Record, redact: Callable[[str], str] | None = None) -> None:
    """Write a record so that a reader sees the old file or the whole new one. Raises RecordError.

    ``redact`` takes the secrets out of a text, where there are any.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "mailproof": __version__,
        "inventory": record.inventory,
        "surveyed_at": record.surveyed_at,
        "traffic": {"connections": dict(record.connections), "questions": dict(record.questions)},
    }
    targets: Iterable[Any] = (
        {"target_type": type(target).__name__, **_adapter(type(target)).dump_python(target, mode="json")}
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
    try:
        write_atomically(file, json_lines(document, targets=targets, outcomes=outcomes))
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
        targets = Targets.collect(_load_target(item) for item in document["targets"])
        outcomes = {
            (str(item["probe"]), str(item["target"])): _load(item, probes)
            for item in document["outcomes"]
            if item["probe"] in probes
        }
        traffic = document["traffic"]
        return Record(
            inventory=str(document["inventory"]),
            surveyed_at=str(document["surveyed_at"]),
            targets=targets,
            outcomes=outcomes,
            connections={str(k): int(v) for k, v in traffic["connections"].items()},
            questions={str(k): int(v) for k, v in traffic["questions"].items()},
            attempts={
                (str(item["probe"]), str(item["target"])): tuple(str(line) for line in item["attempts"])
                for item in document["outcomes"]
                if "attempts" in item
            },
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{file}: damaged: {error.title}: {where}: {first['msg']}") from None
    except KeyError as error:
        raise RecordError(f"{file}: damaged: {error} is missing or unknown") from None
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise RecordError(f"{file}: damaged: {type(error).__name__}: {error}") from None


_ADAPTERS: dict[str, TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """pydantic's reader and writer of a dataclass; made once, since that takes a while."""
    if kind.__qualname__ not in _ADAPTERS:
        _ADAPTERS[kind.__qualname__] = TypeAdapter(kind)
    return _ADAPTERS[kind.__qualname__]


def _dump(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Observation):
        return {"observation": _adapter(type(outcome)).dump_python(outcome, mode="json")}
    if isinstance(outcome, NoConsent):
        return {"no_consent": outcome.reason}
    return {"not_observed": {"kind": outcome.kind, "reason": outcome.reason, "evidence": list(outcome.evidence)}}


def _load(item: Mapping[str, Any], probes: Mapping[str, Probe]) -> Outcome:
    if "observation" in item:
        observation = _adapter(probes[item["probe"]].observation).validate_python(item["observation"])
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
    kind = TARGET_TYPES[fields.pop("target_type")]
    target = _adapter(kind).validate_python(fields)
    assert isinstance(target, Target)  # noqa: S101
    return target
