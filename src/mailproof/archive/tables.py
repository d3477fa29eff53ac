"""The tables of the database of reports. docs/read-your-dmarc-reports.md has them for people who write SQL.

Texts are cut and made printable before they come here, since strangers write them. Times are seconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

VERSION = 1
"""Of the tables. A database of another version is refused."""

METADATA = MetaData()

SCHEMA_VERSION = Table("mailproof_reports", METADATA, Column("version", Integer, primary_key=True))

REPORT = Table(
    "report",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # of kind, reporter, report id, domain and begin
    Column("kind", String(8), nullable=False),  # dmarc, tls or failure
    Column("standard", String(8), nullable=False),  # RFC 7489, ...
    Column("reporter", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("report_id", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("begin_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("container", String(8), nullable=False),  # gzip, zip or mail
    Column("file", Text, nullable=False),
    Column("imported_at", Text, nullable=False),
    Column("errors", Text, nullable=False),  # what breaks the standard, a line each
    Index("report_of_domain", "kind", "domain", "end_at"),
)


def _of_report(*, part_of_key: bool) -> Column[int]:
    return Column("report", Integer, ForeignKey("report.id"), primary_key=part_of_key, nullable=False)


ROW = Table(
    "dmarc_row",
    METADATA,
    _of_report(part_of_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", String(45), nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("dkim", Text, nullable=False),  # pass or fail, aligned
    Column("spf", Text, nullable=False),
    Column("reasons", Text, nullable=False),  # why the receiver did otherwise, by commas
    Column("header_from", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("signed", Integer, nullable=False),  # 1 where a signature names the domain of From, holding or not
    Index("row_of_domain", "header_from", "report"),
)

SIGNATURE = Table(
    "dmarc_signature",
    METADATA,
    _of_report(part_of_key=True),
    Column("row_number", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("selector", Text, nullable=False),
    Column("result", Text, nullable=False),
)

TLS_POLICY = Table(
    "tls_policy",
    METADATA,
    _of_report(part_of_key=True),
    Column("number", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("successes", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
)

TLS_FAILURE = Table(
    "tls_failure",
    METADATA,
    _of_report(part_of_key=True),
    Column("policy_number", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("mx", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

FAILURE = Table(
    "failure",
    METADATA,
    _of_report(part_of_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("result", Text, nullable=False),
)

ASIDE = Table(
    "kept_aside",
    METADATA,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the file
    Column("file", Text, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kept_at", Text, nullable=False),
    Column("data", LargeBinary),  # NULL where the file is larger than any that is read
)
