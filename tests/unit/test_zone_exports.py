"""Zones of DNSControl, of Route 53 and Cloudflare as they hand them out, and of a configuration of OctoDNS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.zone_sources import zone_source
from mailproof.net.dns.zone_files import load_zone, parse_zone
from mailproof.net.settings import NetSettings
from mailproof.proposal import propose
from mailproof.zone_sources.dnscontrol import read_ir
from mailproof.zone_sources.exports import read_cloudflare, read_route53
from mailproof.zone_sources.octodns_config import read_zones
from mailproof.zone_sources.reading import Gathered
from mailproof.zone_sources.source import SourceError, SourceZone, Trouble
from tests.offline.user import pytest_run, write_inventory

BARE = "{0}. 60 IN SOA n. h. 1 2 3 4 5\n{0}. 60 IN NS n.\n"


def lines_of(found: tuple[dict[str, SourceZone], list[Trouble]]) -> list[str]:
    """The lines of the one zone, which make one that can be read."""
    zones, troubles = found
    assert troubles == []
    (zone,) = zones.values()
    assert parse_zone(zone.name, BARE.format(zone.name) + "".join(f"{line}\n" for line in zone.lines))
    return zone.lines


def ir(directory: Path, *records: Any, **domain: Any) -> Path:
    file = directory / "ir.json"
    zone = {"name": "example.org", "registrar": "none", "records": [*records], **domain}
    file.write_text(json.dumps({"registrars": [], "dns_providers": [], "domains": [zone]}))
    return file


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ({"type": "A", "name": "@", "target": "192.0.2.1", "ttl": 60}, "example.org. 60 IN A 192.0.2.1"),
        ({"type": "MX", "name": "@", "target": "mx.x.example."}, "example.org. 300 IN MX 0 mx.x.example."),
        ({"type": "MX", "name": "@", "mxpreference": 5, "target": "mx"}, "example.org. 300 IN MX 5 mx.example.org."),
        (
            {"type": "CNAME", "name": "example.org", "target": "@"},
            "example.org.example.org. 300 IN CNAME example.org.",
        ),
        ({"type": "TXT", "name": "t", "target": 'a "b"; \\', "ttl": 1}, 't.example.org. 300 IN TXT "a \\"b\\"; \\\\"'),
        ({"type": "TXT", "name": "t", "target": "", "txtstrings": ["a", "b"]}, 't.example.org. 300 IN TXT "ab"'),
        (
            {"type": "SRV", "name": "_s._tcp", "srvport": 993, "target": "i.x.example."},
            "_s._tcp.example.org. 300 IN SRV 0 0 993 i.x.example.",
        ),
        (
            {"type": "CAA", "name": "@", "caatag": "issuewild", "target": ";"},
            'example.org. 300 IN CAA 0 issuewild ";"',
        ),
        (
            {"type": "TLSA", "name": "_25._tcp.mx", "tlsausage": 3, "tlsaselector": 1, "tlsamatchingtype": 1}
            | {"target": "ab" * 32},
            f"_25._tcp.mx.example.org. 300 IN TLSA 3 1 1 {'ab' * 32}",
        ),
        (
            {"type": "DS", "name": "s", "dskeytag": 1, "dsalgorithm": 13, "dsdigesttype": 2, "dsdigest": "ab" * 32}
            | {"target": ""},
            f"s.example.org. 300 IN DS 1 13 2 {'ab' * 32}",
        ),
    ],
    ids=["a", "mx", "relative", "below", "text", "strings", "srv", "caa", "tlsa", "ds"],
)
def test_a_record_of_dnscontrol_is_one_of_a_master_file(record: dict[str, Any], line: str, tmp_path: Path) -> None:
    assert lines_of(read_ir(ir(tmp_path, record))) == [line]


def test_a_tag_chooses_one_view_of_dnscontrol(tmp_path: Path) -> None:
    addresses = {"a.example": "1", "a.example!in": "2", "a.example!out": "3", "b.example": "4", "c.example!out": "5"}
    domains = [
        {"name": name, "records": [{"type": "A", "name": "@", "target": f"192.0.2.{last}"}]}
        for name, last in addresses.items()
    ]
    file = tmp_path / "ir.json"
    file.write_text(json.dumps({"domains": domains}))
    zones, _ = read_ir(file, "in")
    assert {name: zone.lines[0][-1] for name, zone in zones.items()} == {"a.example": "2", "b.example": "4"}
    with pytest.raises(SourceError, match="there is no view x; there are in, out"):
        read_ir(file, "x")


def test_name_servers_of_dnscontrol_are_records_of_the_zone(tmp_path: Path) -> None:
    servers = [{"name": "ns1.x.example"}, {"name": "ns2.x.example."}]
    read = lines_of(read_ir(ir(tmp_path, nameservers=servers)))
    assert read == ["example.org. 300 IN NS ns1.x.example.", "example.org. 300 IN NS ns2.x.example."]


PROXY = {"type": "A", "name": "www", "target": "192.0.2.1"}


@pytest.mark.parametrize(
    ("record", "domain", "why"),
    [
        ({**PROXY, "meta": {"cloudflare_proxy": "on"}}, {}, "www.example.org: A: proxied"),
        (PROXY, {"meta": {"cloudflare_proxy_default": "on"}}, "proxied"),
        ({"type": "ALIAS", "name": "@", "target": "x."}, {}, "example.org: ALIAS: a type of DNSControl"),
        ({"type": "R53_ALIAS", "name": "a", "target": "x."}, {}, "a type of DNSControl"),
        ({"type": "CNAME", "name": "@", "target": "x."}, {}, "a CNAME of the zone itself"),
        ({"type": "MX", "name": "@", "target": "x.", "mxpreference": "y"}, {}, "mxpreference is no number"),
        ({"type": "MX", "name": "@", "target": "x.", "rdata": {"Mx": "x."}}, {}, "a form of newer versions"),
        ({"type": "A", "name": "a"}, {}, "it has no target"),
        ({"type": "A", "target": "192.0.2.1"}, {}, "it has no name"),
        ({"type": "A", "name": "w.example.org.", "target": "192.0.2.1"}, {}, "one that ends in a dot"),
        ({"type": "A", "name": "a b", "target": "192.0.2.1"}, {}, "the name"),
        ({"type": "A", "name": "a", "target": "192.0.2.1\x1b"}, {}, "what it holds is no text"),
        ({"type": "A", "name": "\ud800", "target": "192.0.2.1"}, {}, "the name"),
        (None, {"keepunknown": True}, "NO_PURGE"),
        (None, {"ignored_targets": [{"pattern": "*.acme.example.", "type": "CNAME"}]}, "IGNORE"),
    ],
    ids=[
        *("proxied", "default", "alias", "aws", "apex", "number", "rdata", "target", "no name", "absolute"),
        *("name", "control", "half", "no purge", "ignored"),
    ],
)
def test_what_dnscontrol_cannot_publish_as_it_stands_is_told(
    record: Any, domain: dict[str, Any], why: str, tmp_path: Path
) -> None:
    _, (trouble,) = read_ir(ir(tmp_path, *([record] if record else []), **domain))
    assert why in str(trouble)


ROUTE53 = [
    {
        "Name": "example.org.",
        "Type": "SOA",
        "TTL": 900,
        "ResourceRecords": [{"Value": "ns-1.awsdns-00.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}],
    },
    {"Name": "example.org.", "Type": "NS", "TTL": 60, "ResourceRecords": [{"Value": "ns-1.awsdns-00.com."}]},
]


def route53(directory: Path, *sets: Any, **more: Any) -> Path:
    file = directory / "records.json"
    file.write_text(json.dumps({"ResourceRecordSets": [*ROUTE53, *sets], **more}))
    return file


def test_octets_that_route_53_writes_in_octal_are_decimal_in_a_master_file(tmp_path: Path) -> None:
    text = {"Value": '"v=DKIM1; p=a" "b\\303\\244" "c\\\\101d"'}
    read = lines_of(
        read_route53(
            route53(
                tmp_path,
                {"Name": "\\052.example.org.", "Type": "TXT", "TTL": 60, "ResourceRecords": [text]},
                {"Name": "example.org.", "Type": "MX", "TTL": 60, "ResourceRecords": [{"Value": "10 mx.example.org "}]},
            )
        )
    )
    assert read[2:] == [
        '*.example.org. 60 IN TXT "v=DKIM1; p=a" "b\\195\\164" "c\\\\101d"',
        "example.org. 60 IN MX 10 mx.example.org.",
    ]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        ({"AliasTarget": {"DNSName": "lb."}}, "www.example.org. A: an alias of Route 53"),
        ({"SetIdentifier": "eu", "Weight": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]}, "a routing policy"),
        ({"TrafficPolicyInstanceId": "x"}, "a set without records of its own"),
        ({"Name": "a\\100b.example.org.", "ResourceRecords": [{"Value": "192.0.2.1"}]}, "the name"),
        ({"Name": "www.example.net.", "ResourceRecords": [{"Value": "192.0.2.1"}]}, "does not lie in the zone"),
        ({"Type": "TXT", "ResourceRecords": [{"Value": "v=DMARC1; p=none"}]}, "a text without quotes around it"),
        ({"ResourceRecords": [{"Value": "192.0.2.1"}, "192.0.2.2"]}, "what it holds is known after the apply only"),
    ],
    ids=["alias", "policy", "traffic", "name", "elsewhere", "bare text", "bare value"],
)
def test_what_route_53_alone_can_answer_is_told(one: dict[str, Any], why: str, tmp_path: Path) -> None:
    _, (trouble,) = read_route53(route53(tmp_path, {"Name": "www.example.org.", "Type": "A", "TTL": 60, **one}))
    assert why in str(trouble)


CLOUDFLARE = """;;
;; Domain:     example.org.
;; Exported:   2026-11-01 00:00:00
;;

