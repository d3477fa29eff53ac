"""The controls that ask for the full depth find what is wrong with real servers, and nothing with right ones."""

from __future__ import annotations

import pytest

from mailproof.gate.verdict import Verdict
from tests.real.tls_offered import OFFERED, Offered, Servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return Servers(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("entry", OFFERED, ids=lambda entry: entry.control)
def test_a_fault_is_found_and_its_absence_too(entry: Offered, servers: Servers) -> None:
    faulty, right = servers.faulty(entry), servers.right(entry)
    assert str(faulty.verdict) == entry.verdict, faulty.observed
    assert right.verdict is Verdict.PASS, right.observed
