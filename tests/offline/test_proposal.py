"""Before anything is deployed: zones as proposed, servers before they are in service, and what a run would do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.fixtures.authority import Authority
from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.net.loop import BackgroundLoop
from tests.offline.user import pytest_run, write_inventory

ZONE = """$TTL 3600
@ SOA ns1.hosting.example. hostmaster.hosting.example. 2026112300 14400 3600 1209600 3600
@ NS ns1.hosting.example.
@ NS ns2.hosting.example.
@ MX 10 mx1.hosting.example.
"""
RIGHT = ZONE + '@ TXT "v=spf1 mx -all"\n_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@no-spf.example"\n'
WRONG = ZONE + '@ TXT "v=spf1 +all"\n'

SPF = ("--control", "SPF-EXISTS", "--control", "SPF-ALL-STRICT")


def test_a_zone_is_judged_as_proposed_and_the_rest_as_it_is(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example, plus-all.example]\n")
    (tmp_path / "new.zone").write_text(RIGHT)
    run = pytest_run(tmp_path, "--inventory=prod.yaml", "--zone", "no-spf.example=new.zone", *SPF)
    verdicts = run.verdicts("prod")
    assert verdicts["SPF-EXISTS", "no-spf.example"] == "pass"
    assert verdicts["SPF-ALL-STRICT", "no-spf.example"] == "pass"
    assert verdicts["SPF-ALL-STRICT", "plus-all.example"] == "fail"
    proposed = {r["target"] for r in run.document("prod")["results"] if r["proposed"]}
    assert proposed == {"no-spf.example"}


def test_what_a_proposal_breaks_is_found_before_it_is_published(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    build = tmp_path / "build"
    build.mkdir()
    (build / "right.example.zone").write_text(WRONG)
    assert pytest_run(tmp_path, "--inventory=prod.yaml", *SPF).code == 0
    run = pytest_run(tmp_path, "--inventory=prod.yaml", "--zone", "build", *SPF)
    assert run.code == 1
    assert run.verdicts("prod")["SPF-ALL-STRICT", "right.example"] == "fail"
    assert all(r["proposed"] for r in run.document("prod")["results"])
    assert "FAIL [as proposed]  SPF-ALL-STRICT" in run.output


def test_a_proposed_zone_cannot_show_that_it_validates(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "new.zone").write_text(RIGHT)
    run = pytest_run(
        tmp_path, "--inventory=prod.yaml", "--zone=no-spf.example=new.zone", "--control=SEC-*", "--control=DEL-*"
    )
    verdicts = run.verdicts("prod")
    assert verdicts["SEC-SIGNED", "no-spf.example"] == "not applicable"
    assert verdicts["SEC-NOT-BOGUS", "no-spf.example"] == "not applicable"
    assert verdicts["DEL-PARENT-CHILD-NS", "no-spf.example"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--zone", "no-spf.example=missing.zone"), "missing.zone"),
        (("--zone", "no-spf.example=broken.zone"), "broken.zone:2"),
        (("--zone", "nowhere"), "neither NAME=FILE nor a directory"),
        (("--zone", "a..b=new.zone"), "not a domain name"),
        (
            ("--zone", "no-spf.example=broken.zone", "--zone", "no-spf.example=missing.zone"),
            "--zone: the zone no-spf.example is in ",
        ),
        (("--connect", "mx.example.org:25"), "is not HOST:PORT=ADDRESS:PORT"),
        (("--connect", "mx.example.org=127.0.0.1:25"), "--connect"),
    ],
)
def test_a_proposal_that_cannot_be_read_says_so(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "broken.zone").write_text("@ 60 SOA a b 1 2 3 4 5\n@ 60 MX not-a-number mx\n")
    run = pytest_run(tmp_path, "--inventory=prod.yaml", *arguments)
    assert run.code == 4
    assert message in run.errors
    assert "Traceback" not in run.output + run.errors


@pytest.fixture
def candidate(tmp_path: Path) -> Iterator[str]:
    """A mail server that is not in service yet, and relays for everybody."""
    loop = BackgroundLoop()

    async def start() -> tuple[SMTPPeer, str]:
        behaviour = SMTPBehaviour(host="mx1.hosting.example", relay="open", local_domains=("no-spf.example",))
        peer = SMTPPeer(behaviour, Authority(tmp_path))
        return peer, str(await peer.start())

    peer, address = loop.run(start())
    yield address
    loop.run(peer.stop())
    loop.close()


def test_a_candidate_is_judged_under_its_future_name(tmp_path: Path, candidate: str) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\nhosts: [mx1.hosting.example]\n")
    selection = ("--control", "SMTP-NO-OPEN-RELAY", "--target", "mx1.hosting.example*")
    assert pytest_run(tmp_path, "--inventory=prod.yaml", *selection).code == 0
    run = pytest_run(tmp_path, "--inventory=prod.yaml", f"--connect=mx1.hosting.example:25={candidate}", *selection)
    assert run.code == 1
    assert set(run.verdicts("prod").values()) == {"fail"}


def test_a_candidate_may_be_probed_without_the_host_being_named(tmp_path: Path, candidate: str) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    selection = ("--control", "SMTP-NO-OPEN-RELAY", "--target", "mx1.hosting.example*")
    assert pytest_run(tmp_path, "--inventory=prod.yaml", *selection).code == 5
    run = pytest_run(tmp_path, "--inventory=prod.yaml", f"--connect=mx1.hosting.example:25={candidate}", *selection)
    assert run.code == 1


def test_the_plan_says_what_would_be_contacted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_inventory(tmp_path, "domains: [{name: no-spf.example, active: false}]\nactive: false\n", fast=False)
    assert main(["plan", str(file), "--format", "json", "--control", "SMTP-*"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["targets"]["MailDomain"] == 1
    hosts = {contact["host"]: contact for contact in plan["contacts"]}
    assert "mx1.hosting.example[11.0.25.1]:25" in hosts
    contact = hosts["mx1.hosting.example[11.0.25.1]:25"]
    assert "smtp_session" in contact["probes"]
    assert contact["active"] == []
    assert set(contact["withheld"]) == {
        *("mailboxes", "starttls_injection", "conversation"),
        *("http_requests", "idle", "ntlm_challenge", "relay_attempts"),
    }
    assert contact["refusals"] == 0


def test_the_plan_says_how_many_recipients_a_host_will_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_inventory(tmp_path, "domains: [right.example]\nhosts: [mx2.right.example]\n")
    assert main(["plan", str(file)]) == 0
    output = capsys.readouterr().out
    assert "refusals that may count against the tester: 30\n" in output
    assert "11.2.25.1: 30 refusals at most, 4 in 10 minutes (limits.refusals): the rest is not asked" in output
    assert main(["plan", str(file), "--control", "SMTP-POSTMASTER"]) == 0
    assert "refusals that may count against the tester: 1\n" in capsys.readouterr().out
    assert main(["plan", str(file), "--control", "SMTP-EHLO-HELO"]) == 0
    assert "refusals" not in capsys.readouterr().out


@pytest.mark.parametrize("where", ["domain", "inventory", "command line"])
def test_the_plan_heeds_profiles(tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str) -> None:
    content = {
        "domain": "domains: [{name: right.example, profile: parked}]\n",
        "inventory": "domains: [right.example]\nprofile: parked\n",
        "command line": "domains: [right.example]\n",
    }
    option = ["--profile=parked"] if where == "command line" else []
    file = write_inventory(tmp_path, content[where])
    run = pytest_run(tmp_path, "--inventory=prod.yaml", *option)
    assert main(["plan", str(file), "--format", "json", *option]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["verdicts"] == len(run.document("prod")["results"])


def test_the_plan_of_an_unknown_profile_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_inventory(tmp_path, "domains: [right.example]\n")
    assert main(["plan", str(file), "--profile=nobody"]) == 4
    assert "nobody" in capsys.readouterr().err


def test_the_plan_of_a_record_needs_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    pytest_run(tmp_path, "--inventory=prod.yaml", "--record=seen.json", *SPF)
    text = (tmp_path / "prod.yaml").read_text().replace("world: demo", "resolvers: ['127.0.0.1:1']")
    (tmp_path / "prod.yaml").write_text(text)
    assert main(["plan", str(tmp_path / "prod.yaml"), "--replay", str(tmp_path / "seen.json")]) == 0
    output = capsys.readouterr().out
    assert "mx1.hosting.example[11.0.25.1]:25: " in output
    assert "in all" in output


def test_the_plan_is_no_less_than_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_inventory(tmp_path, "domains: [right.example]\n")
    run = pytest_run(tmp_path, "--inventory=prod.yaml")
    assert main(["plan", str(file), "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    planned = {contact["host"]: contact["connections"] for contact in plan["contacts"]}
    for address, count in run.document("prod")["traffic"]["connections"].items():
        matching = [number for host, number in planned.items() if f"[{address}]" in host]
        if matching:
            assert count <= sum(matching)
    assert plan["verdicts"] == len(run.document("prod")["results"])


def test_the_plan_of_a_bad_inventory_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("domain: x\n")
    assert main(["plan", str(tmp_path / "bad.yaml")]) == 4
    assert "did you mean domains?" in capsys.readouterr().err


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_change_is_judged_by_what_it_breaks_and_mends(tmp_path: Path, workers: tuple[str, ...]) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example, right.example]\n")
    (tmp_path / "new.zone").write_text(RIGHT)
    mend = ("--inventory=prod.yaml", "--compare-live", *SPF, *workers)
    run = pytest_run(tmp_path, "--zone", "no-spf.example=new.zone", *mend)
    assert run.code == 0, run.output + run.errors
    baseline = run.document("prod")["baseline"]
    assert {(entry["control"], entry["target"]) for entry in baseline["mended"]} >= {("SPF-EXISTS", "no-spf.example")}
    (tmp_path / "worse.zone").write_text(WRONG)
    run = pytest_run(tmp_path, "--zone", "right.example=worse.zone", *mend)
    assert run.code == 1
    baseline = run.document("prod")["baseline"]
    broken = {(entry["control"], entry["target"]) for entry in [*baseline["new"], *baseline["regressed"]]}
    assert broken == {("SPF-ALL-STRICT", "right.example")}
    known = {(entry["control"], entry["target"]) for entry in baseline["known"]}
    assert known == {("SPF-EXISTS", "no-spf.example")}
    assert baseline["file"] == "what is live"


def test_comparing_needs_a_proposal(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    run = pytest_run(tmp_path, "--inventory=prod.yaml", "--compare-live")
    assert run.code == 4
    assert "--compare-live needs a proposal" in run.errors


def test_a_loop_of_our_own_is_closed() -> None:
    loop = BackgroundLoop()
    assert loop.run(asyncio.sleep(0, "done")) == "done"
    loop.close()


DELEGATED = "$TTL 3600\n@ NS ns1.hosting.example.\n@ NS ns2.hosting.example.\n"
DELEGATION = ("--control=DEL-PARENT-CHILD-NS", "--control=SPF-EXISTS", "--control=DEL-AUTHORITATIVE")


@pytest.mark.parametrize(
    ("text", "verdict"), [(DELEGATED, "pass"), (DELEGATED + "@ NS ns3.hosting.example.\n", "fail")]
)
def test_a_zone_is_judged_as_it_would_be_delegated(tmp_path: Path, text: str, verdict: str) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "delegation").write_text(text)
    run = pytest_run(tmp_path, "--inventory=prod.yaml", "--delegation=no-spf.example=delegation", *DELEGATION)
    verdicts = run.verdicts("prod")
    assert verdicts["DEL-PARENT-CHILD-NS", "no-spf.example"] == verdict
    assert verdicts["SPF-EXISTS", "no-spf.example"] == "fail"
    assert verdicts["DEL-AUTHORITATIVE", "no-spf.example@ns1.hosting.example[11.0.53.1]"] == "pass"
    assert all(r["proposed"] for r in run.document("prod")["results"])
    assert "no-spf.example delegated as in" in run.output


def test_servers_that_do_not_have_the_zone_are_told_before_it_is_delegated_to_them(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    (tmp_path / "delegation").write_text("@ NS ns1.hosting.example.\n@ NS ns1\nns1 A 11.0.53.1\n")
    run = pytest_run(
        *(tmp_path, "--inventory=prod.yaml", "--delegation=right.example=delegation"),
        *("--control=DEL-AUTHORITATIVE", "--control=DEL-PARENT-CHILD-NS"),
    )
    results = [r for r in run.document("prod")["results"] if r["control"] == "DEL-AUTHORITATIVE"]
    assert {r["target"] for r in results} >= {
        "right.example@ns1.hosting.example[11.0.53.1]",
        "right.example@ns1.right.example[11.0.53.1]",
    }
    assert all(r["verdict"] == "fail" and r["proposed"] and "REFUSED" in r["message"] for r in results)
    assert run.verdicts("prod")["DEL-PARENT-CHILD-NS", "right.example"] == "inconclusive"


@pytest.mark.parametrize(
    ("option", "message"),
    [("no-spf.example", "is not NAME=FILE"), ("no-spf.example=none", "no such file"), ("other.test=file", "lies in")],
)
def test_a_delegation_that_cannot_be_meant_is_refused(tmp_path: Path, option: str, message: str) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "file").write_text(DELEGATED)
    run = pytest_run(tmp_path, "--inventory=prod.yaml", f"--delegation={option}", *SPF)
    assert run.code == 4
    assert message in run.errors
