"""What the laboratory holds, as plain data: every mail domain, its one fault, and the lines that cause it.

A domain NAME.test is right in every respect except for what its entry in ``DOMAINS`` says. A domain with a
``server`` has a mail host of its own, mx.NAME.test; the others share mx.right.test.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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
"""Name servers of everything below test: two instances of the software."""
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
SILENT_ADDRESS = "11.0.99.99"
"""Belongs to nobody; the servers' side does not forward, so packets to it vanish without an answer."""

DNSBL = "bl.test"
BROKEN_DNSBL = "bl-broken.test"
"""Answers every question with 127.0.0.2, as lists do that were closed or bought (RFC 5782, section 5)."""

POSTFIX = "postfix"
EXIM = "exim"
TLSLITE = "tlslite-ng"
NOBODY = "nobody"
"""The address exists and nothing listens there."""


class Chain(StrEnum):
    """What a server sends as its certificate chain."""

    RIGHT = "right"
    EXPIRED = "expired"
    INCOMPLETE = "incomplete"
    SELF_SIGNED = "self-signed"
    WRONG_NAME = "wrong-name"
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
    def software(self) -> str:
        return self.server.software if self.server else POSTFIX

    @property
    def cause(self) -> str:
        """The configuration lines that make the fault."""
        lines: list[str] = list(self.server.settings) if self.server else []
        if self.server and self.server.chain is not Chain.RIGHT and self.server.chain is not Chain.NONE:
            lines.append(f"{self.server.chain} certificate chain")
        if self.server and self.server.rsa_bits:
            lines.append(f"RSA key of {self.server.rsa_bits} bits")
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


OLD_TLS_PRIORITY = (
    "NORMAL:-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+ARCFOUR-128:+3DES-CBC:+RSA:+SHA1:+MD5:%VERIFY_ALLOW_BROKEN"
)

NO_KEY = "3 1 1 " + "11" * 32
"""TLSA rdata of a key that nobody has, for hosts that show none."""

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
)


def by_label(label: str) -> Domain:
    """The entry of that label. Raises LookupError if there is none."""
    for domain in DOMAINS:
        if domain.label == label:
            return domain
    raise LookupError(label)


def _number() -> dict[str, int]:
    hosts = [domain.label for domain in DOMAINS if domain.server]
    return {label: FIRST_MAIL_HOST + index for index, label in enumerate(hosts)}


_NUMBERS = _number()


def address(domain: Domain) -> str:
    """IPv4 address of the domain's own mail host. Raises LookupError if it has none."""
    return str(MAIL_NETWORK[_NUMBERS[domain.label]])


def address6(domain: Domain) -> str | None:
    """IPv6 address of the domain's own mail host, None if it has no IPv6."""
    return f"{MAIL_PREFIX6}{_NUMBERS[domain.label]}" if domain.ipv6 else None


def addresses(domain: Domain) -> tuple[str, ...]:
    """All addresses of the domain's own mail host, IPv4 first."""
    return tuple(a for a in (address(domain), address6(domain)) if a)


def listeners(domain: Domain) -> tuple[str, ...]:
    """The addresses on which the domain's own mail host listens, IPv4 first."""
    if domain.server is None or domain.server.software == NOBODY:
        return ()
    return addresses(domain) if domain.ipv6_listens else (address(domain),)


def hosts(software: str) -> tuple[Domain, ...]:
    """The domains whose own mail host runs that software."""
    return tuple(domain for domain in DOMAINS if domain.server and domain.server.software == software)


def shared() -> tuple[Domain, ...]:
    """The domains that mx.right.test serves besides its own."""
    return tuple(domain for domain in DOMAINS if domain.server is None)
