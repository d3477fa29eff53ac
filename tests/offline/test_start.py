"""What a run imports: the start is most of what a small run takes, and a package too many is a tenth of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.offline.user import HANGS, SOURCE, pytest_run, write_inventory

NEEDED = {
    *("mailproof", "tests_compliance", "_pytest", "pytest", "pluggy", "iniconfig", "py", "pygments"),
    *("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection", "ruamel"),
    *("dns", "cryptography", "_cffi_backend", "idna", "publicsuffixlist", "certifi", "jinja2", "markupsafe"),
    *("httpcore", "h11", "anyio", "sniffio", "dkim", "authres", "nacl", "_openssl", "_sodium", "spf"),
}
"""Packages that a replay imports: of pytest, of the inventory, of the clients, of the page."""

WHERE_INSTALLED = {
    *("trio", "outcome", "attr", "attrs", "sortedcontainers", "gmpy2"),
    *("_distutils_hack", "packaging", "tomli", "exceptiongroup"),
}
"""What these take along where it is there, and what environments bring."""

TOLD = """
import json, sys

def pytest_unconfigure(config):
    with open("modules.json", "w") as file:
        json.dump(sorted(sys.modules), file)
"""


def test_a_replay_of_one_control_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "told.py").write_text(TOLD)
    chosen = ("--inventory", "prod.yaml", "--control", "SPF-EXISTS")
    assert pytest_run(tmp_path, *chosen, "--record", "record.json").code == 1
    plugins = ("-p", "mailproof.plugin", "-p", "told", "-p", "no:cacheprovider")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *chosen, "--replay", "record.json"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(SOURCE / "src"), str(tmp_path))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    modules = json.loads((tmp_path / "modules.json").read_text())
    installed = {name.partition(".")[0] for name in modules} & set(packages_distributions())
    assert installed - NEEDED - WHERE_INSTALLED == set()
    assert len([name for name in modules if not name.startswith(("mailproof.", "tests_compliance."))]) < 900
