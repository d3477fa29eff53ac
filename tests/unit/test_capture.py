"""`mailproof capture`: what is asked, what is written, and what is kept out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailproof.captures import MANIFEST, read_capture
from mailproof.capturing import (
    PROGRAMS,
    CaptureError,
    Program,
    Reached,
    backend,
    chosen,
    name_of,
    shown,
    take,
)
from mailproof.documents import UnreadableDocument
from mailproof.hiding.names import HIDDEN
from mailproof.hiding.texts import without_secrets
from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.configuration import ProgramSettings
from mailproof.observations.forwards import Forwards
from mailproof.probes.configuration import program_settings
from mailproof.probes.forwards import forwards
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile


@dataclass
class Said:
    rc: int
    stdout: str
    stderr: str = ""


class Host:
    """A host that has Postfix, and a firewall that only root may see."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def exists(self, command: str) -> bool:
        return command in ("postconf", "nft")

    def run(self, command: str) -> Said:
        self.asked.append(command)
        if command == "postconf -n":
            return Said(0, "mynetworks = 127.0.0.0/8\nsmtp_tls_loglevel = 1\nldap_bind_pw = hunter2\n")
        return Said(1, "", "Operation not permitted") if command.startswith("nft") else Said(0, "smtp inet n - y\n")


def captured(directory: Path, host: Reached, programs: tuple[Program, ...] = PROGRAMS) -> list[str]:
    told: list[str] = []
    take("mx1.example.org", host, programs, directory, told.append)
    return told


def test_what_is_installed_is_asked_and_nothing_else(tmp_path: Path) -> None:
    host = Host()
    told = captured(tmp_path, host)
    assert host.asked == ["postconf -n", "postconf -M", "postconf mail_version", "nft list ruleset"]
    assert told[0] == "postconf -n: postconf-n.txt"
    assert told[-1] == "nft list ruleset: exit status 1 (try --sudo)"


def test_a_capture_is_read_again(tmp_path: Path) -> None:
    captured(tmp_path, Host())
    found = read_capture(tmp_path)
    assert found.host == "mx1.example.org"
    assert [(output.program, output.status) for output in found.outputs][-1] == ("nftables", 1)
    text = (tmp_path / "postconf-n.txt").read_text()
    assert "mynetworks = 127.0.0.0/8" in text
    assert "hunter2" not in text


EXIM_CONFIG = """# Exim Configuration (4.96)
# 1 "/etc/exim4/exim.conf"
DOMAIN = example.org
LOGIN = user:hunter2
DEEP = hunter2x
NESTED = a DEEP
hide mysql_servers = localhost/db/user/NESTED

begin acl

  acl_check:
    deny dnslists = zen.example

begin routers

  move:
    driver = redirect
    data = bob@other.example

begin authenticators

  plain:
    driver = plaintext
    client_send = ^user:hunter2^x
    server_condition = ${if eq{$auth3}{hunter2}}
"""
"""What `exim -bP config` says, to which macros are put in."""


def test_the_whole_configuration_of_exim_is_taken_without_its_secrets() -> None:
    kept = without_secrets(EXIM_CONFIG)
    assert "hunter2" not in kept
    assert "DOMAIN = example.org" in kept
    assert "data = bob@other.example" in kept


def test_what_exim_says_of_its_routers_and_lists_is_judged(tmp_path: Path) -> None:
    said = {"exim4 -bP": "accept_8bitmime\n", "exim4 -bP config": EXIM_CONFIG, "exim4 -bV": "Exim version 4.96\n"}

    class Exim:
        def exists(self, command: str) -> bool:
            return command == "exim4"

        def run(self, command: str) -> Said:
            return Said(0, said[command])

    captured(tmp_path, Exim())
    files = [
        ConfigurationFile(str(tmp_path / one.file), one.file, one.command) for one in read_capture(tmp_path).outputs
    ]
    target = Configuration("exim", "mx.example.org", tuple(files))
    inventory = Inventory.model_validate({"domains": ["example.org"]})

    async def look() -> tuple[Forwards, ProgramSettings]:
        net = Network(NetSettings())
        return await forwards(target, net, inventory, Targets.collect([target])), await program_settings(target, net)

    found, settings = asyncio.run(look())
    assert [one.domain for one in found.forwards] == ["other.example"]
    assert not found.unread
    assert settings.files == ("exim4-bP.txt",)


