"""Relay tests: MAIL and RCPT for mailboxes that are not the server's. Nothing is ever delivered: no probe says DATA."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.observations.relay import (
    COMPARISON,
    COMPARISON_ALONE,
    COMPARISON_HOST,
    COMPARISON_LITERAL,
    HOME,
    RelayAttempts,
    ends_at,
)
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import probe
from mailproof.probes.series import Form, Series, without_repeats
from mailproof.probes.smtp import unserved
from mailproof.targets.services import SMTPEndpoint

SESSIONS = 32
"""As many as two refusals in each need, and some for servers that end a session earlier."""


def _own(endpoint: SMTPEndpoint) -> str:
    return endpoint.domains[0] if endpoint.domains else endpoint.host


def _literal(endpoint: SMTPEndpoint) -> str:
    return f"[IPv6:{endpoint.address}]" if ip_address(endpoint.address).version == 6 else f"[{endpoint.address}]"


def relay_forms(endpoint: SMTPEndpoint, sender: str, outsider: str) -> list[Form]:
    """Every way to ask for a mailbox that is not the server's, the most telling ones first.

    The very first is for comparison: a mailbox that a server must accept for its own domain. A trick is tried at the
    domain, at the host's name and at its address: Postfix, say, takes routes apart that end at itself, and not those
    that end at a domain which it hosts. With a sender of its own a server is tried at the plain recipient alone: it is
    the sender that it would trust, whatever the recipient looks like.
    """
    local, _, domain = outsider.rpartition("@")
    own, host, literal = _own(endpoint), endpoint.host, _literal(endpoint)
    forms = [
        Form("plain", sender, outsider),
        Form("null sender", "", outsider),
        Form("sender of the domain itself", f"postmaster@{own}", outsider),
        Form("percent hack", sender, f"{local}%{domain}@{own}"),
        Form("percent hack at the host", sender, f"{local}%{domain}@{host}"),
        Form("source route", sender, f"@{own}:{outsider}"),
        Form("bang path at the domain", sender, f"{domain}!{local}@{own}"),
        Form("quoted at the domain", sender, f'"{outsider}"@{own}'),
        Form("sender at the host's name", f"postmaster@{host}", outsider),
        Form("percent hack without a domain", sender, f"{local}%{domain}"),
        Form("bang path", sender, f"{domain}!{local}"),
        Form("quoted", sender, f'"{outsider}"'),
        Form("source route of the host", sender, f"@{host}:{outsider}"),
        Form("percent hack at the address", sender, f"{local}%{domain}@{literal}"),
        Form("sender at the host's address", f"postmaster@{literal}", outsider),
        Form("double at sign", sender, f"{outsider}@{own}"),
        Form("double at sign at the host", sender, f"{outsider}@{host}"),
        Form("bang path at the host", sender, f"{domain}!{local}@{host}"),
        Form("quoted at the address", sender, f'"{outsider}"@{literal}'),
        Form("double at sign at the address", sender, f"{outsider}@{literal}"),
        Form("bang path at the address", sender, f"{domain}!{local}@{literal}"),
        Form("source route of the address", sender, f"@{literal}:{outsider}"),
        Form("quoted percent hack", sender, f'"{local}%{domain}"'),
    ]
    refused = [replace(form, refused=True) for form in forms]
    return without_repeats([Form(HOME, sender, f"postmaster@{own}"), *refused])


def comparison_forms(endpoint: SMTPEndpoint, sender: str) -> list[Form]:
    """Mailboxes at home that do not exist. A server that takes one takes anything there, and forms that end like it
    then prove nothing.
    """
    local = made_up_mailbox(_own(endpoint), sender)
    forms = [
        Form(COMPARISON, sender, f"{local}@{_own(endpoint)}"),
        Form(COMPARISON_ALONE, sender, local),
        Form(COMPARISON_LITERAL, sender, f"{local}@{_literal(endpoint)}"),
        Form(COMPARISON_HOST, sender, f"{local}@{endpoint.host}"),
    ]
    # Whatever else was refused, these are asked: without them a catch-all would be taken for a relay.
    return without_repeats([replace(form, kept=-len(forms)) for form in forms])


@probe(active=True, connections=SESSIONS, refusals=24)
async def relay_attempts(
    endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession, inventory: Inventory
) -> RelayAttempts:
    """MAIL and RCPT for mailboxes that are not the server's: every form inside TLS, the plain one in clear too."""
    if why := unserved(smtp_session):
        return RelayAttempts(smtp_session.transcript, (), "", endpoint.role, smtp_session.tester, why)
    if inventory.vantage == "inside":
        return RelayAttempts(smtp_session.transcript, (), "", endpoint.role, smtp_session.tester, inside=True)
    settings = net.settings
    forms = relay_forms(endpoint, settings.sender, settings.outsider)
    works = smtp_session.tls_works
    series = Series(endpoint, net, tls=works, sessions=SESSIONS, kept=0)
    await series.ask(forms[:2])  # at home, and plain
    if works:
        await series.ask(forms[1:2], in_clear=True)
    await series.ask(forms[2:])
    await series.ask_again()
    taken = {ends_at(attempt.recipient) for attempt in series.attempts if attempt.accepted and attempt.form != HOME}
    if taken and not series.interrupted:
        compared = comparison_forms(endpoint, settings.sender)
        await series.ask([form for form in compared if form.name == COMPARISON or ends_at(form.recipient) in taken])
        await series.ask_again()
    tester = await series.tester()
    return RelayAttempts(
        series.transcript,
        tuple(series.attempts),
        series.interrupted,
        endpoint.role,
        tester,
        untried=series.untried,
        both_sides=works,
    )
