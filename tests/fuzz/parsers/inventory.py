"""YAML files: inventories, waivers, profiles."""

from __future__ import annotations

from datetime import date
from functools import cache

from mailproof.controls import load_catalogue
from mailproof.gate.profile import UnknownProfile, load_profile
from mailproof.gate.waivers import EXAMPLE, WaiverFile
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory, load_part
from tests.fuzz.parser import Parser, directory, input_file, told, words_of


def _inventory(data: bytes) -> bool:
    try:
        loaded = load_inventory(input_file(data, ".yaml"), {"SECRET": "hush"})
    except InventoryError as error:
        return told(str(error))
    loaded.model.net_settings()
    return True


def _waivers(data: bytes) -> bool:
    try:
        part, _ = load_part(input_file(data, ".yaml"), WaiverFile, EXAMPLE, {})
    except InventoryError as error:
        return told(str(error))
    return all(isinstance(waiver.expires, date) for waiver in part.waivers)


def _profile(data: bytes) -> bool:
    try:
        profile = load_profile(str(input_file(data, ".yaml")), _catalogue(), directory())
    except (InventoryError, UnknownProfile) as error:
        return told(str(error))
    profile.note(_catalogue())
    return True


_catalogue = cache(load_catalogue)


_INVENTORY = b"""# the inventory
include: []
contact: ops@example.org
active: true
domains:
  - example.org
  - {name: example.net, sends: false, receives: false}
  - name: b\xc3\xbccher.example
    selectors: [s1]
    active: false
hosts:
  - name: mx1.example.org
    addresses: [192.0.2.1, "2001:db8::1"]
sending: [192.0.2.25]
zones: [example.org]
blocklists: [{name: list, zone: "${secret:SECRET}.bl.example"}]
limits: {connect: 3, greeting: 5.5, retries: 0}
probe: {ehlo: probe.example.org, sender: postmaster@example.org}
resolvers: [127.0.0.1]
trust: {dnssec: resolver}
controls: {SPF-EXISTS: {level: MUST}}
waivers:
  - {control: SPF-*, target: example.net, reason: "until &a the move", expires: 2027-01-31}
"""

_WAIVERS = b"""waivers:
  - {control: SPF-EXISTS, target: example.org, reason: until the move, expires: 2027-01-31, owner: ops}
  - control: "TLS-*"
    target: mx1.example.org[192.0.2.25]:25
    reason: >
      folded
      text
    expires: 2026-12-31
"""

_PROFILE = b"""name: ours
title: Ours
extends: rfc
fail_on: SHOULD
source: {title: policy, date: 2026-01-01, url: "https://example.org"}
controls:
  SPF-EXISTS: {level: MUST}
  CERT-KEY-SIZE: {level: MUST, parameters: {minimum_rsa_bits: 3072}}
  DMARC-EXISTS: {off: not ours}
not_covered: [something]
"""

_YAML = words_of(
    "- {  } [ ] & * &a *a !!float !!binary !!set !!omap !!timestamp !x | > ? --- ... %YAML_1.1 # ' \" ${A} ${secret:A} "
    "<<: include: domains: hosts: waivers: null true .inf .nan 0x1f 1_000 2027-01-31 9999999999 \t \\x00"
)


PARSERS = (
    Parser(
        "inventory",
        _inventory,
        (_INVENTORY, b"domains: [example.org]\n", b"domains: &x [a.example, {name: *y}]\nzones: *x\n"),
        _YAML,
        1,
    ),
    Parser("waivers", _waivers, (_WAIVERS,), _YAML, 2),
    Parser("profile", _profile, (_PROFILE,), _YAML, 2),
)
