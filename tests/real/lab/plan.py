"""What the laboratory holds, as plain data: every mail domain, its one fault, and the lines that cause it.

A domain NAME.test is right in every respect except for what its entry in ``DOMAINS`` says. A domain with a
``server`` has a mail host of its own, mx.NAME.test; the others share mx.right.test.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from mailproof.net.services import IMAP, POP3, SUBMISSION

TLD = "test"
TTL = 3600
SERIAL = 2026010101

# Nothing leaves the namespaces, so the addresses may be anybody's. They have to look global: mailproof does
# not follow names into private or documentation space.
SERVERS_ROUTER = "11.255.0.1"
CLIENT = "11.255.0.2"
SERVERS_ROUTER6 = "2600:255::1"
CLIENT6 = "2600:255::2"
CLIENT_NAME = "prober.client.test"

PARENTS = {"a.root.test": ("11.0.0.1", "2600:25::1"), "b.root.test": ("11.0.0.2", "2600:25::2")}
"""Name servers of the root, of test and of the reverse trees."""
CHILDREN = {"ns1.dns.test": ("11.0.1.1", "2600:25::1:1"), "ns2.dns.test": ("11.0.2.1", "2600:25::2:1")}
"""Name servers of everything below test: ns1 is NSD, ns2 is Knot."""
OTHER_NAME_SERVERS = {
    "ns3.dns.test": ("11.0.2.2", "2600:25::2:2"),
    "lame.dns.test": ("11.0.3.1", "2600:25::3:1"),
}
"""ns3 is a second address of the instance behind ns2; lame answers REFUSED for every zone."""

HTTPS = "11.0.4.1"
REDIRECT_TARGET = "policy.right.test"

MAIL_NETWORK = ipaddress.ip_network("11.0.25.0/24")
MAIL_PREFIX6 = "2600:25::25:"
RFC2317_BLOCK = ipaddress.ip_network("11.0.25.8/29")
"""Reverse delegation of less than an octet by CNAME (RFC 2317, section 4)."""
FIRST_MAIL_HOST = 10
STORE_NETWORK = ipaddress.ip_network("11.0.26.0/24")
"""Hosts that users collect mail from and submit it to, in the order of the plan."""
BACKEND_NETWORK = ipaddress.ip_network("11.0.27.0/24")
"""Mail servers behind a load balancer, which speaks to them from the first address of the network."""
BALANCER = str(BACKEND_NETWORK[1])
SILENT_ADDRESS = "11.0.99.99"
"""Belongs to nobody; the servers' side does not forward, so packets to it vanish without an answer."""

DNSBL = "bl.test"
BROKEN_DNSBL = "bl-broken.test"
"""Answers every question with 127.0.0.2, as lists do that were closed or bought (RFC 5782, section 5)."""

POSTFIX = "postfix"
EXIM = "exim"
OPENSMTPD = "opensmtpd"
CHASQUID = "chasquid"
DOVECOT = "dovecot"
HAPROXY = "haproxy"
"""In front of Postfix."""
OLD_OPENSSL = "openssl-1.0.2"
"""The OpenSSL in nassl's wheel, behind a small SMTP server."""
TLSLITE = "tlslite-ng"
NOBODY = "nobody"
"""The address exists and nothing listens there."""

ADDRESS = "ADDRESS"
"""Stands for the IPv4 address of the domain's own mail host in ``Domain.records``."""


ISSUER = "2 1 1 ISSUER"
"""Stands for TLSA rdata of the certificate that issued the host's own, in ``Domain.records``."""


class Chain(StrEnum):
    """What a server sends as its certificate chain."""

    RIGHT = "right"
    EXPIRED = "expired"
    INCOMPLETE = "incomplete"
    SELF_SIGNED = "self-signed"
    WRONG_NAME = "wrong-name"
    UNKNOWN_ROOT = "unknown-root"
    """Complete, up to a root that nobody trusts and that is sent."""
    PRIVATE_CA = "private-ca"
    """Complete, up to a root that nobody trusts and that is not sent."""
    CLIENT_ONLY = "client-only"
    """The extended key usage names TLS clients only."""
    FORBIDDEN_NAME = "forbidden-name"
    """Under an intermediate that may vouch for another domain only."""
    UNKNOWN_CRITICAL = "unknown-critical"
    """With a critical extension that nobody knows."""
    SPARE_EXPIRED = "spare-expired"
    """Right, and with an expired certificate of the intermediate that no path needs."""
    NONE = "none"


class Delegation(StrEnum):
    """How the parent vouches for a zone (RFC 4035, section 5)."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    WRONG_DS = "wrong DS"
    EXPIRED_SIGNATURES = "expired signatures"


class PolicyHost(StrEnum):
    """How https://mta-sts.NAME/.well-known/mta-sts.txt answers."""

    RIGHT = "right"
    REDIRECT = "redirect"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    NOT_FOUND = "not-found"
    WRONG_TYPE = "wrong-type"
    EMPTY = "empty"
    TOO_LARGE = "too-large"


@dataclass(frozen=True)
class Server:
    """A mail host: its software and the configuration lines that differ from the right ones."""

    software: str
    settings: tuple[str, ...] = ()
    chain: Chain = Chain.RIGHT
    rsa_bits: int | None = None
    """Size of an RSA key; None is ECDSA P-256."""
    other_names: tuple[str, ...] = ()
    """Names in the certificate besides the host's own."""
    backends: tuple[Server, ...] = ()
    """The servers behind a load balancer."""


