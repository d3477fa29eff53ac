"""Made-up observations, in as few words as they need."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from mailproof.net import services
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.errors import NotObserved
from mailproof.net.https import Response, TLSFault
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.paths import PathResult, PathStatus
from mailproof.net.settings import TLSDepth
from mailproof.net.smtp import Reply, TLSSession
from mailproof.net.tls.facts import Handshake, Unanswered
from mailproof.net.tls.offers import Offers
from mailproof.net.tls.scan import Robot, Scan
from mailproof.net.tls.versions import TLSVersion
from mailproof.net.transcript import Line, Speaker
from mailproof.observations.attempts import Attempt
from mailproof.observations.dane import DANE, TLSA, ChainMatch
from mailproof.observations.dkim import DKIMKey
from mailproof.observations.dmarc import DMARC, Step
from mailproof.observations.mta_sts import STSPolicyFile, STSRecord
from mailproof.observations.mx import MX, HostAddresses
from mailproof.observations.recipients import Mailboxes, Recipients
from mailproof.observations.reverse import ForwardAddresses, ReverseDNS
from mailproof.observations.smtp import ServerName, SMTPSession
from mailproof.observations.spf import SPF, Check, Lookup, PublishedSPF, SPFEvaluation, SPFTree
from mailproof.observations.tls import ByDANE, Certificates, Deployment, TLSDeepScan, TLSOffers
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.targets.mail import MailDomain

DOMAIN = "example.org"
HOST = "mx1.example.org"
ADDRESS = "192.0.2.25"
PUBLIC = "8.8.8.8"
"""An address that is not set aside for documentation."""
ENDPOINT = f"{HOST}[{ADDRESS}]:25"
TRANSCRIPT = (Line(0.0, Speaker.NOTE, "connected"),)

RECEIVES = MailDomain(DOMAIN)
PARKED = MailDomain(DOMAIN, sends=False, receives=False)


def answer(name: str, type: str, *data: str, rcode: str = "NOERROR", aliases: tuple[str, ...] = ()) -> Answer:
    """An answer whose records have ``data`` in presentation format; TXT takes each as one string."""
    records = tuple(
        ResourceRecord(name, 60, type, f'"{text}"' if type == "TXT" else text, (text,) if type == "TXT" else ())
        for text in data
    )
    return Answer(name, type, rcode, records, aliases, server="192.0.2.53:53", protocol="udp")


def missing(name: str, type: str) -> Answer:
    return answer(name, type, rcode="NXDOMAIN")


def mx(*exchanges: str, addresses: tuple[str, ...] = ()) -> MX:
    """MX records written like ``10 mx1.example.org.``"""
    return MX(
        DOMAIN,
        answer(DOMAIN, "MX", *exchanges),
        answer(DOMAIN, "A", *(a for a in addresses if ":" not in a)),
        answer(DOMAIN, "AAAA", *(a for a in addresses if ":" in a)),
    )


def host(*addresses: str, aliases: tuple[str, ...] = (), domains: tuple[str, ...] = (DOMAIN,)) -> HostAddresses:
    return HostAddresses(
        HOST,
        domains,
        answer(HOST, "A", *(a for a in addresses if ":" not in a), aliases=aliases),
        answer(HOST, "AAAA", *(a for a in addresses if ":" in a), aliases=aliases),
    )


def reverse(*names: str, forward: dict[str, tuple[str, ...] | str] | None = None, address: str = ADDRESS) -> ReverseDNS:
    """PTR ``names``; ``forward`` gives where each leads, or why that is unknown. Left out: it leads back."""
    leads = {name: (forward or {}).get(name, (address,)) for name in names}
    return ReverseDNS(
        address,
        answer("25.2.0.192.in-addr.arpa", "PTR", *(f"{name}." for name in names)),
        tuple(
            ForwardAddresses(name, None, found)
            if isinstance(found, str)
            else ForwardAddresses(name, answer(name, "A", *found))
            for name, found in leads.items()
        ),
    )


def published(domain: str, *texts: str, path: tuple[str, ...] = ()) -> PublishedSPF:
    return PublishedSPF(domain, path, answer(domain, "TXT", *texts))


def spf(*texts: str) -> SPF:
    return SPF(published(DOMAIN, *texts))


def spf_tree(
    text: str | None,
    *included: PublishedSPF,
    lookups: tuple[Lookup, ...] = (),
    loops: tuple[str, ...] = (),
    cut_short: bool = False,
    families: tuple[int, ...] = (4, 6),
) -> SPFTree:
    own = published(DOMAIN, *((text,) if text is not None else ()))
    return SPFTree(DOMAIN, (own, *included), lookups, loops, cut_short, families)


def lookup(void: str = "", mx_names: int = 0, cost: int = 1) -> Lookup:
    """A lookup that is void for the families (4, 6) named in ``void``."""
    return Lookup("a:gone.example", DOMAIN, "gone.example", "4" in void, "6" in void, mx_names, cost)


def evaluation(
    *listed: str, foreign: tuple[str, ...] = ("fail",), texts: tuple[str, ...] = ("v=spf1 a -all",)
) -> SPFEvaluation:
    """Results of check_host() for own and for foreign addresses."""

    def check(result: str, address: str) -> Check:
        return Check(address, "", HOST, result, "because")

    return SPFEvaluation(
        DOMAIN,
        texts,
        tuple(check(r, ADDRESS) for r in listed),
        tuple(check(r, "203.0.113.199") for r in foreign),
    )


def dkim(*texts: str) -> DKIMKey:
    name = f"s1._domainkey.{DOMAIN}"
    return DKIMKey("s1", DOMAIN, answer(name, "TXT", *texts) if texts else missing(name, "TXT"))


def dmarc(
    *texts: str,
    parents: tuple[tuple[str, ...], ...] = ((), ()),
    domain: str = f"sub.{DOMAIN}",
    exists: bool = True,
    at_domain: tuple[str, ...] = (),
) -> DMARC:
    """Records at the domain itself and at its parents, nearest first."""
    steps = []
    name = domain
    for found in (texts, *parents):
        steps.append(Step(name, answer(f"_dmarc.{name}", "TXT", *found) if found else missing(f"_dmarc.{name}", "TXT")))
        name = name.partition(".")[2]
    return DMARC(domain, exists, tuple(steps), at_domain)


def sts(*texts: str) -> STSRecord:
    return STSRecord(DOMAIN, answer(f"_mta-sts.{DOMAIN}", "TXT", *texts))


def tlsrpt(*texts: str) -> TLSRPTRecord:
    return TLSRPTRecord(DOMAIN, answer(f"_smtp._tls.{DOMAIN}", "TXT", *texts))


STS_BODY = "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx1.example.org\n"


def sts_policy(
    body: str = STS_BODY,
    *,
    record: STSRecord | None = None,
    status: int = 200,
    tls_error: str | None = None,
    tls_fault: TLSFault = TLSFault.CERTIFICATE,
    content_type: str | None = "text/plain",
    headers: tuple[tuple[str, str], ...] = (),
) -> STSPolicyFile:
    url = f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"
    response = Response(url, ADDRESS, status, headers, content_type, body, 0.1, tls_error, tls_fault)
    return STSPolicyFile(DOMAIN, record or sts("v=STSv1; id=1"), (ADDRESS,), response)


def certificate(
    subject: str = f"CN={HOST}",
    *,
    names: tuple[str, ...] = (HOST,),
    not_before: str = "2026-11-01T00:00:00Z",
    not_after: str = "2027-01-30T00:00:00Z",
    key: tuple[str, int | None] = ("RSA", 2048),
) -> Certificate:
    return Certificate(
        subject=subject,
        issuer="CN=Test CA",
        serial="1",
        not_before=not_before,
        not_after=not_after,
        key_type=key[0],
        key_bits=key[1],
        curve=None,
        signature_hash="sha256",
        dns_names=names,
        ip_addresses=(),
        is_ca=False,
        self_signed=False,
        sha256=hashlib.sha256(subject.encode()).hexdigest(),
        spki_sha256="bb",
        aia_issuers=(),
    )


def certificates(
    *chain: Certificate,
    status: PathStatus = PathStatus.TRUSTED,
    detail: str = "",
    matches: bool = True,
    at: str = "2026-11-22T00:00:00Z",
    dane: ByDANE = ByDANE.NOT,
    root: str = "",
) -> Certificates:
    """All of ``chain`` stand on the path, up to the one whose fingerprint is ``root``."""
    facts = chain or (certificate(),)
    path = PathResult(status, tuple(c.subject for c in facts), detail, tuple(c.sha256 for c in facts), root)
    deployment = Deployment(Chain(tuple("PEM" for _ in facts), facts), path, matches)
    return Certificates(ENDPOINT, HOST, at, True, (deployment,), dane)


NO_TLS = Certificates(ENDPOINT, HOST, "2026-11-22T00:00:00Z", False, ())


def tlsa(*records: str, secure: bool = True) -> TLSA:
    return TLSA(HOST, answer(HOST, "A", ADDRESS), answer(f"_25._tcp.{HOST}", "TLSA", *records), secure)


def dane(
    records: TLSA,
    *matching: tuple[str, ...],
    tls: bool = True,
    failure: str = "",
    remarks: tuple[str, ...] = (),
) -> DANE:
    """One chain for each tuple of records that it satisfies."""
    leaf = Chain(("PEM",), (certificate(),))
    return DANE(records, tls, tuple(ChainMatch(leaf, texts, remarks) for texts in matching), failure, ENDPOINT)


def handshake(version: TLSVersion, accepted: bool, offered: str = "all") -> Handshake:
    return Handshake(version, offered, accepted, "SUITE" if accepted else None, None if accepted else "alert")


CURRENT = (TLSVersion.TLS1_2, TLSVersion.TLS1_3)


def tls_offers(
    *accepted: TLSVersion,
    weak: tuple[Handshake, ...] | None = (),
    unanswered: dict[str, NotObserved] | None = None,
    by_smtp: bool = True,
) -> TLSOffers:
    """A server that takes the versions ``accepted`` and refuses all others; what failed is not answered."""
    failed = unanswered or {}
    offers = Offers(
        depth=TLSDepth.USUAL,
        connections=8,
        versions=tuple(handshake(version, version in accepted) for version in TLSVersion if version not in failed),
        unanswered=tuple(Unanswered(name, f.kind, f.reason, f.evidence) for name, f in failed.items()),
        weak=weak,
    )
    return TLSOffers(ENDPOINT, by_smtp, offers)


NO_OFFERS = TLSOffers(ENDPOINT, True, None)
"""Of a server that does not offer STARTTLS."""


def deep_scan(
    *, early_data: int | None = 0, unanswered: dict[str, NotObserved] | None = None, **found: Any
) -> TLSDeepScan:
    """A scan that finds nothing, with ``found`` and what failed."""
    clean: dict[str, Any] = {
        "heartbleed": False,
        "early_ccs": False,
        "robot": Robot.NO_ORACLE,
        "secure_renegotiation": True,
        "client_renegotiations": 0,
    }
    failed = tuple(Unanswered(name, f.kind, f.reason, f.evidence) for name, f in (unanswered or {}).items())
    return TLSDeepScan(ENDPOINT, Scan(22, **(clean | found)), early_data, failed)


NO_SCAN = TLSDeepScan(ENDPOINT, None)
"""Of a server that does not offer STARTTLS."""


def reply(code: int, *lines: str) -> Reply:
    return Reply(code, lines or ("text",))


EHLO = reply(250, f"{HOST} hello", "PIPELINING", "STARTTLS")
EHLO_IN_TLS = reply(250, f"{HOST} hello", "PIPELINING")


def session(role: str = services.MX.name, **changes: object) -> SMTPSession:
    """A session in which all is well, with ``changes``."""
    good = SMTPSession(
        transcript=TRANSCRIPT,
        endpoint=ENDPOINT,
        role=role,
        implicit_tls=False,
        greeting=reply(220, f"{HOST} ESMTP"),
        helo=reply(250, HOST),
        ehlo=EHLO,
        starttls=reply(220, "go ahead"),
        tls=TLSSession("TLSv1.3", "TLS_AES_256_GCM_SHA384", ""),
        ehlo_in_tls=EHLO_IN_TLS,
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def server_name(
    smtp: SMTPSession, addresses: dict[str, tuple[str, ...]] | None = None, ptr: tuple[str, ...] = (HOST,)
) -> ServerName:
    """``addresses`` by name; left out, the host's name resolves to the address."""
    known = {HOST: (ADDRESS,)} if addresses is None else addresses
    return ServerName(
        smtp,
        ADDRESS,
        tuple((name, answer(name, "A", *found), answer(name, "AAAA")) for name, found in known.items()),
        answer("25.2.0.192.in-addr.arpa", "PTR", *(f"{name}." for name in ptr)),
    )


