"""mailproof init, controls and explain."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.controls import load_catalogue
from mailproof.fixtures.world import World
from mailproof.inventory.load import load_inventory
from tests.offline.user import SOURCE


def test_controls_are_listed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["controls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ids = [line.split()[0] for line in lines]
    assert len(ids) == len(set(ids)) >= 64
    assert ids == sorted(ids)
    assert "PTR-FCRDNS" in ids


def test_controls_as_json_say_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["controls", "--format", "json"]) == 0
    entries = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["RELAY-MATRIX"]["active"] is True
    assert entries["SPF-ALL-STRICT"]["parameters"] == {"accept": ["-all"]}
    for entry in entries.values():
        assert entry["level"] in ("MUST", "SHOULD", "MAY")
        assert entry["title"]
        assert entry["why"]
        assert entry["fix"]
        assert entry["references"]
        assert entry["target"]


def test_explain_says_what_why_how_and_who(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ptr-fcrdns"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("PTR-FCRDNS (SHOULD): A PTR name of every sending address resolves back")
    for part in ("Why:", "Fix:", "https://www.rfc-editor.org/rfc/rfc8601#section-3"):
        assert part in text


def test_explain_shows_what_is_wrong_and_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "SPF-ALL-ONCE-LAST"]) == 0
    bad, _, good = capsys.readouterr().out.partition("  Right, for example:")
    assert "    found  ip4:192.0.2.1 is never looked at" in bad
    assert '"v=spf1 -all ip4:192.0.2.1"' in bad
    assert "found" not in good
    assert main(["explain", "SPF-ALL-*"]) == 0
    assert "for example" not in capsys.readouterr().out


def test_explain_opens_a_page_in_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The browser is a script that keeps what it was asked for."""
    browser, asked = tmp_path / "browser", tmp_path / "asked"
    browser.write_text(f'#!/bin/sh\necho "$1" > {asked}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    assert main(["explain", "SPF-EXISTS", "--open", "--language", "nl"]) == 0
    file = Path(capsys.readouterr().out.removeprefix("page: ").strip())
    assert file.parent == tmp_path
    assert asked.read_text().strip() == file.as_uri()
    assert '<html lang="nl">' in file.read_text(encoding="utf-8")
    assert main(["explain", "SPF-EXISTS", "--open", "-o", str(tmp_path / "spf.html")]) == 0
    assert asked.read_text().strip() == (tmp_path / "spf.html").as_uri()


def test_explain_says_where_the_page_is_if_no_browser_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    assert main(["explain", "SPF-EXISTS", "--open", "-o", str(tmp_path / "spf.html")]) == 1
    said = capsys.readouterr()
    assert said.out == f"page: {tmp_path / 'spf.html'}\n"
    assert "no browser was found here" in said.err
    assert "A good example" in (tmp_path / "spf.html").read_text(encoding="utf-8")


def test_explain_writes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "SPF-*", "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert main(["explain", "SPF-*", "--format", "html", "-o", str(tmp_path / "spf.html")]) == 0
    assert (tmp_path / "spf.html").read_text(encoding="utf-8") == page
    assert main(["explain", "SPF-EXISTS", "-o", str(tmp_path / "spf.txt")]) == 0
    assert (tmp_path / "spf.txt").read_text().startswith("SPF-EXISTS (")
    assert main(["explain", "SPF-EXISTS", "-o", str(tmp_path / "spf.txt" / "x")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--open", "--format", "text"], "--open shows a page"),
        (["--language", "de"], "--language is for --open and --format html"),
    ],
)
def test_explain_refuses_what_does_not_go_together(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "SPF-EXISTS", *options]) == 4
    assert said in capsys.readouterr().err


def test_explain_of_an_unknown_id_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "PTR-FCRDN"]) == 4
    assert "did you mean PTR-FCRDNS" in capsys.readouterr().err


def test_explain_takes_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "sec-*", "SEC-SIGNED"]) == 0
    heads = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("SEC-")]
    assert heads == [control.id for control in load_catalogue().matching("SEC-*")]
    assert main(["explain", "NOTHING-*"]) == 4


