"""SMTP TLS reporting as a domain publishes it (RFC 8460)."""

from __future__ import annotations

from mailproof.grammars import tls_rpt
from mailproof.observations.published import PublishedRecord


class TLSRPTRecord(PublishedRecord):
    """The TXT records at ``_smtp._tls`` of a domain."""

    VERSION = tls_rpt.VERSION
    record_errors = staticmethod(tls_rpt.record_errors)
