"""Servers that are no mail systems: a library's, which does what its user has not thought of, and a tarpit, of which
nothing is known in the time that there is, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML

from mailproof.controls import load_catalogue
from tests.real import inventory
from tests.real.lab import Lab
from tests.real.suite import Run, inside

FAMILIES = ("SMTP", "RELAY", "CONFORMANCE", "MISUSE")
DEMANDS_TLS = "MX-NOT-TLS-ONLY"
FOUND = {
    DEMANDS_TLS: ("fail", "530 Must issue a STARTTLS command first"),
    # It greets at once, and looks at nothing but whole lines.
    "EARLYTALK": ("advice", "is answered with 250"),
    # Inside TLS it hangs up at the fifth unknown command. In clear it says 530 before it looks whether it knows them.
    "SMTP-HTTP-ABORT": ("advice", "is obeyed, in clear"),
    # PLAIN and LOGIN are its own. They cannot be taken away: then it lists AUTH with nothing behind it.
    "AUTH-AFTER-TLS": ("advice", "AUTH is offered behind TLS on a public MX"),
}
SHORT = {"greeting": 1.5, "reply": 1.5, "tls": 1.5, "retries": 0, "deferral": 0.0}
IN_THE_TARPIT = (
    "SMTP-GREET-220",
    "SMTP-EHLO-HELO",
    "SMTP-STARTTLS-OFFERED",
    "EARLYTALK",
    "SMTP-HTTP-ABORT",
    "SMTP-NO-OPEN-RELAY",
    "SMTP-POSTMASTER",
    "SMTP-STATE",
)


def _run(lab: Lab, directory: Path, label: str, controls: Iterable[str], limits: dict[str, float]) -> Run:
    asked = inventory.inventory(directory, lab.ca_file, {label})
    asked["limits"] |= limits
    with (directory / "lab.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(asked, stream)
    run = inside(lab, directory, "reports", *(f"--control={control}" for control in controls))
    assert run.verdicts, run.output
    return run


def _by_control(run: Run, host: str) -> dict[str, tuple[str, str]]:
    """Verdict and what was observed."""
    return {
        control: (verdict, observed)
        for (control, target), (verdict, _, observed) in run.verdicts.items()
        if host in target
    }


def test_aiosmtpd_is_blamed_for_what_it_does_and_for_nothing_else(lab: Lab, tmp_path: Path) -> None:
    controls = [control.id for control in load_catalogue() if control.family in FAMILIES]
    said = _by_control(_run(lab, tmp_path, "aiosmtpd", [*controls, DEMANDS_TLS], {}), "aiosmtpd.test")
    found = {name: said for name, said in said.items() if said[0] not in ("pass", "not applicable")}
    assert set(found) == set(FOUND), found
    for control, (verdict, words) in FOUND.items():
        assert found[control][0] == verdict
        assert words in found[control][1]
    # HELO is refused for the same reason (RFC 3207, section 4): one fault, one finding.
    assert said["SMTP-EHLO-HELO"][1].endswith(f"; {DEMANDS_TLS} judges that")
    assert said["RCPT-100"][0] == said["SMTP-NO-OPEN-RELAY"][0] == said["STARTTLS-STATE"][0] == "pass"


def test_a_tarpit_is_neither_blamed_nor_praised(lab: Lab, tmp_path: Path) -> None:
    said = _by_control(_run(lab, tmp_path, "tarpit", IN_THE_TARPIT, SHORT), "tarpit.test")
    assert set(said) == set(IN_THE_TARPIT)
    assert said.pop("SMTP-GREET-220")[0] == "pass"
    assert said.pop("SMTP-STARTTLS-OFFERED") == (
        "not applicable",
        "not available: HELO was not answered: no complete reply within 1.5 s; SMTP-EHLO-HELO judges that",
    )
    assert {verdict for verdict, _ in said.values()} == {"inconclusive"}, said
    assert "no complete reply within 1.5 s" in said["SMTP-EHLO-HELO"][1]
    assert "a reply was still under way" in said["EARLYTALK"][1]
