"""Hands a recipient to a host behind a filter, as a stranger would. Nothing is ever delivered: no probe says DATA."""

from __future__ import annotations

from mailproof.net.errors import ClosedEarly, NotAvailable, NotObserved, RefusedByAddress, TimedOut, Unasked
from mailproof.net.network import Network
from mailproof.net.transcript import Speaker
from mailproof.observations.bypass import Bypass
from mailproof.probes.probe import Look, probe
from mailproof.probes.series import Form, Series
from mailproof.probes.smtp import smtp_session
from mailproof.targets.base import Targets
from mailproof.targets.services import FilteredServer, MXEndpoint

ROLES = ("postmaster", "abuse")
"""Mailboxes that servers take mail for from clients whom they refuse otherwise (RFC 5321, section 4.5.1)."""


@probe(active=True, connections=2, refusals=1, looks=("smtp_session",))
async def bypass(server: FilteredServer, net: Network, look: Look, targets: Targets) -> Bypass:
    """MAIL and RCPT for a mailbox of the domain: one that the inventory names, else postmaster.

    Whoever refuses connections, or service with 5yz, takes no mail from strangers. That nobody answers shows something
    only where a host of the domain answers here at the same port: many networks let nobody out to port 25.
    """
    domain, endpoint = server.domain, server.endpoint
    entrances = {found.address for found in targets.found_of(MXEndpoint, domain.name)}
    if endpoint.address in entrances:
        return Bypass((), endpoint.host, "", is_mx=True)
    named = next((role for role in domain.roles if role not in ROLES), ROLES[0])
    series = Series(endpoint, net, tls=True, sessions=2)
    try:
        await series.ask([Form("mail past the filter", net.settings.sender, f"{named}@{domain.name}", refused=True)])
    except (RefusedByAddress, TimedOut, ClosedEarly, NotAvailable) as failure:
        said = [line.text for line in series.transcript if line.speaker is Speaker.SERVER]
        if said and not said[-1].startswith("5"):
            raise
        if not said and not isinstance(failure, RefusedByAddress):
            await _someone_answers(domain.name, look, targets)
        return Bypass(series.transcript, endpoint.host, failure.reason)
    if series.untried:
        raise Unasked(series.untried)
    return Bypass(series.transcript, endpoint.host, "", series.attempts[0])


async def _someone_answers(domain: str, look: Look, targets: Targets) -> None:
    """Raises NotObserved where no MX host of the domain can be reached from here either."""
    last = NotObserved(f"no MX host of {domain} was there to compare with")
    for endpoint in targets.of_domain(MXEndpoint, domain):
        if isinstance(endpoint, MXEndpoint):
            try:
                await look(smtp_session, endpoint)
                return
            except NotObserved as failure:
                last = failure
    raise last