;; SOA Record
example.org\t3600\tIN\tSOA\tkip.ns.cloudflare.com. dns.cloudflare.com. 2053368469 10000 2400 604800 3600

;; NS Records
example.org.\t86400\tIN\tNS\tkip.ns.cloudflare.com.

;; MX Records
example.org.\t1\tIN\tMX\t10 mx.example.org.

;; TXT Records
example.org.\t60\tIN\tTXT\t"v=spf1 mx -all; cf-proxied:true" ; cf_tags=cf-proxied:false
"""


def test_an_export_of_cloudflare_is_read_with_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "example.org.txt"
    file.write_text(CLOUDFLARE)
    assert lines_of(read_cloudflare(file))[1:] == [
        "example.org. 86400 IN NS kip.ns.cloudflare.com.",
        "example.org. 300 IN MX 10 mx.example.org.",
        'example.org. 60 IN TXT "v=spf1 mx -all; cf-proxied:true"',
    ]
    file.write_text(CLOUDFLARE + "www.example.org.\t1\tIN\tA\t192.0.2.1 ; our web site cf_tags=cf-proxied:true\n")
    _, (trouble,) = read_cloudflare(file)
    assert str(trouble) == f"{file}:17: www.example.org. A: proxied: Cloudflare answers with addresses of its own"
    file.write_text(CLOUDFLARE + "example.org.\t1\tIN\tCNAME\tx.example. ; cf_tags=cf-proxied:false\n")
    assert "a CNAME of the zone itself" in str(read_cloudflare(file)[1][0])
    file.write_text(CLOUDFLARE + "_dmarc.example.org.\t1\tIN\tTXT\tv=DMARC1; p=none\n")
    assert "a text without quotes around it" in str(read_cloudflare(file)[1][0])
    file.write_text(CLOUDFLARE + "www.example.net.\t1\tIN\tA\t192.0.2.1\n")
    assert "does not lie in the zone example.org" in str(read_cloudflare(file)[1][0])


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        ("dnscontrol", "{", "not JSON: "),
        ("dnscontrol", "[]", "no `domains`: `dnscontrol print-ir --out"),
        ("dnscontrol", '{"domains": []}', "there is no zone in it"),
        ("dnscontrol", '{"domains": [{"name": "a.org"}, {"name": "a.org"}]}', "several zones a.org"),
        ("dnscontrol", '{"domains": [{"name": "a.org!in"}]}', "a.org!in is one view of a zone: ?view=in judges it"),
        ("dnscontrol", '{"domains": [{"name": "-x"}]}', "'-x' is not a domain name"),
        ("route53", "[]", "no ResourceRecordSets"),
        ("route53", '{"ResourceRecordSets": []}', "0 SOA records"),
        ("route53", '{"ResourceRecordSets": [], "NextToken": "x"}', "the listing is not whole"),
        ("route53", '{"ResourceRecordSets": [], "NextRecordName": "x."}', "the listing is not whole"),
        ("cloudflare", "example.org. 1 IN A 192.0.2.1", "0 SOA records"),
        ("cloudflare", "\nexample.org. IN A 192.0.2.1", ":2: no line of an export of Cloudflare"),
        ("cloudflare", 'a.example. 1 IN TXT "a', ":1: no line of an export of Cloudflare"),
        ("octodns", "zones: {}", "no `providers` and `zones`"),
        ("octodns", "providers: {}\nzones: {}", "it names no zone"),
        ("octodns", "a: [", "expected"),
    ],
)
def test_a_source_that_is_none_is_told(
    source: str, text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("source").write_text(text)
    assert main(["zones", f"{source}:source"]) == 4
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("mailproof zones: source")


OCTODNS = """---
providers:
  files: {class: octodns.provider.yaml.YamlProvider, directory: zones}
  aws: {class: octodns_route53.Route53Provider, access_key_id: env/NOT_THERE}
  more: {class: octodns.source.envvar.EnvVarSource, variable: X, name: x}