EVERY_PORT: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {service.name: (*service.in_clear, *service.at_once) for service in (IMAP, POP3, SUBMISSION)}
)
"""All ports of a mail store, by role as in the inventory."""
TLS_AT_ONCE: Mapping[str, tuple[int, ...]] = MappingProxyType({"imap": (993,), "submission": (465,)})
TLS_IN_THE_DIALOGUE: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"imap": (143,), "pop3": (110,), "submission": (587,)}
)


@dataclass(frozen=True)
class Store:
    """The host mail.NAME.test, where users collect mail and submit it; its lines that differ from right ones."""

    settings: tuple[str, ...] = ()
    chain: Chain = Chain.RIGHT
    rsa_bits: int | None = None
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: EVERY_PORT)
    """Ports by role. All of them listen; these are in the inventory."""


@dataclass(frozen=True)
class Domain:
    """A mail domain and its one fault.

    ``records`` are rdata by ``"owner TYPE"``, owners relative to the domain; they replace those of a right
    domain, and an empty tuple removes them. ``ptr`` does the same for the reverse name of the mail host.
    ``parent_ns`` and ``child_ns`` are the NS sets on either side of the delegation. ``active`` says that the
    fault shows only to somebody who tries it (a relay attempt, a refused recipient, early talk).
    """

    label: str
    fault: str = ""
    server: Server | None = None
    store: Store | None = None
    parked: bool = False
    """Neither sends nor receives mail."""
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ptr: tuple[str, ...] | None = None
    ptr_detour: bool = False
    """The reverse name reaches its PTR over two aliases in a row."""
    active: bool = False
    ipv6: bool = False
    ipv6_listens: bool = True
    delegation: Delegation = Delegation.SIGNED
    parent_ns: tuple[str, ...] = tuple(CHILDREN)
    child_ns: tuple[str, ...] = tuple(CHILDREN)
    open_transfer: bool = False
    second_serial: int | None = None
    policy_mode: str = "enforce"
    policy_mx: tuple[str, ...] = ()
    policy_host: PolicyHost = PolicyHost.RIGHT
    dnsbl_listed: bool = False

    @property
    def name(self) -> str:
        return f"{self.label}.{TLD}"

    @property
    def host(self) -> str:
        """The mail host that serves this domain."""
        return f"mx.{self.name}" if self.server else f"mx.right.{TLD}"

    @property
    def store_host(self) -> str:
        """Where its users collect mail, if it has a store."""
        return f"mail.{self.name}"

    @property
    def software(self) -> str:
        if self.store:
            return DOVECOT
        return self.server.software if self.server else POSTFIX

    @property
    def cause(self) -> str:
        """The configuration lines that make the fault."""
        lines: list[str] = []
        for part in (self.server, self.store):
            if part:
                lines += part.settings
                lines += _certificate_lines(part)
        if self.server:
            for backend in self.server.backends:
                differs = [*backend.settings, *_certificate_lines(backend)]
                lines.append(f"backend {POSTFIX}: {', '.join(differs) or 'as it should be'}")
        for key, values in self.records.items():
            lines += [f"{key} {value}" for value in values] or [f"no {key}"]
        if self.ptr is not None:
            lines += [f"PTR {name}" for name in self.ptr] or ["no PTR"]
        if self.ptr_detour:
            lines.append("two CNAME records before the PTR")
        if self.delegation is not Delegation.SIGNED:
            lines.append(f"delegation: {self.delegation}")
        if self.parent_ns != self.child_ns:
            lines.append(f"parent NS {' '.join(self.parent_ns)}; child NS {' '.join(self.child_ns)}")
        elif self.parent_ns != tuple(CHILDREN):
            lines.append(f"NS {' '.join(self.parent_ns)}")
        if self.open_transfer:
            lines.append("provide-xfr: 0.0.0.0/0 NOKEY")
        if self.second_serial is not None:
            lines.append(f"SOA serial {SERIAL} on ns1, {self.second_serial} on ns2")
        if self.policy_mode != "enforce":
            lines.append(f"mta-sts.txt mode: {self.policy_mode}")
        lines += [f"mta-sts.txt mx: {mx}" for mx in self.policy_mx]
        if self.policy_host is not PolicyHost.RIGHT:
            lines.append(f"policy host: {self.policy_host}")
        if not self.ipv6_listens:
            lines.append(f"AAAA of mx.{self.name} without a listener")
        if self.dnsbl_listed:
            lines.append(f"address listed at {DNSBL}")
        return "; ".join(lines)


def _certificate_lines(part: Server | Store) -> list[str]:
    lines = []
    if part.chain not in (Chain.RIGHT, Chain.NONE):
        lines.append(f"{part.chain} certificate chain")
    if part.rsa_bits:
        lines.append(f"RSA key of {part.rsa_bits} bits")
    return lines


OLD_TLS_PRIORITY = (
    "NORMAL:-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+ARCFOUR-128:+3DES-CBC:+RSA:+SHA1:+MD5:%VERIFY_ALLOW_BROKEN"
)

