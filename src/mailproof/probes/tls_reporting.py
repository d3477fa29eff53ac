"""Looks at SMTP TLS reporting."""

from __future__ import annotations

from mailproof.net.network import Network
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain


@probe()
async def tlsrpt_record(domain: MailDomain, net: Network) -> TLSRPTRecord:
    """TXT at ``_smtp._tls.DOMAIN`` (RFC 8460, section 3)."""
    return TLSRPTRecord(domain.name, await net.dns.resolve(f"_smtp._tls.{domain.name}", "TXT"))
