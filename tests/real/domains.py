"""A mail domain of the laboratory: its servers, its one fault with the lines that cause it, and what must be found.

A domain NAME.test is right in every respect except for what its entry says. A domain with a ``server`` has a mail host
of its own, mx.NAME.test; the others share mx.right.test. The domains themselves stand in ``tests/real/faults``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from mailproof.net.services import IMAP, LMTP, POP3, SIEVE, SUBMISSION
from tests.real.client_settings import Auto
from tests.real.shown import Chain, PolicyHost, Registered

TLD = "test"
SERIAL = 2026010101

CHILDREN = {"ns1.dns.test": ("11.0.1.1", "2600:25::1:1"), "ns2.dns.test": ("11.0.2.1", "2600:25::2:1")}
"""Name servers of everything below test: ns1 is NSD, ns2 is Knot."""

SILENT_ADDRESS = "11.0.99.99"
"""Belongs to nobody; the servers' side does not forward, so packets to it vanish without an answer."""

RESOLVER = "127.0.0.1"
"""The laboratory's own: Unbound, right in all respects."""
WRONG_RESOLVER = "127.0.0.3"
"""Unbound as well, with all that it can be told to do wrong."""
FORGETFUL_RESOLVER = "127.0.0.5"
"""A forwarder of ours to the right one, which remembers no failure."""
OPEN_RESOLVER = "11.255.0.2"
"""The right one again, on the link, where it serves whoever asks."""
NO_RESOLVER = "11.0.3.1"
"""A name server that looks up nothing."""
RESOLVER_NAME = "resolver.client.test"
FAILING = "failing.client.test"
"""A name that fails at the forgetful resolver."""
IPV6_ONLY = "www.v6only.test"
"""A name in a zone that is served over IPv6 only."""

REGISTRY = "registry.client.test"
"""It speaks RDAP, for all domains and addresses."""
DOMAIN_LIST = "dbl.test"
DNSBL = "bl.test"
BALANCER = "11.0.27.1"
"""From where a load balancer speaks to the mail servers behind it."""

EXERCISED = "exercise-"
"""Labels of domains that are exercised begin so."""
READER = "nobody"
"""Whom their Maildirs belong to, where that is not the server."""

POSTFIX = "postfix"
EXIM = "exim"
OPENSMTPD = "opensmtpd"
CHASQUID = "chasquid"
SENDMAIL = "sendmail"
DOVECOT = "dovecot"
CYRUS = "cyrus"
STUNNEL = "stunnel"
"""In front of a Dovecot without TLS."""
HAPROXY = "haproxy"
"""In front of Postfix."""
OLD_OPENSSL = "openssl-1.0.2"
"""The OpenSSL in nassl's wheel, behind a small SMTP server."""
TLSLITE = "tlslite-ng"
AIOSMTPD = "aiosmtpd"
TARPIT = "tarpit"
"""A small SMTP server that answers as OpenBSD's spamd does to those on its lists."""
NOBODY = "nobody"
"""The address exists and nothing listens there."""

ADDRESS = "ADDRESS"
"""Stands for the IPv4 address of the domain's own mail host in ``Domain.records``."""


OWN_KEY = "3 1 1 KEY"
"""Stands for TLSA rdata of the host's own key, in ``Domain.records``."""

STORE = "STORE "
"""With a label behind it: the address of that domain's mail store, in ``Domain.records``."""

WEB_KEY = "3 1 1 WEB"
"""Stands for TLSA rdata of the key of the web sites, in ``Domain.records``."""

ISSUER = "2 1 1 ISSUER"
"""Stands for TLSA rdata of the certificate that issued the host's own, in ``Domain.records``."""

SINK_KEY, NOT_SINK_KEY = "3 1 1 SINK", "3 1 1 NOT-SINK"
"""Stand for TLSA rdata of the key of the sink of exercises, and of a key that nobody has."""