zones:
  a.example.: {sources: [files], targets: [aws]}
"""


def test_a_configuration_of_octodns_says_where_its_zones_lie(tmp_path: Path) -> None:
    (tmp_path / "zones").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "zones" / f"{name}.example.yaml").write_text("'': {type: A, value: 192.0.2.1}\n")
    config = tmp_path / "production.yaml"
    config.write_text(OCTODNS)
    zones, troubles = read_zones(config)
    assert zones.keys() == {"a.example"}
    assert troubles == []
    assert zones["a.example"].lines == ["a.example. 3600 IN A 192.0.2.1"]
    config.write_text(OCTODNS + "  b.example.: {sources: [files, more], processors: [x]}\n  '*': {sources: [files]}\n")
    zones, troubles = read_zones(config)
    assert zones.keys() == {"a.example", "b.example", "c.example"}
    assert [str(trouble) for trouble in troubles] == [
        "b.example: its source more is no directory of YAML files, and is not read",
        "b.example: processors change what is published, and are not run here",
    ]
    for taken in ('glob: "b.*"', "regex: '^b[.]'"):
        config.write_text(OCTODNS + f"  '*': {{sources: [files], {taken}}}\n")
        assert read_zones(config)[0].keys() == {"a.example", "b.example"}
    config.write_text(OCTODNS.replace("directory: zones", "directory: nowhere"))
    with pytest.raises(SourceError, match="nowhere is no directory of OctoDNS's YAML files"):
        read_zones(config)


SECRET = "c2VjcmV0IHNlY3JldA=="


@pytest.mark.parametrize(
    "text",
    [
        "example.org=a.zone",
        "zones",
        "terraform:plan.json?leave-out",
        "bind:named.conf?view=inside",
        "dnscontrol:ir.json?view=inside&leave-out",
        "axfr://ns1.example.org/example.org",
        "axfr://[2001:db8::1]:5353/example.org?key=mover&key-file=mover.key",
    ],
)
def test_a_source_is_shown_as_it_is_written(text: str) -> None:
    assert str(zone_source(text)) == text


def test_a_secret_of_a_source_is_never_shown() -> None:
    source = zone_source(f"axfr://ns1.example.org/example.org?key=hmac-sha512:mover:{SECRET}")
    assert (source.key, source.algorithm, source.secret) == ("mover", "hmac-sha512", SECRET)
    assert SECRET not in f"{source} {source!r}"


def test_an_inventory_takes_zones_from_where_they_are_kept(tmp_path: Path) -> None:
    records = [
        {"type": "TXT", "name": "@", "target": "v=spf1 -all"},
        {"type": "MX", "name": "@", "target": "mx1.hosting.example."},
    ]
    ir(tmp_path, *records, name="no-spf.example")
    alias = {"Name": "www.example.org.", "Type": "A", "AliasTarget": {"DNSName": "lb."}}
    kept = f"['dnscontrol:ir.json', 'route53:{route53(tmp_path, alias)}?leave-out']"
    write_inventory(tmp_path, f"domains: [no-spf.example]\nzone_files: {kept}\n")
    controls = ("--control", "SPF-EXISTS", "--control", "ZONE-LOADS")
    run = pytest_run(tmp_path, "--inventory=prod.yaml", *controls)
    left_out = ["www.example.org. A: an alias of Route 53: what it answers with is AWS's to say"]
    assert run.document("prod")["zones_without"] == left_out
    assert "Left out of a zone: www.example.org. A: an alias" in (tmp_path / "reports" / "prod.html").read_text()
    verdicts = run.verdicts("prod")
    assert verdicts["SPF-EXISTS", "no-spf.example"] == "pass"
    assert ("ZONE-LOADS", "no-spf.example (records)") in verdicts
    # What is live beside a proposal is read from the same sources, and once.
    zone = load_zone("no-spf.example", tmp_path / "reports" / "prod.zones" / "dnscontrol" / "no-spf.example.zone")
    (tmp_path / "proposed.zone").write_text(
        "".join(line for line in zone.to_text().splitlines(True) if "spf1" not in line)
    )
    beside = ("--zone", "no-spf.example=proposed.zone", "--compare-live", "--control", "SPF-EXISTS")
    run = pytest_run(tmp_path, "--inventory=prod.yaml", *beside)
    assert run.code == 1
    assert "no-spf.example" in run.output


def test_what_an_inventory_leaves_out_is_known_in_all_processes(tmp_path: Path) -> None:
    alias = {"Name": "www.example.org.", "Type": "A", "AliasTarget": {"DNSName": "lb."}}
    kept = [zone_source(f"route53:{route53(tmp_path, alias)}?leave-out")]
    first = Gathered(tmp_path / "zones")
    proposal = propose(NetSettings(), (), (), tmp_path, kept=kept, gathered=first)
    assert not proposal
    assert proposal.describe() == ()
    second = Gathered.of(first.write_index(), Secrets())
    proposal = propose(NetSettings(), (), ["mx.example.org:25=127.0.0.1:25"], tmp_path, kept=kept, gathered=second)
    assert proposal.left_out == ("www.example.org. A: an alias of Route 53: what it answers with is AWS's to say",)
    assert proposal.describe()[0] == f"without {proposal.left_out[0]}"


def test_the_plan_of_an_inventory_reads_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    ir(tmp_path, {"type": "MX", "name": "@", "target": "mx1.hosting.example."}, name="no-spf.example")
    write_inventory(tmp_path, "domains: [no-spf.example]\nzone_files: ['dnscontrol:ir.json', no-spf.example=a.zone]\n")
    (tmp_path / "a.zone").write_text(BARE.format("no-spf.example"))
    assert main(["plan", "prod.yaml"]) == 4
    assert "the zone no-spf.example is in dnscontrol:" in capsys.readouterr().err
    write_inventory(tmp_path, "domains: [no-spf.example]\nzone_files: ['dnscontrol:ir.json']\n")
    assert main(["plan", "prod.yaml", "--control", "ZONE-*"]) == 0
    assert not Path("reports").exists()
