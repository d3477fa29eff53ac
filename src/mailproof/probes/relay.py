"""Relay tests: MAIL and RCPT for mailboxes that are not the server's. Nothing is ever delivered: no probe says DATA."""

from __future__ import annotations

from ipaddress import ip_address

from mailproof.net.network import Network
from mailproof.observations.relay import COMPARISON, COMPARISON_ALONE, COMPARISON_LITERAL, HOME, RelayAttempts
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import probe
from mailproof.probes.series import Form, Series, without_repeats
from mailproof.probes.smtp import unserved
from mailproof.targets.services import SMTPEndpoint


def _own(endpoint: SMTPEndpoint) -> str:
    return endpoint.domains[0] if endpoint.domains else endpoint.host


def _literal(endpoint: SMTPEndpoint) -> str:
    return f"[IPv6:{endpoint.address}]" if ip_address(endpoint.address).version == 6 else f"[{endpoint.address}]"


def relay_forms(endpoint: SMTPEndpoint, sender: str, outsider: str) -> list[Form]:
    """Every way to ask for a mailbox that is not the server's, the most telling ones first.

    The very first is for comparison: a mailbox that a server must accept for its own domain.
    """
    local, _, domain = outsider.rpartition("@")
    own, literal = _own(endpoint), _literal(endpoint)
    return without_repeats(
        [
            Form(HOME, sender, f"postmaster@{own}"),
            Form("plain", sender, outsider),
            Form("null sender", "", outsider),
            Form("sender of the domain itself", f"postmaster@{own}", outsider),
            Form("percent hack", sender, f"{local}%{domain}@{own}"),
            Form("source route", sender, f"@{own}:{outsider}"),
            Form("bang path at the domain", sender, f"{domain}!{local}@{own}"),
            Form("quoted at the domain", sender, f'"{outsider}"@{own}'),
            Form("sender at the host's name", f"postmaster@{endpoint.host}", outsider),
            Form("percent hack without a domain", sender, f"{local}%{domain}"),
            Form("bang path", sender, f"{domain}!{local}"),
            Form("quoted", sender, f'"{outsider}"'),
            Form("source route of the host", sender, f"@{endpoint.host}:{outsider}"),
            Form("percent hack at the address", sender, f"{local}%{domain}@{literal}"),
            Form("sender at the host's address", f"postmaster@{literal}", outsider),
            Form("double at sign", sender, f"{outsider}@{own}"),
        ]
    )


def comparison_forms(endpoint: SMTPEndpoint, sender: str) -> list[Form]:
    """Mailboxes at home that do not exist. A server that takes one takes anything there, and forms that end like it
    then prove nothing.
    """
    local = made_up_mailbox(_own(endpoint), sender)
    return [
        Form(COMPARISON, sender, f"{local}@{_own(endpoint)}"),
        Form(COMPARISON_ALONE, sender, local),
        Form(COMPARISON_LITERAL, sender, f"{local}@{_literal(endpoint)}"),
    ]


@probe(active=True, connections=22, refusals=16)
async def relay_attempts(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> RelayAttempts:
    """MAIL and RCPT for mailboxes that are not the server's: every form inside TLS, the plain one in clear too."""
    if why := unserved(smtp_session):
        return RelayAttempts(smtp_session.transcript, (), "", endpoint.role, smtp_session.tester, why)
    settings = net.settings
    forms = relay_forms(endpoint, settings.sender, settings.outsider)
    works = smtp_session.tls_works
    series = Series(endpoint, net, tls=works, sessions=22)
    await series.ask(forms[:2])
    if works:
        await series.ask(forms[1:2], in_clear=True)
    await series.ask(forms[2:])
    await series.ask_again()
    if any(attempt.accepted and attempt.form != HOME for attempt in series.attempts) and not series.interrupted:
        await series.ask(comparison_forms(endpoint, settings.sender))
    tester = await series.tester()
    return RelayAttempts(series.transcript, tuple(series.attempts), series.interrupted, endpoint.role, tester)
