"""Made-up observations that the cases of several families need, in as few words as they need."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from mailproof.net import services
from mailproof.net.dialogue import TLSSession
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.https import Response, TLSFault
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.contents import Contents
from mailproof.net.pkix.paths import PathResult, PathStatus
from mailproof.net.pkix.revocation import Said
from mailproof.net.smtp import Reply
from mailproof.net.transcript import Line, Speaker
from mailproof.observations.attempts import Attempt
from mailproof.observations.authorities import MailCopies, MailCopy
from mailproof.observations.certificates import CertificateContents, Shown
from mailproof.observations.dane import DANE, TLSA, ChainMatch
from mailproof.observations.mta_sts import STSPolicyFile, STSRecord
from mailproof.observations.mx import MX
from mailproof.observations.recipients import Mailboxes
from mailproof.observations.reverse import ForwardAddresses, ReverseDNS
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.spf import Check, SPFEvaluation
from mailproof.observations.tls import ByDANE, Certificates, Deployment
from mailproof.observations.tls_reporting import TLSRPTRecord
from mailproof.targets.mail import MailDomain

DOMAIN = "example.org"


HOST = "mx1.example.org"


ADDRESS = "192.0.2.25"


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


def contents(subject: str = f"CN={HOST}", **changes: object) -> Contents:
    """What stands in a certificate of a server, with ``changes``."""
    found = Contents(
        subject=subject,
        sha256=hashlib.sha256(subject.encode()).hexdigest(),
        signature="sha256WithRSAEncryption",
        key_usage=("digitalSignature", "keyEncipherment"),
        purposes=("1.3.6.1.5.5.7.3.1",),
        policies=(),
        revocation_lists=(),
        responders=(),
        must_staple=False,
        timestamps=(),
        visible=False,
        modulus="",
        exponent=None,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def certificate_contents(
    *chain: Contents, public: bool = False, staple: Said | None = None, fault: str = "", **changes: object
) -> CertificateContents:
    """One chain."""
    shown = Shown(chain or (contents(),), public, staple, fault)
    return replace(CertificateContents(ENDPOINT, (shown,)), **changes)  # type: ignore[arg-type]


def dane(
    records: TLSA,
    *matching: tuple[str, ...],
    tls: bool = True,
    failure: str = "",
    remarks: tuple[str, ...] = (),
    passed_over: tuple[str, ...] = (),
    issuers: tuple[Certificate, ...] = (),
) -> DANE:
    """One chain for each tuple of records that it satisfies."""
    chain = Chain(("PEM", *("PEM" for _ in issuers)), (certificate(), *issuers))
    matches = tuple(ChainMatch(chain, texts, remarks, passed_over) for texts in matching)
    return DANE(records, tls, matches, failure, ENDPOINT)


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


def attempt(
    form: str, rcpt: Reply | None = None, mail: Reply | None = None, recipient: str = f"postmaster@{DOMAIN}"
) -> Attempt:
    return Attempt(form, "probe@probe.example", recipient, mail or reply(250, "2.1.0 ok"), rcpt)


ACCEPTED = reply(250, "2.1.5 ok")


UNKNOWN = reply(550, "5.1.1 no such user")


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


def mail_copies(*copies: tuple[tuple[str, ...], tuple[str, ...]], **other: Any) -> MailCopies:
    return MailCopies(
        DOMAIN,
        tuple(
            MailCopy(f"ns{number}", answer(DOMAIN, "MX", *mx), answer(DOMAIN, "TXT", *txt))
            for number, (mx, txt) in enumerate(copies, 1)
        ),
        **other,
    )


SAME_MAIL = (("10 mx.example.org.",), ("v=spf1 mx -all",))
