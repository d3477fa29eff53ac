"""A fleet as a user has it: the verdicts are those of pytest and of a replay, and what was done is never done again."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask
import distributed
import duckdb
import pytest

from mailproof.cli import main
from mailproof.fleet.plan import read_plan
from mailproof.fleet.results import all_results, result_file
from mailproof.fleet.running import State, locked
from mailproof.fleet.shard import STOPPED, Stopped, judge_shard
from mailproof.fleet.workers import run_on_workers
from mailproof.gate.document import Result, read_document
from tests.offline.user import HANGS, SOURCE, heed_ctrl_c, pytest_run, write_inventory

NAMES = (
    *("no-spf.example", "cname-mx.example", "lame-server.example", "plus-all.example"),
    *("unreachable.example", "right.example"),
)
CONTROLS = ("SPF-*", "MX-*", "DEL-*", "DMARC-*", "SMTP-GREET-*")
SELECTED = [part for pattern in CONTROLS for part in ("--control", pattern)]
WAIVER = "waivers: [{control: SPF-EXISTS, target: no-spf.example, reason: soon, expires: 2999-01-01}]\n"


@dataclass(frozen=True)
class Killed:
    """``done`` are the results that were there when the fleet was killed, with exit code ``code``."""

    directory: Path
    code: int
    done: dict[str, int]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A fleet that was killed when its first shard was done, and then went on."""
    directory = tmp_path_factory.mktemp("fleet")
    (directory / "names.txt").write_text("\n".join(NAMES))
    write_inventory(directory, f"domains_from: names.txt\n{WAIVER}")
    command = ["fleet", "prod.yaml", "--out", "out", "--shards", "3", "--processes", "1", *SELECTED]
    running = subprocess.Popen(
        [sys.executable, "-m", "mailproof.cli", *command],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_ctrl_c,
        env={**os.environ, "PYTHONPATH": str(SOURCE / "src")},
    )
    out = directory / "out"
    for _ in until(running):
        if any((out / "results").glob("[0-9]*.gz")):
            break
    running.kill()
    code = running.wait()
    with locked(out):  # nobody is left who would hold it
        done = written(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        assert main(command) == 1
    return Killed(directory, code, done)


def written(out: Path) -> dict[str, int]:
    """The files of results, and when they were written."""
    return {file.name: file.stat().st_mtime_ns for file in (out / "results").glob("[0-9]*.gz")}


def until(running: subprocess.Popen[bytes]) -> Iterator[None]:
    """Look again and again, while the process runs."""
    end = time.monotonic() + HANGS
    while time.monotonic() < end and running.poll() is None:
        yield
        time.sleep(0.02)


def results(directory: Path) -> dict[tuple[str, str], Result]:
    return {result.key: result for result in all_results(directory, read_plan(directory), {})}


def told(found: dict[tuple[str, str], Result]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What each verdict says, without what differs from survey to survey: the resolvers' TTLs and the clock."""
    return {key: (r.verdict, r.level, r.target_type, *r.domains, r.left_to, r.file) for key, r in found.items()}


def test_a_fleet_and_pytest_say_the_same(fleet: Killed) -> None:
    run = pytest_run(fleet.directory, "--inventory", "prod.yaml", *SELECTED)
    document = read_document(run.reports / "prod.json")
    expected = {result.key: result for result in document.results}
    assert told(results(fleet.directory / "out")) == told(expected)
    assert {"fail", "waived", "pass", "not applicable"} <= {r.verdict for r in expected.values()}


def test_shards_of_pytest_are_those_of_the_fleet(fleet: Killed) -> None:
    pytest_run(fleet.directory, "--inventory", "prod.yaml", "--shard", "2/3", "--report-dir", "two", *SELECTED)
    document = read_document(fleet.directory / "two" / "prod.json")
    mine = told({result.key: result for result in document.results})
    found = told(results(fleet.directory / "out"))
    assert mine.items() <= found.items()
    assert 0 < len(mine) < len(found)
    assert document.selection is not None
    assert "--shard 2/3" in document.selection.by


def test_a_fleet_that_is_done_does_nothing_but_tell(fleet: Killed, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(fleet.directory)
    before = written(fleet.directory / "out")
    assert main(["fleet", "prod.yaml", "--out", "out", *SELECTED]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1].startswith("decision: FAIL, the gate stays closed: ")
    assert written(fleet.directory / "out") == before
    assert main(["fleet", "summary", "out"]) == 1
    assert capsys.readouterr().out.splitlines() == shown


def test_a_fleet_that_was_killed_goes_on_where_it_was(fleet: Killed) -> None:
    plan = read_plan(fleet.directory / "out")
    assert fleet.code == -signal.SIGKILL
    assert 1 <= len(fleet.done) < plan.shards
    assert fleet.done.items() < written(fleet.directory / "out").items()


def test_a_shard_that_the_stop_file_ends_is_not_kept(fleet: Killed, tmp_path: Path) -> None:
    plan = read_plan(fleet.directory / "out")
    number = plan.sizes.index(max(plan.sizes)) + 1
    file = result_file(fleet.directory / "out", number)
    before = file.read_bytes()
    (tmp_path / "stop").touch()
    with pytest.raises(Stopped):
        judge_shard(fleet.directory / "out", number, tmp_path / "stop")
    assert file.read_bytes() == before
    assert [found.name for found in file.parent.iterdir() if found.name.startswith(".")] == []


def test_a_house_rule_that_needs_more_than_observations_is_refused(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "house_fleet_rules.py").write_text(
        "from mailproof.controls import SHOULD, Reference, control\n"
        '@control("HOUSE-TMP", SHOULD, Reference("ours", "https://intranet.example/"))\n'
        "def test_tmp(tmp_path) -> None:\n"
        '    """Ours.\n\n    Why: x.\n    Fix: y.\n    """\n'
    )
    file = write_inventory(tmp_path, "domains: [right.example]\nrules: [house_fleet_rules.py]\n")
    assert main(["fleet", str(file), "--out", str(tmp_path / "out")]) == 4
    assert "HOUSE-TMP asks for tmp_path" in capsys.readouterr().err


def test_a_shard_of_pytest_judges_domains_alone(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\nhosts: [mx1.right.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--shard", "1/2", *SELECTED)
    assert run.code == 4
    assert "hosts: shards and fleets judge domains alone" in run.errors


def test_a_shard_of_pytest_does_not_hold_domains_against_each_other(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    chosen = ["--control", "DNS-TRUST-SET", "--control", "SPF-EXISTS"]
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--shard", "1/1", *chosen)
    assert set(run.verdicts("prod")) == {("SPF-EXISTS", "right.example")}
    assert set(pytest_run(tmp_path, "--inventory", "prod.yaml", *chosen).verdicts("prod")) == {
        ("SPF-EXISTS", "right.example"),
        ("DNS-TRUST-SET", "right.example"),
    }


@pytest.fixture(scope="module")
def earlier(fleet: Killed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same fleet, as another run has judged it."""
    out = tmp_path_factory.mktemp("earlier") / "out"
    shutil.copytree(fleet.directory / "out", out)
    started = read_plan(out).started_at
    other = "2026-01-01T00:00:00+00:00"
    (out / "plan.json").write_text((out / "plan.json").read_text().replace(started, other))
    for file in (out / "results").glob("[0-9]*.gz"):
        file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(started.encode(), other.encode())))
    return out


def test_a_baseline_lets_known_findings_pass(fleet: Killed, earlier: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(fleet.directory)
    assert main(["fleet", "summary", "out", "--baseline", str(earlier)]) == 0
    shown = capsys.readouterr().out.splitlines()
    known = sum(r.verdict in ("fail", "inconclusive") for r in results(fleet.directory / "out").values())
    assert f": 0 new, 0 regressed, {known} known" in "\n".join(shown)
    assert shown[-1] == "decision: PASS, the gate is open"


def test_what_the_baseline_did_not_know_is_new(
    fleet: Killed, earlier: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    less = tmp_path / "less"
    shutil.copytree(earlier, less)
    gone = 0
    for file in (less / "results").glob("[0-9]*.gz"):
        first, *lines, last = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
        kept = [line for line in lines if b'"control":"MX-' not in line]
        gone += sum(json.loads(line)["verdict"] in ("fail", "inconclusive") for line in lines if line not in kept)
        total = json.loads(last)
        total["total"]["results"] = len(kept)
        file.write_bytes(gzip.compress(b"".join([first, *kept, json.dumps(total).encode()])))
    monkeypatch.chdir(fleet.directory)
    assert main(["fleet", "summary", "out", "--baseline", str(less)]) == 1
    shown = capsys.readouterr().out
    assert gone > 0
    assert f": {gone} new, 0 regressed, " in shown
    assert "new finding" in shown.splitlines()[-1]


@pytest.mark.parametrize("kind", ["itself", "a link to it", "part", "damaged", "not done"])
def test_what_proves_nothing_is_no_baseline(
    fleet: Killed, earlier: Path, tmp_path: Path, monkeypatch: Any, capsys: Any, kind: str
) -> None:
    monkeypatch.chdir(fleet.directory)
    named = tmp_path / "named"
    match kind:
        case "itself":
            named = Path("out")
        case "a link to it":
            named.symlink_to(fleet.directory / "out")
        case "part":
            assert main(["fleet", "prod.yaml", "--out", str(named), "--control", "SPF-*"]) == 1
        case "damaged":
            shutil.copytree(earlier, named)
            file = next((named / "results").glob("[0-9]*.gz"))
            file.write_bytes(file.read_bytes()[:-20])
        case _:
            shutil.copytree(earlier, named)
            next((named / "results").glob("[0-9]*.gz")).unlink()
    capsys.readouterr()
    assert main(["fleet", "summary", "out", "--baseline", str(named)]) == 4
    told = capsys.readouterr().err
    assert told.startswith("mailproof fleet: --baseline: ")
    assert "delete" not in told


def test_a_baseline_of_another_inventory_is_refused(
    fleet: Killed, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n", "other.yaml")
    monkeypatch.chdir(tmp_path)
    assert main(["fleet", "other.yaml", "--out", "out", "--control", "SPF-*"]) == 0
    capsys.readouterr()
    assert main(["fleet", "summary", "out", "--baseline", str(fleet.directory / "out")]) == 4
    assert f"not of {tmp_path / 'other.yaml'}" in capsys.readouterr().err


def test_duckdb_reads_what_is_exported(fleet: Killed, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "all.parquet"
    assert main(["fleet", "export", str(fleet.directory / "out"), "--parquet", str(file)]) == 0
    expected = results(fleet.directory / "out").values()
    assert capsys.readouterr().out == f"{file}: {len(expected)} verdicts\n"
    query = f"SELECT verdict, count(*) FROM '{file}' GROUP BY ALL"
    assert dict(duckdb.execute(query).fetchall()) == Counter(str(result.verdict) for result in expected)
    query = f"SELECT message FROM '{file}' WHERE control = 'SPF-EXISTS' AND list_contains(domains, 'no-spf.example')"
    told = [r.message for r in expected if r.control == "SPF-EXISTS" and "no-spf.example" in r.domains]
    assert duckdb.execute(query).fetchall() == [(message,) for message in told]


def test_workers_of_dask_say_the_same_though_one_is_killed(fleet: Killed, tmp_path: Path, monkeypatch: Any) -> None:
    """The worker that is killed is one that has a shard under way."""
    monkeypatch.chdir(fleet.directory)
    out = tmp_path / "dask"
    quick = {"lease-timeout": "3s", "lease-validation-interval": "500ms"}
    configuration = dask.config.set({f"distributed.scheduler.locks.{name}": value for name, value in quick.items()})
    local_cluster: Any = distributed.LocalCluster
    local = {"n_workers": 3, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with configuration, local_cluster(host="127.0.0.1", **local) as cluster:
        killed: list[int] = []

        def kill_one() -> None:
            while not killed:
                busy = [worker for worker in cluster.scheduler.workers.values() if worker.processing]
                for worker in busy[:1]:
                    os.kill(_pid_of(cluster, worker.name), signal.SIGKILL)
                    killed.append(len(written(out)))
                time.sleep(0.05)

        killer = threading.Thread(target=kill_one)
        killer.start()
        command = ["fleet", "prod.yaml", "--out", str(out), "--shards", "3", "--processes", "3", *SELECTED]
        assert main([*command, "--scheduler", cluster.scheduler_address]) == 1
        killer.join()
        found = told(results(out))
        result_file(out, 1).unlink()
        command[command.index("--processes") + 1] = "1"
        assert main([*command, "--scheduler", cluster.scheduler_address]) == 1
    assert killed[0] < 3
    assert found == told(results(out)) == told(results(fleet.directory / "out"))


def test_workers_of_dask_end_what_they_do_when_the_run_is_interrupted(
    fleet: Killed, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "plan.json").touch()
    begun, ended = threading.Event(), threading.Event()

    def watched(directory: Path, number: int, stop: Path, sharing: int) -> int:
        begun.set()
        while not stop.exists():
            time.sleep(0.01)
        ended.set()
        return STOPPED

    def interrupt(state: State) -> None:
        if begun.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr("mailproof.fleet.workers.outcome", watched)
    state = State(replace(read_plan(fleet.directory / "out"), sizes=(1, 1)), set())
    local_cluster: Any = distributed.LocalCluster
    local = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with local_cluster(protocol="tcp://", host="127.0.0.1", **local) as cluster:
        with pytest.raises(KeyboardInterrupt):
            run_on_workers(cluster.scheduler_address, tmp_path, state, 1, tick=interrupt)
        assert ended.is_set()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["plan.json"]


def _pid_of(cluster: Any, name: Any) -> int:
    """The process of a worker, which its nanny knows."""
    pid: int = cluster.workers[name].pid
    return pid


def test_a_scheduler_that_is_not_there_is_one_line(
    fleet: Killed, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(fleet.directory)
    monkeypatch.setattr("mailproof.fleet.workers.CONNECT", 1.0)
    command = ["fleet", "prod.yaml", "--out", str(tmp_path / "out"), "--shards", "3", *SELECTED]
    assert main([*command, "--scheduler", "tcp://127.0.0.1:9"]) == 4
    assert "mailproof fleet: --scheduler tcp://127.0.0.1:9: " in capsys.readouterr().err
