"""What the README and the pages of docs/ tell to type works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from mailproof.capturing import PROGRAMS
from mailproof.cli import _parser, main
from mailproof.gate.document import as_json, read_document
from mailproof.inventory.evidence import ProgramName
from tests.offline import message_faults, report_faults
from tests.offline.user import HANGS, SOURCE, pytest_run, write_inventory
from tests.printed import first_commands, in_demo_world
from tests.unit.documents import document, result

DOCS = SOURCE / "docs"

PAGES = (
    *("audit-a-configuration.md", "resolver.md"),
    *("evidence-on-disk.md", "reports.md", "first-run.md", "audit-evidence.md", "house-rules.md", "nightly.md"),
    *("read-your-dmarc-reports.md", "fleets.md"),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The options that pytest knows with mailproof, and those of the command."""
    shown = pytest_run(tmp_path_factory.mktemp("help"), "--help").output
    commands = [*subcommands(_parser())]
    commands += [inner for command in commands for inner in subcommands(command)]
    # Of pytest by another name, of gh, of systemctl, of dask, of keepalived.
    elsewhere = {"--junitxml", "--body-file", "--now", "--nthreads", "--config-id"}
    return elsewhere | set(re.findall(r"--[a-z][a-z-]*", shown + "".join(c.format_help() for c in commands)))