NO_KEY = "3 1 1 " + "11" * 32
"""TLSA rdata of a key that nobody has, for hosts that show none."""

PROXY_PROTOCOL = "smtpd_upstream_proxy_protocol = haproxy"

DOMAINS: tuple[Domain, ...] = (
    # The certificate also names the alias of mx-cname.test, whose one fault is that it is an alias.
    Domain("right", server=Server(POSTFIX, other_names=("alias.mx-cname.test",)), ipv6=True),
    Domain("right-exim", server=Server(EXIM), ipv6=True),
    # SMTP, Postfix
    Domain(
        "open-relay-postfix",
        "relays for everybody",
        Server(POSTFIX, ("mynetworks = 0.0.0.0/0, [::]/0",)),
        active=True,
    ),
    Domain(
        "auth-before-starttls-postfix",
        "offers AUTH PLAIN before STARTTLS",
        Server(POSTFIX, ("smtpd_sasl_auth_enable = yes", "smtpd_tls_auth_only = no")),
    ),
    Domain(
        "no-starttls-postfix",
        "does not offer STARTTLS",
        Server(POSTFIX, ("smtpd_tls_security_level = none",), Chain.NONE),
        records={"_25._tcp.mx TLSA": (NO_KEY,)},
    ),
    Domain(
        "postmaster-refused-postfix",
        "refuses mail for postmaster",
        Server(
            POSTFIX,
            (
                "smtpd_recipient_restrictions = check_recipient_access "
                "inline:{postmaster@postmaster-refused-postfix.test=REJECT}",
            ),
        ),
        active=True,
    ),
    Domain(
        "null-sender-refused-postfix",
        "refuses the null sender",
        Server(POSTFIX, ("smtpd_sender_restrictions = check_sender_access inline:{<>=REJECT}",)),
        active=True,
    ),
    Domain(
        "tls10-postfix",
        "accepts TLS 1.0",
        Server(
            POSTFIX,
            (
                "smtpd_tls_protocols = >=TLSv1",
                "smtpd_tls_ciphers = medium",
                "smtpd_tls_exclude_ciphers = aNULL",
            ),
        ),
    ),
    Domain(
        "backup-accepts-unknown",
        "backup MX accepts recipients that do not exist",
        Server(
            POSTFIX,
            ("relay_domains = backup-accepts-unknown.test", "relay_recipient_maps ="),
        ),
        records={"@ MX": ("10 mx.right-exim.test.", "20 mx")},
        active=True,
    ),
    Domain("expired-chain", "expired certificate", Server(POSTFIX, chain=Chain.EXPIRED)),
    Domain("incomplete-chain", "intermediate certificate not sent", Server(POSTFIX, chain=Chain.INCOMPLETE)),
    Domain("self-signed", "self-signed certificate", Server(POSTFIX, chain=Chain.SELF_SIGNED)),
    Domain("wrong-name", "certificate for another name", Server(POSTFIX, chain=Chain.WRONG_NAME)),
    Domain(
        "early-talk-postfix",
        "accepts commands sent before the greeting",
        Server(POSTFIX, ("smtpd_forbid_unauth_pipelining = no",)),
        active=True,
    ),
    Domain(
        "bare-newline-postfix",
        "ends DATA at a bare line feed (SMTP smuggling)",
        Server(POSTFIX, ("smtpd_forbid_bare_newline = no",)),
        active=True,
    ),
    Domain(
        "vrfy-postfix",
        "tells by VRFY which recipients exist",
        Server(POSTFIX, ("disable_vrfy_command = no",)),
        active=True,
    ),
    Domain(
        "greylisting",
        "refuses everybody for now with 450",
        Server(
            POSTFIX,
            ("smtpd_recipient_restrictions = check_recipient_access static:{450 4.7.1 Greylisted, come back later}",),
        ),
        active=True,
    ),
    Domain(
        "helo-mismatch",
        "greets with a name that does not exist",
        Server(POSTFIX, ("myhostname = localhost.localdomain",)),
    ),
    Domain(
        "open-relay-ipv6",
        "relays for everybody who comes over IPv6",
        Server(POSTFIX, ("mynetworks = [::]/0",)),
        active=True,
        ipv6=True,
    ),
    Domain(
        "busy",
        "greets everybody with 421",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_client_restrictions = check_client_access static:{421 4.3.2 Busy, come back later}",
            ),
        ),
    ),
    # SMTP, Exim
    Domain(
        "open-relay-exim",
        "relays for everybody",
        Server(EXIM, ("hostlist relay_from_hosts = *",)),
        active=True,
    ),
    Domain(
        "auth-before-starttls-exim",
        "offers AUTH PLAIN before STARTTLS",
        Server(EXIM, ("auth_advertise_hosts = *",)),
    ),
    Domain(
        "no-starttls-exim",
        "does not offer STARTTLS",
        Server(EXIM, ("tls_advertise_hosts =",), Chain.NONE),
    ),
    Domain("expired-chain-exim", "expired certificate", Server(EXIM, chain=Chain.EXPIRED)),
    Domain(
        "early-talk-exim",
        "accepts commands sent before the greeting",
        Server(EXIM, ("smtp_enforce_sync = false",)),
        active=True,
    ),
    Domain(
        "old-ciphers",
        "speaks only TLS 1.0 with RC4 and 3DES",
        Server(EXIM, (f"tls_require_ciphers = {OLD_TLS_PRIORITY}",), rsa_bits=2048),
    ),
    Domain("ssl3", "speaks only SSL 3.0", Server(TLSLITE, ("maxVersion = (3, 0)",), rsa_bits=2048)),
    # Hosts that cannot be observed
    Domain("ipv6-refused", "nothing listens on the IPv6 address", Server(POSTFIX), ipv6=True, ipv6_listens=False),
    Domain(
        "refused",
        "nothing listens on port 25",
        Server(NOBODY, ("no listener",), Chain.NONE),
        records={"_25._tcp.mx TLSA": (NO_KEY,)},
    ),
    Domain(
        "silent",
        "port 25 swallows packets",
        records={"@ MX": ("10 mx",), "mx A": (SILENT_ADDRESS,), "_25._tcp.mx TLSA": (NO_KEY,)},
    ),
    # Reverse DNS
    Domain(
        "unforwarded-ptr",
        "reverse name leads to another address",
        Server(POSTFIX),
        records={"elsewhere A": ("11.0.25.250",)},
        ptr=("elsewhere.unforwarded-ptr.test.",),
    ),
    Domain("no-ptr", "no reverse name", Server(POSTFIX), ptr=()),
    Domain(
        "two-ptr",
        "two reverse names, one of them unconfirmed",
        Server(POSTFIX),
        ptr=("mx.two-ptr.test.", "gone.two-ptr.test."),
    ),
    Domain("listed", "address on a DNS blocklist", Server(POSTFIX), dnsbl_listed=True),
    # MX
    Domain("null-mx-beside-mx", "null MX beside another MX", records={"@ MX": ("0 .", "10 mx.right.test.")}),
    Domain("mx-cname", "MX is an alias", records={"@ MX": ("10 alias",), "alias CNAME": ("mx.right.test.",)}),
    Domain("mx-address", "MX is an address", records={"@ MX": ("10 11.0.25.10.",)}),
    Domain("mx-unresolvable", "MX does not exist", records={"@ MX": ("10 nowhere",)}),
    Domain(
        "mx-private",
        "MX has a private address",
        records={"@ MX": ("10 mx",), "mx A": ("10.0.0.25",), "_25._tcp.mx TLSA": (NO_KEY,)},
    ),
    Domain(
        "mx-localhost",
        "MX has a loopback address",
        records={"@ MX": ("10 mx",), "mx A": ("127.0.0.1",), "_25._tcp.mx TLSA": (NO_KEY,)},
    ),
    Domain("no-mx", "no MX record", records={"@ MX": ()}, policy_mx=("mx.right.test",)),
    # SPF
    Domain("no-spf", "no SPF record", records={"@ TXT": ()}),
    Domain("spf-all", "SPF passes everybody", records={"@ TXT": ("v=spf1 +all",)}),
    Domain("spf-neutral", "SPF says nothing about others", records={"@ TXT": ("v=spf1 mx ?all",)}),
    Domain("spf-two", "two SPF records", records={"@ TXT": ("v=spf1 mx -all", "v=spf1 a -all")}),
    Domain(
        "spf-syntax",
        "SPF record with an unknown mechanism",
        records={"@ TXT": ("v=spf1 mx ipv4:11.0.25.10 -all",)},
    ),
    Domain(
        "spf-lookups",
        "SPF needs 11 DNS lookups",
        records={"@ TXT": ("v=spf1 " + " ".join(["a:mx.right.test"] * 11) + " -all",)},
    ),
    Domain(
        "spf-void",
        "SPF has three void lookups",
        records={"@ TXT": ("v=spf1 a:gone1.spf-void.test a:gone2.spf-void.test a:gone3.spf-void.test mx -all",)},
    ),
    Domain("spf-loop", "SPF includes itself", records={"@ TXT": ("v=spf1 include:spf-loop.test -all",)}),
    Domain("spf-ptr", "SPF uses ptr", records={"@ TXT": ("v=spf1 mx ptr -all",)}),
    # DMARC and DKIM
    Domain("no-dmarc", "no DMARC record", records={"_dmarc TXT": ()}),
    Domain(
        "dmarc-two",
        "two DMARC records",
        records={"_dmarc TXT": ("v=DMARC1; p=reject", "v=DMARC1; p=none")},
    ),
    Domain(
        "dmarc-none",
        "DMARC policy is none",
        records={"_dmarc TXT": ("v=DMARC1; p=none; rua=mailto:dmarc@dmarc-none.test",)},
    ),
    Domain(
        "dmarc-syntax",
        "DMARC record without p",
        records={"_dmarc TXT": ("v=DMARC1; rua=mailto:dmarc@dmarc-syntax.test",)},
    ),
    Domain(
        "dmarc-unauthorised-rua",
        "DMARC reports go to a domain that did not agree",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@right-exim.test",)},
    ),
    Domain("dkim-revoked", "DKIM key is revoked", records={"sel1._domainkey TXT": ("v=DKIM1; k=rsa; p=",)}),
    Domain("dkim-weak", "DKIM key has 512 bits", records={"sel1._domainkey TXT": ("DKIM-512",)}),
    Domain("no-dkim", "no DKIM key", records={"sel1._domainkey TXT": ()}),
    # MTA-STS, TLSRPT, DANE
    Domain("no-mta-sts", "no MTA-STS record", records={"_mta-sts TXT": ()}),
    Domain("mta-sts-testing", "MTA-STS in testing mode", policy_mode="testing"),
    Domain("mta-sts-mx", "MTA-STS policy does not name the MX", policy_mx=("mx.elsewhere.test",)),
    Domain("mta-sts-redirect", "MTA-STS policy host redirects", policy_host=PolicyHost.REDIRECT),
    Domain(
        "mta-sts-wrong-name",
        "MTA-STS policy host has a certificate for another name",
        policy_host=PolicyHost.WRONG_NAME,
    ),
    Domain("mta-sts-expired", "MTA-STS policy host has an expired certificate", policy_host=PolicyHost.EXPIRED),
    Domain("no-tlsrpt", "no TLSRPT record", records={"_smtp._tls TXT": ()}),
    Domain(
        "tlsa-mismatch",
        "TLSA matches no certificate",
        Server(POSTFIX),
        records={"_25._tcp.mx TLSA": ("3 1 1 " + "00" * 32,)},
    ),
    # DNS
    Domain("unsigned", "zone is not signed", delegation=Delegation.UNSIGNED),
    Domain("bogus", "DS of a key that the zone does not have", delegation=Delegation.WRONG_DS),
    Domain("expired-signatures", "signatures have expired", delegation=Delegation.EXPIRED_SIGNATURES),
    Domain(
        "lame",
        "one name server does not know the zone",
        parent_ns=("ns1.dns.test", "lame.dns.test"),
        child_ns=("ns1.dns.test", "lame.dns.test"),
    ),
    Domain(
        "ns-mismatch",
        "parent and child name different servers",
        parent_ns=("ns1.dns.test", "ns2.dns.test"),
        child_ns=("ns1.dns.test", "ns3.dns.test"),
    ),
    Domain("one-ns", "one name server", parent_ns=("ns1.dns.test",), child_ns=("ns1.dns.test",)),
    Domain("serial-mismatch", "name servers have different serials", second_serial=SERIAL - 1),
    Domain("open-transfer", "zone transfer allowed to everybody", open_transfer=True, active=True),
    # One more fault of each kind that the list above does not hold
    Domain(
        "self-signed-dane",
        "self-signed certificate, which DANE-EE alone vouches for: no fault",
        Server(POSTFIX, chain=Chain.SELF_SIGNED),
        policy_mode="testing",
    ),
    Domain(
        "abuse-refused-postfix",
        "refuses mail for abuse",
        Server(
            POSTFIX,
            ("smtpd_recipient_restrictions = check_recipient_access inline:{abuse@abuse-refused-postfix.test=REJECT}",),
        ),
        active=True,
    ),
    Domain(
        "no-service-exim",
        "greets everybody with 554",
        Server(EXIM, ("acl_smtp_connect = no_service",)),
    ),
    Domain(
        "client-blocked-postfix",
        "refuses the client as listed on a blocklist",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_client_restrictions = check_client_access "
                "static:{554 5.7.1 Service unavailable; blocked using bl.test}",
            ),
        ),
    ),
    Domain(
        "helo-refused-postfix",
        "refuses the name that the client says in EHLO",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_helo_restrictions = check_helo_access inline:{prober.client.test=REJECT}",
            ),
        ),
    ),
    Domain("no-helo-exim", "refuses HELO", Server(EXIM, ("acl_smtp_helo = ehlo_only",))),
    Domain(
        "broken-starttls-exim",
        "offers STARTTLS without having a certificate",
        Server(EXIM, ("tls_certificate = /nonexistent/certificate.pem",)),
    ),
    Domain("small-key-exim", "RSA key of 1024 bits", Server(EXIM, rsa_bits=1024)),
    Domain("no-helo-spf", "no SPF record at the HELO name", Server(POSTFIX), records={"mx TXT": ()}),
    Domain(
        "banner-of-another",
        "greets with the name of another host",
        Server(POSTFIX, ("myhostname = mx.right.test",)),
    ),
    Domain("ptr-detour", "reverse name behind two aliases", Server(POSTFIX), ptr_detour=True),
    Domain(
        "null-mx-preference",
        "null MX with a preference",
        records={"@ MX": ("10 .",)},
        policy_mx=("mx.right.test",),
    ),
    Domain(
        "dmarc-alignment",
        "DMARC alignment mode that does not exist",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; adkim=relaxed",)},
    ),
    Domain(
        "spf-everybody",
        "SPF passes everybody who has an IPv4 address",
        records={"@ TXT": ("v=spf1 ip4:0.0.0.0/0 a:mx.right.test -all",)},
    ),
    Domain("spf-forgotten", "SPF does not name the sender", records={"@ TXT": ("v=spf1 -all",)}),
    Domain(
        "spf-include",
        "SPF includes a name without SPF",
        records={"@ TXT": ("v=spf1 a:mx.right.test include:mta-sts.spf-include.test -all",)},
    ),
    Domain("mta-sts-mode", "MTA-STS policy with an unknown mode", policy_mode="enforced"),
    Domain(
        "mta-sts-id",
        "MTA-STS record whose id is not letters and digits",
        records={"_mta-sts TXT": ("v=STSv1; id=2026-01-01;",)},
    ),
    Domain(
        "tlsrpt-two",
        "two TLSRPT records",
        records={
            "_smtp._tls TXT": (
                "v=TLSRPTv1; rua=mailto:tlsrpt@tlsrpt-two.test",
                "v=TLSRPTv1; rua=mailto:abuse@tlsrpt-two.test",
            )
        },
    ),
    # TLS that is right but for one thing
    Domain(
        "ssl2",
        "accepts SSL 2.0 beside TLS 1.2",
        Server(OLD_OPENSSL, ("versions SSLv2 TLSv1.2", "ciphers ECDHE+AESGCM:RC2-CBC-MD5"), rsa_bits=2048),
    ),
    Domain(
        "ssl3-beside-tls12",
        "accepts SSL 3.0 beside TLS 1.2",
        Server(OLD_OPENSSL, ("versions SSLv3 TLSv1.2", "ciphers ECDHE+AESGCM:AES128-SHA"), rsa_bits=2048),
    ),
    Domain(
        "rc4",
        "accepts RC4 in TLS 1.2",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:ECDHE-RSA-RC4-SHA"), rsa_bits=2048),
    ),
    Domain(
        "triple-des",
        "accepts 3DES in TLS 1.2",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:ECDHE-RSA-DES-CBC3-SHA"), rsa_bits=2048),
    ),
    Domain(
        "tls11-postfix",
        "accepts TLS 1.1",
        Server(
            POSTFIX,
            (
                "smtpd_tls_protocols = >=TLSv1.1",
                "smtpd_tls_ciphers = medium",
                "smtpd_tls_exclude_ciphers = aNULL",
            ),
        ),
    ),
    Domain(
        "tls11-only",
        "speaks only TLS 1.1",
        Server(OLD_OPENSSL, ("versions TLSv1.1", "ciphers ECDHE-RSA-AES128-SHA"), rsa_bits=2048),
    ),
    Domain(
        "dh-512",
        "accepts Diffie-Hellman of 512 bits",
        Server(
            OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256", "dh 512"), rsa_bits=2048
        ),
    ),
    Domain(
        "dh-1024",
        "accepts Diffie-Hellman of 1024 bits",
        Server(
            OLD_OPENSSL,
            ("versions TLSv1.2", "ciphers ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256", "dh 1024"),
            rsa_bits=2048,
        ),
    ),
    Domain("unknown-root", "certificate of a CA that nobody trusts", Server(POSTFIX, chain=Chain.UNKNOWN_ROOT)),
    Domain("small-key-postfix", "RSA key of 1024 bits", Server(POSTFIX, rsa_bits=1024)),
    Domain("no-tlsa", "no TLSA record", Server(POSTFIX), records={"_25._tcp.mx TLSA": ()}),
    Domain(
        "unsigned-tlsa",
        "TLSA record in a zone that is not signed",
        Server(POSTFIX),
        delegation=Delegation.UNSIGNED,
    ),
    # OpenSMTPD
    Domain(
        "starttls-fails-opensmtpd",
        "offers STARTTLS and fails every handshake (6.8 with OpenSSL 3: missing private key)",
        Server(OPENSMTPD, ("tls pki",), rsa_bits=2048),
    ),
    Domain("no-starttls-opensmtpd", "does not offer STARTTLS", Server(OPENSMTPD, ("no tls",), Chain.NONE)),
    Domain(
        "open-relay-opensmtpd",
        "relays for everybody, without TLS",
        Server(OPENSMTPD, ("no tls", "match from any for any action relay"), Chain.NONE),
        active=True,
    ),
    # HAProxy in front of two Postfix servers
    Domain(
        "right-haproxy",
        server=Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(Server(POSTFIX, (PROXY_PROTOCOL,)), Server(POSTFIX, (PROXY_PROTOCOL,))),
        ),
    ),
    Domain(
        "open-relay-haproxy",
        "hides its clients, whom the servers behind it then trust",
        Server(
            HAPROXY,
            ("server ... without send-proxy",),
            backends=(
                Server(POSTFIX, (f"mynetworks = {BALANCER}/32",)),
                Server(POSTFIX, (f"mynetworks = {BALANCER}/32",)),
            ),
        ),
        active=True,
    ),
    Domain(
        "haproxy-expired-half",
        "one of the two servers behind it has an expired certificate",
        Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(Server(POSTFIX, (PROXY_PROTOCOL,)), Server(POSTFIX, (PROXY_PROTOCOL,), Chain.EXPIRED)),
        ),
    ),
    Domain(
        "haproxy-no-starttls-half",
        "one of the two servers behind it does not offer STARTTLS",
        Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(
                Server(POSTFIX, (PROXY_PROTOCOL,)),
                Server(POSTFIX, (PROXY_PROTOCOL, "smtpd_tls_security_level = none"), Chain.NONE),
            ),
        ),
    ),
    # Dovecot: IMAP, POP3 and submission
    Domain("right-dovecot", store=Store()),
    Domain(
        "submission-clear-auth",
        "submission offers AUTH PLAIN before STARTTLS",
        store=Store(("ssl = yes", "disable_plaintext_auth = no"), ports={"submission": (587,)}),
    ),
    Domain(
        "imap-clear-auth",
        "IMAP and POP3 take passwords before TLS",
        store=Store(("ssl = yes", "disable_plaintext_auth = no"), ports={"imap": (143,), "pop3": (110,)}),
    ),
    Domain(
        "submission-no-starttls",
        "submission without STARTTLS",
        store=Store(("ssl = no",), ports={"submission": (587,)}),
    ),
    Domain(
        "imap-no-starttls",
        "IMAP and POP3 without STARTTLS and STLS",
        store=Store(("ssl = no",), ports={"imap": (143,), "pop3": (110,)}),
    ),
    Domain("expired-dovecot", "expired certificate", store=Store(chain=Chain.EXPIRED, ports=TLS_AT_ONCE)),
    Domain(
        "wrong-name-dovecot",
        "certificate for another name",
        store=Store(chain=Chain.WRONG_NAME, ports=TLS_IN_THE_DIALOGUE),
    ),
    Domain(
        "incomplete-dovecot",
        "intermediate certificate not sent",
        store=Store(chain=Chain.INCOMPLETE, ports={"imap": (993,)}),
    ),
    Domain(
        "small-key-dovecot",
        "RSA key of 1024 bits",
        store=Store(("ssl_cipher_list = ECDHE+AESGCM:@SECLEVEL=0",), rsa_bits=1024, ports=TLS_AT_ONCE),
    ),
    Domain(
        "tls10-dovecot",
        "accepts TLS 1.0",
        store=Store(
            ("ssl_min_protocol = TLSv1", "ssl_cipher_list = ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
            ports={"imap": (143, 993), "submission": (587,)},
        ),
    ),
    # Names and records, one more of each kind
    Domain(
        "right-parked",
        parked=True,
        records={
            "@ MX": ("0 .",),
            "@ TXT": ("v=spf1 -all",),
            "sel1._domainkey TXT": (),
            "_mta-sts TXT": (),
            "_smtp._tls TXT": (),
        },
    ),
    Domain("right-include", records={"@ TXT": ("v=spf1 include:right.test -all",)}),
    Domain(
        "null-mx-alone",
        "null MX of a domain that receives mail",
        records={"@ MX": ("0 .",)},
        policy_mx=("mx.right.test",),
    ),
    Domain(
        "generic-ptr",
        "reverse name that looks like a dynamic one",
        Server(POSTFIX),
        records={"dynamic-client A": (ADDRESS,)},
        ptr=("dynamic-client.generic-ptr.test.",),
    ),
    Domain("spf-open", "SPF without all", records={"@ TXT": ("v=spf1 a:mx.right.test",)}),
    Domain(
        "spf-void-a",
        "SPF has three void lookups behind a match",
        records={
            "@ TXT": (
                "v=spf1 a:mx.right.test a:gone1.spf-void-a.test a:gone2.spf-void-a.test a:gone3.spf-void-a.test -all",
            )
        },
    ),
    Domain(
        "spf-redirect",
        "SPF redirects to a name without SPF",
        records={"@ TXT": ("v=spf1 a:mx.right.test redirect=mta-sts.spf-redirect.test",)},
    ),
    Domain(
        "dkim-two", "two DKIM keys at one selector", records={"sel1._domainkey TXT": ("DKIM-2048", "DKIM-2048-OTHER")}
    ),
    Domain("dkim-1024", "DKIM key has 1024 bits", records={"sel1._domainkey TXT": ("DKIM-1024",)}),
    Domain("dmarc-testing", "DMARC policy in testing mode", records={"_dmarc TXT": ("v=DMARC1; p=quarantine; t=y",)}),
    Domain(
        "mta-sts-two", "two MTA-STS records", records={"_mta-sts TXT": (f"v=STSv1; id={SERIAL};", "v=STSv1; id=2;")}
    ),
    Domain("mta-sts-not-found", "no MTA-STS policy at the policy host", policy_host=PolicyHost.NOT_FOUND),
    Domain("mta-sts-type", "MTA-STS policy served as HTML", policy_host=PolicyHost.WRONG_TYPE),
    Domain("mta-sts-empty", "empty MTA-STS policy", policy_host=PolicyHost.EMPTY),
    Domain("mta-sts-large", "MTA-STS policy of more than 64 KiB", policy_host=PolicyHost.TOO_LARGE),
    Domain("mta-sts-no-host", "MTA-STS policy host without an address", records={"mta-sts A": ()}),
    # Servers that count what they refuse, and servers on whom the side of STARTTLS makes a difference
    Domain(
        "chasquid",
        "answers clients that wait for nothing, and knows no postmaster without a domain",
        Server(CHASQUID, ("as Debian packages it",)),
        active=True,
    ),
    Domain("five-errors-postfix", server=Server(POSTFIX, ("smtpd_hard_error_limit = 5", "smtpd_soft_error_limit = 3"))),
    Domain(
        "relay-inside-tls-postfix",
        "relays for everybody, inside TLS only",
        Server(
            POSTFIX,
            (
                "smtpd_relay_restrictions = reject_plaintext_session, check_client_access static:OK, "
                "reject_unauth_destination",
                "plaintext_reject_code = 550",
            ),
        ),
        active=True,
    ),
    Domain(
        "postscreen",
        server=Server(
            POSTFIX,
            (
                "postscreen_greet_action = enforce",
                "postscreen_greet_wait = 4s",
                "smtpd_forbid_unauth_pipelining = no",
            ),
        ),
    ),
    Domain("tls-demanded-postfix", server=Server(POSTFIX, ("smtpd_tls_security_level = encrypt",))),
    Domain(
        "client-certificate-postfix",
        "takes mail only from clients with a certificate",
        Server(POSTFIX, ("smtpd_tls_security_level = encrypt", "smtpd_tls_req_ccert = yes")),
    ),
    # Certification paths and DANE-TA
    Domain("client-only", "certificate for TLS clients only", Server(POSTFIX, chain=Chain.CLIENT_ONLY)),
    Domain(
        "forbidden-name",
        "certificate of a CA that may not vouch for the name",
        Server(POSTFIX, chain=Chain.FORBIDDEN_NAME),
    ),
    Domain(
        "unknown-critical",
        "certificate with a critical extension that nobody knows",
        Server(EXIM, chain=Chain.UNKNOWN_CRITICAL),
    ),
    Domain("private-ca", "certificate of a CA whose root nobody knows", Server(EXIM, chain=Chain.PRIVATE_CA)),
    Domain(
        "spare-expired",
        "sends an expired certificate that no path needs: no fault",
        Server(POSTFIX, chain=Chain.SPARE_EXPIRED),
    ),
    Domain(
        "dane-ta",
        "certificate of a private CA, which DANE-TA vouches for: no fault",
        Server(POSTFIX, chain=Chain.UNKNOWN_ROOT),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
        policy_mode="testing",
    ),
    Domain(
        "dane-ta-wrong-name",
        "DANE-TA vouches for the issuer of a certificate for another name",
        Server(POSTFIX, chain=Chain.WRONG_NAME),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
    ),
    Domain(
        "dane-ta-expired",
        "DANE-TA vouches for the issuer of an expired certificate",
        Server(EXIM, chain=Chain.EXPIRED),
        records={"_25._tcp.mx TLSA": (ISSUER,)},
    ),
)