RULE = '''
from mailproof.controls import SHOULD, Reference, control
from mailproof.observations.mx import MX
from helper import TITLE

@control("HOUSE-MX-OURS", SHOULD, Reference(TITLE))
def test_mx_is_ours(mx: MX) -> None:
    """Every MX host is one of ours.

    Why: mail must not leave our network.
    Fix: let the MX name a host of ours.
    """
'''


def test_explain_knows_house_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "house_rules.py"
    rules.write_text(RULE)
    assert main(["explain", "HOUSE-MX-OURS"]) == 4
    assert "--rules FILE" in capsys.readouterr().err
    assert main(["explain", "--rules", str(rules), "HOUSE-*"]) == 4
    assert f"{rules}:4: ModuleNotFoundError: No module named 'helper'" in capsys.readouterr().err
    (tmp_path / "helper.py").write_text("TITLE = 'Our mail policy'")
    assert main(["explain", "--rules", str(rules), "HOUSE-*", "PTR-FCRDNS"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("HOUSE-MX-OURS (SHOULD): Every MX host is one of ours.")
    assert "Our mail policy" in text
    assert "Judges: MailDomain, by mx" in text


def test_init_writes_an_inventory_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        code = main(["init", "--resolver", str(world.resolver), "right.example", "no-spf.example"])
    assert code == 0
    text = capsys.readouterr().out
    assert "# MX 10 mx1.right.example: 11." in text
    assert "# name servers: ns1.right.example" in text
    file = tmp_path / "prod.yaml"
    file.write_text(text)
    assert [domain.name for domain in load_inventory(file).model.domains] == ["right.example", "no-spf.example"]


def test_init_of_a_domain_that_does_not_exist_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        code = main(["init", "--resolver", str(world.resolver), "nowhere.example"])
    assert code == 1
    assert "nowhere.example does not exist (NXDOMAIN)" in capsys.readouterr().err


def test_init_keeps_the_resolver_that_it_was_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        main(["init", "--resolver", str(world.resolver), "right.example"])
        resolver = world.resolver
    file = tmp_path / "prod.yaml"
    file.write_text(capsys.readouterr().out)
    assert load_inventory(file).model.net_settings().resolvers == (resolver,)


def _unclear_world(directory: Path, fault: str, name: str) -> World:
    (directory / "world.yaml").write_text(f"zones: {{.: root.zone}}\nbehaviour: {{'{name}': {fault}}}\n")
    (directory / "root.zone").write_text(
        "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 11.0.0.1\nempty.example 60 A 11.0.0.2\n"
    )
    return World.load(directory)


@pytest.mark.parametrize(
    ("fault", "name", "domain", "said", "asks"),
    [
        ("SERVFAIL", "empty.example MX", "empty.example", "empty.example MX could not be looked up: ", False),
        ("NXDOMAIN", "*", "empty.example", "nothing could be looked up: the resolver lies", False),
        ("SERVFAIL", "other.example", "gone.example", "gone.example does not exist", False),
        ("SERVFAIL", "other.example", "empty.example", "", True),
    ],
)
def test_init_takes_no_failure_for_a_domain_without_mail(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    name: str,
    domain: str,
    said: str,
    asks: bool,
) -> None:
    with _unclear_world(tmp_path, fault, name) as world:
        main(["init", "--resolver", str(world.resolver), domain])
    captured = capsys.readouterr()
    assert said in captured.err
    assert said in captured.out
    assert ("parked" in captured.out) == asks
    assert captured.err.count("nothing could be looked up") <= 1


@pytest.mark.parametrize("name", ["exa mple.org", "192.0.2.1", "-x.example", ""])
def test_init_refuses_what_is_not_a_domain(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--", name]) == 4
    assert "domain name" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "pytest --inventory prod.yaml" in text
    for command in ("init", "controls", "explain"):
        assert command in text


def test_a_wrong_command_exits_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["frobnicate"])
    assert ended.value.code == 4
