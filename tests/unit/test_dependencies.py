"""The pinned cryptography, dnspython and sslyze work together: any of them alone can break the other two."""

from __future__ import annotations

import importlib

import dns.dnssec
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype

from mailproof.fixtures.dns_signing import SignedZone
from mailproof.net.dns.zone_files import parse_zone


def test_dnspython_signs_and_validates_with_the_installed_cryptography() -> None:
    origin = dns.name.from_text("example.com")
    signed = SignedZone(parse_zone("example.com", "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n"))
    dnskey = signed.zone.find_rrset(origin, dns.rdatatype.DNSKEY)
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {origin: dnskey}
    soa = signed.zone.find_rrset(origin, dns.rdatatype.SOA)
    dns.dnssec.validate(soa, signed.zone.find_rrset(origin, dns.rdatatype.RRSIG, dns.rdatatype.SOA), keys)
    assert dns.dnssec.make_ds(origin, dnskey[0], "SHA256") == signed.ds[0]


def test_sslyze_imports_with_the_installed_cryptography() -> None:
    assert importlib.import_module("sslyze").Scanner
