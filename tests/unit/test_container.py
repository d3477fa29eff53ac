"""The Containerfile, as far as that is told without building it; ``make container-test`` does build it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needed import needs
from tests.real.container import FILE, SOURCE, copied, stages

STAGES = stages(FILE.read_text(encoding="utf-8"))
IMAGE = STAGES[-1]
COPIES = [copied(step) for stage in STAGES for step in stage.steps if step.name == "COPY"]
PAGE = (SOURCE / "docs" / "container.md").read_text(encoding="utf-8")


def test_it_runs_mailproof_as_nobody_in_particular() -> None:
    assert IMAGE.last("USER").isdigit()  # Kubernetes tells only by a number that it is not root
    assert int(IMAGE.last("USER")) > 0
    *_, start = json.loads(IMAGE.last("ENTRYPOINT"))
    assert start in [place for *_, place in COPIES]
    assert (SOURCE / "container" / "start").read_text().rstrip().endswith('exec mailproof "$@"')
    assert subprocess.run(["sh", "-n", str(SOURCE / "container" / "start")], check=False).returncode == 0


def test_what_it_copies_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    taken = {source for origin, _, sources, _ in COPIES if not origin for source in sources}
    for source in taken:
        assert (SOURCE / source).exists(), source
    assert {origin for origin, *_ in COPIES if origin} <= {stage.name for stage in STAGES[:-1]}
    for name in (".containerignore", "Containerfile.dockerignore"):
        first, *lines = (SOURCE / name).read_text().split()
        assert first == "*"
        allowed = {line[1:] for line in lines if line.startswith("!")}
        assert {source.split("/")[0] if source.startswith("container") else source for source in taken} == allowed


def test_every_part_of_the_wheel_is_copied() -> None:
    import tomllib

    build = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    taken = [source for origin, _, sources, _ in COPIES if not origin for source in sources]
    for part in (*wheel["packages"], *wheel["force-include"], *wheel["shared-data"]):
        assert any(part == source or part.startswith(f"{source}/") for source in taken), part


def test_links_in_what_is_copied_lead_to_what_is_copied() -> None:
    taken = [(SOURCE / source).resolve() for origin, _, sources, _ in COPIES if not origin for source in sources]
    for place in taken:
        for file in place.rglob("*"):
            if file.is_symlink():
                assert any(file.resolve().is_relative_to(other) for other in taken), file


def test_its_steps_are_careful() -> None:
    for stage in STAGES:
        assert re.fullmatch(r"docker\.io/library/debian:\w+-slim", stage.base)
        for step in stage.steps:
            assert step.name in ("RUN", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD")
            assert not re.search(r"(?i)password|secret|token|sudo|curl|wget", step.text)
            if "apt-get install" in step.text:
                assert "--no-install-recommends" in step.text
                assert "rm -rf /var/lib/apt/lists/*" in step.text


@needs("unbound-checkconf")
def test_unbound_takes_its_configuration(tmp_path: Path) -> None:
    text = (SOURCE / "container" / "unbound.conf").read_text()
    assert 'module-config: "validator iterator"' in text
    for name in ("root.key", "root.hints"):  # of the package dns-root-data, which is in the image
        (tmp_path / name).touch()
    file = tmp_path / "unbound.conf"
    file.write_text(text.replace("/usr/share/dns", str(tmp_path)))
    program = shutil.which("unbound-checkconf") or "unbound-checkconf"
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_runs_it_with_its_own_resolver_and_without_rights() -> None:
    commands = re.findall(r"^    (podman run (?:.*\\\n)*.*)", PAGE, re.MULTILINE)
    assert commands
    for command in commands:
        for option in (
            "--read-only",
            "--tmpfs /tmp",
            "--dns 127.0.0.1",
            "--volume",
            "--sysctl net.ipv4.ip_unprivileged_port_start=0",
        ):
            assert option in command


@pytest.mark.parametrize("resolver", ["127.0.0.1", "192.0.2.53"])
def test_it_says_so_where_its_own_resolver_is_not_asked(resolver: str, tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text(f"search example\nnameserver {resolver}\n")
    for name in ("unbound", "mailproof"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $*\n")
        (tmp_path / name).chmod(0o755)
    script = (SOURCE / "container" / "start").read_text().replace("/etc/resolv.conf", str(tmp_path / "resolv.conf"))
    done = subprocess.run(
        ["sh", "-c", script, "start", "check", "a"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    own = resolver == "127.0.0.1"
    assert done.stdout == ("unbound\n" if own else "") + "mailproof check a\n"
    assert ("--dns 127.0.0.1" in done.stderr) != own
