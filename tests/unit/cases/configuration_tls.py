"""Configuration files: versions of TLS, and what programs say of their own configuration."""

from __future__ import annotations

from mailproof.observations.configuration import CheckSaid, ProgramSettings, SelfChecks, VersionsShown

from ..observed import HOST
from .case import Table, fails, passes, skips, undecided
from .configuration import settings

PORT = f"{HOST}[192.0.2.25]:25"


def shown(*versions: str, unknown: tuple[str, ...] = ()) -> VersionsShown:
    return VersionsShown(HOST, ((PORT, versions),) if versions else (), unknown)


NO_PORT = shown()


def floor(value: str) -> ProgramSettings:
    return settings("postfix", smtpd_tls_protocols=value, smtpd_tls_mandatory_protocols=value)


def said(status: int, *complaints: str) -> SelfChecks:
    return SelfChecks("postfix", (CheckSaid("postconf -n", "captured/postconf-n.txt", status, complaints),))


TABLE: Table = {
    "CFG-TLS-FLOOR": (
        passes(program_settings=floor(">=TLSv1.2"), versions_shown=NO_PORT),
        passes(program_settings=floor(">=TLSv1.2"), versions_shown=shown("TLSv1.2", "TLSv1.3")),
        passes(program_settings=floor(">=TLSv1"), versions_shown=shown("TLSv1.2", "TLSv1.3")),
        passes(
            program_settings=settings("postfix", smtpd_tls_mandatory_protocols=">=TLSv1.2"),
            versions_shown=shown("TLSv1.0", "TLSv1.2"),
        ),
        passes(program_settings=settings("dovecot", ssl_min_protocol="TLSv1.2"), versions_shown=NO_PORT),
        passes(
            program_settings=settings("exim", openssl_options="+no_sslv3 +no_tlsv1 +no_tlsv1_1"), versions_shown=NO_PORT
        ),
        fails(
            f"does not admit TLSv1.0, and {PORT} takes it",
            program_settings=floor(">=TLSv1.2"),
            versions_shown=shown("TLSv1.0", "TLSv1.2"),
        ),
        fails(
            "smtpd_tls_protocols = >=TLSv1 admits TLSv1.0, TLSv1.1",
            program_settings=floor(">=TLSv1"),
            versions_shown=NO_PORT,
        ),
        fails(
            "ssl_min_protocol = TLSv1 admits TLSv1.0",
            program_settings=settings("dovecot", ssl_min_protocol="TLSv1"),
            versions_shown=NO_PORT,
        ),
        fails(
            "smtps inet/smtpd_tls_protocols = !SSLv2 admits SSLv3",
            program_settings=settings(
                "postfix", (("smtps inet/smtpd_tls_protocols", "!SSLv2"),), smtpd_tls_protocols=">=TLSv1.2"
            ),
            versions_shown=NO_PORT,
        ),
        fails(
            "openssl_options = +no_sslv3 admits TLSv1.0",
            program_settings=settings("exim", openssl_options="+no_sslv3"),
            versions_shown=NO_PORT,
        ),
        passes(program_settings=settings("nginx", ssl_protocols="TLSv1.2 TLSv1.3"), versions_shown=NO_PORT),
        passes(program_settings=settings("apache", SSLProtocol="-all +TLSv1.3"), versions_shown=NO_PORT),
        passes(
            program_settings=settings("haproxy", (("frontend smtps/bind", ":465 ssl ssl-min-ver TLSv1.2"),)),
            versions_shown=NO_PORT,
        ),
        fails(
            "http/server/ssl_protocols = TLSv1 TLSv1.2 admits TLSv1.0",
            program_settings=settings("nginx", (("http/server/ssl_protocols", "TLSv1 TLSv1.2"),)),
            versions_shown=NO_PORT,
        ),
        fails(
            "SSLProtocol = all -SSLv3 admits TLSv1.0, TLSv1.1",
            program_settings=settings("apache", SSLProtocol="all -SSLv3"),
            versions_shown=NO_PORT,
        ),
        fails(
            "frontend smtps/bind = :465 ssl ssl-min-ver TLSv1.1 admits TLSv1.1",
            program_settings=settings("haproxy", (("frontend smtps/bind", ":465 ssl ssl-min-ver TLSv1.1"),)),
            versions_shown=NO_PORT,
        ),
        skips(
            "no versions of TLS are set",
            program_settings=settings("haproxy", (("frontend http/bind", ":80"),)),
            versions_shown=NO_PORT,
        ),
        skips("no versions of TLS are set", program_settings=settings("postfix"), versions_shown=NO_PORT),
        skips(
            "no versions of TLS are set",
            program_settings=settings("exim", openssl_options="+single_dh_use"),
            versions_shown=NO_PORT,
        ),
        skips("unbound has no setting", program_settings=settings("unbound"), versions_shown=NO_PORT),
        undecided(
            "silent",
            program_settings=floor(">=TLSv1.2"),
            versions_shown=shown(unknown=(f"{PORT}: silent",)),
        ),
    ),
    "CFG-LOADS": (
        passes(self_checks=said(0)),
        fails("postconf -n says: unused parameter", self_checks=said(0, "unused parameter: x")),
        fails("ended with exit status 1: fatal: bad", self_checks=said(1, "fatal: bad")),
        fails("ended with exit status 75 (captured/postconf-n.txt)", self_checks=said(75)),
        skips("no output of a command", self_checks=SelfChecks("postfix", ())),
    ),
}
