"""Drills of real services: Postfix as primary and backup, HAProxy with and without checks, keepalived on two nodes."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mailproof.drills import DURING, ELSEWHERE, POSTMASTER, UNKNOWN, read_drill
from mailproof.exercises import INBOX, Arrival
from mailproof.gate.verdict import Verdict
from mailproof.observations.drills import BackupDrilled, VIPDrilled
from tests.ports import free_port
from tests.real.drilled import PATIENCE, hold, running, until, window
from tests.real.lab.namespaces import LabError, ip, remove
from tests.real.lab.requirements import POSTFIX_MASTER, program
from tests.unit.cases.case import judged
from tests.unit.cases.configuration_routers import shared


@pytest.fixture(autouse=True)
def _programs() -> None:
    try:
        for name in ("haproxy", "keepalived", "postconf", "smtp-sink", "ip"):
            program(name)
    except LabError as error:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(str(error))
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)("drills of real servers need root")


@pytest.fixture
def directory() -> Iterator[Path]:
    """One that the servers' users may enter: pytest's are their owner's alone."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def _greets(port: int, address: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((address, port), 1) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


# --- Postfix


MAIN = """
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
myhostname = {name}.example.org
mydestination =
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.9.9.9
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
transport_retry_time = 1s
"""
PRIMARY = """
virtual_mailbox_domains = example.org
virtual_mailbox_base = {directory}
virtual_mailbox_maps = inline:{{ probe@example.org=box/, postmaster@example.org=box/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
BACKUP = """
relay_domains = example.org
transport_maps = inline:{{ example.org=smtp:[127.0.0.1]:{primary} }}
"""
KNOWS = """
relay_recipient_maps = inline:{{ probe@example.org=x, postmaster@example.org=x }}
"""
ASKS = """
smtpd_recipient_restrictions = reject_unverified_recipient
unverified_recipient_reject_code = 550
unverified_recipient_defer_code = 250
address_verify_map =
address_verify_negative_expire_time = 2s
address_verify_poll_delay = 1s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "trace", "saved")


FORGOTTEN = 2.1
"""Seconds until the backup has forgotten what the primary said of an unknown recipient."""


def _postfix(directory: Path, name: str, port: int, settings: str, **values: object) -> list[str]:
    """Write an instance of Postfix; returns its command line."""
    own = directory / name
    for queue in (*QUEUES, "public", "maildrop", "pid"):
        (own / "queue" / queue).mkdir(parents=True)
        if queue != "pid":
            shutil.chown(own / "queue" / queue, "postfix", "postdrop" if queue in ("public", "maildrop") else None)
    for data in ("data", "box"):
        (own / data).mkdir()
        shutil.chown(own / data, "postfix" if data == "data" else "nobody")
    nobody = pwd.getpwnam("nobody")
    known = {"directory": own, "name": name, "uid": nobody.pw_uid, "gid": nobody.pw_gid, **values}
    (own / "main.cf").write_text((MAIN + settings).format(**known))
    (own / "master.cf").write_text(MASTER.format(port=port))
    return ["env", f"MAIL_CONFIG={own}", str(POSTFIX_MASTER), "-d", "-c", str(own)]


def _backup_inventory(directory: Path, name: str, primary: int, backup: int) -> Path:
    zone = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 11.0.0.1\nmx2 A 11.0.0.2\n"
    (directory / "example.org.zone").write_text(zone)
    file = directory / f"{name}.yaml"
    file.write_text(f"""
domains: [example.org]
active: true
contact: postmaster@example.org
own_mailboxes: [{{address: probe@example.org, exercise: true, maildir: primary/box}}]
drills: {{backup_mx: [{{domain: example.org, wait: 30, record: {name}.json, {window()}}}]}}
zone_files: {{example.org: example.org.zone}}
limits: {{pause: 0, retry_pause: 1}}
connect: {{"11.0.0.1:25": "127.0.0.1:{primary}", "11.0.0.2:25": "127.0.0.1:{backup}"}}
""")
    return file


def test_a_backup_that_asks_the_primary_must_not_take_everybody_without_it(directory: Path) -> None:
    primary, right, wrong = (free_port() for _ in range(3))
    command = _postfix(directory, "primary", primary, PRIMARY)
    with ExitStack() as stack:
        for name, port, settings in (("right", right, KNOWS), ("wrong", wrong, ASKS)):
            backup = _postfix(directory, name, port, BACKUP + settings, primary=primary)
            stack.enter_context(running(backup))
        down = _Switch(stack, command, partial(_greets, primary))
        down.up()
        until(lambda: _greets(right) and _greets(wrong), "Postfix does not start")
        inventories = [_backup_inventory(directory, "right", primary, right)]
        inventories.append(_backup_inventory(directory, "wrong", primary, wrong))

        def take_down() -> None:
            time.sleep(FORGOTTEN)
            down.down()

        hold(inventories, take_down, down.up)
    for name, code, verdict in (("right", 550, Verdict.PASS), ("wrong", 250, Verdict.FAIL)):
        drill = read_drill(directory / f"{name}.json")
        said = {one.form: one.code for one in drill.asked if one.phase == DURING}
        assert said == {POSTMASTER: 250, UNKNOWN: code, ELSEWHERE: 554}
        assert drill.sent[0].accepted
        assert drill.sent[0].arrivals == (Arrival(INBOX),)
        assert drill.seconds_down > 0
        seen = BackupDrilled("drill.json", drill, drill.ended_at)
        judgement = judged("BACKUPMX-PRIMARY-DOWN", {"backup_drilled": seen})
        assert judgement.verdict is verdict


