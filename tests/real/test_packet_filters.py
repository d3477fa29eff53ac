"""Rules of packet filters as the kernel has them: loaded, captured and judged; and held against real connections."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproof.captures import read_capture
from tests.offline.user import pytest_run, write_inventory
from tests.real.suite import ROOT

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin"), reason="needs root and nftables"
)

SPACE = f"mailproof-filter-{os.getpid()}"
ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "PYTHONPATH": str(ROOT / "src")}

HOST = """table inet filter {{
  set submission {{ type inet_service; elements = {{ 465, 587 }} }}
  chain output {{
    type filter hook output priority filter; policy accept
    ct state established,related accept
    tcp dport @submission accept
    meta skuid "mail" tcp dport 25 counter accept
    {rule}
  }}
}}
"""
ROUTER = """*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:lan - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j lan
-A lan -s 10.0.0.25/32 -p tcp -m tcp --dport 25 -j ACCEPT
{rule}
-A lan -s 10.0.0.0/24 -j ACCEPT
COMMIT
"""

RULES = {
    "a host that refuses others": (
        "nft -f -",
        HOST.format(rule="tcp dport 25 reject with tcp reset"),
        "nftables",
        "pass",
    ),
    "a host that refuses nobody": ("nft -f -", HOST.format(rule="tcp dport 26 drop"), "nftables", "advice"),
    "a router that refuses clients": (
        "iptables-restore",
        ROUTER.format(rule="-A lan -p tcp -m multiport --dports 25,26 -j REJECT"),
        "iptables",
        "pass",
    ),
    "a router that lets clients through": ("iptables-restore", ROUTER.format(rule=""), "iptables", "advice"),
}


@pytest.fixture
def space() -> Iterator[str]:
    subprocess.run(["ip", "netns", "add", SPACE], check=True, env=ENVIRONMENT)
    try:
        _inside("ip link set lo up")
        yield SPACE
    finally:
        subprocess.run(["ip", "netns", "delete", SPACE], check=True, env=ENVIRONMENT)


def _inside(command: str, said: str = "", cwd: Path | None = None) -> str:
    """What a command says in the network namespace of the test."""
    done = subprocess.run(
        ["ip", "netns", "exec", SPACE, *command.split()],
        input=said,
        env=ENVIRONMENT,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", RULES)
def test_rules_that_the_kernel_has(name: str, space: str, tmp_path: Path) -> None:
    load, rules, program, verdict = RULES[name]
    _inside(load, rules)
    arguments = f"local --name gw.example.org --only {program} -o captured"
    _inside(f"{sys.executable} -m mailproof.cli capture {arguments}", cwd=tmp_path)
    assert {output.status for output in read_capture(tmp_path / "captured").outputs} == {0}
    write_inventory(tmp_path, "domains: [no-spf.example]\ncaptures: [captured]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=EGRESS")
    assert run.verdicts("prod") == {("EGRESS", f"{program}@gw.example.org"): verdict}, run.output
    if verdict == "advice":
        at = run.document("prod")["results"][0]["at"]
        line = (tmp_path / at["file"]).read_text().splitlines()[at["line"] - 1]
        assert "chain output" in line if program == "nftables" else "-s 10.0.0.0/24 -j ACCEPT" in line