def subcommands(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """The parsers of its commands."""
    if parser._subparsers is not None:
        yield from parser._subparsers._group_actions[0].choices.values()  # type: ignore[union-attr]


@pytest.mark.parametrize("page", PAGES)
def test_options_that_a_page_names_exist(page: str, options: set[str]) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", (DOCS / page).read_text(encoding="utf-8")))
    # The gate's baseline has an option and pages of its own.
    assert named - {"--baseline"} <= options


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        assert target.startswith("https://") or (DOCS / target).exists(), target


def test_the_house_rules_of_the_page_judge(tmp_path: Path) -> None:
    code, _ = re.findall(r"```python\n(.*?)```", (DOCS / "house-rules.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "house_rules.py").write_text(code, encoding="utf-8")
    write_inventory(tmp_path, "domains: [no-spf.example, parked.example]\nrules: [house_rules.py]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-k", "mx_is_ours or spf_is_short")
    assert run.verdicts("prod") == {
        ("HOUSE-MX-OURS", "no-spf.example"): "fail",
        ("HOUSE-MX-OURS", "parked.example"): "not applicable",
        ("HOUSE-SPF-SHORT", "no-spf.example"): "pass",
        ("HOUSE-SPF-SHORT", "parked.example"): "pass",
    }, run.output


def test_messages_and_reports_are_judged_as_the_page_tells(tmp_path: Path) -> None:
    page = (DOCS / "evidence-on-disk.md").read_text(encoding="utf-8")
    messages, reports = re.findall(r"```yaml\n(domains: .*\n(?:sending: .*\n)(?:messages|reports): .*\n)```", page)
    message_faults.write(tmp_path)
    report_faults.write(tmp_path)
    for name, text in (("mail", messages), ("rua", reports)):
        write_inventory(tmp_path, text.replace("example.org", "right.example").replace("192.0.2.25", "11.1.0.1"))
        (tmp_path / "prod.yaml").rename(tmp_path / f"{name}.yaml")
        run = pytest_run(tmp_path, "--inventory", f"{name}.yaml", "--control", "MSG-FORMAT", "--control", "DMARC-OWN-*")
        found = {target: verdict for (_, target), verdict in run.verdicts(name).items()}
        expected = {"mail": ("samples/msg-right.eml", "pass"), "rua": ("right.example@11.1.0.1 (reports)", "pass")}
        assert expected[name] in found.items(), run.output


BUILD = {
    "main.cf": "mynetworks = 127.0.0.0/8\nsmtpd_banner = $myhostname ESMTP\ndisable_vrfy_command = yes\n",
    "master.cf": "smtp inet n - y - - smtpd\n -o smtpd_tls_security_level=may\n -o smtpd_tls_protocols=>=TLSv1\n",
    "aliases": "postmaster: root\nabuse: root\nroot: somebody@elsewhere.example\n",
    "nftables.conf": "table inet f { chain o { type filter hook output priority 0; tcp dport 25 drop; }; }\n",
    "nginx.conf": "http { server { listen 443 ssl; ssl_protocols TLSv1 TLSv1.2; } }\n",
}


def test_configurations_are_audited_as_the_page_tells(tmp_path: Path) -> None:
    page = (DOCS / "audit-a-configuration.md").read_text(encoding="utf-8")
    (inventory,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"^    pytest (--inventory .*)$", page, re.MULTILINE)
    (tmp_path / "build").mkdir()
    for name, text in BUILD.items():
        (tmp_path / "build" / name).write_text(text)
    write_inventory(tmp_path, inventory, "configurations.yaml")
    run = pytest_run(tmp_path, *command.replace("'", "").split())
    found = {key for key, verdict in run.verdicts("configurations").items() if verdict in ("fail", "advice")}
    assert found == {
        ("CFG-TLS-FLOOR", "postfix@mx1.example.org"),
        ("CFG-TLS-FLOOR", "nginx@www.example.org"),
        ("OUT-NO-AUTOFORWARD", "aliases@mx1.example.org"),
    }, run.output
    assert run.code == 1
    assert "build/nginx.conf" in (tmp_path / "findings.sarif").read_text()


def test_the_programs_of_the_page_are_those_that_the_inventory_may_name() -> None:
    page = (DOCS / "audit-a-configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([a-z0-9, -]+) \| [A-Z]", page, re.MULTILINE)
    named = {program for row in rows for program in row.split(", ")}
    assert named == set(get_args(ProgramName))


def test_the_programs_that_a_capture_takes_by_the_page_are_those_that_it_does() -> None:
    page = (DOCS / "audit-a-configuration.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"A capture takes ([^;]+);", page)
    assert set(re.findall(r"[a-z0-9]+", said)) - {"and"} == {one.name for one in PROGRAMS} - {"exim4"}


def test_the_resolver_is_looked_at_as_the_page_tells(tmp_path: Path) -> None:
    page = (DOCS / "resolver.md").read_text(encoding="utf-8")
    asked, configured = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    _, command = re.findall(r"^    pytest (--inventory .*)$", page, re.MULTILINE)
    (conf,) = re.findall(r"```\n(server:\n.*?)```", page, re.DOTALL)
    write_inventory(tmp_path, asked, "resolver.yaml")
    planned = subprocess.run(
        [sys.executable, "-m", "mailproof.cli", "plan", "resolver.yaml"],
        cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, check=True,
    ).stdout  # fmt: skip
    assert "127.0.0.1" in planned
    (tmp_path / "unbound.conf").write_text(conf)
    write_inventory(tmp_path, configured, "configuration.yaml")
    run = pytest_run(tmp_path, *command.split())
    target = "unbound@mx1.example.org"
    assert run.verdicts("configuration") == {("CFG-NAMED", target): "pass", ("RESOLVER-QUERYLOG", target): "pass"}


def test_the_commands_of_the_page_on_reports_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "read-your-dmarc-reports.md").read_text(encoding="utf-8").replace("example.org", "right.example")
    commands = re.findall(r"^    ((?:mailproof|pytest) .*)$", page, re.MULTILINE)
    assert len(commands) == 10
    report_faults.write(tmp_path)
    (tmp_path / report_faults.FOLDER).rename(tmp_path / "rua")
    (inventory, *_) = re.findall(r"```yaml\n(domains: .*?)```", page, re.DOTALL)
    write_inventory(tmp_path, inventory.replace("192.0.2.25", "11.1.0.1"))
    monkeypatch.chdir(tmp_path)
    said = {}
    for command in commands:
        program, *arguments = shlex.split(command)
        if "postgresql" in command or "import --inventory" in command:
            continue  # tests/real has a server
        if program == "pytest":
            said[command] = pytest_run(tmp_path, *arguments).output
            continue
        assert main(arguments) in (0, 1)
        said[command] = capsys.readouterr().out
    first, again, shown, *_, judged = said.values()
    assert "new reports" in first
    assert "files: 0 new reports" in again
    assert "right.example: " in shown
    assert "DMARC-" in judged


def test_the_commands_of_the_page_on_formats_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "reports.md").read_text(encoding="utf-8")
    (tmp_path / "reports").mkdir()
    owned = result(target="mx1.example.org", owners=("alice", "mail operations"))
    found = (owned, result("pass", target="mx2.example.org", control="SPF-SYNTAX"))
    (tmp_path / "reports" / "prod.json").write_text("".join(as_json(document(*found))))
    monkeypatch.chdir(tmp_path)
    for command in re.findall(r"^    mailproof (report .*)$", page, re.MULTILINE):
        code = main(shlex.split(command))
        said = capsys.readouterr().out
        if "nagios" in command:
            assert (code, "26 are allowed" in said) == (3, True), said  # the result is days old
            continue
        assert code == 0, command
        assert (" -o " in command) != ("decision: FAIL" in said), command
        assert ("SPF-SYNTAX" in said) == ("pass" in command), command


def test_the_commands_of_the_page_on_fleets_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "fleets.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    ((?:mailproof|pytest) .*)$", page, re.MULTILINE)
    assert len(commands) == 8
    (inventory,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "names.txt").write_text("no-spf.example\nright.example\n")
    write_inventory(tmp_path, inventory, "fleet.yaml")
    monkeypatch.chdir(tmp_path)
    said, judged = [], 0
    for number, command in enumerate(commands):
        program, *arguments = shlex.split(command)
        narrowed = ["--control", "SPF-*"] if "--out" in command or program == "pytest" else []
        if program == "pytest":
            pytest_run(tmp_path, *arguments, *narrowed, f"--report-dir={number}")
            judged += len(read_document(tmp_path / str(number) / "fleet.json").results)
            continue
        compares = any(word in command for word in ("diff", "show", "--baseline", "export"))
        assert main([*arguments, *narrowed]) == (0 if compares else 1)
        said.append(capsys.readouterr().out)
    tonight, shown, tomorrow, difference, compared, exported = said
    assert tonight.splitlines()[-1] == tomorrow.splitlines()[-1]
    assert "SPF-ALL-STRICT (SHOULD) 1: the record ends in +all" in tonight
    assert "WAIVED (FAIL)  SPF-EXISTS (SHOULD)  no-spf.example" in shown
    assert "0 new, 0 regressed, 1 known, 0 mended" in difference
    assert ": 0 new, 0 regressed, 1 known" in compared
    assert exported.startswith("tonight.parquet: ")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert duckdb.execute(query).fetchall() == [("SPF-ALL-STRICT", 1)]
    assert judged == sum(map(int, re.findall(r"\d+", tonight.splitlines()[1])))


def test_the_recipe_for_an_audit_can_be_judged_again(tmp_path: Path) -> None:
    page = (DOCS / "audit-evidence.md").read_text(encoding="utf-8")
    survey, again = re.findall(r"^    pytest (--inventory=.*)$", page, re.MULTILINE)
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    narrowed = ("--control", "SPF-*")
    first = pytest_run(tmp_path, *survey.split(), *narrowed)
    assert first.code == 1
    second = pytest_run(tmp_path, *again.split(), *narrowed)
    assert (tmp_path / "2026-q4" / "prod.csv").is_file()
    assert second.verdicts("prod") == type(first)(0, "", "", tmp_path / "2026-q4").verdicts("prod")


@pytest.mark.parametrize("page", [SOURCE / "README.md", DOCS / "first-run.md"], ids=["README", "first-run"])
def test_the_first_commands_work_as_printed(page: Path, tmp_path: Path) -> None:
    """In a new virtual environment and home; packages are those of the tests, and the network is the demo's."""
    make, *commands = first_commands(page)
    judging = [command for command in commands if command.startswith("mailproof ")]
    install = commands[: -len(judging)]
    borrowed = sysconfig.get_path("purelib")
    within = tmp_path / "mailproof" / sysconfig.get_path("purelib", vars={"base": ""}).lstrip("/")
    borrow = f"echo {borrowed} > {within}/borrowed.pth"
    script = "\n".join([make, borrow, *install, "cd ~", *in_demo_world(judging)])
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=SOURCE,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_IGNORE_INSTALLED": "1",
        },
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no-spf.example" in done.stdout
    assert done.stdout.count("1 finding") == len(judging)


def test_no_page_promises_an_index_that_we_are_not_on() -> None:
    pages = [SOURCE / "README.md", *DOCS.glob("*.md"), *(SOURCE / "examples").rglob("*")]
    for page in pages:
        if page.is_file():
            assert "install mailproof" not in page.read_text(encoding="utf-8"), page
