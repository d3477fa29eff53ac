"""A run without consent leaves nothing in the servers' logs that fail2ban's shipped jails count."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.real import inventory
from tests.real.lab import Lab
from tests.real.suite import inside

LABELS = frozenset({"right", "right-exim", "right-dovecot"})

FILTERS = {
    "postfix.conf[mode=more]": "postfix/mail.log",
    "exim.conf[mode=normal]": "exim/right-exim/*log",
    "dovecot.conf[mode=normal]": "dovecot/right-dovecot/log",
}
"""The filters as Debian's jail.conf uses them, and the logs that they read."""

DIRECTORY = Path("/etc/fail2ban/filter.d")


@pytest.fixture(scope="module")
def logs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of the servers after a run over three right domains, without consent."""
    made = tmp_path_factory.mktemp("unnoticed")
    inventory.write(made / "lab.yaml", lab.ca_file, LABELS)
    text = (made / "lab.yaml").read_text()
    assert "\nactive: true\n" in f"\n{text}"
    (made / "lab.yaml").write_text(f"\n{text}".replace("\nactive: true\n", "\nactive: false\n"))
    for log in (log for pattern in FILTERS.values() for log in lab.directory.glob(pattern)):
        shutil.copy(log, made / _name(log, lab))  # what was logged before, by other tests
    run = inside(lab, made, "reports")
    assert len(run.verdicts) > 1000
    for log in (log for pattern in FILTERS.values() for log in lab.directory.glob(pattern)):
        before = made / _name(log, lab)
        known = before.stat().st_size if before.exists() else 0
        before.write_bytes(log.read_bytes()[known:])
    return made


def _name(log: Path, lab: Lab) -> str:
    return str(log.relative_to(lab.directory)).replace("/", "-")


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
@pytest.mark.parametrize("rules", FILTERS)
def test_no_jail_counts_anything(rules: str, logs: Path) -> None:
    pattern = FILTERS[rules].replace("/", "-")
    read = 0
    for log in sorted(logs.glob(pattern)):
        if not log.stat().st_size:
            continue
        done = subprocess.run(
            ["fail2ban-regex", "--print-all-matched", str(log), str(DIRECTORY / rules)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        found = re.search(r"Lines: (\d+) lines, \d+ ignored, (\d+) matched", done.stdout)
        assert found, done.stdout + done.stderr
        read += int(found[1])
        assert int(found[2]) == 0, done.stdout
    assert read > 10
