"""TLS versions and cipher suites."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST
from mailproof.net.tls.handshakes import Handshake, TLSVersion
from mailproof.observations.tls import Handshakes

from ..observed import ENDPOINT
from .case import Case, Table, fails, leaves, passes, skips


def handshakes(version: TLSVersion, *, accepted: bool, offered: bool = True) -> Handshakes:
    result = Handshake(version, "all", accepted, "SUITE" if accepted else None, None if accepted else "alert")
    return Handshakes(ENDPOINT, offered, (result,) if offered else ())


NO_VERSION = Handshakes(ENDPOINT, True, (), no_version=True)
NO_VERSION_AT_ONCE = Handshakes(ENDPOINT, True, (), no_version=True, by_smtp=False)


def _refused(fixture: str, version: TLSVersion) -> tuple[Case, ...]:
    """The cases of a control that wants ``version`` refused."""
    return (
        passes(**{fixture: handshakes(version, accepted=False)}),
        fails(f"accepted: {version} (SUITE)", level=MUST, **{fixture: handshakes(version, accepted=True)}),
        skips("SMTP-STARTTLS-OFFERED", **{fixture: handshakes(version, accepted=False, offered=False)}),
    )


def _without_versions(fixture: str) -> tuple[Case, ...]:
    """The cases of a control of suites where no version is spoken in which they could be offered."""
    return (
        leaves("SMTP-STARTTLS-WORKS", "no version of TLS is accepted", **{fixture: NO_VERSION}),
        leaves("TLS-12-OR-13", "no version of TLS is accepted", **{fixture: NO_VERSION_AT_ONCE}),
        passes(**{fixture: replace(NO_VERSION, no_version=False)}),
    )


TABLE: Table = {
    "TLS-NO-SSL2": _refused("ssl_2", TLSVersion.SSLV2),
    "TLS-NO-SSL3": _refused("ssl_3", TLSVersion.SSLV3),
    "TLS-NO-10-11": _refused("tls_1_0_and_1_1", TLSVersion.TLS1_1),
    "TLS-NO-RC4": (*_refused("rc4", TLSVersion.TLS1_2), *_without_versions("rc4")),
    "TLS-NO-3DES": (*_refused("triple_des", TLSVersion.TLS1_2), *_without_versions("triple_des")),
    "TLS-12-OR-13": (
        passes(tls_1_2_and_1_3=handshakes(TLSVersion.TLS1_3, accepted=True)),
        fails(
            "neither TLS 1.2 nor TLS 1.3",
            level=MUST,
            tls_1_2_and_1_3=handshakes(TLSVersion.TLS1_2, accepted=False),
        ),
        skips(
            "SMTP-STARTTLS-OFFERED",
            tls_1_2_and_1_3=handshakes(TLSVersion.TLS1_2, accepted=False, offered=False),
        ),
    ),
}