class Delegation(StrEnum):
    """How the parent vouches for a zone (RFC 4035, section 5)."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    WRONG_DS = "wrong DS"
    EXPIRED_SIGNATURES = "expired signatures"


BIND, LDNS, KNOT_SIGNER, ONLINE = "dnssec-signzone", "ldns-signzone", "kzonesign", "PowerDNS, while it answers"
"""Programs that sign zones."""

NAMED = "bind.dns.test"
"""The name server that is BIND: it has what ns2 has."""
POWERDNS = ("powerdns1.dns.test", "powerdns2.dns.test")
"""The two addresses of the one PowerDNS. It serves the zones that are delegated to it, and no other."""


@dataclass(frozen=True)
class Signing:
    """How a zone is signed, where that is not by one ECDSA P-256 key with NSEC for 30 days."""

    keys: tuple[str, ...] = ("ECDSAP256SHA256",)
    """Algorithms, with further arguments for dnssec-keygen or ldns-keygen; ``revoked`` first revokes the key. Each of
    them signs everything."""
    unused: tuple[str, ...] = ()
    """Keys that stand in the zone and sign nothing."""
    by: str = BIND
    options: tuple[str, ...] = ()
    """Arguments of the signer; for Knot lines of its policy, for PowerDNS those of ``pdnsutil set-nsec3``."""
    ds: tuple[str, ...] = ("0 SHA-256",)
    """DS records at the parent: number of the key and digest (``wrong``: one of something else), or the data. ldns and
    Knot: always one with SHA-256."""
    cds: tuple[str, ...] = ()
    """CDS records, as in ``ds``."""
    cdnskey: tuple[int, ...] = ()
    """Numbers of the keys that there are CDNSKEY records of."""
    second: str = ""
    """What the second server has instead: ``unsigned``, ``expired`` or ``no denial``."""
    same_tag: bool = False
    """A second key with the tag of the first one stands in the zone."""
    unknown_algorithm: int = 0
    """The number of the algorithm that key, signatures and DS record pretend to have."""

    @property
    def told(self) -> str:
        """The command that signs the zone, and what is beside it."""
        words = [" ".join((self.by, *self.options)), f"keys {', '.join(self.keys) or 'of its own'}"]
        words += [f"unused {key}" for key in self.unused]
        words += [f"DS {', '.join(self.ds) or 'none'}"] if self.ds != ("0 SHA-256",) else []
        words += [f"CDS {record}" for record in self.cds] + [f"CDNSKEY of key {number}" for number in self.cdnskey]
        words += [f"{self.second} at the second server"] if self.second else []
        words += ["a second key of the same tag"] if self.same_tag else []
        words += [f"algorithm {self.unknown_algorithm} in place of its own"] if self.unknown_algorithm else []
        return "; ".join(words)


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
    {service.name: (*service.in_clear, *service.at_once) for service in (IMAP, POP3, SUBMISSION, SIEVE, LMTP)}
)
"""All ports of a mail store, by role as in the inventory."""
TLS_AT_ONCE: Mapping[str, tuple[int, ...]] = MappingProxyType({"imap": (993,), "submission": (465,)})
TLS_IN_THE_DIALOGUE: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"imap": (143,), "pop3": (110,), "submission": (587,)}
)


LISTENING: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        DOVECOT: tuple(port for ports in EVERY_PORT.values() for port in ports),
        CYRUS: tuple(port for role, ports in EVERY_PORT.items() if role != SUBMISSION.name for port in ports),
        STUNNEL: (*IMAP.at_once, *POP3.at_once),
    }
)
"""The ports of a mail store, by its software."""


@dataclass(frozen=True)
class Store:
    """The host mail.NAME.test, where users collect mail and submit it; its lines that differ from right ones."""

    settings: tuple[str, ...] = ()
    software: str = DOVECOT
    chain: Chain = Chain.RIGHT
    rsa_bits: int | None = None
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: EVERY_PORT)
    """Ports by role. All of them listen; these are in the inventory."""


@dataclass(frozen=True)
class Web:
    """The web site www.NAME.test; its lines of nginx that differ from right ones."""

    settings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Header fields that it does not send."""
    plain: str = "return 301 https://$host$request_uri;"
    """What port 80 does."""
    over_ipv6: tuple[str, ...] = ()
    """Lines that differ over IPv6."""
    chain: Chain = Chain.RIGHT
    text: str = "right"
    """Which security.txt it has: ``right``, ``none``, ``no Expires``, ``old key``."""

    @property
    def cause(self) -> list[str]:
        """The lines that make the fault."""
        lines = [*self.settings, *(f"no {name}" for name in self.without)]
        lines += [f"port 80: {self.plain}"] if self.plain != Web.plain else []
        lines += [f"over IPv6: {line}" for line in self.over_ipv6]
        lines += [f"{self.chain} certificate chain"] if self.chain is not Chain.RIGHT else []
        return lines + ([f"security.txt: {self.text}"] if self.text != Web.text else [])


@dataclass(frozen=True)
class OwnServer:
    """A name server that serves one domain only, besides ns1 and ns2 or in their place."""

    name: str
    """Without the final dot; below the domain, or below dns.test."""
    fault: str = ""
    """What our own server does (``fixtures/dns_faults.py``, or ``NO_UDP``, ...); empty: Knot, and it does all right."""
    at: str = ""
    """The IPv4 address of another server that it is; empty: an address of its own."""
    ipv6: bool = True
    alias: str = ""
    """It is an alias of this name."""
    ptr: tuple[str, ...] | None = None
    """Its reverse names; None: its own."""
    glue: tuple[str, ...] | None = None
    """What the parent gives for a name below the domain; None: its addresses."""


