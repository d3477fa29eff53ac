"""Records hold every type of target, those too that could not be discovered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailproof.record import Record, RecordError, read_record, write_record
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import (
    Endpoint,
    IMAPEndpoint,
    LMTPEndpoint,
    MailExchange,
    MXEndpoint,
    POP3Endpoint,
    SieveEndpoint,
    SubmissionEndpoint,
)
from mailproof.targets.zones import Zone

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


OLD_ENDPOINT = {"host": "h.example", "address": "192.0.2.1", "port": 993, "domains": ["example.org"], "active": True}
OLD_GAP = {"name": "addresses of h.example", "reason": "timed out", "evidence": [], "domains": ["example.org"]}


@pytest.mark.parametrize(
    ("role", "kind"),
    [("mx", MXEndpoint), ("submission", SubmissionEndpoint), ("imap", IMAPEndpoint), ("pop3", POP3Endpoint)],
)
def test_an_endpoint_of_before_becomes_one_of_its_protocol(tmp_path: Path, role: str, kind: type[Endpoint]) -> None:
    (found,) = of_before(tmp_path, {"target_type": "Endpoint", "role": role, **OLD_ENDPOINT})
    assert found == kind("h.example", "192.0.2.1", 993, domains=("example.org",), active=True)


@pytest.mark.parametrize(
    ("type", "roles", "kinds"),
    [
        ("Endpoint", ["imap", "submission"], {IMAPEndpoint, SubmissionEndpoint}),
        ("Endpoint", [], {MXEndpoint, SubmissionEndpoint, IMAPEndpoint, POP3Endpoint, SieveEndpoint, LMTPEndpoint}),
        ("Endpoint", None, {MXEndpoint, SubmissionEndpoint, IMAPEndpoint, POP3Endpoint, SieveEndpoint, LMTPEndpoint}),
        ("MailExchange", ["mx"], {MailExchange}),
        ("Zone", None, {Zone}),
    ],
)
def test_what_was_missing_before_is_missing_still(
    tmp_path: Path, type: str, roles: list[str] | None, kinds: set[object]
) -> None:
    item: dict[str, object] = {
        "target_type": "Undiscovered",
        "type": type,
        **OLD_GAP,
        **({} if roles is None else {"roles": roles}),
    }
    found = of_before(tmp_path, item)
    assert {target.kind for target in found} == kinds
    assert {(target.id, target.domains) for target in found} == {("addresses of h.example", ("example.org",))}


def test_the_exchange_of_before_keeps_domain_consent_and_host(tmp_path: Path) -> None:
    domain = {"name": "example.org", "active": True}
    (found,) = of_before(
        tmp_path, {"target_type": "MailExchange", "domain": domain, "endpoint": {**OLD_ENDPOINT, "role": "mx"}}
    )
    assert (found.id, found.domains, found.active) == ("example.org@h.example[192.0.2.1]:993", ("example.org",), True)


@pytest.mark.parametrize(
    "item",
    [
        {"target_type": "NoSuchKind", "name": "x"},
        {"target_type": "Undiscovered", "type": "Endpoint", "roles": ["smtp"], **OLD_GAP},
        {"target_type": "Undiscovered", "missing": "NoSuchKind", **OLD_GAP},
    ],
)
def test_a_kind_that_nobody_knows_is_told(tmp_path: Path, item: dict[str, object]) -> None:
    with pytest.raises(RecordError, match=r"NoSuchKind|smtp"):
        of_before(tmp_path, item)


def of_before(directory: Path, *targets: dict[str, object]) -> list[Target]:
    """The targets of a record in which ``targets`` are written."""
    file = directory / "record.json"
    write_record(file, Record("lab", "2026-01-01T00:00:00+00:00", Targets(), {}, {}, {}))
    file.write_text(json.dumps({**json.loads(file.read_text()), "targets": targets}))
    return list(read_record(file, {}).targets)
