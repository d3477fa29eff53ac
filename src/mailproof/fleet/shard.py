"""One shard, in a process of its own: discovered, surveyed and judged, and its results written."""

from __future__ import annotations

import os
import resource
import secrets
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import connection, parent_process
from pathlib import Path

from mailproof import __version__
from mailproof.clock import now
from mailproof.controls import Control
from mailproof.expedition import Expedition
from mailproof.extensions import BrokenExtension
from mailproof.fleet.plan import FleetError, Judged, Plan, in_world, read_division, read_judged, read_plan
from mailproof.fleet.results import PROVEN, DomainTotal, ShardTotal, result_file, write_shard
from mailproof.garbage import rare_collections
from mailproof.gate.document import Result
from mailproof.gate.documentation import DocumentationNote
from mailproof.gate.result import RunResult
from mailproof.gate.verdict import Verdict
from mailproof.net.dns.registration import registrable
from mailproof.record import Record, redacted
from mailproof.run.case import Case
from mailproof.run.judge import Judge
from mailproof.run.ownership import Judgeable
from mailproof.run.seen import Seen
from mailproof.targets.base import Target, Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.shards import Division, holds_together
from mailproof.targets.zones import NameServer

DONE, FAILED, STOPPED = 0, 1, 3
"""How the process of a shard ends."""