def test_a_host_without_any_of_the_programs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="none of these programs is installed: dovecot"):
        captured(tmp_path, Host(), chosen(["dovecot"]))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_program_is_named_with_those_known() -> None:
    with pytest.raises(CaptureError, match="sendmail cannot be captured; there are postfix, exim"):
        chosen(["sendmail"])


@pytest.mark.parametrize(
    ("host", "way", "name"),
    [
        ("mx1.example.org", "ssh://mx1.example.org", "mx1.example.org"),
        ("root@MX1.example.org:2222", "ssh://root@MX1.example.org:2222", "mx1.example.org"),
        ("docker://mail", "docker://mail", "mail"),
        ("ansible://mx1?ansible_inventory=hosts", "ansible://mx1?ansible_inventory=hosts", "mx1"),
    ],
)
def test_the_way_to_a_host(host: str, way: str, name: str) -> None:
    assert backend(host) == way
    assert name_of(host) == name


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("ldap_bind_pw = hunter2", True),
        ("smtp_sasl_password = user:hunter2", True),
        ("  password = hunter2", True),
        ("hide mysql_servers = localhost/db/user/hunter2;password=hunter2", True),
        ('connect = host=db dbname=mail user=mail password="hunter2 x"', True),
        ("doveadm_api_key = hunter2", True),
        ("passdb_args = mysql://mail:hunter2@db/mail", True),
        ('key "rndc" { algorithm hmac-sha256; secret "hunter2"; };', True),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", True),
        ("auth_token hunter2", True),
        ("smtp_sasl_password_maps = hash:/etc/postfix/hunter2", False),
        ("smtpd_tls_key_file = /etc/ssl/private/hunter2.pem", False),
        ("mynetworks = 127.0.0.0/8 hunter2", False),
    ],
)
def test_secrets_stay_at_the_host_and_file_names_do_not(text: str, hidden: bool) -> None:
    kept = without_secrets(text)
    assert ("hunter2" not in kept) == hidden
    assert (HIDDEN in kept) == hidden


def test_servers_of_exim_with_passwords_are_hidden() -> None:
    assert "hunter2" not in without_secrets("mysql_servers = localhost/db/user/hunter2\npgsql_servers = a/b/c/hunter2")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "x"}, "not a capture of mailproof"),
        ({"version": 2}, "this mailproof reads version 1"),
        ({"host": None}, "damaged: host"),
        ({"outputs": [{"program": "p", "command": "c", "file": "../x", "status": 0}]}, "not the path of a file"),
        ({"outputs": [{"program": "p", "command": "c", "file": "/etc/passwd", "status": 0}]}, "not the path of a file"),
    ],
)
def test_a_damaged_capture_is_told(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    captured(tmp_path, Host())
    document = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**document, **change}))
    with pytest.raises(UnreadableDocument, match=problem):
        read_capture(tmp_path)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("[2001:db8::25]:22", "2001:db8::25"),
        ("root@[2001:DB8::25]", "2001:db8::25"),
        ("2001:db8::25", "2001:db8::25"),
        ("ssh://root:pw@MX1.example.org.:22?x=y", "mx1.example.org"),
    ],
)
def test_the_name_of_a_host_is_without_brackets_port_and_dot(host: str, name: str) -> None:
    assert name_of(host) == name


@pytest.mark.parametrize(
    "host",
    [
        *("-oProxyCommand=id", "root@-oProxyCommand=id", "ssh://-oProxyCommand=id", "ssh://root@-oProxyCommand=id"),
        *("-oProxyCommand=id@mx1", "ssh://-oProxyCommand=id@mx1", "docker://-x", "", "ssh://", "root@", "[-x]"),
    ],
)
def test_a_host_that_would_be_an_option_is_refused(host: str) -> None:
    with pytest.raises(CaptureError, match="is no host: its name is empty or begins with -"):
        backend(host)


@pytest.mark.parametrize(
    "host", ["ssh://root:hunter2@mx1.example.org", "root:hunter2@mx1.example.org:22", "ssh://root:a?@hunter2@mx1"]
)
def test_a_password_in_the_way_to_a_host_is_never_shown(host: str) -> None:
    assert "hunter2" not in shown(host)
    assert shown(host).startswith(host.partition("root:")[0])
    assert shown("ssh://root@mx1.example.org:22") == "ssh://root@mx1.example.org:22"


def test_a_capture_is_for_its_owner_only(tmp_path: Path) -> None:
    captured(tmp_path / "new", Host())
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "new").iterdir()} == {0o600}
