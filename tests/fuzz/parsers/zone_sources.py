"""Zones from where they are kept, how that is written, and keys of transfers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mailproof.inventory.zone_sources import zone_source
from mailproof.zone_sources.bind import zone_files
from mailproof.zone_sources.dnscontrol import read_ir
from mailproof.zone_sources.exports import read_cloudflare, read_route53
from mailproof.zone_sources.source import SourceError, SourceZone, Trouble
from mailproof.zone_sources.terraform import read_plan
from mailproof.zone_sources.transfer import key_of
from tests.fuzz.parser import CONTROLS, Parser, input_file, told, words_of

Reader = Callable[[Path], tuple[dict[str, SourceZone], list[Trouble]]]


def _exported(read: Reader, suffix: str, data: bytes) -> bool:
    try:
        zones, troubles = read(input_file(data, suffix))
    except SourceError as error:
        return told(str(error))
    for trouble in troubles:
        told(str(trouble))
    for zone in zones.values():
        assert not any(part in line for line in zone.lines for part in "\n\r\0")
    return bool(zones)


def _source(data: bytes) -> bool:
    try:
        return bool(str(zone_source(data.decode(errors="replace"))))
    except ValueError:
        return False


def _bind(data: bytes) -> bool:
    try:
        found = zone_files(input_file(data, ".conf"))
    except SourceError as error:
        return told(str(error))
    assert not any(CONTROLS.search(name) for name in found)
    return True


def _key(data: bytes) -> bool:
    try:
        return key_of("mover", input_file(data, ".key")).name is not None
    except SourceError as error:
        return told(str(error))


_PLAN = {
    "format_version": "1.2",
    "planned_values": {
        "root_module": {
            "resources": [
                {"address": "a.z", "type": "aws_route53_zone", "values": {"name": "a.example", "zone_id": "Z1"}},
                {
                    "address": "a.r",
                    "type": "aws_route53_record",
                    "values": {"name": "a", "type": "TXT", "ttl": 60, "records": ["v=spf1 -all"], "zone_id": "Z1"},
                },
            ],
            "child_modules": [
                {
                    "resources": [
                        {"address": "c.z", "type": "cloudflare_zone", "values": {"zone": "c.example", "id": "c"}},
                        {
                            "address": "c.r",
                            "type": "cloudflare_record",
                            "values": {
                                "name": "@",
                                "type": "MX",
                                "ttl": 1,
                                "priority": 5,
                                "value": "mx",
                                "zone_id": "c1",
                            },
                        },
                    ]
                }
            ],
        }
    },
}

PARSERS = (
    Parser(
        "terraform-plan",
        partial(_exported, read_plan, ".json"),
        (json.dumps(_PLAN).encode(),),
        words_of('{ } [ ] null true "name" "records" "alias" "data" "SRV" "CAA" "proxied" "vpc" "\\n" "\\u001b" 1e9'),
        4,
    ),
    Parser(
        "dnscontrol-ir",
        partial(_exported, read_ir, ".json"),
        (
            b'{"domains": [{"name": "a.example", "records": [{"type": "MX", "name": "@", "target": "mx.a.example.", '
            b'"mxpreference": 10, "ttl": 60}, {"type": "TXT", "name": "t", "target": "v=spf1 -all"}]}]}',
        ),
        words_of('{ } [ ] null true "name" "target" "type" "meta" "SRV" "CAA" "DS" "nameservers" "\\n" "\\u001b" 1e9'),
        4,
    ),
    Parser(
        "route53-records",
        partial(_exported, read_route53, ".json"),
        (
            b'{"ResourceRecordSets": [{"Name": "a.example.", "Type": "SOA", "TTL": 60, '
            b'"ResourceRecords": [{"Value": "n. h. 1 2 3 4 5"}]}]}',
        ),
        words_of('{ } [ ] null "Name" "Type" "TTL" "AliasTarget" "\\\\052" "\\n" "\\u001b" 1e9'),
        2,
    ),
    Parser(
        "cloudflare-export",
        partial(_exported, read_cloudflare, ".txt"),
        (b'a.example 60 IN SOA n. h. 1 2 3 4 5\na.example. 1 IN TXT "v=spf1 -all" ; cf_tags=cf-proxied:false\n',),
        words_of('; " IN SOA CNAME cf-proxied:true 99999999999'),
        4,
    ),
    Parser(
        "zone-source",
        _source,
        (b"axfr://ns1.example.org:53/example.org?key=mover&key-file=f", b"terraform:p.json?leave-out", b"a.example=f"),
        words_of("axfr: terraform: octodns: bind: // ? & = : @ [ ] key= view= leave-out"),
        2,
    ),
    Parser(
        "bind-zones",
        _bind,
        (b'options { directory "z"; };\nview "v" { zone "a.example" { type primary; file "a"; }; };\n',),
        words_of('{ } ; " view zone type primary file include options directory ../ // /* */'),
        4,
    ),
    Parser(
        "tsig-key",
        _key,
        (b'key "mover" { algorithm hmac-sha256; secret "c2VjcmV0"; };\n',),
        words_of('{ } ; " key mover algorithm secret hmac-sha512 ==='),
        2,
    ),
)