class _Switch:
    """Something that runs, and that a test takes down and brings back."""

    def __init__(self, stack: ExitStack, command: list[str], answers: Callable[[], bool]) -> None:
        self._stack = stack
        self._command = command
        self._answers = answers
        self._inner = ExitStack()

    def up(self) -> None:
        self._inner = self._stack.enter_context(ExitStack())
        self._inner.enter_context(running(self._command))
        until(self._answers, f"{self._command} does not start")

    def down(self) -> None:
        self._inner.close()


# --- HAProxy


HAPROXY = """
defaults
  mode tcp
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  retries 0
  default-server inter 100ms fall 1 rise 1
"""


def test_a_balancer_that_checks_nothing_offers_its_dead_server(directory: Path) -> None:
    first, second, checked, unchecked = (free_port() for _ in range(4))
    text = HAPROXY
    for port, check in ((checked, " check"), (unchecked, "")):
        text += f"listen at-{port}\n  bind 127.0.0.1:{port}\n"
        text += f"  server one 127.0.0.1:{first}{check}\n  server two 127.0.0.1:{second}{check}\n"
    (directory / "haproxy.cfg").write_text(text)
    sink = [program("smtp-sink"), "-u", "nobody", "-h", "mail.example.org"]
    with ExitStack() as stack:
        stack.enter_context(running([*sink, f"127.0.0.1:{second}", "20"]))
        server = _Switch(stack, [*sink, f"127.0.0.1:{first}", "20"], partial(_greets, first))
        server.up()
        until(lambda: _greets(second), "smtp-sink does not start")
        stack.enter_context(running([program("haproxy"), "-db", "-q", "-f", str(directory / "haproxy.cfg")]))
        until(lambda: _greets(checked) and _greets(unchecked), "HAProxy does not start")
        places = {"checked": checked, "unchecked": unchecked}
        inventories = [
            _vip_inventory(
                directory / f"{name}.yaml",
                "11.0.0.30",
                "11.0.0.31",
                1,
                f'connect: {{"11.0.0.30:25": "127.0.0.1:{port}", "11.0.0.31:25": "127.0.0.1:{first}"}}\n',
            )
            for name, port in places.items()
        ]
        hold(inventories, server.down, server.up)
    assert _judged(directory / "checked.json") is Verdict.PASS
    assert _judged(directory / "unchecked.json") is Verdict.FAIL


def _vip_inventory(file: Path, vip: str, part: str, within: int, rest: str = "") -> Path:
    file.write_text(f"""
hosts: [{{name: mail.example.org, addresses: [{vip}]}}, {{name: one.example.org, addresses: [{part}]}}]
drills: {{vip: [{{host: mail.example.org, part: one.example.org, within: {within}, every: 0.1, wait: 30,
  record: {file.stem}.json, {window()}}}]}}
limits: {{pause: 0, connect: 2, greeting: 2}}
{rest}""")
    return file


def _judged(file: Path) -> Verdict:
    drill = read_drill(file)
    return judged("VIP-HEALTH", {"vip_drilled": VIPDrilled(file.name, drill, drill.ended_at)}).verdict


# --- keepalived


VIP, UNTRACKED = "10.213.7.100", "10.213.7.101"
SPLIT = "10.213.7.102"
"""Shared under two numbers, so that none of the two nodes hears the other."""
NODES = ("10.213.7.1", "10.213.7.2")
CLIENT = "10.213.7.9"
KEEPALIVED = """
global_defs {{
  script_user root
  vrrp_startup_delay 0.1
}}
vrrp_script answers {{
  script "{script} {own}"
  interval 1
  fall 1
  rise 1
}}
"""
INSTANCE = """
vrrp_instance at_{id} {{
  state BACKUP
  interface mail
  virtual_router_id {id}
  version 3
  priority {priority}
  advert_int 0.2
  unicast_src_ip {own}
  unicast_peer {{
    {other}
  }}
  virtual_ipaddress {{
    {address}/24
  }}
  {tracked}
}}
"""
TRACKED = """track_script {
    answers
  }"""


