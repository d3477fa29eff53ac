"""Controls whose faults are mocked: judged through the command line, each blames one mock and no other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mailproof.fixtures.old_tls import available
from mailproof.observations.mta_sts import STSChange
from mailproof.probes.zone_contents import installed_loaders
from mailproof.report.history import facts
from tests.offline.mocked_world import HISTORY, MOCKS, NAME, Mock, write
from tests.offline.user import Run, pytest_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("mocked")
    return pytest_run(directory, "--inventory", write(directory).name, "--history", HISTORY)


@pytest.fixture(scope="module")
def verdicts(run: Run) -> dict[tuple[str, str], str]:
    """What the run says of each control and target, read once."""
    return run.verdicts(NAME)


@pytest.mark.parametrize("mock", MOCKS, ids=lambda mock: mock.control)
def test_only_the_faulty_host_is_blamed(verdicts: dict[tuple[str, str], str], mock: Mock) -> None:
    if "old_tls" in mock.behaviour and not available():
        pytest.skip("the OpenSSL in nassl's wheel cannot be driven as a server here")
    if mock.control == "ZONE-LOADS" and not installed_loaders():
        pytest.skip("no loader of zone files is installed here")
    found = {target: verdict for (id, target), verdict in verdicts.items() if id == mock.control}
    assert found[mock.target] == mock.verdict
    assert found[mock.right] == "pass"
    assert [target for target, verdict in found.items() if verdict == mock.verdict] == [mock.target]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_run_compares_with_the_history_and_a_replay_leaves_it_alone(tmp_path: Path, workers: tuple[str, ...]) -> None:
    asked = ("--inventory", write(tmp_path).name, "--history", HISTORY, "--control", "STS-ID-CHANGED")
    verdicts = pytest_run(tmp_path, *asked, *workers, "--record", "seen.json").verdicts(NAME)
    assert verdicts["STS-ID-CHANGED", "same-id.example"] == "fail"
    assert verdicts["STS-ID-CHANGED", "new-id.example"] == "pass"
    known = facts(tmp_path / HISTORY, NAME)
    assert known["new-id.example", STSChange.FACT].startswith("2 ")
    assert known["same-id.example", STSChange.FACT] == f"1 {'ab' * 32}"
    with closing(sqlite3.connect(tmp_path / HISTORY)) as connection, connection:
        connection.execute("UPDATE fact SET value = '3 cd' WHERE target = 'new-id.example'")
    again = pytest_run(tmp_path, *asked, "--replay", "seen.json")
    assert again.verdicts(NAME) == verdicts
    assert facts(tmp_path / HISTORY, NAME)["new-id.example", STSChange.FACT] == "3 cd"


def test_what_is_proposed_is_not_known_to_the_next_run(tmp_path: Path) -> None:
    zone = f"$TTL 60\n@ SOA ns.example. h. 1 2 3 4 5\n@ NS ns.example.\n{PROPOSED}"
    (tmp_path / "new-id.example.zone").write_text(zone)
    asked = ("--inventory", write(tmp_path).name, "--history", HISTORY, "--control", "STS-ID-CHANGED")
    verdicts = pytest_run(tmp_path, *asked, "--zone", "new-id.example=new-id.example.zone").verdicts(NAME)
    assert verdicts["STS-ID-CHANGED", "new-id.example"] == "pass"
    assert facts(tmp_path / HISTORY, NAME)["new-id.example", STSChange.FACT].startswith("1 ")


PROPOSED = '@ MX 10 mx.right.example.\nmta-sts A 11.1.0.80\n_mta-sts TXT "v=STSv1; id=9"\n'


def test_what_was_injected_is_shown(run: Run) -> None:
    assert "inside TLS the server answers the command that was sent in clear" in run.output
