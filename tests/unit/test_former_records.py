"""Records of earlier releases, in which each question about TLS was an observation of its own, are judged as then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailproof.gate.verdict import Verdict
from mailproof.net.errors import ClosedEarly
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSOffers
from mailproof.probes.probe import NoConsent
from mailproof.record import RecordError, read_record, write_record

from .cases.case import judged
from .cases.tls import AT_MX
from .test_record import ENDPOINT, PROBES, RECORD

CONTROLS = ("TLS-NO-SSL2", "TLS-NO-SSL3", "TLS-NO-10-11", "TLS-12-OR-13", "TLS-NO-RC4", "TLS-NO-3DES")


def handshake(version: str, accepted: bool = False, offered: str = "all") -> dict[str, Any]:
    cipher, error = ("SUITE", None) if accepted else (None, "tlsv1 alert protocol version")
    return {"version": version, "offered": offered, "accepted": accepted, "cipher": cipher, "error": error}


def seen(*handshakes: dict[str, Any], tls: bool = True) -> dict[str, Any]:
    observation = {"endpoint": ENDPOINT.id, "tls_offered": tls, "handshakes": list(handshakes)}
    return {"observation": {**observation, "no_version": False, "by_smtp": True}}


RIGHT = {
    "ssl_2": seen(handshake("SSLv2")),
    "ssl_3": seen(handshake("SSLv3")),
    "tls_1_0_and_1_1": seen(handshake("TLSv1.0"), handshake("TLSv1.1")),
    "tls_1_2_and_1_3": seen(handshake("TLSv1.2", True), handshake("TLSv1.3", True)),
    "rc4": seen(handshake("TLSv1.2", offered="RC4")),
    "triple_des": seen(handshake("TLSv1.2", offered="3DES")),
}
DEAD = {"no_consent": "dead: true"}
FAILED = {"not_observed": {"kind": "closed early", "reason": "the peer closed", "evidence": ["line"]}}


def read(directory: Path, **outcomes: dict[str, Any]) -> Any:
    """The outcome of ``tls_offers`` in a record that has these ``outcomes`` of the former probes."""
    file = directory / "record.json"
    write_record(file, RECORD)
    document = json.loads(file.read_text())
    document["outcomes"] += [{"probe": name, "target": ENDPOINT.id, **found} for name, found in outcomes.items()]
    file.write_text(json.dumps(document))
    record = read_record(file, PROBES)
    found = record.outcomes["tls_offers", ENDPOINT.id]
    write_record(file, record)
    again = read_record(file, PROBES).outcomes["tls_offers", ENDPOINT.id]
    assert again == found or type(again) is type(found) is ClosedEarly
    return found


def verdicts(offers: TLSOffers) -> dict[str, Verdict]:
    return {control: judged(control, {"tls_offers": offers, "tls_endpoint": AT_MX}).verdict for control in CONTROLS}


def test_a_right_server_still_passes(tmp_path: Path) -> None:
    offers = read(tmp_path, **RIGHT)
    assert set(verdicts(offers).values()) == {Verdict.PASS}
    assert offers.accepted == (TLSVersion.TLS1_2, TLSVersion.TLS1_3)


@pytest.mark.parametrize(
    ("probe", "found", "control", "says"),
    [
        ("ssl_2", seen(handshake("SSLv2", True)), "TLS-NO-SSL2", "accepted: SSLv2 (SUITE)"),
        ("tls_1_0_and_1_1", seen(handshake("TLSv1.0"), handshake("TLSv1.1", True)), "TLS-NO-10-11", "TLSv1.1"),
        ("rc4", seen(handshake("TLSv1.2", True, "RC4")), "TLS-NO-RC4", "accepted: TLSv1.2 (SUITE)"),
        ("triple_des", seen(handshake("TLSv1.2", True, "3DES")), "TLS-NO-3DES", "accepted: TLSv1.2 (SUITE)"),
        ("tls_1_2_and_1_3", seen(handshake("TLSv1.2"), handshake("TLSv1.3")), "TLS-12-OR-13", "protocol version"),
    ],
)
def test_each_fault_is_still_found(tmp_path: Path, probe: str, found: dict[str, Any], control: str, says: str) -> None:
    offers = read(tmp_path, **(RIGHT | {probe: found}))
    judgement = judged(control, {"tls_offers": offers, "tls_endpoint": AT_MX})
    assert judgement.verdict is Verdict.FAIL
    assert says in judgement.observed


@pytest.mark.parametrize("probe", RIGHT)
def test_what_could_not_be_seen_is_still_inconclusive(tmp_path: Path, probe: str) -> None:
    offers = read(tmp_path, **(RIGHT | {probe: FAILED}))
    by_probe = dict(zip(RIGHT, CONTROLS, strict=True))
    expected = {control: Verdict.INCONCLUSIVE if by_probe[probe] == control else Verdict.PASS for control in CONTROLS}
    assert verdicts(offers) == expected


@pytest.mark.parametrize("probe", RIGHT)
def test_a_record_of_a_few_controls_holds_nothing_more(tmp_path: Path, probe: str) -> None:
    offers = read(tmp_path, **{probe: RIGHT[probe]})
    control = dict(zip(RIGHT, CONTROLS, strict=True))[probe]
    assert verdicts(offers)[control] is Verdict.PASS
    assert {found for other, found in verdicts(offers).items() if other != control} == {Verdict.INCONCLUSIVE}


def test_no_tls_no_consent_and_failures_stay_what_they_were(tmp_path: Path) -> None:
    without = dict.fromkeys(RIGHT, seen(tls=False))
    assert set(verdicts(read(tmp_path, **without)).values()) == {Verdict.NOT_APPLICABLE}
    assert isinstance(read(tmp_path, **dict.fromkeys(RIGHT, DEAD)), NoConsent)
    failure = read(tmp_path, **dict.fromkeys(RIGHT, FAILED))
    assert (failure.kind, failure.reason, failure.evidence) == ("closed early", "the peer closed", ("line",))


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="damaged"):
        read(tmp_path, ssl_3={"observation": {"endpoint": 1}})
