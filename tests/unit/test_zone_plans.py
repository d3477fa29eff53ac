"""Zones from plans of Terraform."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsig
import dns.zone
import pytest

from mailproof.cli import main
from mailproof.fixtures.world import World
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.zone_sources.source import SourceError
from mailproof.zone_sources.terraform import read_plan
from tests.offline.user import SOURCE, pytest_run, write_inventory


def resource(kind: str, label: str = "x", /, **values: Any) -> dict[str, Any]:
    return {"address": f"{kind}.{label}", "mode": "managed", "type": kind, "name": label, "values": values}


def aws(name: str, type: str, records: list[str] | None = None, **values: Any) -> dict[str, Any]:
    values = {"zone_id": "Z1", "ttl": 60, "records": records} | values
    return resource("aws_route53_record", name=name, type=type, **values)


def cloudflare(name: str, type: str, **values: Any) -> dict[str, Any]:
    return resource("cloudflare_record", name=name, type=type, **({"zone_id": "c1", "ttl": 60} | values))


def google(name: str, type: str, **values: Any) -> dict[str, Any]:
    return resource("google_dns_record_set", managed_zone="g", name=name, type=type, ttl=60, **values)


def read(resource: dict[str, Any]) -> dict[str, Any]:
    """The same as a data source."""
    return {**resource, "mode": "data"}


def plan(directory: Path, *resources: Any, prior: Any = (), **more: Any) -> Path:
    """A plan of these resources, the last of them in a module."""
    root = {"resources": [*resources[:-1]], "child_modules": [{"resources": [*resources[-1:]]}]}
    document = {
        "format_version": "1.2",
        "planned_values": {"root_module": root},
        "prior_state": {"values": {"root_module": {"resources": [*prior]}}},
        **more,
    }
    file = directory / "plan.json"
    file.write_text(json.dumps(document))
    return file


AWS = resource("aws_route53_zone", name="aws.example", zone_id="Z1", vpc=[])
PRIVATE = resource("aws_route53_zone", name="inside.aws.example", vpc=[{"vpc_id": "v"}])
FLARE = resource("cloudflare_zone", zone="flare.example", id="c1")
GOOGLE = resource("google_dns_managed_zone", name="g", dns_name="google.example.", visibility="public")
READ = (read(AWS), read(FLARE), read(GOOGLE))


@pytest.mark.parametrize(
    ("record", "lines"),
    [
        (aws("aws.example", "MX", ["10 mx.x.example"]), ["aws.example. 60 IN MX 10 mx.x.example."]),
        (aws("k.aws.example", "TXT", ['v=DKIM1; p=a""b']), ['k.aws.example. 60 IN TXT "v=DKIM1; p=a" "b"']),
        (
            aws("WWW", "A", ["192.0.2.1", "192.0.2.2"]),
            ["www.aws.example. 60 IN A 192.0.2.1", "www.aws.example. 60 IN A 192.0.2.2"],
        ),
        (aws("a.aws.example.", "A", ["192.0.2.1"], zone_id=None), ["a.aws.example. 60 IN A 192.0.2.1"]),
        (
            cloudflare("@", "MX", ttl=1, priority=5, content="mx.x.example"),
            ["flare.example. 300 IN MX 5 mx.x.example."],
        ),
        (cloudflare("flare.example", "TXT", content='a "b" \\'), ['flare.example. 60 IN TXT "a \\"b\\" \\\\"']),
        (cloudflare("t", "TXT", value="x" * 300), [f't.flare.example. 60 IN TXT "{"x" * 255}" "{"x" * 45}"']),
        (
            cloudflare("_s._tcp", "SRV", data=[{"priority": 0, "weight": 1, "port": 993, "target": "i.x.example"}]),
            ["_s._tcp.flare.example. 60 IN SRV 0 1 993 i.x.example."],
        ),
        (
            cloudflare("flare.example", "CAA", content=None, data={"flags": 0, "tag": "issue", "value": "ca.example"}),
            ['flare.example. 60 IN CAA 0 issue "ca.example"'],
        ),
        (aws("aws.example", "TXT", ["a\\101\\303\\\\101"]), ['aws.example. 60 IN TXT "aA\\195\\\\101"']),
        (
            google("google.example.", "TXT", rrdatas=['"v=spf1" " -all"']),
            ['google.example. 60 IN TXT "v=spf1" " -all"'],
        ),
        (
            resource("powerdns_record", zone="p.example.", name="p.example.", type="NS", ttl=60, records=["ns.x."]),
            ["p.example. 60 IN NS ns.x."],
        ),
    ],
    ids=["mx", "txt", "a", "whole", "priority", "quotes", "long", "srv", "caa", "octal", "google", "powerdns"],
)
def test_a_record_of_a_plan_is_one_of_a_master_file(record: Any, lines: list[str], tmp_path: Path) -> None:
    zones, troubles = read_plan(plan(tmp_path, record, prior=READ))
    assert troubles == []
    (zone,) = zones.values()
    assert zone.lines == lines
    whole = f"{zone.name}. 60 IN SOA n. h. 1 2 3 4 5\n{zone.name}. 60 IN NS n.\n" + "".join(f"{one}\n" for one in lines)
    assert parse_zone(zone.name, whole)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (aws("a", "A", alias=[{"name": "lb"}]), "alias of Route 53"),
        (aws("a", "A", set_identifier="eu"), "routing policy"),
        (aws("a.aws.example", "A", ["192.0.2.1"], zone_id="Z9"), "its zone is not in the plan"),
        (aws("a", "A"), "known after the apply"),
        (aws("a", "A", ["192.0.2.1"], ttl="x"), "the TTL"),
        (aws("a b", "A", ["192.0.2.1"]), "the name"),
        (aws("$ORIGIN", "A", ["192.0.2.1"]), "the name"),
        (aws("a", "TXT", ["a\n$INCLUDE /etc/passwd"]), "several lines"),
        (cloudflare("a", "A", value="192.0.2.1", proxied=True), "proxied"),
        (cloudflare("a", "SRV", data=[{"port": 1}]), "known after the apply"),
        (google("a.google.example.", "A", routing_policy=[{}]), "routing policy"),
        (aws("a.inside.aws.example", "A", ["192.0.2.1"], zone_id=None), "a private zone over its name"),
        (cloudflare("@", "CNAME", value="x.example"), "a CNAME of the zone itself"),
        (google("google.example.", "TXT", rrdatas=["v=DMARC1; p=reject"]), "a text without quotes around it"),
        (google("google.example.", "txt", rrdatas=["v=DMARC1; p=reject"]), "a text without quotes around it"),
        (cloudflare("t", "TXT", content='"v=DMARC1"; p=reject'), "a text without quotes around it"),
        (aws(None, "TXT", ["v=spf1 -all"]), "its name or its type is not known"),  # type: ignore[arg-type]
        (resource("aws_route53_record", type="A", ttl=60, records=["192.0.2.1"], zone_id="Z1"), "its name or its type"),
        (aws("www.aws.test.", "A", ["192.0.2.1"]), "does not lie in the zone aws.example"),
        (google("www.google.test", "A", rrdatas=["192.0.2.1"]), "does not lie in the zone google.example"),
        (cloudflare("@", "MX", content="mx.x.example"), "an MX record without a priority"),
        (resource("aws_route53_records_exclusive", zone_id="Z1"), "is not read here"),
        (resource("azurerm_dns_mx_record", name="@", zone_name="aws.example"), "is not read here"),
        (aws("a.aws.example", "A", ["192.0.2.1"], zone_id="c1"), "its zone is not in the plan"),
        (AWS, "neither the plan nor the state before has a record of the zone aws.example"),
    ],
    ids=[
        *("alias", "policy", "zone", "unknown", "ttl", "name", "directive", "lines"),
        *("proxied", "parts", "google policy", "private", "apex", "bare text"),
        *("lower text", "half a text", "null", "no name", "elsewhere", "google elsewhere", "priority"),
        *("exclusive", "azure", "other provider", "nothing known"),
    ],
)
def test_what_no_master_file_can_hold_is_told_and_not_guessed(record: Any, why: str, tmp_path: Path) -> None:
    zones, (trouble,) = read_plan(plan(tmp_path, PRIVATE, record, prior=READ))
    assert not any(zone.lines for zone in zones.values())
    assert why in str(trouble)
    assert str(trouble).startswith(f"{record['address']}: ")


A = ["192.0.2.1"]
OTHER = resource("aws_route53_zone", "other", name="other.example", zone_id="Z2")
IN_OTHER = aws("other.example", "A", A, zone_id="Z2")
BEFORE = aws("aws.example", "MX", ["10 mx.x.example"])
DELETED = {"address": "x", "type": "aws_route53_record", "change": {"actions": ["delete"], "before": BEFORE["values"]}}


@pytest.mark.parametrize(
    "known",
    [{"prior": [AWS, BEFORE]}, {"resource_changes": [DELETED]}],
    ids=["in the state", "among the changes"],
)
def test_a_zone_that_loses_its_last_record_is_proposed_without_any(known: dict[str, Any], tmp_path: Path) -> None:
    zones, troubles = read_plan(plan(tmp_path, AWS, OTHER, IN_OTHER, **known))
    assert troubles == []
    assert {name: len(zone.lines) for name, zone in zones.items()} == {"aws.example": 0, "other.example": 1}


def test_a_zone_that_the_plan_removes_is_told(tmp_path: Path) -> None:
    zones, (trouble,) = read_plan(plan(tmp_path, OTHER, IN_OTHER, prior=[AWS, BEFORE]))
    assert zones.keys() == {"other.example"}
    assert "the plan has the zone aws.example no longer" in str(trouble)


SECOND = resource("aws_route53_zone", "second", name="aws.example", zone_id="Z2")
MOVED = resource("cloudflare_zone", "moved", zone="aws.example", id="c1")


@pytest.mark.parametrize(
    ("second", "record"),
    [
        (SECOND, aws("aws.example", "TXT", ["v=spf1 -all"], zone_id="Z2")),
        (MOVED, cloudflare("@", "TXT", content="v=spf1 -all")),
    ],
    ids=["accounts", "providers"],
)
def test_zones_of_one_name_are_not_one_zone(second: Any, record: Any, tmp_path: Path) -> None:
    zones, (trouble,) = read_plan(plan(tmp_path, AWS, BEFORE, second, record))
    assert zones == {}
    assert (
        f"several zones have this name, and one of them is delegated: aws_route53_zone.x and {second['address']}"
        in (str(trouble))
    )
    zones, troubles = read_plan(plan(tmp_path, AWS, BEFORE, second, record), second["address"])
    assert troubles == []
    assert [line.partition(" IN ")[2] for line in zones["aws.example"].lines] == ['TXT "v=spf1 -all"']
    with pytest.raises(SourceError, match=r"no zone aws_route53_zone\.none; there are aws_route53_zone\.x, "):
        read_plan(plan(tmp_path, AWS, BEFORE, second, record), "aws_route53_zone.none")
    # Once the former one is gone there is no doubt, and a data source of a zone is the zone.
    zones, troubles = read_plan(plan(tmp_path, read(AWS), AWS, BEFORE, prior=[second, record]))
    assert troubles == []
    assert zones["aws.example"].lines == ["aws.example. 60 IN MX 10 mx.x.example."]


def test_managed_zones_of_two_projects_may_have_one_name(tmp_path: Path) -> None:
    resources = []
    for project, name in (("p1", "one.example."), ("p2", "two.example.")):
        zone = {"name": "g", "dns_name": name, "project": project}
        resources += [
            resource("google_dns_managed_zone", project, **zone),
            resource(
                "google_dns_record_set", managed_zone="g", project=project, name=name, type="A", ttl=60, rrdatas=A
            ),
        ]
    zones, troubles = read_plan(plan(tmp_path, *resources))
    assert troubles == []
    assert [zone.lines for zone in zones.values()] == [
        [f"{name}.example. 60 IN A 192.0.2.1"] for name in ("one", "two")
    ]
    _, (trouble,) = read_plan(plan(tmp_path, *resources, google("www.one.example.", "A", rrdatas=A)))
    assert "it may be of either zone" in str(trouble)


def test_what_is_no_record_of_a_public_zone_is_passed_over(tmp_path: Path) -> None:
    inside = resource("aws_route53_zone", "in", name="aws.example", zone_id="ZP", vpc=[{"vpc_id": "v"}])
    others = [
        read(aws("b.aws.example", "A", A)),
        aws("db.aws.example", "A", A, zone_id="ZP"),
        resource("aws_route53_health_check", type="TCP"),
        resource("azurerm_private_dns_a_record", name="db"),
        resource("aws_config_configuration_recorder", name="x"),
    ]
    zones, troubles = read_plan(plan(tmp_path, AWS, inside, BEFORE, *others))
    assert troubles == []
    assert zones["aws.example"].lines == ["aws.example. 60 IN MX 10 mx.x.example."]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"complete": False}, "it is not complete"),
        (
            {"deferred_changes": [{"reason": "x", "resource_change": {"address": "a", "type": "aws_route53_record"}}]},
            "the plan leaves it to another one",
        ),
        (
            {"resource_changes": [{**DELETED, "change": {"actions": ["forget"], "before": BEFORE["values"]}}]},
            "it stays published",
        ),
    ],
    ids=["complete", "deferred", "forgotten"],
)
def test_a_plan_that_is_not_the_whole_change_says_so(more: dict[str, Any], why: str, tmp_path: Path) -> None:
    _, (trouble,) = read_plan(plan(tmp_path, AWS, BEFORE, **more))
    assert why in str(trouble)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON: "),
        ('{"format_version": "1.2", "errored": true}', "the plan ended in an error"),
        ("[" * 100_000, "not JSON: "),
        ("[]", "no plan of Terraform"),
        ('{"format_version": "2.0"}', "no plan of Terraform"),
        ('{"format_version": "1.2"}', "no record of Route 53"),
        ('{"format_version": "1.2", "planned_values": {"root_module": {"resources": 7}}}', "no record of Route 53"),
    ],
)
def test_a_file_that_is_no_plan_is_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(SourceError, match=re.escape(said)):
        read_plan(tmp_path / "plan.json")


SPF = aws("no-spf.example", "TXT", ["v=spf1 mx -all"])
ALIAS = {**aws("www", "A", alias=[{"name": "lb"}]), "address": "aws_route53_record.web"}
ZONE = resource("aws_route53_zone", name="no-spf.example", zone_id="Z1")


def test_the_command_of_the_page_judges_a_plan(tmp_path: Path) -> None:
    page = (SOURCE / "docs" / "gate-a-zone-change.md").read_text(encoding="utf-8")
    (run,) = re.findall(r"^    mailproof (.*)$", page, re.MULTILINE)
    plan(tmp_path, ZONE, ALIAS, SPF)
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    _, inventory, option, source = shlex.split(run)
    refused = pytest_run(tmp_path, "--inventory", inventory, option, source, "--control", "SPF-EXISTS")
    assert refused.code == 4
    assert "aws_route53_record.web: an alias of Route 53" in refused.errors
    assert "plan.json?leave-out' judges" in refused.errors
    done = pytest_run(
        tmp_path, "--inventory", inventory, option, f"{source}?leave-out", "--control", "SPF-EXISTS", "-n1"
    )
    assert done.verdicts("prod") == {("SPF-EXISTS", "no-spf.example"): "pass"}
    assert "proposed: without aws_route53_record.web: an alias" in done.output
    zone = load_zone("no-spf.example", tmp_path / "reports" / "prod.zones" / "terraform" / "no-spf.example.zone")
    assert zone.get_rdataset(zone.origin or dns.name.root, "NS") is not None


def test_a_zone_that_is_not_published_lacks_what_only_the_provider_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    new = resource("aws_route53_zone", name="nowhere.example", zone_id="Z1")
    plan(tmp_path, new, {**SPF, "values": {**SPF["values"], "name": "nowhere.example"}})
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        assert main(["zones", "terraform:plan.json", "--resolver", str(world.resolver)]) == 4
    assert "nowhere.example is not published yet, and the source has no SOA record" in capsys.readouterr().err
    assert not Path("zones").exists()
