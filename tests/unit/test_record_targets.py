"""Records hold every type of target, those too that could not be discovered."""

from __future__ import annotations

from pathlib import Path

from mailproof.record import Record, read_record, write_record
from mailproof.targets.base import Targets, Undiscovered
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import Endpoint, MailExchange, MXEndpoint

DOMAIN = MailDomain("example.org", selectors=("sel1",), active=True)
ENDPOINT = MXEndpoint("mx.example.org", "192.0.2.25", 25, domains=("example.org",), active=True)
TARGETS = (
    DOMAIN,
    ENDPOINT,
    MailExchange(DOMAIN, ENDPOINT),
    Undiscovered(MXEndpoint, "MX of example.com", "the resolver answered SERVFAIL", ("status: SERVFAIL",)),
)


def test_targets_come_back_as_they_were(tmp_path: Path) -> None:
    record = Record("lab", "2026-01-01T00:00:00+00:00", Targets.collect(TARGETS), {}, {"192.0.2.25": 3}, {})
    write_record(tmp_path / "record.json", record, lambda text: text)
    read = read_record(tmp_path / "record.json", {})
    assert set(read.targets) == set(TARGETS)
    assert read.targets.of(Endpoint) == record.targets.of(Endpoint)
    assert read.connections == {"192.0.2.25": 3}
