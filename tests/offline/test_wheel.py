"""The wheel holds the suite and the offline tier, and works in an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.offline.user import SOURCE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=SOURCE,
        check=True,
        capture_output=True,
    )
    return next(directory.glob("*.whl"))


def test_the_wheel_holds_what_it_must_and_each_file_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    for part in (
        "mailproof/py.typed",
        "mailproof/plugin.py",
        "mailproof/tests_compliance/__init__.py",
        "mailproof/tests_compliance/test_spf.py",
        "mailproof/commands/monitoring/alerts.yaml",
        "mailproof/commands/monitoring/dashboard.json",
        "mailproof/report/examples.json",
        "mailproof/fixtures/world.py",
        "mailproof/fixtures/worlds/demo/world.yaml",
        "mailproof/fixtures/worlds/demo.yaml",
        "mailproof/fixtures/worlds/demo/right.example.zone",
    ):
        assert part in names
    assert any(name.endswith(".data/data/share/man/man1/mailproof.1") for name in names)
    assert not any(name.startswith(("tests/", "tests_compliance/", "fixtures/")) for name in names)


def test_the_wheel_is_the_same_however_often_it_is_built(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=SOURCE,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_page_of_a_control_is_made_from_the_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    page = subprocess.run(
        [sys.executable, "-P", "-m", "mailproof.cli", "explain", "SPF-EXISTS", "--format", "html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "A bad example" in page
    assert "verification=abc" in page


def test_the_suite_runs_from_the_unpacked_wheel_in_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (work / "prod.yaml").write_text("domains: [no-spf.example]\nworld: demo\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mailproof.cli", "run", "prod.yaml", "--control", "SPF-*"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import mailproof; print(mailproof.__file__)"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    assert "FAIL  SPF-EXISTS" in done.stdout
    assert (work / "reports" / "prod.html").is_file()
