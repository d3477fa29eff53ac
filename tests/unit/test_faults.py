"""Every control has a fault that it must find, on a real server or a mock, or on one that is scanned in depth; every
fault belongs to a family.

What the laboratory's servers really do, and whether the pages of docs/detection say so, is asked in ``tests/real``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from mailproof.controls import load_catalogue
from tests.offline.mocked_world import MOCKS
from tests.real import faults
from tests.real.detection import family_of
from tests.real.domains import Domain
from tests.real.tls_offered import OFFERED
from tests.real.tls_scanned import SCANNED

CONTROLS = {control.id for control in load_catalogue()}
MOCKED = {mock.control for mock in MOCKS if mock.reason}
SCANS = {entry.control for entry in (*SCANNED, *OFFERED)}
FAILING = {control for domain in faults.DOMAINS for control in (*domain.fail, *domain.advice)}
OUTSIDE = {control for control, verdict, _ in faults.OUTSIDE if verdict != "inconclusive"}


def test_every_control_has_a_fault_to_find() -> None:
    assert FAILING | MOCKED | SCANS | set(faults.EVERYWHERE) | OUTSIDE == CONTROLS


def test_what_a_real_server_can_be_made_to_fail_is_not_mocked() -> None:
    assert not FAILING & (MOCKED | SCANS)


@pytest.mark.parametrize("domain", faults.DOMAINS, ids=lambda domain: domain.label)
def test_a_fault_is_found_or_says_why_not(domain: Domain) -> None:
    assert bool(domain.findings) != bool(domain.unjudged) or not domain.fault
    named = {*domain.fail, *domain.advice, *domain.inconclusive, *domain.perhaps}
    assert named <= CONTROLS


def test_right_domains_have_no_fault() -> None:
    assert {domain.label for domain in faults.RIGHT} == {d.label for d in faults.DOMAINS if not d.fault}
    assert not any(domain.findings for domain in faults.RIGHT)


def test_names_and_networks_are_unique() -> None:
    assert max(Counter(domain.label for domain in faults.DOMAINS).values()) == 1
    assert max(Counter(family.network for family in faults.FAMILIES).values()) == 1
    assert all(25 <= family.network <= 254 for family in faults.FAMILIES)


@pytest.mark.parametrize("module", [m for m in faults.FAMILIES if m.name != "right"], ids=lambda module: module.name)
def test_a_module_of_faults_is_that_of_a_family(module: faults.Faults) -> None:
    assert family_of(module).name in load_catalogue().families
