"""The results of a shard on disk: gzip, a JSON object a line, and nothing in it that a line could do without.

The first line says of which shard and plan it is, the last what the shard did as a whole. Between them stands a result
a line, sorted by control and target, so that any number of shards are read as one stream. What all results of a control
have in common is in the plan; of what is right, or does not apply, the proof is left out.
"""

from __future__ import annotations

import gzip
import heapq
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from mailproof.controls import Level
from mailproof.documents import replacing
from mailproof.fleet.plan import FleetError, Plan, read_division
from mailproof.gate.document import Result, Traffic, parsed, plain, result_id
from mailproof.gate.verdict import Verdict
from mailproof.record import adapter
from mailproof.references import Reference

FORMAT = "mailproof-shard"
VERSION = 1
LEVEL = 3
"""Of compression: more takes twice the time of judging and saves a tenth."""

RIGHT = (Verdict.PASS, Verdict.NOT_APPLICABLE)
DELETE = "; delete the file and run again"
"""How a shard is mended."""

PROVEN = frozenset(Verdict) - set(RIGHT)
"""Verdicts whose proof is kept."""

_VERDICTS = frozenset(map(str, Verdict))
_LEVELS = frozenset(map(str, Level))
_WORST_FIRST = (
    *(Verdict.FAIL, Verdict.WAIVED, Verdict.INCONCLUSIVE),
    *(verdict for verdict in Verdict if verdict not in (*RIGHT, Verdict.FAIL, Verdict.WAIVED, Verdict.INCONCLUSIVE)),
    *RIGHT,
)

_RARE = ("waiver", "at", "remedy", "owners", "waived")
"""Fields that most results leave empty, and that are parts of their own or absent."""

_EMPTY: dict[str, Any] = {
    "evidence": [],
    "waiver": None,
    "change": "",
    "proposed": False,
    "left_to": "",
    "left_to_target": "",
    "host": "",
}

_WRITTEN = tuple(
    field.name for field in fields(Result) if field.name not in ("id", "seconds", "evidence", "references", *_RARE)
)
_written, _rare = attrgetter(*_WRITTEN), attrgetter(*_RARE)
_OFTEN_USUAL = tuple(
    name for name in _WRITTEN if name in (*_EMPTY, "family", "expected", "why", "fix", "harm", "message", "observed")
)
"""Fields of ``_WRITTEN`` that mostly say what they usually do."""


@dataclass(frozen=True, kw_only=True)
class DomainTotal:
    """What was said of a domain, of its hosts in the same shard too."""

    mx: str
    """Who runs its most preferred MX host: the registrable domain of the host; empty without one."""
    ns: str
    """Who runs its name servers."""
    counts: dict[str, int]
    """Results by verdict."""
    musts: int = 0
    """Failures of level MUST."""


@dataclass(frozen=True, kw_only=True)
class ShardTotal:
    """What a shard did as a whole."""

    surveyed_at: str
    run: str = ""
    """The number of the survey, as the envelope sender may have shown it."""
    results: int = 0
    domains: dict[str, DomainTotal] = field(default_factory=dict)
    """The shard's own domains."""
    traffic: Traffic = field(default_factory=Traffic)
    vantage: tuple[tuple[str, str], ...] = ()
    """Faults of the tester, and what is said of them."""
    controls_without_target: tuple[str, ...] = ()
    covered: dict[int, int] = field(default_factory=dict)
    """How many pairs of control and target each waiver is meant for, by its index."""
    judgeable: int = 0
    """Pairs of control and target that the whole suite has here."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What took how long: ``discovery``, ``survey``, ``judging``, and ``cpu`` for all of it."""
    memory: int = 0
    """The most memory that the process had, in octets."""


Line = tuple[tuple[str, str, str], Mapping[str, Any]]
"""Control, target and kind of target, by which lines are sorted, and the line itself."""


