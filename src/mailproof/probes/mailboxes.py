"""Asks the MX addresses of a domain about its mailboxes. Nothing is ever delivered: no probe says DATA."""

from __future__ import annotations

from mailproof.net.errors import NotObserved, RefusedByAddress
from mailproof.net.network import Network
from mailproof.observations.recipients import OUTSIDER, Mailboxes, Recipients
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import Look, NoConsentError, probe
from mailproof.probes.series import Form, Series
from mailproof.probes.smtp import smtp_session, unserved
from mailproof.targets.base import Targets, Undiscovered
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import MailExchange


@probe(active=True, connections=12, refusals=1, looks=("smtp_session",))
async def mailboxes(exchange: MailExchange, net: Network, look: Look) -> Mailboxes:
    """MAIL and RCPT for role mailboxes, for a mailbox that does not exist, and from the null sender, inside TLS.

    Where postmaster is refused, a mailbox elsewhere and postmaster in clear are asked for too: they show whether it is
    the tester who is refused, and whether senders without TLS are told the same.
    """
    domain, endpoint, sender = exchange.domain, exchange.endpoint, net.settings.sender
    session = await look(smtp_session, endpoint)
    if why := unserved(session):
        return Mailboxes(session.transcript, domain.name, endpoint.id, (), "", session.tester, why)
    unknown = domain.unknown[0] if domain.unknown else made_up_mailbox(domain.name, sender)
    postmaster = Form("postmaster@", sender, f"postmaster@{domain.name}")
    roles = [Form(f"{role}@", sender, f"{role}@{domain.name}") for role in dict.fromkeys(("abuse", *domain.roles))]
    works = session.tls_works
    series = Series(endpoint, net, tls=works, sessions=12)
    await series.ask(
        [
            postmaster,
            *(role for role in roles if role != postmaster),
            Form("bare postmaster", sender, "postmaster"),
            Form("null sender", "", postmaster.recipient),
            Form("unknown", sender, f"{unknown}@{domain.name}", refused=True),
        ]
    )
    await series.ask_again()
    in_clear = None
    if any(attempt.form == postmaster.name and not attempt.accepted for attempt in series.attempts):
        await series.ask([Form(OUTSIDER, sender, net.settings.outsider, kept=0)])
        if works and not series.interrupted:
            await series.ask([postmaster], in_clear=True)
            if series.attempts[-1].form == postmaster.name and not series.attempts[-1].tls:
                in_clear = series.attempts.pop()
    attempts = tuple(series.attempts)
    tester = await series.tester()
    return Mailboxes(
        series.transcript,
        domain.name,
        endpoint.id,
        attempts,
        series.interrupted,
        tester,
        in_clear=in_clear,
        untried=series.untried,
    )


@probe(active=True)
async def recipients(domain: MailDomain, targets: Targets, look: Look) -> Recipients:
    """The answers of every MX address of the domain about the same mailboxes."""
    seen: list[Mailboxes] = []
    missing: list[tuple[str, str]] = []
    failures: list[NotObserved] = []
    withheld: list[str] = []
    closed: list[str] = []
    for exchange in targets.of_domain(MailExchange, domain.name):
        if isinstance(exchange, Undiscovered):
            if not exchange.host:
                raise exchange.not_observed()  # it is the MX records that are not known
            missing.append((exchange.id, exchange.reason))
            failures.append(exchange.not_observed())
        if not isinstance(exchange, MailExchange):
            continue
        try:
            seen.append(await look(mailboxes, exchange))
        except NotObserved as failure:
            missing.append((exchange.endpoint.id, failure.reason))
            failures.append(failure)
            if isinstance(failure, RefusedByAddress):
                closed.append(exchange.endpoint.id)
        except NoConsentError:
            withheld.append(exchange.endpoint.id)
    if failures and not seen and not withheld and len(set(map(type, failures))) == 1:
        # Nothing was seen, everywhere for the same reason: that may be somebody else's finding.
        raise failures[0]
    return Recipients(domain.name, tuple(seen), tuple(missing), tuple(withheld), tuple(closed))
