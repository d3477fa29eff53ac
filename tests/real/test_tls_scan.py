"""The deep scan finds what is wrong with real servers, and nothing with right ones; it is counted, and ends."""

from __future__ import annotations

import pytest

from mailproof.controls import load_catalogue
from mailproof.fixtures.authority import Authority
from mailproof.gate.verdict import Verdict
from mailproof.net.tls.scan import MOST_SCANNED, Robot
from tests.real.tls_scanned import RIGHT, SCANNED, Scanned, scan, scanned
from tests.unit.cases.case import judged


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("entry", SCANNED, ids=lambda entry: entry.control)
def test_a_fault_is_found_and_its_absence_too(entry: Scanned, authority: Authority) -> None:
    faulty, right = scanned(entry, authority)
    assert faulty.verdict is Verdict.FAIL, faulty.observed
    assert right.verdict is Verdict.PASS, right.observed


def test_a_right_server_passes_every_control_of_the_scan(authority: Authority) -> None:
    found = scan(RIGHT, authority)
    assert found.scan is not None
    assert found.scan.robot is Robot.NO_ORACLE
    assert 20 <= found.scan.connections <= MOST_SCANNED
    verdicts = {entry.control: judged(entry.control, {"tls_deep_scan": found}).verdict for entry in SCANNED}
    for control in ("TLS-NO-0RTT", "TLS-SESSION-LIFETIME"):
        assert verdicts.pop(control) is Verdict.INCONCLUSIVE  # it speaks no TLS 1.3: the probe would not ask
    assert set(verdicts.values()) == {Verdict.PASS}


def test_every_control_of_the_scan_has_its_servers() -> None:
    judging = {control.id for control in load_catalogue() if "tls_deep_scan" in control.observations}
    assert judging == {entry.control for entry in SCANNED}