def result_file(directory: Path, number: int) -> Path:
    """Where the results of a shard are."""
    return directory / "results" / f"{number:05}.jsonl.gz"


def lean(result: Result, texts: Mapping[str, Any]) -> dict[str, Any]:
    """A result without what follows from the rest of it and from the ``texts`` of its control.

    Most results have nothing that is made of parts, and pydantic is not asked for them.
    """
    line: dict[str, Any] = dict(zip(_WRITTEN, _written(result), strict=True))
    if result.evidence and result.verdict not in RIGHT:
        line["evidence"] = list(result.evidence)
    if _plain_references(result.references) != texts["references"]:
        line["references"] = _plain_references(result.references)
    if any(_rare(result)):
        written = plain(result)
        line |= {name: written[name] for name in _RARE if written.get(name)}
    usual = _usual(line, texts)
    for name in _OFTEN_USUAL:
        if name in usual and line[name] == usual[name]:
            del line[name]
    return line


@lru_cache(maxsize=4096)
def _plain_references(references: tuple[Reference, ...]) -> list[dict[str, str]]:
    return [asdict(reference) for reference in references]


def whole(line: Mapping[str, Any], texts: Mapping[str, Any]) -> Result:
    """A result from its line. Raises ValidationError, KeyError."""
    found = {"id": result_id(line["control"], line["target"]), "seconds": 0.0, **_usual(line, texts), **line}
    found.setdefault("observed", found.get("message"))
    return parsed(Result, found)


