"""Mail servers that speak SMTP wrongly, most of them as no packaged server can be made to: one fault each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.unit.ntlm_messages import challenge


@dataclass(frozen=True)
class SMTPFault:
    """The control that must blame the server, and how it behaves (``SMTPBehaviour``)."""

    control: str
    behaviour: str
    verdict: str = "fail"
    right: str = ""
    """The control whose server is right by this one, where the right host has nothing to judge."""
    controls: str = ""
    """Parameters of controls for the domain."""
    reason: str = "no server that is packaged can be made to speak so"
    """Why no server of the laboratory has it."""

    @property
    def domain(self) -> str:
        return f"{self.control.lower()}.example"

    @property
    def host(self) -> str:
        return f"mx.{self.domain}"

    @property
    def address(self) -> str:
        return f"11.1.1.{1 + FAULTS.index(self)}"

    @property
    def target(self) -> str:
        return f"{self.host}[{self.address}]:25"


def _offers_ntlm(names: Mapping[int, str] | None = None) -> str:
    """The behaviour of a server that offers NTLM inside TLS, with a challenge that tells ``names``."""
    return f'auth_in_tls: [NTLM], auth_reply_in_tls: "334 {challenge(names or {})}"'


ASKED_APART = "the run over the laboratory does not ask for it; tests/real/test_apart.py does"
_USUAL = "PIPELINING, SIZE 10485760, ENHANCEDSTATUSCODES"

FAULTS = (
    SMTPFault("SMTP-ADVERTISED", f"keywords: [{_USUAL}, CHUNKING]"),
    SMTPFault("SMTP-ENHANCED-CODES", "replies: [[VRFY, 252 Cannot say]]"),
    SMTPFault("SMTP-LIMITS", f"keywords: [{_USUAL}, LIMITS RCPTMAX=50]", right="PIPELINE-SYNC"),
    SMTPFault("SMTP-UTF8", f"keywords: [{_USUAL}, SMTPUTF8]"),
    SMTPFault("SMTP-MINIMUM-SIZES", "line_limit: 128"),
    SMTPFault("PIPELINE-SYNC", f"loses_pipelined: true, keywords: [{_USUAL}, LIMITS RCPTMAX=1000]"),
    SMTPFault("MULTI-TXN", "transactions: 4"),
    SMTPFault("RELAY-MATRIX", "relay: percent", reason=""),
    SMTPFault("POSTMASTER-UNCONDITIONAL", "caseful: true"),
    SMTPFault(
        "SMTP-GREET-TIME",
        "greeting_delay: 0.4, keywords_in_tls: [REQUIRETLS]",
        "advice",
        controls="SMTP-GREET-TIME: {seconds: 0.2}",
        reason=ASKED_APART,
    ),
    SMTPFault("SMTP-HTTP-ABORT", f"obeys_http: true, {_offers_ntlm()}", "advice", reason=""),
    SMTPFault("SMTP-IDLE", "patience: 0.3", reason=ASKED_APART),
    SMTPFault(
        "SMTP-NTLM-LEAK",
        _offers_ntlm({1: "EX1", 2: "CORP", 3: "ex1.corp.example"}),
        "advice",
        right="SMTP-HTTP-ABORT",
        reason=ASKED_APART,
    ),
    SMTPFault("SMTP-REQUIRETLS", f"keywords: [{_USUAL}, REQUIRETLS]", "advice", right="SMTP-GREET-TIME"),
)


def target_of(control: str) -> str:
    """The target that a control must blame."""
    return next(fault.target for fault in FAULTS if fault.control == control)


def in_zone() -> str:
    """Their records in the zone ``example``."""
    labels = ((fault.domain.removesuffix(".example"), fault) for fault in FAULTS)
    return "".join(f"{label} MX 10 mx.{label}\nmx.{label} A {fault.address}\n" for label, fault in labels)


def in_world() -> str:
    """Their lines below ``smtp:``."""
    return "".join(
        f"  - {{host: {fault.host}, addresses: [{fault.address}], behaviour: {{{fault.behaviour}}}}}\n"
        for fault in FAULTS
    )


def in_inventory() -> str:
    """Their domains."""
    return ", ".join(
        f"{{name: {fault.domain}, controls: {{{fault.controls}}}}}" if fault.controls else fault.domain
        for fault in FAULTS
    )