def in_own_process(directory: Path, number: int, stop_file: Path | None, sharing: int) -> None:
    """What the process of a shard does. It ends with its parent, whatever ends that."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.exit(outcome(directory, number, stop_file, sharing))


def outcome(directory: Path, number: int, stop_file: Path | None, sharing: int) -> int:
    """Judge a shard: DONE, STOPPED, or FAILED, with the reason in its ``failure_file``."""
    note = failure_file(directory, number)
    try:
        judge_shard(directory, number, stop_file, sharing)
    except (Stopped, KeyboardInterrupt):
        return STOPPED
    except (FleetError, BrokenExtension) as error:
        _note(note, str(error))
    except Exception:
        _note(note, traceback.format_exc())
    else:
        note.unlink(missing_ok=True)
        return DONE
    return FAILED


def failure_file(directory: Path, number: int) -> Path:
    """Where a shard that failed says why."""
    return directory / "failures" / f"{number:05}.txt"


def _note(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(STOPPED)


class Stopped(Exception):
    """The stop file appeared: what was seen until then is not all, and is not kept."""


def judge_shard(directory: Path, number: int, stop_file: Path | None = None, sharing: int = 1) -> None:
    """Judge a shard of the plan in ``directory`` and write its results there, while so many processes share the limits
    of the inventory. Raises FleetError, Stopped.
    """
    plan, division = read_plan(directory), read_division(directory, number)
    if division.empty:
        write_shard(result_file(directory, number), number, plan, (), lambda: ShardTotal(surveyed_at=now()))
        return
    judged = read_judged(plan.inventory, plan.settings, division.members, plan.today, directory)
    shard = ShardRun(plan, division, judged, stop_file, sharing)
    with rare_collections():
        write_shard(result_file(directory, number), number, plan, shard.results(), shard.total)


def new_case(plan: Plan, judged: Judged, division: Division | None = None) -> Case:
    """The case of a fleet, or of one shard of it, with nothing seen yet."""
    settings, loaded = plan.settings, judged.loaded
    run = RunResult(
        inventory=loaded.name,
        inventory_hash=plan.digest,
        mailproof=__version__,
        started_at=plan.started_at,
        surveyed_at=now(),
        fail_on=settings.fail_on,
        inconclusive=settings.inconclusive,
        strict_waivers=settings.strict_waivers,
        narrowing=tuple(f"--control {pattern}" for pattern in settings.controls),
        documentation=DocumentationNote.of(redacted(loaded.model.documentation, loaded.redact), judged.catalogue.rules),
        zones_without=redacted(list(judged.proposal.left_out), loaded.redact),
    )
    return Case(
        loaded=loaded,
        catalogue=judged.catalogue,
        proposal=judged.proposal,
        policy=judged.policy,
        waivers=judged.waivers,
        probes=judged.probes,
        run=run,
        directory=plan.inventory.parent,
        division=division,
    )


class ShardRun:
    """The run of one shard. Its results are made one after the other, and ``total`` sums them up."""

    def __init__(
        self,
        plan: Plan,
        division: Division | None,
        judged: Judged,
        stop_file: Path | None = None,
        sharing: int = 1,
        proven: Container[Verdict] = PROVEN,
    ) -> None:
        """Without a ``division`` everything that ``judged`` holds is judged. ``proven`` are the verdicts whose proof is
        wanted.
        """
        self._sharing = sharing
        self._proven = proven
        self._judged = judged
        self._division = division
        self._stop_file = stop_file
        self._case = new_case(plan, judged, division)
        self._unused: list[str] = []
        self._here_of: dict[type[Target], tuple[tuple[Target, ...], tuple[Target, ...]]] = {}
        self._covered: Counter[int] = Counter()
        self._judgeable = 0
        self._judged_pairs = 0
        own = division.own if division is not None else [domain.name for domain in judged.loaded.model.domains]
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in own}
        self._musts: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def results(self) -> Iterator[Result]:
        """Survey, and judge one pair after the other, sorted by control and target. Raises FleetError, Stopped."""
        with ExitStack() as stack:
            began = time.monotonic()
            whole = in_world(self._judged, stack).of_run(secrets.token_hex(4))
            settings = replace(whole, limits=whole.limits.shared(self._sharing))
            expedition = stack.enter_context(Expedition(self._case.loaded, self._case.probes, settings))
            elsewhere = self._division.elsewhere if self._division is not None else None
            self._case.targets = expedition.discover(elsewhere=elsewhere)
            self._seconds["discovery"] = time.monotonic() - began
            pairs = self._pairs(self._case.targets)
            wanted = self._case.docket.wanted((control, target) for control, target, _ in pairs)
            began = time.monotonic()
            self._check_stop()
            record = expedition.survey(wanted, stop_file=self._stop_file)
            self._check_stop()
            self._seconds["survey"] = time.monotonic() - began
        yield from self._judge(record, pairs)

    def replayed(self, record: Record) -> Iterator[Result]:
        """The same of a record, with nobody contacted."""
        yield from self._judge(record, self._pairs(record.targets))

    def _judge(self, record: Record, pairs: list[Judgeable]) -> Iterator[Result]:
        self._case.take(record)
        began = time.monotonic()
        judge = Judge(self._case, Seen(self._case), self._proven)
        judge.expect(pairs)
        for control, target, call in pairs:
            started = time.monotonic()
            raised = judge.seen.verdict(call, control, target)
            result = judge.result(control, target, raised, time.monotonic() - started)
            judge.seen.forget(control, target)
            self._count(result)
            yield result
        self._seconds["judging"] = time.monotonic() - began

    def _pairs(self, targets: Targets) -> list[Judgeable]:
        """What is judged here, in the order of the results."""
        case = self._case
        chosen = {
            control.id
            for control in self._judged.controls
            if self._division is None or not holds_together(control.observations)
        }
        found: list[tuple[str, str, str, Judgeable]] = []
        for control in case.catalogue:
            ruled = case.docket.ruled(control, targets)
            here = self._here(case.docket.kind(control), ruled)
            self._judgeable += len(here)
            if control.id not in chosen:
                continue
            if not ruled and not case.docket.is_ruled_out(control, targets):
                self._unused.append(control.id)
            if len(here) < len(ruled):
                ours = {target.id for target in here}
                case.elsewhere += [(control, target) for target in ruled if target.id not in ours]
            for target in here:
                self._covered.update(case.waivers.covering(control.id, target.id))
                found.append(
                    (control.id, case.loaded.redact(target.id), target.kind.__name__, (control, target, _call(control)))
                )
        found.sort(key=lambda pair: pair[:3])
        case.expected = len(found)
        return [pair for *_, pair in found]

    def _here(self, kind: type[Target], ruled: tuple[Target, ...]) -> tuple[Target, ...]:
        """Those of ``ruled`` that no other shard judges: found out once where the controls of a kind are given all of
        its targets.
        """
        before, here = self._here_of.get(kind, ((), ()))
        if before is not ruled:
            here = tuple(filter(self._case.is_here, ruled))
            self._here_of[kind] = ruled, here
        return here

    def _check_stop(self) -> None:
        if self._stop_file is not None and self._stop_file.exists():
            raise Stopped

    def _count(self, result: Result) -> None:
        self._judged_pairs += 1
        must = result.verdict is Verdict.FAIL and result.level == "MUST"
        for name in result.domains:
            if name in self._counts:
                self._counts[name][str(result.verdict)] += 1
                self._musts[name] += must

    def total(self) -> ShardTotal:
        """What the shard did; for when all results were taken."""
        run, used = self._case.run, resource.getrusage(resource.RUSAGE_SELF)
        operators = _operators(self._case.targets)
        return ShardTotal(
            surveyed_at=run.surveyed_at,
            run=run.run,
            results=self._judged_pairs,
            domains={
                name: DomainTotal(
                    mx=operators.get(("mx", name), ""),
                    ns=operators.get(("ns", name), ""),
                    counts=dict(counts),
                    musts=self._musts[name],
                )
                for name, counts in sorted(self._counts.items())
            },
            traffic=run.traffic,
            vantage=tuple((fault.fault, fault.text) for fault in run.vantage),
            controls_without_target=tuple(sorted(self._unused)),
            covered=dict(self._covered),
            judgeable=self._judgeable,
            seconds={**self._seconds, "cpu": used.ru_utime + used.ru_stime},
            memory=used.ru_maxrss * 1024,
        )


def _call(control: Control) -> Callable[..., None]:
    if control.call is None:
        raise FleetError(f"{control.id} has no function")
    return control.call


def _operators(targets: Targets) -> dict[tuple[str, str], str]:
    """Who runs the first MX host and the name servers of each domain, like ``("mx", "example.org")``."""
    found: dict[tuple[str, str], str] = {}
    for host in targets.found(MailHost):
        for name in host.domains:
            found.setdefault(("mx", name), registrable(host.name))
    for server in targets.found(NameServer):
        for name in server.domains:
            found.setdefault(("ns", name), registrable(server.host))
    return found
