"""What a server shows to strangers."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST
from mailproof.net.services import SUBMISSION
from mailproof.net.transcript import Line, Speaker
from mailproof.observations.smtp import SMTPSession

from ..observed import HOST, reply, session
from .case import Case, Table, advises, fails, leaves, passes, skips

_REFUSED = session(greeting=reply(554, "no service"), helo=None, ehlo=None, starttls=None, tls=None, ehlo_in_tls=None)
_NO_EHLO = session(ehlo=reply(550, "command not allowed"), starttls=None, tls=None, ehlo_in_tls=None)


def _waits(greeting: float, hello: float) -> SMTPSession:
    moments = (
        (0.0, Speaker.NOTE, "connecting to 192.0.2.25:25"),
        (0.1, Speaker.NOTE, "connected"),
        (0.1, Speaker.SERVER, f"220-{HOST} wait"),
        (0.1 + greeting, Speaker.SERVER, f"220 {HOST} ESMTP"),
        (1.0 + greeting, Speaker.CLIENT, "EHLO probe.example"),
        (1.0 + greeting + hello, Speaker.SERVER, f"250 {HOST}"),
    )
    return session(transcript=tuple(Line(*moment) for moment in moments))


def _greets(text: str) -> SMTPSession:
    return session(greeting=reply(220, f"{HOST} {text}"))


def _offers(clear: str = "STARTTLS", inside: str = "PIPELINING", **changes: object) -> SMTPSession:
    return session(
        SUBMISSION.name,
        ehlo=reply(250, HOST, *clear.split(", ")),
        ehlo_in_tls=reply(250, HOST, *inside.split(", ")),
        **changes,
    )


def _off(case: Case) -> Case:
    return replace(case, parameters={"wanted": "off"})


_IMPLICIT = session(
    SUBMISSION.name,
    implicit_tls=True,
    ehlo=reply(250, HOST, "AUTH PLAIN", "REQUIRETLS"),
    starttls=None,
    tls=None,
    ehlo_in_tls=None,
)

TABLE: Table = {
    "SMTP-GREET-TIME": (
        passes(smtp_session=session()),
        passes(smtp_session=session(transcript=())),
        passes(smtp_session=_waits(14.5, 0.1)),
        advises("the greeting came after 16.0 s", smtp_session=_waits(16, 2)),
        advises("the reply to EHLO came after 20.0 s", smtp_session=_waits(1, 20)),
        passes(smtp_session=_REFUSED),
    ),
    "SMTP-NO-VERSION": (
        *(
            passes(smtp_session=_greets(text))
            for text in (
                "ESMTP",
                "ESMTP Postfix (Debian/GNU)",
                "ESMTP Exim Thu, 26 Nov 2026 14:06:41 +0000",
                "ESMTP 4.2 - gsmtp",
                "ESMTP ready at 26.11.2026",
                "ESMTP ready at 2026.11.26",
                "Service for 192.0.2.7",
                "ESMTP id 38308e7fff4ca-337f8b.12 - gsmtp",
                "ESMTP server 192.0.2.7 ready",
            )
        ),
        *(
            advises(f"the greeting tells {told}", smtp_session=_greets(text))
            for text, told in (
                ("ESMTP Exim 4.96 Thu, 26 Nov 2026 14:06:41 +0000", "Exim 4.96"),
                ("ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Thu, 26 Nov", "Sendmail 8.17.1.9/8.17.1.9/Debian-2"),
                ("ESMTP Postfix (3.7.11)", "Postfix 3.7.11"),
                ("Microsoft ESMTP MAIL Service, Version: 10.0.20348 ready", "Version 10.0.20348"),
                ("ESMTP Haraka/3.0.3 ready, Haraka 3.0.3", "Haraka 3.0.3"),
            )
        ),
    ),
    "SMTP-KNOWN-VULN": (
        skips("tells no version", smtp_session=_greets("ESMTP Exim")),
        *(
            passes(smtp_session=_greets(f"ESMTP {text}"))
            for text in ("Exim 4.96", "Exim 4.99.3", "Sendmail 8.17.1.9/8.17.1.9", "Postfix 3.7.11", "Unknown 1.2.3")
        ),
        *(
            advises(name, smtp_session=_greets(f"ESMTP {text}"))
            for text, name in (
                ("Exim 4.89", "CVE-2018-6789 (said 2018-02-10, mended in 4.90.1"),
                ("Exim 4.91", "CVE-2019-10149"),
                ("Exim 4.92.1", "CVE-2019-15846"),
                ("Exim 4.92.2", "CVE-2019-16928"),
                ("Exim 4.94", "21Nails"),
                ("Exim 4.98.2", "where it is built with GnuTLS"),
                ("Sendmail 8.13.1/8.13.1", "CVE-2006-0058"),
                ("Postfix (2.7.1)", "CVE-2011-1720"),
            )
        ),
    ),
    "SMTP-REQUIRETLS": (
        skips("not offered", smtp_session=session()),
        passes(smtp_session=_offers(inside="REQUIRETLS")),
        passes(smtp_session=_IMPLICIT),
        advises("before TLS", smtp_session=_offers("STARTTLS, REQUIRETLS", "REQUIRETLS")),
        advises("before TLS", smtp_session=session(ehlo=reply(250, HOST, "REQUIRETLS"), tls=None, ehlo_in_tls=None)),
        leaves("SMTP-GREET-220", smtp_session=_REFUSED),
        leaves("SMTP-EHLO-HELO", smtp_session=_NO_EHLO),
    ),
    "SMTP-AUTH-OFF": (
        skips("nothing here says", smtp_session=_offers(inside="AUTH PLAIN")),
        _off(skips("not a submission server", smtp_session=session())),
        _off(passes(smtp_session=_offers())),
        _off(fails("AUTH PLAIN inside TLS is offered", level=MUST, smtp_session=_offers(inside="AUTH PLAIN"))),
        _off(fails("AUTH LOGIN in clear is offered", smtp_session=_offers("STARTTLS, AUTH LOGIN"))),
        _off(fails("AUTH PLAIN inside TLS", smtp_session=_IMPLICIT)),
        _off(leaves("SMTP-STARTTLS-WORKS", smtp_session=_offers(tls=None))),
        _off(leaves("SMTP-GREET-220", smtp_session=replace(_REFUSED, role=SUBMISSION.name))),
        _off(leaves("SMTP-EHLO-HELO", smtp_session=replace(_NO_EHLO, role=SUBMISSION.name))),
    ),
}
