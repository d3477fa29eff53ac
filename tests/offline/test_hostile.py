"""Hostile and broken peers against the whole suite: typed reasons, right verdicts, and nobody else harmed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.offline.user import Run, pytest_run

PHASES = ("greeting", "HELO", "EHLO", "STARTTLS", "EHLO/TLS", "MAIL", "RCPT", "RSET", "QUIT")
FAULTS = ("421", "close", "silence", "endless line", "endless reply", "mixed codes")

SMTP_PEERS: dict[str, dict[str, Any]] = {
    f"{fault.replace(' ', '-')}-{phase.lower().replace('/', '-')}": {"faults": {phase: fault}}
    for fault in FAULTS
    for phase in PHASES
} | {
    "plaintext": {"starttls": "plaintext"},
    "stalls": {"starttls": "stalls"},
    "broken": {"starttls": "broken"},
    "alert": {"starttls": "alert"},
    "drip": {"faults": {"greeting": "drip"}},
    "nul": {"greeting_raw": "220 nul\x00\r\n"},
    "bare-lf": {"greeting_raw": "220 mx.bare-lf.example ESMTP\n"},
    "no-code": {"greeting_raw": "hello\r\n"},
    "out-of-range": {"greeting_raw": "999 no\r\n"},
    "refuses": {"greeting_code": 554},
    "greylists": {"unknown_recipients": "greylisted"},
    "right": {},
}
"""Mail hosts by name, with what is wrong with them. One of them is right."""

DNS_FAULTS = ("SERVFAIL", "REFUSED", "silence", "garbage", "wrong id", "wrong question", "truncation everywhere")

POLICY_FAULTS = ("gzip bomb", "endless body", "drip", "silence", "close", "garbage", "alert", "hang up")

LIMITS = {
    "connect": 3, "greeting": 4, "reply": 3, "tls": 5, "dns": 4, "dns_tries": 1, "https": 4,
    "silence": 0.1, "pause": 0, "connections_per_host": 8,
}  # fmt: skip


def write_world(directory: Path) -> None:
    """A world with a domain for each fault, and an inventory of them all. YAML is a superset of JSON."""
    zone = [
        "$TTL 60",
        "@ SOA ns.example. h.example. 1 2 3 4 5",
        "@ NS ns",
        "@ NS ns2",
        "ns A 11.0.0.53",
        "ns2 A 11.0.1.53",
    ]
    smtp = []
    for number, (name, behaviour) in enumerate(SMTP_PEERS.items()):
        address = f"11.1.0.{number + 1}"
        zone += [f"{name} MX 10 mx.{name}", f"mx.{name} A {address}", f'{name} TXT "v=spf1 mx -all"']
        smtp.append({"host": f"mx.{name}.example", "addresses": [address], "behaviour": behaviour})
    behaviour = {}
    for fault in DNS_FAULTS:
        name = f"dns-{fault.lower().replace(' ', '-')}"
        zone += [f"{name} MX 10 mx.right", f'{name} TXT "v=spf1 -all"']
        behaviour[f"{name}.example"] = fault
    https = []
    for number, fault in enumerate(POLICY_FAULTS):
        name = f"policy-{fault.replace(' ', '-')}"
        address = f"11.2.0.{number + 1}"
        zone += [
            f"{name} MX 10 mx.right",
            f'_mta-sts.{name} TXT "v=STSv1; id=1;"',
            f"mta-sts.{name} A {address}",
        ]
        site = {"body": "version: STSv1\nmode: none\nmax_age: 86400\n", "fault": fault}
        https.append({"hosts": [f"mta-sts.{name}.example"], "addresses": [address], "site": site})
    zone += [
        *(f"many MX {number} mx{number}.many" for number in range(300)),
        "private MX 10 mx.private",
        "mx.private A 127.0.0.1",
        "mx.private A 10.0.0.1",
        "loop CNAME pool",
        "pool CNAME loop",
        'bomb TXT "v=spf1 include:bomb1.example include:bomb2.example -all"',
        *(f'bomb{n} TXT "v=spf1 include:bomb{n + 1}.example include:bomb{n + 2}.example -all"' for n in range(1, 40)),
        'self TXT "v=spf1 include:self.example -all"',
        "long TXT " + " ".join(f'"{"x" * 250}"' for _ in range(200)),
    ]
    plan = {
        "zones": {".": "root.zone", "example": "example.zone"},
        "behaviour": behaviour,
        "smtp": smtp,
        "https": https,
    }
    directory.mkdir()
    (directory / "world.yaml").write_text(json.dumps(plan))
    (directory / "example.zone").write_text("\n".join(zone) + "\n")
    (directory / "root.zone").write_text("@ 60 SOA ns.example. h.example. 1 2 3 4 5\n@ 60 NS ns.example.\n")
    others = ["many", "private", "loop", "bomb", "self", "long", f"{'.'.join('abcdefghijklmnopqrst')}.deep"]
    names = [
        *SMTP_PEERS,
        *(f"dns-{fault.lower().replace(' ', '-')}" for fault in DNS_FAULTS),
        *(f"policy-{fault.replace(' ', '-')}" for fault in POLICY_FAULTS),
        *others,
    ]
    inventory = {
        "world": "world",
        "active": True,
        "domains": [f"{name}.example" for name in names],
        "limits": LIMITS,
        "probe": {"ehlo": "mx.right.example", "sender": "postmaster@right.example"},
    }
    (directory.parent / "hostile.yaml").write_text(json.dumps(inventory))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("hostile")
    write_world(directory / "world")
    return pytest_run(directory, "--inventory", "hostile.yaml", timeout=400)


@pytest.fixture(scope="module")
def verdicts(hostile: Run) -> dict[tuple[str, str], str]:
    return hostile.verdicts("hostile")


def test_no_probe_and_no_control_breaks(hostile: Run) -> None:
    assert hostile.code == 1, hostile.output + hostile.errors
    broken = [
        (r["control"], r["target"], r["observed"])
        for r in hostile.document("hostile")["results"]
        if "internal error" in r["observed"] or "the control itself broke" in r["observed"]
    ]
    assert broken == []
    assert "Traceback" not in hostile.output + hostile.errors


def endpoint(name: str) -> str:
    return f"mx.{name}.example[11.1.0.{list(SMTP_PEERS).index(name) + 1}]:25"


def test_the_right_host_among_them_is_unharmed(verdicts: dict[tuple[str, str], str]) -> None:
    found = {control: verdict for (control, target), verdict in verdicts.items() if target == endpoint("right")}
    assert found["SMTP-GREET-220"] == found["SMTP-STARTTLS-WORKS"] == found["RELAY-MATRIX"] == "pass"
    assert "fail" not in found.values()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_greeting_that_does_not_come_is_inconclusive(verdicts: dict[tuple[str, str], str], fault: str) -> None:
    target = endpoint(f"{fault.replace(' ', '-')}-greeting")
    for control in ("SMTP-GREET-220", "SMTP-STARTTLS-OFFERED", "RELAY-MATRIX", "TLS-NO-SSL3", "AUTH-AFTER-TLS"):
        assert verdicts[control, target] == "inconclusive"


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "mixed codes"])
@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_a_transaction_that_breaks_is_neither_open_nor_closed(
    verdicts: dict[tuple[str, str], str], fault: str, phase: str
) -> None:
    name = f"{fault.replace(' ', '-')}-{phase}"
    assert verdicts["RELAY-MATRIX", endpoint(name)] == "inconclusive"
    assert verdicts["SMTP-POSTMASTER", f"{name}.example@{endpoint(name)}"] == "inconclusive"
    assert verdicts["SMTP-STARTTLS-WORKS", endpoint(name)] == "pass"


@pytest.mark.parametrize("name", ["plaintext", "broken", "alert"])
def test_starttls_that_leads_nowhere_fails(verdicts: dict[tuple[str, str], str], name: str) -> None:
    assert verdicts["SMTP-STARTTLS-WORKS", endpoint(name)] == "fail"
    assert verdicts["SMTP-GREET-220", endpoint(name)] == "pass"


def test_a_refusing_host_fails_at_the_greeting_alone(verdicts: dict[tuple[str, str], str]) -> None:
    found = {c: v for (c, target), v in verdicts.items() if target == endpoint("refuses")}
    assert [control for control, verdict in found.items() if verdict == "fail"] == ["SMTP-GREET-220"]


@pytest.mark.parametrize("fault", DNS_FAULTS)
def test_dns_faults_are_inconclusive(verdicts: dict[tuple[str, str], str], fault: str) -> None:
    domain = f"dns-{fault.lower().replace(' ', '-')}.example"
    for control in ("MX-EXISTS", "SPF-EXISTS"):
        assert verdicts[control, domain] == "inconclusive"


@pytest.mark.parametrize("fault", POLICY_FAULTS)
def test_hostile_policy_hosts_never_pass(verdicts: dict[tuple[str, str], str], fault: str) -> None:
    assert verdicts["STS-FETCH", f"policy-{fault.replace(' ', '-')}.example"] in ("inconclusive", "fail")


def test_private_addresses_are_not_followed(hostile: Run, verdicts: dict[tuple[str, str], str]) -> None:
    assert verdicts["MX-PUBLIC-ADDR", "mx.private.example"] == "fail"
    assert verdicts["SMTP-GREET-220", "mx.private.example[10.0.0.1]:25"] == "inconclusive"
    assert "10.0.0.1" not in hostile.document("hostile")["traffic"]["connections"]


def test_spf_bombs_and_loops_are_bounded_failures(verdicts: dict[tuple[str, str], str], hostile: Run) -> None:
    assert verdicts["SPF-LOOKUPS-10", "bomb.example"] == "fail"
    assert verdicts["SPF-INCLUDE-VALID", "self.example"] == "fail"
    assert sum(hostile.document("hostile")["traffic"]["questions"].values()) < 5000


def test_a_host_list_without_end_is_cut_and_says_so(hostile: Run) -> None:
    assert "300 MX hosts: only the first 50 are looked at" in json.dumps(hostile.document("hostile"))
