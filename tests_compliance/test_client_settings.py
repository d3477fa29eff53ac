"""What a domain tells the mail programs of its users: SRV records, autoconfig, Autodiscover, JMAP, ManageSieve.

All of it is optional: a domain that publishes nothing is not judged.
"""

from __future__ import annotations

import json

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.grammars.client_settings import NamedServer, TLSStart
from mailproof.net.errors import NotAvailable, NotObserved, Refused
from mailproof.net.services import SERVICES
from mailproof.observations.client_settings import (
    KINDS_OF_SRV,
    Agreement,
    Autoconfig,
    Autodiscover,
    ClientSRV,
    ClientTLS,
    JMAPSession,
    SieveTargets,
    SRVRecord,
)
from mailproof.references import Reference, rfc

FAMILY = Family("AUTO", "Settings for mail programs", also=("CLIENT",))

AUTOCONFIG = Reference(
    "draft-ietf-mailmaint-autoconfig-06", "https://datatracker.ietf.org/doc/draft-ietf-mailmaint-autoconfig/"
)
POX = Reference(
    "Microsoft: [MS-OXDSCLI] Autodiscover Publishing and Lookup Protocol",
    "https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxdscli/",
)
CCN = Reference("CCN-CERT BP/02: correo electrónico", "https://www.ccn-cert.cni.es/")


@control("AUTO-SRV", MUST, rfc(2782), rfc(6186, "3"), rfc(6186, "3.4"), rfc(8314, "5.1"), harm=Harm.LOST)
def test_srv_records_lead_to_servers(client_srv: ClientSRV) -> None:
    """The SRV records for mail programs lead to hosts with addresses, which are no aliases, at ports that begin as the
    label says; TLS at once comes first, and ``.`` stands alone.

    Why: programs follow the records without asking; a wrong one keeps new users from getting at their mail.
    Fix: name the host itself; _imaps at 993, _pop3s at 995, _submissions at 465; a service that is not offered has the
    one record 0 0 0 . and no other.
    """
    records = [record for record in client_srv.records if record.label in KINDS_OF_SRV]
    if not records:
        not_applicable("there are no SRV records for mail programs")
    for label in dict.fromkeys(record.label for record in records):
        own = [record for record in records if record.label == label]
        assert len(own) == 1 or all(record.target != "." for record in own), (
            f"{label}._tcp says that the service is not offered, and names {own[0].target} beside it"
        )
    for record in records:
        _check_port(record)
    for name, ipv4, ipv6 in client_srv.targets:
        if all(record.target != name for record in records):
            continue
        alias = ipv4.aliases or ipv6.aliases
        assert not alias, f"{name} is an alias, which a target must not be (RFC 2782)"
        assert ipv4.records or ipv6.records, f"{name} has no address"
    _tls_comes_first(client_srv)


def _check_port(record: SRVRecord) -> None:
    service, tls = KINDS_OF_SRV[record.label]
    if record.target == ".":
        return
    row = SERVICES[service]
    other = row.in_clear if tls is TLSStart.AT_ONCE else row.at_once
    begins = "TLS at once" if tls is TLSStart.AT_ONCE else "in clear"
    assert record.port not in other, f"{record}: the label says that the dialogue begins {begins}, the port not"
    assert record.port, f"{record}: 0 is no port"


def _tls_comes_first(seen: ClientSRV) -> None:
    for in_clear in ("_submission", "_imap", "_pop3"):
        clear, at_once = seen.of(in_clear), seen.of(f"{in_clear}s")
        if clear and not at_once:
            finding(
                MAY,
                f"{in_clear}._tcp is published, and {in_clear}s._tcp is not",
                why="programs that want TLS at once (RFC 8314, section 3) find no server.",
                fix=f"offer TLS at once as well, and publish {in_clear}s._tcp.",
            )
        if clear and at_once and min(r.priority for r in clear) < min(r.priority for r in at_once):
            finding(
                MAY,
                f"{in_clear}._tcp has a better priority than {in_clear}s._tcp",
                why="programs take the one that begins in clear, although TLS at once is offered.",
                fix=f"give {in_clear}s._tcp the lower number.",
            )


@control("CLIENT-TLS", SHOULD, rfc(8314, "3"), rfc(6186, "6"), rfc(7817, "3"), CCN, harm=Harm.READ)
def test_named_servers_do_tls(client_tls: ClientTLS) -> None:
    """Every server that SRV records or autoconfig name does TLS 1.2 or later with a certificate for that name.

    Why: programs refuse the server, or ask their users to trust whoever answers.
    Fix: have the certificate made out to the name in the records, and send it on that port.
    """
    if not client_tls.connected:
        not_applicable("no server is named")
    judged = [one for one in client_tls.connected if not one.owned]
    if not judged:
        leave_to("CERT-NAME", "the inventory has all servers that are named")
    for one in judged:
        failure = one.not_observed()
        if isinstance(failure, NotAvailable | Refused) and not one.version:
            fail(f"{one.server}: {one.reason}")
    for one in judged:
        if not one.version:
            raise NotObserved(f"{one.server}: {one.reason}", client_tls.evidence())


