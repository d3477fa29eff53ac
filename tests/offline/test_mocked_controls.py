"""Controls whose faults are mocked: judged through the command line, each blames one mock and no other."""

from __future__ import annotations

import pytest

from mailproof.fixtures.old_tls import available
from mailproof.probes.zone_contents import installed_loaders
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


def test_what_was_injected_is_shown(run: Run) -> None:
    assert "inside TLS the server answers the command that was sent in clear" in run.output
