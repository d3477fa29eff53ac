"""Whatever the network says: parsers and controls hold, and the record keeps it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.controls import Control
from mailproof.docket import target_fixtures
from mailproof.gate.verdict import Verdict
from mailproof.grammars import dkim, dmarc, mta_sts, spf
from mailproof.net.errors import KINDS, NotObserved
from mailproof.observations import reverse
from mailproof.observations.dane import TLSARecord
from mailproof.observations.mta_sts import STSRecord
from mailproof.observations.published import PublishedRecord
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.probes import load_probes
from mailproof.probes.probe import NoConsent
from mailproof.probes.spf import expand
from mailproof.record import Record, read_record, write_record
from mailproof.targets.base import Targets, kinds

from . import strategies
from .cases.case import catalogue, judged

PROBES = load_probes()
FIXTURES = target_fixtures()

WHEN = "2026-11-22T00:00:00+00:00"


def _fixture(name: str) -> st.SearchStrategy[object]:
    """Values of the fixture ``name`` of a control: an observation, or a target."""
    kind: type = PROBES[name].observation if name in PROBES else FIXTURES[name]
    return strategies.values(kind)


def _by_what_they_judge() -> list[list[Control]]:
    """The controls, those together that judge the same observations: to make these up is what takes the time."""
    found: dict[tuple[str, ...], list[Control]] = {}
    for control in catalogue():
        found.setdefault(tuple(sorted(control.observations)), []).append(control)
    return list(found.values())


@pytest.mark.parametrize("controls", _by_what_they_judge(), ids=lambda found: "+".join(found[0].observations))
@given(st.data())
def test_controls_pass_object_or_abstain(controls: list[Control], data: st.DataObject) -> None:
    observed = {name: data.draw(_fixture(name)) for name in sorted(controls[0].observations)}
    for control in controls:
        judgement = judged(control.id, observed)
        assert judgement.verdict in Verdict, control.id
        assert "the control itself broke" not in judgement.observed, control.id


@pytest.mark.parametrize("name", list(PROBES))
@given(st.data())
def test_observations_prove_themselves_and_survive_the_record(name: str, data: st.DataObject) -> None:
    observation = data.draw(strategies.values(PROBES[name].observation))
    assert all(isinstance(line, str) for line in observation.evidence())
    target = data.draw(strategies.values(PROBES[name].target))
    record = Record(
        "lab",
        WHEN,
        Targets.collect([target]),
        {(name, target.id): observation},
        {},
        {},
    )
    assert _through_a_file(record) == record


_failures = st.builds(
    lambda kind, reason, evidence: KINDS[kind](reason, evidence),
    st.sampled_from(sorted(KINDS)),
    strategies.text,
    st.lists(strategies.text, max_size=3).map(tuple),
)


@given(_failures)
def test_failures_survive_the_record(failure: NotObserved) -> None:
    record = Record("lab", WHEN, Targets(), {("mx", "example.org"): failure}, {"192.0.2.1": 3}, {"192.0.2.53:53": 7})
    found = _through_a_file(record)
    outcome = found.outcomes["mx", "example.org"]
    assert isinstance(outcome, NotObserved)
    assert (type(outcome), outcome.reason, outcome.evidence) == (
        type(failure),
        failure.reason,
        failure.evidence,
    )
    assert (found.connections, found.questions) == (record.connections, record.questions)


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
@given(st.data())
def test_targets_survive_the_record(kind: type, data: st.DataObject) -> None:
    record = Record("lab", WHEN, Targets.collect([data.draw(strategies.values(kind))]), {}, {}, {})
    assert _through_a_file(record) == record


@given(strategies.text)
def test_missing_consent_survives_the_record(reason: str) -> None:
    record = Record("lab", WHEN, Targets(), {("mx", "example.org"): NoConsent(reason)}, {}, {})
    assert _through_a_file(record) == record


def _through_a_file(record: Record) -> Record:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "record.json"
        write_record(file, record, lambda text: text)
        return read_record(file, PROBES)


@given(strategies.text)
def test_spf_records_are_taken_apart_whatever_they_hold(text: str) -> None:
    record = spf.parse_record(f"v=spf1 {text}")
    for term in record.evaluated:
        if term.domain is not None and not term.error:
            expand(term.domain, "example.org", "example.org")
    assert all(isinstance(error, str) for error in record.errors)
    assert set(spf.select_records((text,))) <= {text}
    name = spf.target_name(text)
    assert name is None or name


@given(strategies.text)
def test_other_records_are_taken_apart_whatever_they_hold(text: str) -> None:
    assert dmarc.parse_record(text).policy("p") in dmarc.POLICIES
    assert dmarc.parse_record(f"v=DMARC1; {text}").psd in ("y", "n", "u")
    assert dkim.parse_key_record(text).key_type
    assert dkim.parse_key_record(f"v=DKIM1; {text}").text
    assert isinstance(mta_sts.parse_policy(text).errors, tuple)
    assert isinstance(mta_sts.parse_policy(f"version: STSv1\nmode: enforce\n{text}").mx, tuple)


@given(strategies.text, st.sampled_from([STSRecord, TLSRPTRecord]))
def test_policy_records_are_taken_apart_whatever_they_hold(text: str, kind: type[PublishedRecord]) -> None:
    from .observed import answer

    record = kind("example.org", answer("example.org", "TXT", f"v={kind.VERSION};{text}"))
    assert record.in_force == (not record.errors)


@given(strategies.text, strategies.addresses)
def test_generic_names_are_looked_for_in_any_text(text: str, address: str) -> None:
    reason = reverse.looks_generic(text, address)
    assert reason is None or reason


@given(strategies.text, strategies.text)
def test_mx_patterns_cover_or_do_not(pattern: str, host: str) -> None:
    assert mta_sts.covers(pattern, host) in (True, False)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=70))
def test_tlsa_records_are_usable_or_not(usage: int, selector: int, matching: int, data: bytes) -> None:
    record = TLSARecord(usage, selector, matching, data.hex())
    assert record.usable == (
        usage in (2, 3)
        and selector in (0, 1)
        and bool(data)
        and (matching == 0 or (matching, len(data)) in ((1, 32), (2, 64)))
    )
