"""What the run over the whole laboratory does not ask, because it takes seconds or needs consent: a run of its own."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from tests.real import inventory
from tests.real.domains import AIOSMTPD, TARPIT
from tests.real.lab import Lab, plan
from tests.real.suite import Run, inside
from tests.real.verdicts import FINDINGS

SMALL = frozenset(domain.label for kind in (AIOSMTPD, TARPIT) for domain in plan.hosts(kind))
"""They have runs of their own: ``test_small_servers.py``."""
APART = frozenset(domain.label for domain in plan.DOMAINS if domain.apart)
LABELS = frozenset({"right-exim", "http-exim"}) | APART - SMALL
CONTROLS = (
    "SMTP-HTTP-ABORT",
    "SMTP-NTLM-LEAK",
    "SMTP-IDLE",
    "SMTP-GREET-TIME",
    "SMTP-AUTH-OFF",
    "AUTH-BRUTEFORCE",
    "SMTP-USER-ENUM",
)
GUESSED = ("guessing-exim", "hashing-exim")
AUTH_OFF = ("mx.guessing-exim.test", "mx.no-login-postfix.test")

EXPECTED = {
    ("SMTP-IDLE", "mx.impatient-postfix.test:25"): ("fail", "the server ends the connection after "),
    ("SMTP-IDLE", "mx.right-exim.test:25"): ("pass", ""),
    ("SMTP-NTLM-LEAK", "mx.ntlm-inside-postfix.test:25"): ("advice", "AUTH NTLM tells anybody: target NODE7.CORP.TEST"),
    ("SMTP-NTLM-LEAK", "mx.ntlm-postfix.test:25"): ("pass", ""),
    ("SMTP-HTTP-ABORT", "mx.http-exim.test:25"): ("advice", "in clear and inside TLS"),
    ("SMTP-GREET-TIME", "mx.late-exim.test:25"): ("advice", "the greeting came after "),
    ("SMTP-GREET-TIME", "mx.right-exim.test:25"): ("pass", ""),
    ("SMTP-AUTH-OFF", "mx.guessing-exim.test:587"): ("fail", "AUTH PLAIN inside TLS is offered"),
    ("SMTP-AUTH-OFF", "mx.no-login-postfix.test:587"): ("pass", ""),
    ("AUTH-BRUTEFORCE", "user@guessing-exim.test at mx.guessing-exim.test:587"): (
        "advice",
        "21 wrong logins in one session are answered without delay",
    ),
    ("AUTH-BRUTEFORCE", "user@hashing-exim.test at mx.hashing-exim.test:587"): ("pass", ""),
    ("SMTP-USER-ENUM", "user@hashing-exim.test at mx.hashing-exim.test:587"): (
        "advice",
        "the reply for a user that exists comes ",
    ),
    ("SMTP-USER-ENUM", "user@guessing-exim.test at mx.guessing-exim.test:587"): ("pass", ""),
}


@pytest.fixture(scope="module")
def run(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("apart")
    asked = inventory.inventory(directory, lab.ca_file, LABELS)
    asked["limits"]["idle"] = 6.0  # three more than the server has patience for: this machine may be busy
    asked["controls"] |= {"SMTP-IDLE": {"seconds": 6}, "SMTP-GREET-TIME": {"seconds": 2.5}}
    asked["own_mailboxes"] = [
        {"address": f"user@{label}.test", "maildir": str(directory / "none"), "guess": True} for label in GUESSED
    ]
    asked["hosts"] += [
        {"name": f"mx.{label}.test", "roles": ["submission"], "ports": {"submission": [587]}} for label in GUESSED
    ]
    for host in asked["hosts"]:
        if host["name"] in AUTH_OFF:
            host["controls"] = {"SMTP-AUTH-OFF": {"wanted": "off"}}
    with (directory / "lab.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(asked, stream)
    return inside(lab, directory, "reports", *(f"--control={control}" for control in CONTROLS))


@pytest.fixture(scope="module")
def said(run: Run) -> dict[tuple[str, str], tuple[str, str]]:
    """Verdict and what was observed, by control and target without its address."""
    return {
        (control, re.sub(r"\[[^]]*\]", "", target)): (verdict, observed)
        for (control, target), (verdict, _, observed) in run.verdicts.items()
    }


@pytest.mark.parametrize(("control", "target"), EXPECTED)
def test_the_fault_is_found_and_the_right_one_passes(
    said: dict[tuple[str, str], tuple[str, str]], control: str, target: str
) -> None:
    wanted, words = EXPECTED[control, target]
    verdict, observed = said[control, target]
    assert verdict == wanted, observed
    assert words in observed


def test_nothing_else_is_found(run: Run, said: dict[tuple[str, str], tuple[str, str]]) -> None:
    found = {key: observed for key, (verdict, observed) in said.items() if verdict in FINDINGS}
    assert run.verdicts, run.output
    assert set(found) == {key for key, (verdict, _) in EXPECTED.items() if verdict in FINDINGS}, found
