"""Zones from plans of Terraform and from BIND's configuration, and keys of transfers."""

from __future__ import annotations

import json

from mailproof.zone_sources.bind import zone_files
from mailproof.zone_sources.source import SourceError
from mailproof.zone_sources.terraform import read_plan
from mailproof.zone_sources.transfer import key_of
from tests.fuzz.parser import CONTROLS, Parser, input_file, told, words_of


def _plan(data: bytes) -> bool:
    try:
        zones, troubles = read_plan(input_file(data, ".json"))
    except SourceError as error:
        return told(str(error))
    for trouble in troubles:
        told(str(trouble))
    for zone in zones.values():
        assert not any(part in line for line in zone.lines for part in "\n\r\0")
    return bool(zones)


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
        _plan,
        (json.dumps(_PLAN).encode(),),
        words_of('{ } [ ] null true "name" "records" "alias" "data" "SRV" "CAA" "proxied" "vpc" "\\n" "\\u001b" 1e9'),
        4,
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
