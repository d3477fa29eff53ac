"""Controls that no packaged server can be made to fail: judged through the command line against mock peers."""

from __future__ import annotations

import pytest

from mailproof.fixtures.old_tls import available
from tests.offline.user import Run, pytest_run

WORLD = """
zones:
  .: root.zone
  example: example.zone
smtp:
  - {host: mx.right.example, addresses: [11.1.0.1]}
  - {host: mx.injectable.example, addresses: [11.1.0.2], behaviour: {starttls: injectable}}
  - {host: mx.ssl2.example, addresses: [11.1.0.3], old_tls: {versions: [SSLv2, TLSv1], ciphers: "ALL:SSLv2"}}
  - {host: mx.weak-key.example, addresses: [11.1.0.4], behaviour: {certificate: {key: rsa1024}}}
"""

ZONE = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 11.0.0.53
right MX 10 mx.right
mx.right A 11.1.0.1
injectable MX 10 mx.injectable
mx.injectable A 11.1.0.2
ssl2 MX 10 mx.ssl2
mx.ssl2 A 11.1.0.3
weak-key MX 10 mx.weak-key
mx.weak-key A 11.1.0.4
"""

INVENTORY = """
world: world
active: true
domains: [right.example, injectable.example, ssl2.example, weak-key.example]
limits: {connect: 5, greeting: 5, reply: 5, tls: 5, dns: 5, silence: 0.3, pause: 0, connections_per_host: 4}
probe: {ehlo: mx.right.example, sender: postmaster@right.example}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("mocked")
    (directory / "world").mkdir()
    (directory / "world" / "world.yaml").write_text(WORLD)
    (directory / "world" / "example.zone").write_text(ZONE)
    (directory / "world" / "root.zone").write_text("@ 60 SOA ns.example. h. 1 2 3 4 5\n@ 60 NS ns.example.\n")
    (directory / "mocked.yaml").write_text(INVENTORY)
    return pytest_run(directory, "--inventory", "mocked.yaml")


@pytest.mark.parametrize(
    ("control", "blamed"),
    [
        ("SMTP-STARTTLS-INJECTION", "mx.injectable.example[11.1.0.2]:25"),
        pytest.param(
            "TLS-NO-SSL2",
            "mx.ssl2.example[11.1.0.3]:25",
            marks=pytest.mark.skipif(
                not available(), reason="the OpenSSL in nassl's wheel cannot be driven as a server here"
            ),
        ),
        ("CERT-KEY-SIZE", "mx.weak-key.example[11.1.0.4]:25"),
    ],
)
def test_only_the_faulty_host_is_blamed(run: Run, control: str, blamed: str) -> None:
    verdicts = {target: verdict for (id, target), verdict in run.verdicts("mocked").items() if id == control}
    assert verdicts[blamed] == "fail"
    assert verdicts["mx.right.example[11.1.0.1]:25"] == "pass"
    assert [target for target, verdict in verdicts.items() if verdict == "fail"] == [blamed]


def test_what_was_injected_is_shown(run: Run) -> None:
    assert "inside TLS the server answers the command that was sent in clear" in run.output