def _join(client: str, nodes: list[str]) -> None:
    """The client's namespace holds the bridge; nothing leads out of it."""
    ip("-n", client, "link", "add", "mail", "type", "bridge")
    ip("-n", client, "addr", "add", f"{CLIENT}/24", "dev", "mail")
    ip("-n", client, "link", "set", "mail", "up")
    for number, node in enumerate(nodes):
        ip("link", "add", f"to{number}", "netns", client, "type", "veth", "peer", "name", "mail", "netns", node)
        ip("-n", client, "link", "set", f"to{number}", "master", "mail", "up")
        ip("-n", node, "addr", "add", f"{NODES[number]}/24", "dev", "mail")
        ip("-n", node, "link", "set", "mail", "up")


def _node(stack: ExitStack, directory: Path, name: str, own: str, priority: int) -> _Switch:
    """A mail server, HAProxy before those of both nodes, and keepalived; returns the switch of HAProxy."""
    inside = ["ip", "netns", "exec", name]
    stack.enter_context(
        running([*inside, program("smtp-sink"), "-u", "nobody", "-h", "mail.example.org", f"{own}:2525", "20"])
    )
    servers = "".join(f"  server at-{node} {node}:2525 check\n" for node in NODES)
    balancer = directory / f"{name}.haproxy"
    balancer.write_text(f"{HAPROXY}listen mail\n  bind :25\n{servers}")
    switch = _Switch(
        stack, [*inside, program("haproxy"), "-db", "-q", "-f", str(balancer)], partial(_greets_in, name, own)
    )
    switch.up()
    other = next(node for node in NODES if node != own)
    values = {"own": own, "other": other, "priority": priority}
    text = KEEPALIVED.format(script=directory / "answers", **values)
    text += INSTANCE.format(id=1, address=VIP, tracked=TRACKED, **values)
    text += INSTANCE.format(id=2, address=UNTRACKED, tracked="", **values)
    text += INSTANCE.format(id=3 if own == NODES[0] else 4, address=SPLIT, tracked="", **values)
    file = directory / f"{name}.keepalived"
    file.write_text(text)
    pids = [part for kind in ("p", "r", "c") for part in (f"-{kind}", str(directory / f"{name}.{kind}"))]
    stack.enter_context(running([*inside, program("keepalived"), "-n", "-P", "-f", str(file), *pids]))
    return switch


def _holds(namespace: str, address: str) -> bool:
    command = ["ip", "-n", namespace, "-o", "addr", "show", "to", address]
    return address in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _greets_in(namespace: str, address: str) -> bool:
    script = f"read -t 2 line < /dev/tcp/{address}/25 && [[ $line == 220* ]]"
    command = ["ip", "netns", "exec", namespace, "timeout", "2", "bash", "-c", script]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_an_address_that_nothing_tracks_stays_at_the_dead_node(directory: Path) -> None:
    token = os.urandom(3).hex()
    names = [f"mailproof-drill-{token}-{role}" for role in ("client", "one", "two")]
    client, *nodes = names
    (directory / "answers").write_text("#!/bin/bash\nexec 3<> /dev/tcp/$1/25\n")
    (directory / "answers").chmod(0o755)
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        _join(client, nodes)
        with ExitStack() as stack:
            balancers = [
                _node(stack, directory, name, address, 100 - 10 * number)
                for number, (name, address) in enumerate(zip(nodes, NODES, strict=True))
            ]
            inside = ["ip", "netns", "exec", client]
            for address in (VIP, UNTRACKED):
                until(partial(_greets_in, client, address), f"nobody holds {address}")
            for name in nodes:
                until(partial(_holds, name, SPLIT), f"{name} does not hold {SPLIT}")
            assert [_holds(name, UNTRACKED) for name in nodes] == [True, False]
            inventories = [
                _vip_inventory(directory / f"{name}.yaml", address, NODES[0], 2)
                for name, address in (("tracked", VIP), ("untracked", UNTRACKED))
            ]
            drills = [sys.executable, "-m", "tests.real.drilled", str(directory), *map(str, inventories)]
            with running([*inside, *drills]) as held:
                for what, do in (("down", balancers[0].down), ("up", balancers[0].up)):
                    until((directory / f"{what}.wanted").exists, f"the drills do not want it {what}")
                    do()
                    (directory / f"{what}.done").touch()
                assert held.wait(PATIENCE) == 0
    finally:
        for name in names:
            remove(name)
    assert _judged(directory / "tracked.json") is Verdict.PASS
    assert _judged(directory / "untracked.json") is Verdict.FAIL
    first, second = ((directory / f"{name}.keepalived").read_text() for name in nodes)
    found = {pair.own.name: [*pair.differences()] for pair in shared(second, first).pairs}
    split = "has virtual_router_id 4, and lb1.example.org has 3"
    assert found == {"at_1": [], "at_2": [], "at_4": [split]}
