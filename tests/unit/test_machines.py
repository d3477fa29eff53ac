"""Files of fail2ban and NUT, read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailproof.grammars.settings import parse_ini
from mailproof.inventory.model import Inventory
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.machines import BanSettings, PowerSettings
from mailproof.probes.machines import ban_settings, power_settings
from mailproof.targets.files import Configuration, ConfigurationFile

DEFAULTS = """# jail.conf
[INCLUDES]
before = paths-debian.conf
[DEFAULT]
ignoreip = 127.0.0.1/8 ::1
  192.0.2.0/24  # our own
bantime  = 10m
enabled = false
filter = %(__name__)s[mode=%(mode)s]
[sshd]
port = ssh
[postfix]
mode = more
[dovecot]
"""
LOCAL = "[postfix]\nenabled = true\nbantime = 1h 30m\n[dovecot]\nenabled = yes\n[sasl]\nenabled=true\nbantime=%(x)s\n"


def configuration(directory: Path, program: str, **texts: str) -> Configuration:
    files = []
    for name, text in texts.items():
        file = directory / f"{name}.conf"
        file.write_text(text)
        files.append(ConfigurationFile(str(file), file.name))
    return Configuration(program, "mx.example.org", tuple(files))


async def _bans(found: Configuration, inventory: Inventory) -> BanSettings:
    return await ban_settings(found, Network(NetSettings()), inventory)


async def _power(found: Configuration) -> PowerSettings:
    return await power_settings(found, Network(NetSettings()))


def test_settings_in_sections() -> None:
    found = {setting.name: (setting.value, setting.line) for setting in parse_ini(DEFAULTS)}
    assert found["DEFAULT/ignoreip"] == ("127.0.0.1/8 ::1 192.0.2.0/24", 5)
    assert found["DEFAULT/bantime"] == ("10m", 7)
    assert list(parse_ini("[a\n=\n  b\n")) == []


def test_jails(tmp_path: Path) -> None:
    inventory = Inventory.model_validate(
        {
            "domains": [{"name": "example.org", "backup_mx": ["mx2.example.org"]}],
            "hosts": [{"name": "mx2.example.org", "addresses": ["192.0.2.3"]}],
        }
    )
    found = asyncio.run(_bans(configuration(tmp_path, "fail2ban", jail=DEFAULTS, local=LOCAL), inventory))
    assert [(jail.name, jail.filter, jail.ban_seconds) for jail in found.jails] == [
        ("postfix", "postfix", 5400),
        ("dovecot", "dovecot", 600),
        ("sasl", "sasl", None),
    ]
    assert found.jails[0].ignored == ("127.0.0.1/8", "::1", "192.0.2.0/24")
    assert str(found.jails[0].place) == "local.conf:3"
    assert found.backups == ("192.0.2.3",)


def test_files_of_fail2ban_count_in_its_order(tmp_path: Path) -> None:
    """Whatever the order of the inventory is: jail.conf, jail.d/*.conf, jail.local, jail.d/*.local."""
    files = []
    for name, length in (("jail.d/z.local", "1h"), ("jail.local", "-1"), ("jail.d/a.conf", "2h"), ("jail.conf", "3h")):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"[postfix]\nenabled = true\nbantime = {length}\n")
        files.append(ConfigurationFile(str(file), name))
    written = Configuration("fail2ban", "mx.example.org", tuple(files))
    found = asyncio.run(_bans(written, Inventory.model_validate({"domains": ["a.example"]})))
    assert [(jail.ban_seconds, str(jail.place)) for jail in found.jails] == [(3600, "jail.d/z.local:3")]


def test_what_a_value_of_fail2ban_stands_for(tmp_path: Path) -> None:
    text = "[DEFAULT]\nlong = 4h\nbantime = %(long)s\nx = %(y)s%(y)s\ny = %(x)s%(x)s\n[postfix]\nenabled = true\n"
    text += "[dovecot]\nenabled = true\nbantime = %(own)s\nown = 1d\n[exim]\nenabled = true\nbantime = %(x)s\n"
    inventory = Inventory.model_validate({"domains": ["a.example"]})
    found = asyncio.run(_bans(configuration(tmp_path, "fail2ban", jail=text), inventory))
    assert [jail.ban_seconds for jail in found.jails] == [14_400, 86_400, None]


@pytest.mark.parametrize(
    ("length", "seconds"), [("-1", -1), ("1d", 86400), ("600", 600), ("2 hours", 7200), ("soon", None)]
)
def test_lengths(tmp_path: Path, length: str, seconds: int | None) -> None:
    text = f"[postfix]\nenabled = true\nbantime = {length}\n"
    found = asyncio.run(
        _bans(configuration(tmp_path, "fail2ban", jail=text), Inventory.model_validate({"domains": ["a.example"]}))
    )
    assert found.jails[0].ban_seconds == seconds


def test_a_capture_alone_holds_no_jails() -> None:
    status = ConfigurationFile("fail2ban.txt", "fail2ban.txt", "fail2ban-client status", 255)
    found = Configuration("fail2ban", "mx.example.org", (status,))
    with pytest.raises(NotAvailable, match=r"fail2ban.txt holds no jails"):
        asyncio.run(_bans(found, Inventory.model_validate({"domains": ["a.example"]})))


UPSMON = """MONITOR ups1@localhost 1 upsmon "se cret" primary
MONITOR ups2@localhost 1 upsmon secret secondary
MINSUPPLIES 2
NOTIFYFLAG ONBATT WALL
NOTIFYFLAG LOWBATT SYSLOG+EXEC
NOTIFYMSG ONBATT "UPS %s: it's off
"""
UPSSCHED = "CMDSCRIPT /bin/x\nAT ONBATT * START-TIMER early-shutdown 30\nAT ONLINE * CANCEL-TIMER early-shutdown\n"
UPS = "[ups1]\n driver = usbhid-ups\n offdelay = 60\n[ups2]\n ondelay = 10\n[ups3]\n port = auto\n"


def test_power(tmp_path: Path) -> None:
    found = asyncio.run(_power(configuration(tmp_path, "nut", upsmon=UPSMON, upssched=UPSSCHED, ups=UPS)))
    assert (found.supplies, found.least and found.least.value) == (2, "2")
    assert [(one.name, one.value) for one in found.silent] == [("NOTIFYFLAG ONBATT", "WALL")]
    assert [(one.name, one.value) for one in found.timers] == [("early-shutdown", "30")]
    assert [(off.name, off.value, on.value) for off, on in found.delays] == [
        ("ups1 offdelay", "60", "30"),
        ("ups2 offdelay", "20", "10"),
    ]
    assert "secret" not in repr(found)
    assert found.monitors == 2


@pytest.mark.parametrize(
    ("monitor", "users", "strange"),
    [
        ("ups@localhost 1 watch secret primary", "[watch]\n password = x\n", []),
        ("ups@localhost 1 watch secret primary", "[admin]\n password = x\n", ["watch"]),
        ("ups@localhost 1 <hidden>", "[admin]\n password = <hidden>\n", []),
        ("ups@other.example.org 1 watch secret primary", "[admin]\n password = x\n", []),
    ],
)
def test_upsmon_logs_in_at_the_upsd_of_its_host(tmp_path: Path, monitor: str, users: str, strange: list[str]) -> None:
    written = configuration(tmp_path, "nut", upsmon=f"MONITOR {monitor}\n")
    (tmp_path / "upsd.users").write_text(users)
    files = (*written.files, ConfigurationFile(str(tmp_path / "upsd.users"), "upsd.users"))
    found = asyncio.run(_power(Configuration("nut", "mx.example.org", files)))
    assert [one.value for one in found.strangers] == strange


@pytest.mark.parametrize("text", ["# MONITOR a@b 1 c d primary\n", "MINSUPPLIES 1\n"])
def test_a_host_without_a_ups_is_none_that_nut_guards(tmp_path: Path, text: str) -> None:
    assert asyncio.run(_power(configuration(tmp_path, "nut", upsmon=text))).monitors == 0


def test_a_jail_in_which_nothing_stands_goes_by_the_defaults(tmp_path: Path) -> None:
    text = "[DEFAULT]\nenabled = true\n[postfix]\n# nothing else\n[dovecot]\n[off]\nenabled = false\n"
    found = asyncio.run(
        _bans(configuration(tmp_path, "fail2ban", jail=text), Inventory.model_validate({"domains": ["example.org"]}))
    )
    assert [(jail.name, jail.filter, jail.ban_seconds, str(jail.place)) for jail in found.jails] == [
        ("postfix", "postfix", 600, "jail.conf:3"),
        ("dovecot", "dovecot", 600, "jail.conf:5"),
    ]
