"""What is seen of the DNSSEC of a zone whose servers differ."""

from __future__ import annotations

from pathlib import Path

from mailproof.net.dnssec.keys import text_of_rdata
from mailproof.probes.signing import MAX_DS

from .dnssec_world import key
from .signing_world import DOMAIN, seen_of, zone_signed_by

ONE, OTHER = key(13, 1), key(13, 2)
DS_OF_ONE, DS_OF_OTHER = ONE.ds(DOMAIN), OTHER.ds(DOMAIN)


def test_each_of_two_providers_signs_with_its_own_key(tmp_path: Path) -> None:
    """RFC 8901, section 2.1.2: both have the keys of both, and each signs them with its own."""
    copies = zone_signed_by(ONE, OTHER), zone_signed_by(OTHER, ONE)
    seen, signing = seen_of(*copies, [DS_OF_ONE, DS_OF_OTHER], tmp_path)
    assert seen.authenticated
    assert [record.flaw for record in signing.ds] == ["", ""]
    assert not any(server.strangers or any(one.bogus for one in server.sets) for server in signing.servers)


def test_a_provider_whose_key_has_no_ds_record_is_told(tmp_path: Path) -> None:
    _, signing = seen_of(zone_signed_by(ONE, OTHER), zone_signed_by(OTHER, ONE), [DS_OF_ONE], tmp_path)
    first, second = signing.servers
    assert not [one for one in first.sets if one.bogus]
    assert [one.type for one in second.sets if one.bogus] == ["DNSKEY"]
    assert not first.strangers + second.strangers


def test_a_server_with_keys_that_nobody_delegates_to_is_told_once(tmp_path: Path) -> None:
    _, signing = seen_of(zone_signed_by(ONE), zone_signed_by(OTHER), [DS_OF_ONE], tmp_path)
    first, second = signing.servers
    told = next(one.why for one in second.sets if one.bogus)
    assert told.startswith(f"{DOMAIN} DNSKEY: there is no such key")
    assert not first.strangers


def test_providers_that_do_not_have_each_others_keys_are_told(tmp_path: Path) -> None:
    _, signing = seen_of(zone_signed_by(ONE), zone_signed_by(OTHER), [DS_OF_ONE, DS_OF_OTHER], tmp_path)
    first, second = signing.servers
    assert (first.strangers, second.strangers) == (("ns2.invalid[192.0.2.2]",), ("ns1.invalid[192.0.2.1]",))
    assert [record.flaw for record in signing.ds] == ["", ""]


def test_a_ds_record_of_no_server_is_told(tmp_path: Path) -> None:
    lost = key(13, 3).ds(DOMAIN)
    _, signing = seen_of(zone_signed_by(ONE), zone_signed_by(ONE), [DS_OF_ONE, lost], tmp_path)
    assert sorted(bool(record.flaw) for record in signing.ds) == [False, True]


def test_a_cds_record_with_another_digest_than_its_key_is_told(tmp_path: Path) -> None:
    forged = f"{DS_OF_ONE.key_tag} 13 2 {'ab' * 32}"
    lost = f"{DS_OF_ONE.key_tag + 1} 13 2 {'ab' * 32}"
    text = "".join(f"@ 60 CDS {record}\n" for record in (text_of_rdata(DS_OF_ONE), forged, lost))
    zone = zone_signed_by(ONE, text=text)
    _, signing = seen_of(zone, zone, [DS_OF_ONE], tmp_path)
    assert [record.text for record in signing.servers[0].cds if record.flaw] == [forged]


def test_more_ds_records_than_anybody_needs_are_not_looked_for(tmp_path: Path) -> None:
    lost = [DS_OF_OTHER.replace(key_tag=tag) for tag in range(MAX_DS + 5)]
    _, signing = seen_of(zone_signed_by(ONE), zone_signed_by(ONE), [DS_OF_ONE, *lost], tmp_path)
    assert MAX_DS - 1 <= sum(bool(record.flaw) for record in signing.ds) <= MAX_DS
