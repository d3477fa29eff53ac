"""The network as probes see it: one client of each kind, sharing limits, counts and the connect map."""

from __future__ import annotations

from dataclasses import replace

from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.delegations import DelegatingClient
from mailproof.net.dnssec.validator import Validator
from mailproof.net.files import Files
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient
from mailproof.net.machine_ports import MachinePorts
from mailproof.net.proxies import ProxyClient
from mailproof.net.refusals import Refusals
from mailproof.net.revocation_lists import RevocationLists
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import SMTPClient
from mailproof.net.source import within_reach
from mailproof.net.stores import StoreClient
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.web import WebClient


class Network:
    """All clients of one run, and the files that are evidence. Belongs to the event loop that it is used from first."""

    def __init__(self, settings: NetSettings) -> None:
        settings = replace(settings, limits=within_reach(settings.limits))
        self.settings = settings
        self.hosts = Hosts(settings.limits)
        self.refusals = Refusals(settings)
        self.dns = DelegatingClient(settings) if settings.delegations else DNSClient(settings)
        self.dnssec = Validator(self.dns, settings.trust_anchors)
        self.smtp = SMTPClient(settings, self.hosts)
        self.stores = StoreClient(settings, self.hosts)
        self.tls = TLSClient(settings, self.hosts)
        self.https = HTTPSClient(settings, self.hosts)
        self.revocation_lists = RevocationLists(settings, self.dns, self.https)
        self.proxies = ProxyClient(settings, self.hosts)
        self.web = WebClient(settings, self.hosts)
        self.machine_ports = MachinePorts(settings, self.hosts)
        self.files = Files()

    async def close(self) -> None:
        """Close what is still open and end all threads."""
        await self.dns.close()
        await self.tls.close()