NO_UDP = "no answer over UDP"
NO_TCP = "no answer over TCP"
OTHER_SOURCE = "answers from another address"


@dataclass(frozen=True)
class Domain:
    """A mail domain and its one fault.

    ``records`` are rdata by ``"owner TYPE"``, owners relative to the domain; they replace those of a right
    domain, and an empty tuple removes them. ``ptr`` does the same for the reverse name of the mail host.
    ``parent_ns`` and ``child_ns`` are the NS sets on either side of the delegation. ``active`` says that the
    fault shows only to somebody who tries it (a relay attempt, a refused recipient, early talk).

    A finding is any verdict other than *pass* and *not applicable* on a target of the domain: the domain itself, its
    zone, selectors and senders, and its own mail host with its addresses. What no field names is a false alarm.
    """

    label: str
    fault: str = ""
    server: Server | None = None
    store: Store | None = None
    web: Web | None = None
    auto: Auto | None = None
    parked: bool = False
    """Neither sends nor receives mail."""
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ptr: tuple[str, ...] | None = None
    ptr_detour: bool = False
    """The reverse name reaches its PTR over two aliases in a row."""
    ptr_at: str = ""
    """The reverse name is an alias of this name, absolute."""
    helo: str = ""
    """What its host says in EHLO; empty: its own name."""
    active: bool = False
    ipv6: bool = False
    ipv6_listens: bool = True
    delegation: Delegation = Delegation.SIGNED
    signing: Signing | None = None
    delivery_host: str = ""
    """The host that delivers its mail, as the inventory has it."""
    behind: tuple[str, ...] = ()
    """Hosts behind the filter that its MX records name, as the inventory has them."""
    own_key: bool = False
    """The inventory wants its mail host to have a key of its own."""
    parent_ns: tuple[str, ...] = tuple(CHILDREN)
    child_ns: tuple[str, ...] = tuple(CHILDREN)
    caused_by: str = ""
    """The lines that cause the fault, where they are in no other field."""
    registered: Registered = Registered.RIGHT
    domain_listed: bool = False
    """The domain is on the list of domains."""
    parent_records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other records that the parent zone has."""
    open_transfer: bool = False
    second_serial: int | None = None
    second_records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rdata that differ on ns2."""
    own_servers: tuple[OwnServer, ...] = ()
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further records in dns.test, which is not signed, as in ``records``."""
    unsigned_below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Records of the zone ``mx`` below the domain, which is not signed; empty: there is no such zone."""
    policy_mode: str = "enforce"
    policy_mx: tuple[str, ...] = ()
    policy_max_age: int = 604800
    """Seconds."""
    policy_host: PolicyHost = PolicyHost.RIGHT
    dnsbl_listed: bool = False
    watched: bool = False
    """NUT's upsd and munin-node answer anybody beside its mail host."""
    proxy: tuple[str, ...] = ()
    """Lines of a tinyproxy beside its mail host; none: there is no proxy."""
    squid: tuple[str, ...] = ()
    """Rules of a Squid beside its mail host; none: there is none."""
    submission: tuple[str, ...] = ()
    """Lines of a Postfix at port 587 of its mail host, for users; none: there is none."""
    apart: bool = False
    """It shows after some seconds, to who may guess, or besides much else: it has a run of its own (``test_apart.py``,
    ``test_small_servers.py``).
    """
    main_cf: tuple[str, ...] = ()
    """What the domain's Postfix says of itself in a capture of ``postconf -n``; empty: nothing is captured."""

    fail: tuple[str, ...] = ()
    """Ids of the controls that fail."""
    advice: tuple[str, ...] = ()
    """Ids of the controls that advise."""
    inconclusive: tuple[str, ...] = ()
    """Ids of the controls that cannot tell."""
    perhaps: tuple[str, ...] = ()
    """Ids of the controls that may find something or not: each connection may meet another server."""
    where: str = ""
    """What stands in the id of each address with a finding."""
    why: str = ""
    """Why just these findings, where that is not plain."""
    unjudged: str = ""
    """Why there is no finding in spite of the fault."""

    @property
    def findings(self) -> frozenset[tuple[str, str]]:
        """Pairs of control and verdict that must be found."""
        by_verdict = {"fail": self.fail, "advice": self.advice, "inconclusive": self.inconclusive}
        return frozenset((control, verdict) for verdict, controls in by_verdict.items() for control in controls)

    @property
    def lacks(self) -> frozenset[str]:
        """Controls that its mail host gives advice by, because it is one of those that have no IPv6 address."""
        own = (self.server and not self.ipv6) or ("mx A" in self.records and "mx AAAA" not in self.records)
        return frozenset(("V6-MX-AAAA",) if own else ())

    @property
    def name(self) -> str:
        return f"{self.label}.{TLD}"

    @property
    def is_exercised(self) -> bool:
        """Whether its user really gets the mail, in a Maildir."""
        return self.label.startswith(EXERCISED)

    @property
    def host(self) -> str:
        """The mail host that serves this domain."""
        return f"mx.{self.name}" if self.server else f"mx.right.{TLD}"

    @property
    def store_host(self) -> str:
        """Where its users collect mail, if it has a store."""
        return f"mail.{self.name}"

    @property
    def web_host(self) -> str:
        """Its web site, if it has one."""
        return f"www.{self.name}"

    @property
    def software(self) -> str:
        if self.store:
            return self.store.software
        return self.server.software if self.server else POSTFIX

    @property
    def cause(self) -> str:
        """The configuration lines that make the fault."""
        lines: list[str] = []
        for part in (self.server, self.store):
            if part:
                lines += part.settings
                lines += _certificate_lines(part)
        lines += self.web.cause if self.web else []
        lines += self.auto.cause if self.auto else []
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
        if self.ptr_at:
            lines.append(f"PTR is an alias of {self.ptr_at}")
        if self.helo:
            lines.append(f"EHLO {self.helo}")
        lines += [f"tinyproxy: {line}" for line in self.proxy]
        lines += [f"squid: {line}" for line in self.squid]
        lines += [f"at port 587: {line}" for line in self.submission]
        if self.caused_by:
            lines.append(self.caused_by)
        if self.registered is not Registered.RIGHT:
            lines.append(self.registered)
        if self.domain_listed:
            lines.append(f"domain listed at {DOMAIN_LIST}")
        for key, values in self.parent_records.items():
            lines += [f"at the parent: {key} {value}" for value in values]
        if self.delegation is not Delegation.SIGNED:
            lines.append(f"delegation: {self.delegation}")
        if self.signing:
            lines.append(self.signing.told)
        lines += [f"{key} {value}" for key, values in self.elsewhere.items() for value in values]
        lines += [f"unsigned zone mx: {key} {value}" for key, values in self.unsigned_below.items() for value in values]
        lines += [f"behind: {host}" for host in self.behind]
        lines += [f"delivery_host: {self.delivery_host}"] if self.delivery_host else []
        lines += ["own_key: true"] if self.own_key else []
        if self.parent_ns != self.child_ns:
            lines.append(f"parent NS {' '.join(self.parent_ns)}; child NS {' '.join(self.child_ns)}")
        elif self.parent_ns != tuple(CHILDREN):
            lines.append(f"NS {' '.join(self.parent_ns)}")
        if self.open_transfer:
            lines.append("provide-xfr: 0.0.0.0/0 NOKEY")
        if self.second_serial is not None:
            lines.append(f"SOA serial {SERIAL} on ns1, {self.second_serial} on ns2")
        for key, values in self.second_records.items():
            lines += [f"on ns2: {key} {value}" for value in values]
        for server in self.own_servers:
            lines += _name_server_lines(server)
        if self.policy_max_age != 604800:
            lines.append(f"mta-sts.txt max_age: {self.policy_max_age}")
        if self.policy_mode != "enforce":
            lines.append(f"mta-sts.txt mode: {self.policy_mode}")
        lines += [f"mta-sts.txt mx: {mx}" for mx in self.policy_mx]
        if self.policy_host is not PolicyHost.RIGHT:
            lines.append(f"policy host: {self.policy_host}")
        if not self.ipv6_listens:
            lines.append(f"AAAA of mx.{self.name} without a listener")
        lines += [f"main.cf: {setting}" for setting in self.main_cf]
        lines += ["upsd.conf: LISTEN ADDRESS 3493", "munin-node.conf: allow ^.*$"] if self.watched else []
        if self.dnsbl_listed:
            lines.append(f"address listed at {DNSBL}")
        return "; ".join(lines)


def _name_server_lines(server: OwnServer) -> list[str]:
    lines = [server.fault] if server.fault else []
    if server.alias:
        lines.append(f"{server.name} CNAME {server.alias}")
    if not server.ipv6:
        lines.append(f"no AAAA of {server.name}")
    if server.ptr is not None:
        lines.append(f"PTR of {server.name}: {', '.join(server.ptr) or 'none'}")
    if server.glue is not None:
        lines.append(f"glue of {server.name}: {', '.join(server.glue) or 'none'}")
    return lines


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

NEXT_KEY = "3 1 1 " + "a7" * 32
"""TLSA rdata of the key that comes after the present one; every right host has it."""

PROXY_PROTOCOL = "smtpd_upstream_proxy_protocol = haproxy"
