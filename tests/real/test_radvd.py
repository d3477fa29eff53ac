"""Debian's radvd on a router: running, captured and judged, with the addresses that a host makes up of what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.offline.user import pytest_run, write_inventory
from tests.real.suite import ROOT

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("radvd", path=PATH), reason="needs root and radvd"
)

SPACE = f"mailproof-radvd-{os.getpid()}"
ENVIRONMENT = {**os.environ, "PATH": PATH, "PYTHONPATH": str(ROOT / "src")}
SECONDS = 60
"""For what takes less than one."""

RIGHT = """interface lan0 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  prefix 2a01:25:0:1::/64 { AdvOnLink on; AdvAutonomous on; };
};
"""
WRONG = RIGHT + "interface lan1 {\n  AdvSendAdvert on;\n  prefix 2a01:25:0:1::/64 { };\n};\n"
"""One prefix on two links. radvd does not mind."""


@pytest.fixture
def space() -> Iterator[None]:
    """A router with two links, and the host at the other end of the first."""
    _ip("netns", "add", SPACE)
    try:
        for router, host in (("lan0", "host0"), ("lan1", "host1")):
            _ip("-n", SPACE, "link", "add", router, "type", "veth", "peer", "name", host)
        _inside("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.host0.accept_ra=2")
        for link in ("lo", "lan0", "lan1", "host0"):
            _ip("-n", SPACE, "link", "set", link, "up")
        yield
    finally:
        _ip("netns", "delete", SPACE)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, env=ENVIRONMENT)


def _command(command: str, etc: Path | None) -> list[str]:
    """A command in the network namespace of the test, and with another /etc."""
    mounted = ["sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(etc)] if etc else []
    return ["ip", "netns", "exec", SPACE, *mounted, *command.split()]


def _inside(command: str, *, etc: Path | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(
        _command(command, etc), env=ENVIRONMENT, cwd=cwd, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _etc(directory: Path, configuration: str) -> Path:
    """What radvd and Python need of /etc."""
    directory.mkdir()
    for name in ("passwd", "group", "ld.so.cache"):
        shutil.copy(Path("/etc", name), directory)
    (directory / "radvd.conf").write_text(configuration)
    return directory


def test_what_radvd_announces_is_captured_and_judged(space: None, tmp_path: Path) -> None:
    right, wrong = _etc(tmp_path / "right-etc", RIGHT), _etc(tmp_path / "wrong-etc", WRONG)
    for etc in (right, wrong):
        _inside("radvd --configtest -C /etc/radvd.conf", etc=etc)
    radvd = subprocess.Popen(
        _command(f"radvd -n -m stderr -C /etc/radvd.conf -p {tmp_path / 'pid'}", right),
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + SECONDS
        while "2a01:25:0:1:" not in _inside("ip -6 address show dev host0") and time.monotonic() < until:
            assert radvd.poll() is None, radvd.stderr and radvd.stderr.read()
            time.sleep(0.1)
        for kind, etc in (("right", right), ("wrong", wrong)):
            arguments = f"local --name {kind}.example.org --only radvd --only ip -o {kind}"
            _inside(f"{sys.executable} -m mailproof.cli capture {arguments}", etc=etc, cwd=tmp_path)
    finally:
        radvd.terminate()
        radvd.communicate(timeout=SECONDS)
    assert "2a01:25:0:1:" in (tmp_path / "right" / "ip-j-address.txt").read_text()
    write_inventory(tmp_path, "domains: [no-spf.example]\ncaptures: [right, wrong]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=IPV6-*")
    verdicts = run.verdicts("prod")
    assert verdicts["IPV6-PLAN", "radvd@right.example.org"] == "pass", run.output
    assert verdicts["IPV6-PLAN", "radvd@wrong.example.org"] == "fail", run.output
    assert verdicts["IPV6-PLAN", "ip@right.example.org"] == "pass", run.output
    assert verdicts["IPV6-SOURCE", "ip@right.example.org"] == "pass", run.output
    found = next(one for one in run.document("prod")["results"] if one["verdict"] == "fail")
    assert (found["at"]["file"], found["at"]["line"]) == ("wrong/files/etc/radvd.conf", 9)
    assert "2a01:25:0:1::/64 of lan1 and 2a01:25:0:1::/64 of lan0 are not apart" in found["observed"]
