"""The processor for OctoDNS: its plans are applied, or not, by OctoDNS itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from octodns.manager import Manager
from ruamel.yaml import YAML

from mailproof.octodns import MailproofProcessor, PlanRefused
from tests.offline.user import SOURCE, pytest_run, write_inventory

PAGE = (SOURCE / "docs" / "gate-a-zone-change.md").read_text(encoding="utf-8")


def config_of_the_page() -> Any:
    """The example of the page, for a zone of the demo world, with files in place of the provider."""
    (example,) = (part for part in PAGE.split("\n\n    providers:")[1:] if "MailproofProcessor" in part)
    lines = ["providers:", *(line[4:] for line in example.split("\n\n|")[0].splitlines()[1:])]
    config = YAML(typ="safe", pure=True).load("\n".join(lines).replace("example.org", "no-spf.example"))
    config["providers"]["config"] |= {"enforce_order": False, "escaped_semicolons": True}
    config["providers"]["live"] = config["providers"]["config"] | {"directory": "live"}
    return config


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of sources beside an inventory over the demo world, and a target where nothing is yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("zones", "live"):
        Path(name).mkdir()
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    return Path("zones")


def zone(spf: str) -> str:
    mx = "{ttl: 60, type: MX, values: [{preference: 10, exchange: mx1.hosting.example.}]}"
    return f"'':\n- {mx}\n- {{type: TXT, value: '{spf}'}}\n_dmarc: {{type: TXT, value: 'v=DMARC1\\; p=none'}}\n"


def sync(config: Any) -> None:
    with Path("config.yaml").open("w") as stream:
        YAML(typ="safe", pure=True).dump(config, stream)
    Manager("config.yaml").sync(dry_run=False, force=True)


def forked(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
    """The run of a command, in a process that takes less time to start."""
    *options, _end, inventory = command[command.index("run") + 1 :]
    done = pytest_run(Path(), *options, f"--inventory={inventory}")
    return subprocess.CompletedProcess(command, done.code, done.output)


def test_octodns_applies_what_is_right_and_not_what_breaks_mail(zones: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", forked)
    config = config_of_the_page()
    config["processors"]["mail"]["arguments"] = ["--control=SPF-*"]
    file = zones / "no-spf.example.yaml"
    file.write_text(zone("v=spf1 mx a:wrong -all"))
    with pytest.raises(PlanRefused, match=r"refuses the plan for no-spf\.example\. at live:") as refused:
        sync(config)
    assert "REGRESSED  SPF-SYNTAX  no-spf.example" in str(refused.value)
    assert "report: " not in str(refused.value)
    assert not [*Path("live").iterdir()]
    file.write_text(zone("v=spf1 mx -all"))
    config["processors"]["mail"]["compare_live"] = False
    sync(config)
    assert (Path("live") / "no-spf.example.yaml").is_file()


def test_a_run_that_cannot_begin_refuses_the_plan_with_its_reason(zones: Path) -> None:
    (zones / "no-spf.example.yaml").write_text(zone("v=spf1 mx -all"))
    Path("prod.yaml").write_text("domain: [no-spf.example]\n")
    with pytest.raises(PlanRefused, match=r"prod\.yaml:1: domain: "):
        sync(config_of_the_page())
    assert not [*Path("live").iterdir()]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str, str]]:
    """Options, inventory and zones of each run; none is made, and each ends as a run with findings does."""
    found: list[tuple[list[str], str, str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        *options, _end, inventory = command[command.index("run") + 1 :]
        folder = Path(options[0].removeprefix("--zone=octodns:").removesuffix("?leave-out"))
        contents = "".join(f"{file.name}: {file.read_text()}" for file in folder.iterdir())
        found.append((options, Path(inventory).read_text(), contents))
        return subprocess.CompletedProcess(command, 1 if "wrong" in contents else 0, "report: none\n")

    monkeypatch.setattr(subprocess, "run", run)
    return found


def test_a_zone_is_judged_once_for_all_targets_and_only_if_it_changes(zones: Path, runs: list[Any]) -> None:
    config = config_of_the_page()
    config["providers"]["other"] = config["providers"]["live"] | {"directory": "other"}
    config["zones"]["no-spf.example."]["targets"] = ["live", "other"]
    del config["processors"]["mail"]["inventory"]
    Path("other").mkdir()
    (zones / "no-spf.example.yaml").write_text(zone("v=spf1 mx -all"))
    sync(config)
    options, inventory, contents = runs[0]
    assert "--compare-live" in options
    assert "v=DMARC1\\; p=none" in contents
    assert inventory == "domains: ['no-spf.example']\n"
    sync(config)
    assert len(runs) == 1


def test_settings_are_options_of_the_run(zones: Path, runs: list[Any]) -> None:
    config = config_of_the_page()
    config["processors"]["mail"] |= {"compare_live": False, "leave_out": True, "arguments": ["--fail-on=must"]}
    (zones / "no-spf.example.yaml").write_text(zone("v=spf1 wrong"))
    with pytest.raises(PlanRefused):
        sync(config)
    options, inventory, _ = runs[0]
    assert options[0].endswith("?leave-out")
    assert options[2:] == ["--fail-on=must"]
    assert "no-spf.example" in inventory


def test_a_zone_that_loses_all_records_is_judged_without_any(zones: Path, runs: list[Any]) -> None:
    from octodns.zone import Zone

    class Plan:
        desired = Zone("no-spf.example.", [])

    MailproofProcessor("mail").process_plan(Plan, [], None)
    (run,) = runs
    contents = run[2]
    assert contents == "no-spf.example.yaml: {}\n"
