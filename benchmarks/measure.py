"""What a program costs its machine: wall time, CPU time and peak memory of the process and its children."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """``wall`` and ``cpu`` in seconds, ``memory`` in MiB: the peak. All three include children."""

    wall: float
    cpu: float
    memory: float
    exit_code: int
    output: str


def run(
    command: Sequence[str], directory: Path, *, timeout: float, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run ``command`` in ``directory`` and wait for it. Raises subprocess.TimeoutExpired after killing it.

    Python may keep its byte code, as it does for users: without it every start compiles an editable mailproof anew.
    """
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    log = directory / "output.txt"
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**inherited, "PYTEST_ADDOPTS": "", **(environment or {})},
        )
        peak = 0.0
        while True:
            peak = max(peak, _peak(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - started > timeout:
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                raise subprocess.TimeoutExpired(command, timeout)
            time.sleep(0.01)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=peak,
        exit_code=process.returncode,
        output=log.read_text(encoding="utf-8", errors="replace"),
    )


def _peak(pid: int) -> float:
    """Peak memory in MiB of a process and of the children that it has now; 0 once it has ended.

    Not the ru_maxrss of wait4, which counts the parent's memory from before the exec, too.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    own = int(sizes[0]) / 1024 if sizes else 0.0
    return own + sum(_peak(int(child)) for child in children)
