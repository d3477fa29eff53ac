"""The laboratory comes up, is taken down again, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import domains
from tests.real.lab import Lab, LabError, namespaces, plan
from tests.real.lab.namespaces import NETNS_ETC, Namespaces, remove_leftovers


class TestManners:
    """The laboratory leaves nothing behind and reaches nothing outside."""

    def test_nothing_leads_out(self, lab: Lab) -> None:
        links = lab.run(["ip", "-brief", "link"]).stdout.splitlines()
        assert {line.split("@")[0].split()[0] for line in links} == {"lo", "uplink"}

    def test_description_names_every_fault(self, lab: Lab) -> None:
        table = lab.describe()
        for domain in plan.DOMAINS:
            assert domain.name in table
            assert domain.fault in table
        # Its name is the fault of the one, and what the others have not is theirs.
        named = ("ab--reserved.test", "key-smimea-none.test", "key-wkd.test")
        assert all(domain.configuration for domain in lab.domains if domain.fault and domain.name not in named)

    def test_versions_are_known(self, lab: Lab) -> None:
        versionless = (domains.NOBODY, domains.TARPIT)
        assert all(re.match(r"\d", d.version) for d in lab.domains if d.software not in versionless)

    def test_leftovers_of_a_killed_run_are_removed(
        self, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = tmp_path / "mailproof-lab-killed"
        state.mkdir()
        # Locks of its own, so that no other run takes the leftover away first.
        monkeypatch.setattr(namespaces, "RUN_DIRECTORY", tmp_path / "locks")
        script = """
import os, subprocess, sys
from pathlib import Path
from tests.real.lab import namespaces
namespaces.RUN_DIRECTORY = Path(sys.argv[2])
made = namespaces.Namespaces(Path(sys.argv[1]))
made.create(["11.0.0.1"], {"client": {"resolv.conf": ""}})
command = ["ip", "netns", "exec", made.client, "sleep", "60"]
daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL)
print(made.token, daemon.pid, flush=True)
os._exit(1)
"""
        made = subprocess.run(
            [sys.executable, "-c", script, str(state), str(tmp_path / "locks")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=600,
            check=False,
        )
        token, pid = made.stdout.split()
        assert remove_leftovers() == [token]
        assert not (Path("/run/netns") / f"mailproof-{token}-client").exists()
        assert not (NETNS_ETC / f"mailproof-{token}-client").exists()
        assert not list((tmp_path / "locks").iterdir())
        assert not state.exists()
        assert not is_running(int(pid))
        assert (Path("/run/netns") / lab.client).exists()

    def test_failed_start_leaves_nothing(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Path] = []

        def fail(self: Lab) -> None:
            seen.extend((self.directory, Path("/run/netns") / self.client, NETNS_ETC / self.client))
            assert all(path.exists() for path in seen)
            raise LabError("on purpose")

        monkeypatch.setattr(Lab, "_wait", fail)
        with pytest.raises(LabError, match="on purpose"):
            Lab().start()
        assert len(seen) == 3
        assert not any(path.exists() for path in seen)

    def test_removing_twice_is_harmless(self, lab: Lab, tmp_path: Path) -> None:
        pair = Namespaces(tmp_path)
        pair.create([], {})
        pair.remove()
        pair.remove()


def is_running(pid: int) -> bool:
    """Whether the process exists and is not merely waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
