"""Records of the DNS as they are asked for: by field, whatever stands in them."""

from __future__ import annotations

import pytest
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.SRV import SRV

from mailproof.net.dns.client import ResourceRecord


def record(type: str, data: str) -> ResourceRecord:
    return ResourceRecord("example.org", 60, type, data)


def test_data_are_read_by_field() -> None:
    assert record("MX", "10 mx1.example.org.").rdata(MX).preference == 10
    assert record("SRV", "0 1 993 imap.example.org.").rdata(SRV).port == 993
    assert record("SOA", "ns. host. 7 3600 900 604800 300").rdata(SOA).serial == 7


def test_another_type_of_record_has_other_fields() -> None:
    with pytest.raises(TypeError, match="a SRV record is none of type MX"):
        record("SRV", "0 1 993 imap.example.org.").rdata(MX)
