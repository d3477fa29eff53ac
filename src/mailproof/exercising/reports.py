"""The aggregate report that a mailbox for reports is tried with: correct, in gzip, and 10 MB large."""

from __future__ import annotations

import gzip
from base64 import encodebytes
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import IPv6Address

SIZE = 10_000_000
"""Octets of the whole message, at least (BSI TR-03182-P, I-01)."""
ABOUT = "mailproof-exercise.invalid"
"""The domain that it is about: nobody's, so that it is counted among nobody's mail."""
_FIRST_SOURCE = int(IPv6Address("2001:db8::"))

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
<version>1.0</version>
<report_metadata><org_name>mailproof exercise</org_name><email>{sender}</email><report_id>{run}</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><p>none</p><sp>none</sp></policy_published>
"""
_RECORD = """<record><row><source_ip>{source}</source_ip><count>1</count>
<policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{domain}</header_from><envelope_from>{domain}</envelope_from></identifiers>
<auth_results><spf><domain>{domain}</domain><scope>mfrom</scope><result>none</result></spf></auth_results></record>
"""


def report_mail(run: str, sender: str, fields: Iterable[str]) -> bytes:
    """The message with the report, and with ``fields`` in its header (RFC 9990, section 3.5).

    It is not compressed: gzip may store (RFC 1951, section 3.2.4), and so nobody unpacks more than he got.
    """
    present = datetime.now(UTC)
    end = int(present.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
    begin = end - int(timedelta(days=1).total_seconds())
    head = _HEAD.format(sender=sender, run=run, begin=begin, end=end, domain=ABOUT)
    wanted = SIZE * 3 // 4
    records: list[str] = []
    length = len(head)
    while length < wanted:
        records.append(_RECORD.format(source=IPv6Address(_FIRST_SOURCE + len(records)), domain=ABOUT))
        length += len(records[-1])
    packed = gzip.compress(f"{head}{''.join(records)}</feedback>\n".encode(), compresslevel=0, mtime=0)
    own = sender.rpartition("@")[2]
    name = f"{own}!{ABOUT}!{begin}!{end}!{run}.xml.gz"
    header = (
        f"From: <{sender}>",
        f"Subject: Report Domain: {ABOUT} Submitter: {own} Report-ID: <{run}>",
        f"Date: {format_datetime(present)}",
        f"Message-ID: <{run}-report@{own}>",
        *fields,
        "MIME-Version: 1.0",
        f'Content-Type: application/gzip; name="{name}"',
        f'Content-Disposition: attachment; filename="{name}"',
        "Content-Transfer-Encoding: base64",
        "",
        "",
    )
    return "\r\n".join(header).encode() + encodebytes(packed).replace(b"\n", b"\r\n")
