"""Records: what is said of a damaged, foreign or old one, and that redaction neither leaks nor breaks one."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.net.errors import TimedOut
from mailproof.probes import load_probes
from mailproof.probes.probe import NoConsent
from mailproof.record import Record, RecordError, read_record, write_record
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets, Undiscovered
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.services import MailExchange, MXEndpoint

from .observed import (
    ADDRESS,
    DOMAIN,
    HOST,
    RECEIVES,
    certificates,
    mailboxes,
    mx,
    reverse,
    session,
    sts_policy,
)

PROBES = load_probes()
ENDPOINT = MXEndpoint(HOST, ADDRESS, 25, domains=(DOMAIN,))
RECORD = Record(
    inventory="lab",
    surveyed_at="2026-11-22T00:00:00+00:00",
    targets=Targets.collect(
        [
            RECEIVES,
            MailDomain("b.example"),
            MailHost(HOST, domains=(DOMAIN,)),
            ENDPOINT,
            MailExchange(RECEIVES, ENDPOINT),
            SendingAddress(ADDRESS),
            Undiscovered(MailHost, "MX of c.example", "timed out", ("line",)),
        ]
    ),
    outcomes={
        ("mx", DOMAIN): mx("10 mx1.example.org."),
        ("sts_policy", DOMAIN): sts_policy(),
        ("smtp_session", ENDPOINT.id): session(),
        ("certificates", ENDPOINT.id): certificates(),
        ("mailboxes", f"{DOMAIN}@{ENDPOINT.id}"): mailboxes(),
        ("reverse_dns", ADDRESS): reverse(HOST, forward={HOST: "timed out"}),
        ("spf", DOMAIN): TimedOut("no answer", ("asked", "waited")),
        ("recipients", DOMAIN): NoConsent("needs consent"),
    },
    connections={ADDRESS: 3},
    questions={"192.0.2.53:53": 7},
)

WHEN = "2026-11-22T00:00:00+00:00"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("record") / "lab.json"
    write_record(file, RECORD, str)
    return json.loads(file.read_text())


def read(directory: Path, content: object) -> Record:
    file = directory / "record.json"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(json.dumps(content))
    return read_record(file, PROBES)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "new" / "lab.json"
    write_record(file, RECORD, str)
    found = read_record(file, PROBES)
    assert {key: outcome for key, outcome in found.outcomes.items() if key[0] != "spf"} == {
        key: outcome for key, outcome in RECORD.outcomes.items() if key[0] != "spf"
    }
    assert found.targets == RECORD.targets
    failure = found.outcomes["spf", DOMAIN]
    assert isinstance(failure, TimedOut)
    assert failure.evidence == ("asked", "waited")


def test_the_same_survey_makes_the_same_file(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_record(tmp_path / name, RECORD, str)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_outcomes_of_probes_that_are_gone_are_left_out(tmp_path: Path, document: Any) -> None:
    changed = copy.deepcopy(document)
    changed["outcomes"].append({"probe": "of_old", "target": "x", "observation": {}})
    assert len(read(tmp_path, changed).outcomes) == len(RECORD.outcomes)


def test_secrets_are_redacted_whatever_they_hold(tmp_path: Path) -> None:
    """JSON writes a quote in a secret otherwise; a secret that is a word of the format must not break it."""
    record = Record("lab", WHEN, Targets(), {("mx", "x"): TimedOut('probe "q" outcomes', ('key "q"',))}, {}, {})
    file = tmp_path / "record.json"
    write_record(file, record, lambda text: text.replace('"q"', "***").replace("outcomes", "***"))
    failure = read_record(file, PROBES).outcomes["mx", "x"]
    assert isinstance(failure, TimedOut)
    assert (failure.reason, failure.evidence) == ("probe *** ***", ("key ***",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged, not JSON"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"[" * 100_000, "damaged, not JSON"),
        (b"[1, 2]", "not a record of mailproof"),
        (b"null", "not a record of mailproof"),
        (b"{}", "not a record of mailproof"),
        (b'{"format": "mailproof-result", "version": 1}', "not a record of mailproof"),
        (b'{"format": "mailproof-record"}', "record version None; this mailproof reads version 1"),
        (b'{"format": "mailproof-record", "version": 2}', "record version 2"),
        (b'{"format": "mailproof-record", "version": "1"}', "record version '1'"),
        (b'{"format": "mailproof-record", "version": true}', "record version True"),
        (b'{"format": "mailproof-record", "version": 1}', "damaged: 'targets' is missing"),
    ],
)
def test_what_is_wrong_with_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=r"record\.json: ") as raised:
        read(tmp_path, content)
    assert message in str(raised.value)


def test_a_truncated_record_is_damaged(tmp_path: Path, document: Any) -> None:
    whole = json.dumps(document).encode()
    for cut in (1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(RecordError, match="damaged, not JSON"):
            read(tmp_path, whole[:cut])


def test_a_record_that_is_not_there_and_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        read_record(tmp_path / "gone.json", PROBES)
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path, PROBES)
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be written"):
        write_record(tmp_path / "file" / "record.json", RECORD, str)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["targets"][0].update(target_type="Planet"), "'Planet' is missing or unknown"),
        (lambda d: d["targets"][0].update(name=5), "name"),
        (lambda d: d["outcomes"][0].pop("observation"), "'not_observed' is missing"),
        (lambda d: d["outcomes"][0]["observation"]["answer"].update(records=[5]), "answer.records"),
        (lambda d: d["traffic"].update(connections={"x": float("inf")}), "infinity"),
        (lambda d: d["traffic"].update(connections=[]), "no attribute"),
        (lambda d: d.update(targets=5), "not iterable"),
        (lambda d: d["outcomes"].append(5), "not subscriptable"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, document: Any, change: Any, message: str) -> None:
    changed = copy.deepcopy(document)
    for item in changed["outcomes"]:
        del item["seal"]
    change(changed)
    with pytest.raises(RecordError, match=r"record\.json: damaged") as raised:
        read(tmp_path, changed)
    assert message in str(raised.value)


def test_what_is_told_of_a_changed_outcome_is_harmless(tmp_path: Path, document: Any) -> None:
    changed = copy.deepcopy(document)
    changed["outcomes"][0]["target"] = "\x1b[31mmx"
    with pytest.raises(RecordError, match=r"\\x1b\[31mmx was changed"):
        read(tmp_path, changed)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)


_json = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    st.sampled_from([[], {}, [[1]], {"a": 1}, "MailDomain", "mx", "timed out", "\ud800", 10**400, -1]),
)


@settings(deadline=None)
@given(st.data())
def test_any_change_gives_a_record_or_a_record_error(
    tmp_path_factory: pytest.TempPathFactory, document: Any, data: st.DataObject
) -> None:
    for _ in range(20):
        changed = copy.deepcopy(document)
        container, key = data.draw(st.sampled_from(list(_places(changed))))
        if data.draw(st.booleans()):
            container[key] = data.draw(_json)
        else:
            del container[key]
        _reads_or_complains(tmp_path_factory.getbasetemp(), changed)


@given(st.binary(max_size=4), st.integers(0, 10**6))
def test_any_damage_gives_a_record_or_a_record_error(
    tmp_path_factory: pytest.TempPathFactory, document: Any, octets: bytes, at: int
) -> None:
    whole = json.dumps(document).encode()
    at %= len(whole)
    _reads_or_complains(tmp_path_factory.getbasetemp(), whole[:at] + octets + whole[at + len(octets) :])


def _reads_or_complains(directory: Path, content: object) -> None:
    try:
        read(directory, content)
    except RecordError:
        return
