"""Trust anchors: IANA's, and those of files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailproof.criteria.dnssec import ALGORITHMS, DIGESTS, ROOT_ANCHORS, SUPPORTED_ALGORITHMS, Use
from mailproof.net.dnssec.anchors import read_anchors, root_anchors
from tests.unit.dnssec_world import ROOT, key

NOW = datetime(2026, 11, 26, tzinfo=UTC)

XML = """<?xml version="1.0" encoding="UTF-8"?>
<TrustAnchor id="one" source="https://example.org/root-anchors.xml"><Zone>.</Zone>
<KeyDigest id="old" validFrom="2010-07-15T00:00:00+00:00" validUntil="2019-01-11T00:00:00+00:00">
<KeyTag>19036</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType>
<Digest>49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5</Digest></KeyDigest>
<KeyDigest id="new" validFrom="2017-02-02T00:00:00+00:00">
<KeyTag>20326</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType>
<Digest>E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D</Digest></KeyDigest>
</TrustAnchor>"""


def test_the_anchors_of_the_root_are_those_of_iana() -> None:
    assert [(anchor.key_tag, anchor.algorithm, int(anchor.digest_type)) for anchor in root_anchors()] == [
        (20326, 8, 2),
        (38696, 8, 2),
    ]
    assert [anchor.digest.hex().upper() for anchor in root_anchors()] == [row.digest for row in ROOT_ANCHORS]


def test_the_xml_file_of_iana_is_read_as_of_a_time() -> None:
    assert [ds.key_tag for ds in read_anchors(XML, NOW)] == [20326]
    assert [ds.key_tag for ds in read_anchors(XML, datetime(2018, 1, 1, tzinfo=UTC))] == [19036, 20326]


def test_records_are_read_as_in_a_master_file() -> None:
    ds = ROOT.ds(".")
    for text in (f". IN DS {ds}\n", f". 3600 IN DS {ds} ; a comment\n", f". DNSKEY {ROOT.record}\n"):
        assert read_anchors(text, NOW) == (ds,)
    both = f". IN DS {ds}\n. IN DNSKEY {key(13, 9).record}\n. IN DNSKEY {ROOT.record}\n"
    assert read_anchors(both, NOW) == (ds, key(13, 9).ds("."))


NO_ANCHORS = {
    "empty": "",
    "a word": "nonsense",
    "HTML": "<html></html>",
    "XML cut off": "<TrustAnchor",
    "another zone": XML.replace("<Zone>.<", "<Zone>org.<"),
    "not valid yet": XML.replace("2017-02-02T00:00:00+00:00", "2027-02-02T00:00:00+00:00"),
    "without an offset": XML.replace("2017-02-02T00:00:00+00:00", "2017-02-02T00:00:00"),
    "no number": XML.replace("20326", "many"),
    "a DS record of another zone": f"org. IN DS {ROOT.ds('.')}",
    "an address": ". IN A 192.0.2.1",
    "a revoked key": f". IN DNSKEY {ROOT.flagged(257 | 0x80).record}",
    "half a record": ". IN DS 1 2",
}


@pytest.mark.parametrize("text", NO_ANCHORS.values(), ids=NO_ANCHORS)  # by name: the keys are new in every process
def test_what_holds_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"anchor|Anchor|root"):
        read_anchors(text, NOW)


@pytest.mark.parametrize("time", ["2017-02-02T00:00:00", "yesterday"])
def test_a_time_that_cannot_be_compared_is_told(time: str) -> None:
    with pytest.raises(ValueError, match=f"validFrom of a trust anchor is no time with its offset from UTC: '{time}'"):
        read_anchors(XML.replace("2017-02-02T00:00:00+00:00", time), NOW)


def test_the_tables_are_those_of_rfc_9904_to_9906() -> None:
    assert {number for number, row in ALGORITHMS.items() if row.use is Use.MUST_NOT} == {1, 3, 5, 6, 7, 12}
    assert {number for number, row in ALGORITHMS.items() if row.use is Use.RECOMMENDED} == {8, 13, 15}
    assert {number for number, row in DIGESTS.items() if row.use is Use.MUST_NOT} == {0, 1, 3}
    assert frozenset({8, 10, 13, 14, 15, 16}) == SUPPORTED_ALGORITHMS
