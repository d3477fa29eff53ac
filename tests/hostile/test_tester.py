"""The tester's own faults, as a user meets them: Ctrl-C, full disks, no resolver, no IPv6, a blocked port, a clock."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproof.record import Record, write_record
from tests.offline.user import HANGS, SOURCE, Run, heed_ctrl_c, pytest_run, write_inventory
from tests.unit.test_vantage import DAYS, NETWORKS, endpoint, issued, policies, unreachable

SILENT = """
zones: {.: root.zone, example: example.zone}
smtp: [{host: mx.silent.example, addresses: [11.0.0.25], state: silent}]
"""

ZONE = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 11.0.0.53\nsilent MX 10 mx.silent\nmx.silent A 11.0.0.25\n"

SLOW_RULE = '''
import time
from mailproof.controls import SHOULD, Reference, control
from mailproof.observations.mx import MX

@control("HOUSE-SLOW", SHOULD, Reference("ours"))
def test_slow(mx: MX) -> None:
    """It takes its time.

    Why: to be interrupted.
    Fix: nothing.
    """
    print("judging now", flush=True)
    time.sleep(600)
'''


def interrupted(directory: Path, begun: Callable[[str], bool], *arguments: str) -> Run:
    """A run that gets SIGINT, as Ctrl-C sends it, once ``begun`` says of its output so far that it is time."""
    command = [sys.executable, "-u", "-m", "pytest", "-p", "mailproof.plugin", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE / "src"), "PYTHONUNBUFFERED": "1"}
    log = directory / "output.txt"
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            preexec_fn=heed_ctrl_c,
        )
        while not begun(log.read_text(errors="replace")) and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        code = child.wait(HANGS)
    return Run(code, log.read_text(errors="replace"), "", directory / "reports")


def silent_world(directory: Path, more: str = "") -> None:
    (directory / "world").mkdir(parents=True)
    (directory / "world" / "world.yaml").write_text(SILENT)
    (directory / "world" / "example.zone").write_text(ZONE)
    (directory / "world" / "root.zone").write_text("@ 60 SOA ns.example. h. 1 2 3 4 5\n@ 60 NS ns.example.\n")
    (directory / "prod.yaml").write_text(f"world: world\ndomains: [silent.example]\nlimits: {{retries: 0}}\n{more}")


def debris(directory: Path) -> list[str]:
    return [path.name for path in directory.rglob(".*") if path.is_file()]


def test_ctrl_c_in_the_survey_ends_it_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_world(tmp_path, f"connect: {{'11.0.0.25:25': '127.0.0.1:{silent.getsockname()[1]}'}}\n")

        def connected(_: str) -> bool:
            return bool(select.select([silent], [], [], 0)[0])

        run = interrupted(tmp_path, connected, "--inventory=prod.yaml", "--record=seen.json", "--sarif=x.sarif")
    assert run.code == 2, run.output
    assert "Traceback" not in run.output
    assert "FAIL, the gate stays closed: nothing was checked" in run.output
    assert "no report was written" in run.output
    assert not run.reports.exists()
    assert not (tmp_path / "seen.json").exists()
    assert not (tmp_path / "x.sarif").exists()
    assert debris(tmp_path) == []


def test_ctrl_c_in_judging_closes_the_gate_and_says_so(tmp_path: Path) -> None:
    silent_world(tmp_path, "rules: [slow.py]\n")
    (tmp_path / "slow.py").write_text(SLOW_RULE)
    run = interrupted(
        tmp_path, lambda output: "judging now" in output, "--inventory=prod.yaml", "-k", "test_slow", "-s"
    )
    assert run.code == 2, run.output
    assert "the run was stopped before its end" in run.output
    assert not run.reports.exists(), "nothing was judged yet"
    assert debris(tmp_path) == []


def quick(directory: Path) -> None:
    write_inventory(directory, "domains: [right.example]\n")


ONE = ("--inventory=prod.yaml", "--control=SPF-EXISTS")


def test_a_report_directory_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    quick(tmp_path)
    (tmp_path / "taken").write_text("mine")
    run = pytest_run(tmp_path, *ONE, "--report-dir=taken")
    assert run.code in (3, 4)
    assert "Traceback" not in run.output + run.errors
    assert "cannot be written" in run.output + run.errors
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("option", ["record", "sarif", "csv", "markdown", "prometheus"])
def test_a_device_that_is_full_is_one_clear_line_and_stays_a_device(tmp_path: Path, option: str) -> None:
    quick(tmp_path)
    run = pytest_run(tmp_path, *ONE, f"--{option}=/dev/full")
    assert run.code in (3, 4), run.output + run.errors
    assert "Traceback" not in run.output + run.errors
    assert (run.output + run.errors).count("No space left on device") == 1
    assert Path("/dev/full").is_char_device()


def need_root(*programs: str) -> None:
    """Skip without root and programs; where MAILPROOF_REQUIRE_LAB is set that is a failure."""
    missing = [name for name in programs if shutil.which(name) is None]
    if os.geteuid() or missing:
        reason = f"needs root{' and ' + ', '.join(missing) if missing else ''}"
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(reason)


def apart(directory: Path, flags: str, setup: str, *arguments: str) -> Run:
    """A run in namespaces of its own (``flags`` of unshare), after the shell command ``setup`` there."""
    command = [sys.executable, "-m", "pytest", "-p", "mailproof.plugin", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        ["unshare", flags, "sh", "-c", f'{setup} && exec "$@"', "sh", *command],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(SOURCE / "src"), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, directory / "reports")


def test_a_full_disk_is_told_and_never_green(tmp_path: Path) -> None:
    need_root("unshare", "mount")
    quick(tmp_path)
    small = tmp_path / "reports"
    small.mkdir()
    run = apart(tmp_path, "-m", f"mount -t tmpfs -o size=8k none {small}", *ONE)
    assert run.code == 3, run.output + run.errors
    assert "Traceback" not in run.output + run.errors
    assert "cannot be written: No space left on device" in run.output


def test_without_ipv6_its_addresses_are_inconclusive_for_one_reason_told_once(tmp_path: Path) -> None:
    need_root("unshare", "ip")
    hosts = ", ".join(f'{{name: mx{n}.example, addresses: ["2600::{n}"]}}' for n in range(1, 6))
    (tmp_path / "prod.yaml").write_text(f"hosts: [{hosts}]\nresolvers: [127.0.0.1]\nlimits: {{dns: 1}}\n")
    run = apart(tmp_path, "-n", "ip link set lo up", "--inventory=prod.yaml", "--control=SMTP-*", "--control=TLS-*")
    assert run.code == 1, run.output + run.errors
    endpoints = [r for r in run.document("prod")["results"] if r["target_type"].endswith("Endpoint")]
    assert {(r["verdict"], r["observed"]) for r in endpoints if r["verdict"] != "not applicable"} == {
        ("inconclusive", "no IPv6: this machine has no IPv6")
    }
    assert run.output.count("from here: this machine has no IPv6: 5 targets") == 1
    assert run.output.count("this machine has no IPv6") < 5


def test_without_a_resolver_the_run_ends_soon_and_says_it_once(tmp_path: Path) -> None:
    domains = ", ".join(f"d{n}.example" for n in range(30))
    (tmp_path / "prod.yaml").write_text(
        f'domains: [{domains}]\nresolvers: ["127.0.0.1:1"]\nlimits: {{retry_pause: 0}}\n'
    )
    run = pytest_run(tmp_path, "--inventory=prod.yaml", "--control=SPF-*", "--control=MX-*")
    assert run.code == 1, run.output + run.errors
    document = run.document("prod")
    assert {r["verdict"] for r in document["results"]} == {"inconclusive"}
    assert [fault["fault"] for fault in document["vantage"]] == ["no resolver"]
    assert run.output.count("from here: no resolver answers (127.0.0.1:1)") == 1
    assert "nothing can be looked up from here" in (run.reports / "prod.html").read_text()


def test_a_resolver_that_is_silent_costs_one_wait_and_not_one_for_each_name(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        domains = ", ".join(f"d{n}.example" for n in range(300))
        (tmp_path / "prod.yaml").write_text(
            f'domains: [{domains}]\nresolvers: ["127.0.0.1:{silent.getsockname()[1]}"]\n'
            "limits: {dns: 1, retries: 0, questions: 50}\n"
        )
        run = pytest_run(tmp_path, "--inventory=prod.yaml", "--control=SPF-EXISTS")
    assert run.code == 1, run.output + run.errors
    document = run.document("prod")
    assert {r["verdict"] for r in document["results"]} == {"inconclusive"}
    assert sum(document["traffic"]["questions"].values()) <= 150
    assert run.output.count("from here: no resolver answers") == 1


def replayed(directory: Path, record: Record, *controls: str) -> tuple[Run, list[dict[str, Any]]]:
    write_record(directory / "seen.json", replace(record, entries=("domain example.org",)), str)
    (directory / "prod.yaml").write_text("domains: [example.org]\n")
    chosen = [f"--control={id}" for id in controls]
    run = pytest_run(directory, "--inventory=prod.yaml", "--replay=seen.json", "--markdown=x.md", *chosen)
    return run, run.document("prod")["results"]


def test_a_blocked_port_25_is_recognised_and_said_once(tmp_path: Path) -> None:
    run, results = replayed(tmp_path, unreachable(*NETWORKS), "SMTP-GREET-220")
    assert len(results) == len(NETWORKS)
    assert all("timed out: outgoing port 25 seems to be blocked here" in r["observed"] for r in results)
    assert all(any("connecting to" in line for line in r["evidence"]) for r in results)
    assert run.output.count("from here: outgoing port 25 seems to be blocked here") == 1
    assert run.output.count("seems to be blocked") == 2  # once as the reason of all, once before the decision
    for shown in ((run.reports / "prod.html").read_text(), (tmp_path / "x.md").read_text()):
        assert "From here: outgoing port 25" in shown


def test_dead_hosts_beside_a_living_one_stay_their_own_fault(tmp_path: Path) -> None:
    run, results = replayed(tmp_path, unreachable(*NETWORKS[:2]), "SMTP-GREET-220")
    assert all("no connection to" in r["observed"] for r in results)
    assert "from here" not in run.output


def test_a_wrong_clock_leaves_dates_unjudged_and_is_said_once(tmp_path: Path) -> None:
    host = endpoint("8.8.8.8")
    seen = policies(timedelta(0))
    expired = replace(seen, outcomes={("certificates", host.id): issued(_at(seen) - timedelta(days=4000))})
    expired.targets.add(host)
    later = tuple((_at(seen) + DAYS + timedelta(days=days)).isoformat() for days in (-6, 7))
    run, results = replayed(tmp_path, replace(expired, root_signature=later), "CERT-DATES")
    assert [r["verdict"] for r in results] == ["inconclusive"]
    assert "the clock of this machine is wrong: it is 394 days behind" in results[0]["observed"]
    assert run.output.count("from here: the clock of this machine") == 1
    _, results = replayed(tmp_path, expired, "CERT-DATES")
    assert [r["verdict"] for r in results] == ["fail"]


def test_strangers_cannot_silence_the_findings_of_others(tmp_path: Path) -> None:
    seen = policies(DAYS, DAYS, DAYS)
    host = endpoint("8.8.8.8")
    expired = {**seen.outcomes, ("certificates", host.id): issued(_at(seen) - timedelta(days=4000))}
    seen.targets.add(host)
    run, results = replayed(tmp_path, replace(seen, outcomes=expired), "CERT-DATES")
    assert [r["verdict"] for r in results] == ["fail"]
    assert run.code == 1
    assert run.output.count("from here: the clock of this machine may be wrong") == 1


def _at(record: Record) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(record.surveyed_at)