def _usual(line: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of a result are, unless its line says otherwise."""
    usual = {**_EMPTY, **texts}
    if line["verdict"] in RIGHT:
        usual["harm"] = ""
    if line["verdict"] == Verdict.PASS:
        usual |= {"message": texts["expected"], "observed": "as expected"}
    elif "message" in line:
        usual["observed"] = line["message"]
    return usual


def write_shard(
    file: Path, number: int, plan: Plan, results: Iterable[Result], total: Callable[[], ShardTotal]
) -> None:
    """Write the results of a shard in one step: whoever looks sees all of them, or none. ``total`` is called at the end
    for what the last line says. Raises OSError.
    """
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    head = {"format": FORMAT, "version": VERSION, "shard": number, "plan": plan.digest, "started_at": plan.started_at}
    with replacing(file) as stream, gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as packed:
        packed.write(f"{encode(head)}\n".encode())
        for result in results:
            line = encode(lean(result, plan.controls[result.control]))
            packed.write(f"{line}\n".encode(errors="backslashreplace"))
        last = encode({"total": adapter(ShardTotal).dump_python(total(), mode="json")})
        packed.write(f"{last}\n".encode(errors="backslashreplace"))


def is_done(directory: Path, number: int, plan: Plan) -> bool:
    """Whether the results of a shard are there. Raises FleetError for those of another plan."""
    file = result_file(directory, number)
    if not file.exists():
        return False
    head = _head(file, number, _lines(file))
    if (head.get("plan"), head.get("started_at")) != (plan.digest, plan.started_at):
        raise FleetError(f"{file}: results of another plan; delete the file and run again")
    return True


def _damaged(file: Path, why: object) -> FleetError:
    return FleetError(f"{file}: damaged: {str(why).split(chr(10), 1)[0]}{DELETE}")


def _head(file: Path, number: int, lines: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The first line. Raises FleetError if it is not that of this shard."""
    head = next(lines, None)
    if head is None:
        raise _damaged(file, "it is empty")
    if head.get("shard") != number:
        raise _damaged(file, f"it says that it holds shard {head.get('shard')!r:.20}")
    return head


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Raises FleetError for what cannot be read."""
    try:
        with gzip.open(file) as stream:
            for number, octets in enumerate(stream):
                line = from_json(octets)
                if not isinstance(line, dict):
                    raise ValueError(f"line {number + 1} is no JSON object")
                if number == 0 and (line.get("format"), line.get("version")) != (FORMAT, VERSION):
                    raise FleetError(f"{file}: no results of a shard that this version reads")
                yield line
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(file, error) from None


def lines_of(directory: Path, number: int, totals: dict[int, ShardTotal]) -> Iterator[Line]:
    """The lines of a shard in order; its total is put into ``totals`` when the last of them was read.

    Raises FleetError.
    """
    file = result_file(directory, number)
    lines = _lines(file)
    _head(file, number, lines)
    last, count = ("", "", ""), 0
    try:
        for line in lines:
            if "total" in line:
                total: ShardTotal = adapter(ShardTotal).validate_python(line["total"])
                _check_total(directory, number, total, count)
                if next(lines, None) is not None:
                    raise ValueError("something follows its last line")
                totals[number] = total
                return
            key = _key(line)
            if key < last:
                raise ValueError(f"{key[0]} on {key[1]} is not where it belongs by control and target")
            last, count = key, count + 1
            yield key, line
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(file, error) from None
    raise _damaged(file, "it ends too early")


def _key(line: Mapping[str, Any]) -> tuple[str, str, str]:
    """What a line is sorted by. Raises ValueError, KeyError or TypeError for one that is no line of results."""
    key = line["control"], line["target"], line["target_type"]
    if not all(isinstance(part, str) for part in key):
        raise ValueError(f"{key!r:.80}: control, target and kind of target are text")
    if line["verdict"] not in _VERDICTS or line["level"] not in _LEVELS:
        raise ValueError(f"{key[0]} on {key[1]}: there is no such verdict or level")
    domains = line["domains"]
    if not isinstance(domains, list) or not all(isinstance(name, str) for name in domains):
        raise ValueError(f"{key[0]} on {key[1]}: domains are a list of names")
    return key


def _check_total(directory: Path, number: int, total: ShardTotal, count: int) -> None:
    """Raises ValueError if the last line of a shard is not that of its results."""
    if total.results != count:
        raise ValueError(f"it says that it holds {total.results} results, and holds {count}")
    if total.domains.keys() != read_division(directory, number).own:
        raise ValueError("its domains are not those that the plan gives to this shard")


def all_lines(directory: Path, plan: Plan, totals: dict[int, ShardTotal]) -> Iterator[Mapping[str, Any]]:
    """The lines of all shards as one stream. Raises FleetError."""
    return lines_together(directory, range(1, plan.shards + 1), totals)


def lines_together(
    directory: Path, shards: Iterable[int], totals: dict[int, ShardTotal]
) -> Iterator[Mapping[str, Any]]:
    """The lines of some shards as one stream, sorted by control and target. What two shards judged is there once,
    as the one says that found more amiss.

    Raises FleetError.
    """
    streams = [lines_of(directory, number, totals) for number in shards]
    for _, same in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        lines = [line for _, line in same]
        worst = min(lines, key=_gravity)
        if len(lines) > 1:
            worst = {**worst, "domains": sorted({name for line in lines for name in line["domains"]})}
        yield worst


def _gravity(line: Mapping[str, Any]) -> tuple[int, int]:
    """By what the worst of several lines comes first: a zone may be amiss for a domain that one shard alone has."""
    return _WORST_FIRST.index(line["verdict"]), Level(line["level"]).rank


def whole_results(lines: Iterable[Mapping[str, Any]], plan: Plan) -> Iterator[Result]:
    """The results that lines hold. Raises FleetError."""
    for line in lines:
        try:
            yield whole(line, plan.controls[line["control"]])
        except (ValidationError, KeyError, TypeError) as error:
            raise FleetError(f"{line.get('control')} on {line.get('target')}: damaged: {error}") from None


def all_results(directory: Path, plan: Plan, totals: dict[int, ShardTotal]) -> Iterator[Result]:
    """The results of all shards as one stream, as ``all_lines`` has them. Raises FleetError."""
    return whole_results(all_lines(directory, plan, totals), plan)