@control("AUTO-CONFIG", SHOULD, AUTOCONFIG, harm=Harm.LOST)
def test_autoconfig_is_right(autoconfig: Autoconfig) -> None:
    """autoconfig.DOMAIN gives over HTTPS a document that names servers for incoming and outgoing mail, all with TLS.

    Why: Thunderbird and others set up accounts by it; without it, or with a broken one, users have to guess.
    Fix: publish https://autoconfig.DOMAIN/.well-known/mail-v1.xml and /mail/config-v1.1.xml with a certificate for the
    name; or take the name autoconfig out of the DNS.
    """
    if not autoconfig.addresses:
        not_applicable(f"{autoconfig.host} does not exist")
    if not autoconfig.answers:
        finding(MAY, f"{autoconfig.host} refuses connections to port 443")
    last = autoconfig.found or autoconfig.answers[-1]
    assert not last.tls_error, f"TLS fails: {last.tls_error}"
    if last.redirect:
        raise NotObserved(f"{last.url} leads to {last.redirect}, which is not followed", autoconfig.evidence())
    settings = autoconfig.settings
    assert settings is not None, f"{last.url} gives status {last.status}"
    assert not settings.errors, f"{last.url}: {'; '.join(settings.errors)}"
    in_clear = [server for server in settings.servers if server.tls is TLSStart.NONE]
    assert not in_clear, f"{in_clear[0]} is named without TLS"


@control("AUTO-DISCOVER", SHOULD, POX, harm=Harm.READ)
def test_autodiscover_answers(autodiscover: Autodiscover) -> None:
    """Where autodiscover.DOMAIN or _autodiscover._tcp exists, Autodiscover answers there, and leads to no stranger.

    Why: Outlook and phones send the user's password where Autodiscover leads them.
    Fix: let it answer over HTTPS with a certificate for the name, or take the name and the record out of the DNS; name
    an owner that you trust under `trusted` in the inventory.
    """
    if not autodiscover.host:
        not_applicable("there is neither autodiscover nor _autodiscover._tcp")
    if autodiscover.elsewhere:
        finding(
            MAY,
            f"{autodiscover.host} leads to {autodiscover.elsewhere}, which is neither the domain's nor its MX hosts'",
        )
    answer = autodiscover.answer
    if answer is None:
        not_applicable(f"{autodiscover.host} is a server of those who have the MX hosts: it is not asked")
    assert not answer.tls_error, f"TLS fails: {answer.tls_error}"
    if answer.status in (401, 403) or answer.redirect:
        return  # it wants a password first, or leads on
    settings = autodiscover.settings
    assert settings is not None, f"{answer.url} gives status {answer.status}"
    assert not settings.errors, f"{answer.url}: {'; '.join(settings.errors)}"


@control("AUTO-AGREE", MAY, rfc(8314, "5.1"), AUTOCONFIG, POX, harm=Harm.LOST)
def test_sources_name_the_same_servers(agreement: Agreement) -> None:
    """SRV records, autoconfig and Autodiscover name the same hosts and ports for the services that they share.

    Why: which server a user gets depends on his program; the one that was forgotten is switched off some day.
    Fix: publish the same servers everywhere.
    """
    sources = list(agreement.sources)
    if len(sources) < 2:
        not_applicable("fewer than two sources name servers")
    for number, (first, named) in enumerate(sources):
        for second, others in sources[number + 1 :]:
            for service in ("imap", "pop3", "submission"):
                ours, theirs = _places(named, service), _places(others, service)
                assert not (ours and theirs) or ours & theirs, (
                    f"{service}: {first} names {_told(ours)}, and {second} names {_told(theirs)}"
                )


def _places(servers: tuple[NamedServer, ...], service: str) -> set[tuple[str, int]]:
    return {(server.host, server.port) for server in servers if server.service == service}


def _told(places: set[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in sorted(places))


@control("AUTO-JMAP", SHOULD, rfc(8620, "2.2"), harm=Harm.LOST)
def test_jmap_record_leads_to_a_session(jmap_session: JMAPSession) -> None:
    """The target of _jmap._tcp gives a JMAP session, or asks for a password, at /.well-known/jmap over HTTPS.

    Why: programs that speak JMAP find their way by it.
    Fix: let the web server lead /.well-known/jmap to the session of the JMAP server; or remove the record.
    """
    answer = jmap_session.answer
    if answer is None:
        not_applicable("there is no _jmap record")
    assert not answer.tls_error, f"at {jmap_session.host} TLS fails: {answer.tls_error}"
    if answer.status == 401 or jmap_session.left:
        return
    assert answer.status == 200, f"{answer.url} gives status {answer.status}"
    try:
        session = json.loads(answer.body)
    except (ValueError, RecursionError):
        session = None
    found = isinstance(session, dict) and "apiUrl" in session
    assert found, f"{answer.url} gives no session: apiUrl is missing"


@control("AUTO-SIEVE", SHOULD, rfc(5804, "1.8"), rfc(5804, "2.2"), harm=Harm.READ)
def test_sieve_record_leads_to_starttls(sieve_targets: SieveTargets) -> None:
    """The servers that _sieve._tcp names speak ManageSieve and offer STARTTLS.

    Why: users change their filters there, with their passwords.
    Fix: let the server listen on the port of the record with STARTTLS (Dovecot: protocols = sieve, ssl = required); or
    remove the record.
    """
    if not sieve_targets.servers:
        not_applicable("there is no _sieve record")
    for server in sieve_targets.servers:
        assert server.session, f"{server.record}: nothing listens there"
        offered = server.session.told().starttls
        if not offered and server.owned:
            leave_to("SUB-IMAP-STARTTLS", f"{server.record}: the server does not offer STARTTLS")
        assert offered, f"{server.record}: the server does not offer STARTTLS"
