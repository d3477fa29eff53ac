"""Munin: what its master has, read from munin.conf and from a list that find(1) made of a real directory."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from mailproof.capturing import PROGRAMS
from mailproof.grammars.munin import History, parse_histories, parse_nodes
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.munin import MuninHistories
from mailproof.probes.munin import munin_histories
from mailproof.targets.files import Configuration, ConfigurationFile

CONF = """dbdir /var/lib/munin
[mx.example.org]
    address 192.0.2.25
# [off.example.org]
[Web;Front;www1]
[localhost]
[group;]
"""


def test_nodes_have_the_groups_that_munin_gives_them() -> None:
    found = [(node.group, node.host, node.line) for node in parse_nodes(CONF)]
    assert found == [("example.org", "mx.example.org", 2), ("Web/Front", "www1", 5), ("localhost", "localhost", 6)]


def test_a_list_of_histories_and_what_is_none() -> None:
    assert parse_histories("17\n5.25 3 a/b-c-d-g.rrd\nfind: no\n") == (17, (History(5, "3", "a/b-c-d-g.rrd"),))
    assert parse_histories(CONF) is None
    assert parse_histories("") is None


def looked_at(tmp_path: Path, *texts: str) -> MuninHistories:
    files = []
    for number, text in enumerate(texts):
        path = tmp_path / f"file{number}"
        path.write_text(text)
        files.append(ConfigurationFile(str(path), path.name))
    configuration = Configuration("munin", "munin.example.org", tuple(files))

    async def look() -> MuninHistories:
        network = Network(NetSettings())
        try:
            return await munin_histories(configuration, network)
        finally:
            await network.close()

    return asyncio.run(look())


def test_a_real_directory_as_the_capture_lists_it(tmp_path: Path) -> None:
    histories = tmp_path / "munin"
    for name in ("example.org/mx.example.org-cpu-idle-d.rrd", "Web/Front/www1-load-load-g.rrd"):
        (histories / name).parent.mkdir(parents=True)
        (histories / name).write_bytes(b"rrd")
    os.link(histories / "Web/Front/www1-load-load-g.rrd", histories / "Web/Front/old-load-load-g.rrd")
    (histories / "example.org/gone.example.org-load-load-g.rrd").write_bytes(b"rrd")
    os.utime(histories / "example.org/mx.example.org-cpu-idle-d.rrd", (0, 0))
    (command,) = (one for program in PROGRAMS if program.name == "munin" for one in program.commands if "rrd" in one)
    listed = subprocess.run(
        ["sh", "-c", command.replace("/var/lib/munin", str(histories))], capture_output=True, text=True, check=True
    ).stdout
    seen = looked_at(tmp_path, CONF, listed)
    assert [(node.name, node.newest is None) for node in seen.nodes] == [
        ("example.org/mx.example.org", False),
        ("Web/Front/www1", False),
        ("localhost/localhost", True),
    ]
    mail, web, _ = seen.nodes
    assert mail.newest is not None
    assert mail.newest > 1_000_000
    assert web.newest == 0
    assert seen.orphans == ("example.org/gone.example.org-load-load-g.rrd",)


@pytest.mark.parametrize(
    ("texts", "says"), [((CONF,), "lists no histories"), (("17\n1 1 a/b-c-d-g.rrd\n",), "names no node")]
)
def test_both_files_are_needed(texts: tuple[str, ...], says: str, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=says):
        looked_at(tmp_path, *texts)