def attempt(
    form: str, rcpt: Reply | None = None, mail: Reply | None = None, recipient: str = f"postmaster@{DOMAIN}"
) -> Attempt:
    return Attempt(form, "probe@probe.example", recipient, mail or reply(250, "2.1.0 ok"), rcpt)


ACCEPTED = reply(250, "2.1.5 ok")
UNKNOWN = reply(550, "5.1.1 no such user")
GREYLISTED = reply(450, "4.2.0 greylisted, come again")
SPAMMER = reply(554, "5.7.1 your host is on a blocklist")


def mailboxes(endpoint: str = ENDPOINT, interrupted: str = "", **answers: Reply | None) -> Mailboxes:
    """Replies to RCPT for ``postmaster``, ``abuse``, ``bare``, ``unknown`` and ``null``.

    None: it was not tried. Left out: the reply is as it should be.
    """
    forms = {
        "postmaster": "postmaster@",
        "abuse": "abuse@",
        "bare": "bare postmaster",
        "unknown": "unknown",
        "null": "null sender",
    }
    replies: dict[str, Reply | None] = {form: UNKNOWN if form == "unknown" else ACCEPTED for form in forms}
    replies.update(answers)
    attempts = tuple(attempt(forms[name], found) for name, found in replies.items() if found is not None)
    return Mailboxes(TRANSCRIPT, DOMAIN, endpoint, attempts, interrupted)


def recipients(*seen: Mailboxes, missing: tuple[tuple[str, str], ...] = ()) -> Recipients:
    return Recipients(DOMAIN, seen, missing)