def by_label(label: str) -> Domain:
    """The entry of that label. Raises LookupError if there is none."""
    for domain in DOMAINS:
        if domain.label == label:
            return domain
    raise LookupError(label)


_NUMBERS = {
    domain.label: FIRST_MAIL_HOST + index for index, domain in enumerate(domain for domain in DOMAINS if domain.server)
}
_STORE_NUMBERS = {
    domain.label: FIRST_MAIL_HOST + index for index, domain in enumerate(domain for domain in DOMAINS if domain.store)
}


def address(domain: Domain) -> str:
    """IPv4 address of the domain's own mail host. Raises LookupError if it has none."""
    return str(MAIL_NETWORK[_NUMBERS[domain.label]])


def address6(domain: Domain) -> str | None:
    """IPv6 address of the domain's own mail host, None if it has no IPv6."""
    return f"{MAIL_PREFIX6}{_NUMBERS[domain.label]}" if domain.ipv6 else None


def addresses(domain: Domain) -> tuple[str, ...]:
    """All addresses of the domain's own mail host, IPv4 first."""
    return tuple(a for a in (address(domain), address6(domain)) if a)


def store_address(domain: Domain) -> str:
    """IPv4 address of the domain's mail store. Raises LookupError if it has none."""
    return str(STORE_NETWORK[_STORE_NUMBERS[domain.label]])


