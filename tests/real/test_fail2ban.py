"""A run without consent leaves nothing in the servers' logs that fail2ban's shipped jails count; one with consent, less
than they ban for.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from mailproof.net.refusals import USUAL_BAN
from mailproof.net.settings import Limits
from tests.real import inventory
from tests.real.lab import Lab, plan
from tests.real.lab.plan import CLIENT, CLIENT6
from tests.real.suite import inside

CLIENTS = (CLIENT, CLIENT6, plan.address(plan.by_label("right-exim")))
"""The last is that of a proxy, which fetches in our name what it does not connect us to (OPENPROXY)."""
LABELS = frozenset({"right", "right-exim", "right-dovecot", "right-sendmail"})
"""One server for each log: fail2ban adds up what stands in a log."""

FILTERS = {
    "postfix.conf[mode=more]": "postfix/mail.log",
    "exim.conf[mode=normal]": "exim/right-exim/mainlog",
    "dovecot.conf[mode=normal]": "dovecot/right-dovecot/log",
    "sendmail-auth.conf": "sendmail/right-sendmail/mail.log",
    "sendmail-reject.conf[mode=normal]": "sendmail/right-sendmail/mail.log",
}
"""The filters as Debian's jail.conf uses them, and the logs that they read."""

OF_LOGINS = ("sendmail-auth.conf",)
"""Those that count nothing but wrong logins, which nobody tries who has no consent to guess."""

DIRECTORY = Path("/etc/fail2ban/filter.d")


@pytest.fixture(scope="module", params=[False, True], ids=["without consent", "with consent"])
def consent(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def logs(lab: Lab, consent: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the servers log of a run over right domains, as the limits are by default."""
    made = tmp_path_factory.mktemp("noticed")
    inventory.write(made / "lab.yaml", lab.ca_file, LABELS)
    text = f"\n{(made / 'lab.yaml').read_text()}"
    for line, instead in (
        ("\nactive: true\n", f"\nactive: {str(consent).lower()}\n"),
        ("refusals: 1000000", f"refusals: {Limits().refusals}"),
    ):
        assert line in text
        text = text.replace(line, instead)
    (made / "lab.yaml").write_text(text)
    known = {log: log.stat().st_size if log.exists() else 0 for log in _of(lab)}  # logged before, by other tests
    run = inside(lab, made, "reports")
    assert len(run.verdicts) > 700
    for log in _of(lab):
        (made / _name(log, lab)).write_bytes(log.read_bytes()[known[log] :])
    return made


def _of(lab: Lab) -> list[Path]:
    return [lab.directory / name for name in FILTERS.values()]


def _name(log: Path, lab: Lab) -> str:
    return str(log.relative_to(lab.directory)).replace("/", "-")


@pytest.mark.skipif(not shutil.which("fail2ban-regex"), reason="fail2ban is not installed")
@pytest.mark.parametrize("rules", FILTERS)
def test_no_jail_bans(rules: str, logs: Path, consent: bool) -> None:
    log = logs / FILTERS[rules].replace("/", "-")
    done = subprocess.run(
        ["fail2ban-regex", "--print-all-matched", "--print-no-missed", str(log), str(DIRECTORY / rules)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found = re.search(r"Lines: (\d+) lines, \d+ ignored, (\d+) matched", done.stdout)
    assert found, done.stdout + done.stderr
    assert int(found[1]) > 5
    matched = done.stdout.partition("|- Matched line(s):")[2].splitlines()
    of = Counter(client for line in matched for client in CLIENTS if re.search(rf"(\[|rip=){client}[],]", line))
    assert of.total() == int(found[2]), done.stdout
    assert max(of.values(), default=0) < (USUAL_BAN if consent else 1), done.stdout
    if consent and rules not in OF_LOGINS:
        assert of, "with consent something is asked that is refused"
