"""Records of the DNS as they are asked for: by field, whatever stands in them."""

from __future__ import annotations

import pytest
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.SRV import SRV

from mailproof.net.dns.client import Answer, ResourceRecord


def record(type: str, data: str) -> ResourceRecord:
    return ResourceRecord("example.org", 60, type, data)


def test_data_are_read_by_field() -> None:
    assert record("MX", "10 mx1.example.org.").rdata(MX).preference == 10
    assert record("SRV", "0 1 993 imap.example.org.").rdata(SRV).port == 993
    assert record("SOA", "ns. host. 7 3600 900 604800 300").rdata(SOA).serial == 7


def test_another_type_of_record_has_other_fields() -> None:
    with pytest.raises(TypeError, match="a SRV record is none of type MX"):
        record("SRV", "0 1 993 imap.example.org.").rdata(MX)


@pytest.mark.parametrize(
    ("owner", "types", "nonexistent"),
    [
        ("no.example.org", "RRSIG NSEC NXNAME", True),
        ("no.example.org", "RRSIG NSEC TYPE128", True),
        ("no.example.org", "A RRSIG NSEC", False),
        ("example.org", "RRSIG NSEC NXNAME", False),
    ],
    ids=["by name", "by number", "another type", "another name"],
)
def test_compact_denial_says_that_there_is_no_such_name(owner: str, types: str, nonexistent: bool) -> None:
    """RFC 9824, section 2: NOERROR, and NXNAME in the NSEC record of the name itself."""
    denial = ResourceRecord(owner, 60, "NSEC", f"\\000.{owner}. {types}")
    answer = Answer("no.example.org", "A", "NOERROR", authority=(denial,))
    assert (answer.nonexistent, answer.empty) == (nonexistent, True)
    assert Answer("no.example.org", "A", "NXDOMAIN").nonexistent
