"""How a server speaks TLS: what it binds its sessions to, what it passes over, and whom it refuses."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.services import MX
from mailproof.net.tls.facts import Traits
from mailproof.net.tls.offers import Question
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TICKETS, TLSDeepScan, TLSLists, TLSOffers
from mailproof.references import BSI_TLS, cve, rfc
from mailproof.targets.services import TLSEndpoint
from mailproof.tests_compliance.test_tls import require_tls, scanned
from mailproof.tests_compliance.test_tls_suites import in_full

FAMILY = Family("TLS", "TLS versions and cipher suites")


@control("TLS-EMS", MUST, rfc(9325, "3.5"), rfc(7627, "5.2"), harm=Harm.READ)
def test_extended_master_secret(tls_offers: TLSOffers) -> None:
    """TLS 1.2 uses the extended master secret.

    Why: without it, somebody on the way can make two sessions with the same keys (triple handshake).
    Fix: update the TLS library (OpenSSL 1.1.0 and GnuTLS 3.4 have it).
    """
    traits = _traits(tls_offers)
    if traits.version is not TLSVersion.TLS1_2:
        not_applicable("TLS 1.2 is not spoken")
    assert traits.extended_master_secret, "a session of TLS 1.2 has no extended master secret"


@control("TLS-COMPRESSION", SHOULD, rfc(9325, "3.3"), cve("2012-4929", "CRIME"), harm=Harm.READ)
def test_no_compression(tls_offers: TLSOffers) -> None:
    """TLS does not compress.

    Why: how far a text shrinks tells what is in it, a password for one (CRIME).
    Fix: switch it off (Postfix: tls_ssl_options = NO_COMPRESSION; Dovecot: ssl_options = no_compression).
    """
    traits = _traits(tls_offers)
    assert not traits.compression, f"a session of {traits.version} is compressed"


@control("TLS-SNI", MUST, rfc(7672, "8.1"), rfc(8461, "7.1"), rfc(6066, "3"), harm=Harm.LOST)
def test_clients_without_sni_are_served(tls_offers: TLSOffers, tls_endpoint: TLSEndpoint) -> None:
    """A client that names no host (SNI) gets a handshake; CERT-NO-SNI-LEAK looks at the certificate that it gets.

    Why: most servers that deliver mail send no SNI unless DANE or MTA-STS makes them, and fall back to clear text or
    give up if they are refused.
    Fix: give the server a certificate for everybody (Postfix: smtpd_tls_chain_files beside tls_server_sni_maps;
    HAProxy: no strict-sni).
    """
    require_tls(tls_offers)
    shown = tls_offers.found(Question.WITHOUT_SNI)
    if shown is None:
        not_applicable("no hello that a name belongs to was accepted")
    if tls_endpoint.role == MX.name:
        assert shown.accepted, f"a client without SNI is refused: {shown.error}"
        return
    if not shown.accepted:
        finding(MAY, f"a client without SNI is refused: {shown.error}", why=_OLD_CLIENTS)
    if shown.same is False:
        leave_to("CERT-NO-SNI-LEAK", "a client without SNI gets another certificate")


@control("TLS-DOWNGRADE", MUST, rfc(7507, "3"), harm=Harm.READ)
def test_a_fallback_is_refused(tls_lists: TLSLists) -> None:
    """A client that says that it falls back to an older version, although the server speaks a newer one, is refused.

    Why: otherwise somebody on the way can make both use the older version.
    Fix: update the TLS library (OpenSSL 1.0.1j or later).
    """
    refused = in_full(tls_lists, Question.FALLBACK_REFUSED)
    if refused is None:
        not_applicable("one version is spoken, or none")
    assert refused, "a hello with TLS_FALLBACK_SCSV is accepted"


@control("TLS-ALPN-STRICT", MAY, rfc(9325, "3.8"), rfc(7301, "3.2"), harm=Harm.READ)
def test_other_protocols_are_refused(tls_lists: TLSLists) -> None:
    """A client that wants to speak HTTP and says so (ALPN) is refused; one that names the protocol of the port is not.

    Why: a browser that is led to a mail server with the same certificate can be made to send it a command, or to take
    its answer for a page (ALPACA).
    Fix: switch ALPN on where the server knows it; of others it has to be asked for.
    """
    shown = in_full(tls_lists, Question.ALPN) or ()
    if not shown:
        not_applicable("no version of TLS is spoken that shows it")
    refused = [entry.offered for entry in shown if entry.refused and entry.offered != _HTTP]
    if refused:
        finding(SHOULD, f"a client that offers {refused[0]} is refused, which is the protocol of the port")
    assert all(entry.refused for entry in shown if entry.offered == _HTTP), f"a client that offers {_HTTP} is served"


@control("TLS-PQ-TOLERANT", MUST, rfc(8446, "5.1"), rfc(10024), harm=Harm.LOST)
def test_large_hellos_are_answered(tls_lists: TLSLists) -> None:
    """A hello that comes in two segments, since it holds a post-quantum key, is answered like a small one.

    Why: clients of today send such hellos, and get no session where a server or a box before it reads only the
    first part.
    Fix: update the server, and the firewalls and balancers before it.
    """
    tolerance = in_full(tls_lists, Question.TOLERANCE)
    if tolerance is None:
        not_applicable("the server does not agree to what clients usually offer")
    assert tolerance.large, f"a hello in two segments: {tolerance.error}"


@control("TLS-GREASE", MUST, rfc(8446, "4.1.2"), rfc(8701, "3.2"), harm=Harm.LOST)
def test_reserved_values_are_passed_over(tls_lists: TLSLists) -> None:
    """Versions, suites, groups and extensions that nobody knows are passed over.

    Why: a server that breaks off on what it does not know breaks off on everything that will come.
    Fix: update the server, and the firewalls and balancers before it.
    """
    tolerance = in_full(tls_lists, Question.TOLERANCE)
    if tolerance is None:
        not_applicable("the server does not agree to what clients usually offer")
    assert tolerance.reserved, f"a hello with reserved values: {tolerance.error}"


@control(
    "TLS-SESSION-LIFETIME",
    MUST,
    rfc(8446, "4.6.1"),
    BSI_TLS,
    harm=Harm.READ,
    allowed={"most_hours": Between(1, 168)},
)
def test_session_tickets_do_not_last(tls_deep_scan: TLSDeepScan, *, most_hours: int = 168) -> None:
    """Session tickets of TLS 1.3 last seven days at most; BSI wants 48 hours (`most_hours`).

    Why: who gets the key of a ticket can read the sessions that it resumes.
    Fix: lower the lifetime (Postfix: smtpd_tls_session_cache_timeout; nginx: ssl_session_timeout).
    """
    scanned(tls_deep_scan, TICKETS)
    seconds = tls_deep_scan.ticket_lifetime
    if seconds is None:
        not_applicable("TLS 1.3 is not spoken, or gives no ticket")
    assert seconds <= most_hours * 3600, f"session tickets last {seconds / 3600:g} hours, more than {most_hours}"


_HTTP = "http/1.1"

_OLD_CLIENTS = "old mail programs send no SNI, and see a fault of the certificate."


def _traits(tls_offers: TLSOffers) -> Traits:
    require_tls(tls_offers)
    traits: Traits | None = tls_offers.found(Question.TRAITS)
    if traits is None:
        if TLSVersion.TLS1_3 in tls_offers.accepted:
            not_applicable("only TLS 1.3 is spoken, which has nothing of the kind")
        leave_to("SMTP-STARTTLS-WORKS" if tls_offers.by_smtp else "TLS-12-OR-13", "no version of TLS is accepted")
    return traits