def stores() -> tuple[Domain, ...]:
    """The domains that have a mail store."""
    return tuple(domain for domain in DOMAINS if domain.store)


@dataclass(frozen=True)
class Instance:
    """One server process as it stands in a configuration: what it says, where it listens, whose certificate it has."""

    key: str
    """Name of its certificate's files."""
    domain: Domain
    server: Server
    addresses: tuple[str, ...]


def backends(domain: Domain) -> tuple[Instance, ...]:
    """The servers behind the domain's load balancer, the first one first."""
    return tuple(instance for instance in _BACKENDS if instance.domain is domain)


def instances(software: str) -> tuple[Instance, ...]:
    """Every server of that software: those that clients reach, then those behind a load balancer."""
    reached = tuple(
        Instance(domain.label, domain, domain.server, listeners(domain)) for domain in hosts(software) if domain.server
    )
    return reached + tuple(instance for instance in _BACKENDS if instance.server.software == software)


def listeners(domain: Domain) -> tuple[str, ...]:
    """The addresses on which the domain's own mail host listens, IPv4 first."""
    if domain.server is None or domain.server.software == NOBODY:
        return ()
    return addresses(domain) if domain.ipv6_listens else (address(domain),)


def hosts(software: str) -> tuple[Domain, ...]:
    """The domains whose own mail host runs that software."""
    return tuple(domain for domain in DOMAINS if domain.server and domain.server.software == software)


def _backends() -> tuple[Instance, ...]:
    behind = [
        (domain, server, number)
        for domain in DOMAINS
        if domain.server
        for number, server in enumerate(domain.server.backends, 1)
    ]
    return tuple(
        Instance(f"{domain.label}-{number}", domain, server, (str(BACKEND_NETWORK[FIRST_MAIL_HOST + index]),))
        for index, (domain, server, number) in enumerate(behind)
    )


_BACKENDS = _backends()


def shared() -> tuple[Domain, ...]:
    """The domains that mx.right.test serves besides its own."""
    return tuple(domain for domain in DOMAINS if domain.server is None)
