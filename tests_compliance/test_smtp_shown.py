"""What a mail server shows to any stranger: how long it lets one wait, what it is called, what it offers to whom."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, Between, Family, Harm, control, leave_to, not_applicable
from mailproof.criteria.mail_software import AS_OF, told_version, weaknesses
from mailproof.net.services import SUBMISSION
from mailproof.observations.smtp import SMTPSession
from mailproof.references import PRACTICE, Reference, rfc

FAMILY = Family("SHOWN", "What a server shows to strangers", also=("SMTP",))

MXTOOLBOX = Reference("MXToolbox: SMTP diagnostics", "https://mxtoolbox.com/diagnostic.aspx")
CISA_EXO = Reference(
    "CISA SCuBA: Exchange Online, MS.EXO.5.1", "https://github.com/cisagov/ScubaGear/tree/main/PowerShell/ScubaGear"
)
ADVISORIES = Reference("The makers' advisories, in mailproof's criteria/mail_software.py")


@control(
    "SMTP-GREET-TIME",
    MAY,
    rfc(5321, "4.5.3.2"),
    MXTOOLBOX,
    allowed={"seconds": Between(0.1, 300)},
    harm=Harm.LOST,
)
def test_nobody_waits_long(smtp_session: SMTPSession, *, seconds: float = 15) -> None:
    """The greeting and every reply come within 15 seconds.

    The limit is that of MXToolbox: a client has to wait five minutes (RFC 5321, section 4.5.3.2), and many do not.

    Why: impatient senders hang up and try again later, and every session that waits takes a place from another one.
    Fix: look what the server waits for: reverse lookups and blocklists that do not answer, ident (Exim:
    rfc1413_query_timeout = 0s), or a pause that was set on purpose.
    """
    waited, what = smtp_session.slowest
    assert waited <= seconds, f"{what} came after {waited:.1f} s"


@control("SMTP-NO-VERSION", MAY, rfc(5321, "7.5"), PRACTICE, harm=Harm.ABUSED)
def test_the_greeting_tells_no_version(smtp_session: SMTPSession) -> None:
    """The greeting does not tell the version of the software.

    RFC 5321, section 7.5, sees use and harm in it, and leaves it to the site: this is advice.

    Why: attackers who look for servers with a known weakness read it from the greeting.
    Fix: Postfix: smtpd_banner = $myhostname ESMTP. Exim: smtp_banner = $smtp_active_hostname ESMTP. Sendmail:
    confSMTP_LOGIN_MSG.
    """
    told = told_version(smtp_session.greeting.text)
    assert not told, f"the greeting tells {told}"


@control("SMTP-KNOWN-VULN", MAY, ADVISORIES, harm=Harm.ABUSED)
def test_the_version_has_no_known_weakness(smtp_session: SMTPSession) -> None:
    """The version that the greeting tells is none that strangers are known to take over or bring down.

    Distributors mend old versions and leave the number as it is: this is advice to look, and no proof.

    Why: such weaknesses are used by machines that try every address.
    Fix: ask the distributor whether the installed package is mended, else update it.
    """
    greeting = smtp_session.greeting.text
    if not told_version(greeting):
        not_applicable("the greeting tells no version")
    found = "; ".join(map(str, weaknesses(greeting)))
    assert not found, (
        f"the greeting tells {told_version(greeting)}, which had, unless its distributor has mended it: {found}. The "
        f"list is of {AS_OF}"
    )


@control("SMTP-REQUIRETLS", MAY, rfc(8689, "2"), harm=Harm.READ)
def test_requiretls_is_offered_inside_tls(smtp_session: SMTPSession) -> None:
    """REQUIRETLS is offered inside TLS only.

    Why: it promises that a message goes on inside TLS alone, and a promise made in clear is one that anybody on the
    way can put in or take out.
    Fix: offer the keyword behind STARTTLS only; or update the server.
    """
    if not smtp_session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    if smtp_session.without_ehlo:
        leave_to("SMTP-EHLO-HELO", "EHLO is refused")
    in_clear = not smtp_session.implicit_tls and "REQUIRETLS" in smtp_session.extensions
    inside = smtp_session.implicit_tls and "REQUIRETLS" in smtp_session.extensions
    if smtp_session.tls_works and smtp_session.ehlo_in_tls is not None:
        inside = "REQUIRETLS" in smtp_session.extensions_in_tls
    if not (in_clear or inside):
        not_applicable("REQUIRETLS is not offered")
    assert not in_clear, "REQUIRETLS is offered before TLS"


@control("SMTP-AUTH-OFF", MUST, CISA_EXO, allowed={"wanted": ("any", "off")}, harm=Harm.ABUSED)
def test_nobody_logs_in_by_smtp(smtp_session: SMTPSession, *, wanted: str = "any") -> None:
    """Where `wanted` is `off`, a submission server offers no AUTH at all, neither before TLS nor inside it.

    Who wants this switches AUTH-AFTER-TLS off for the host, which wants the opposite.

    Why: passwords are guessed and used through AUTH of SMTP, which knows no second factor.
    Fix: switch SMTP AUTH off for the organisation (Exchange Online: Set-TransportConfig
    -SmtpClientAuthenticationDisabled $true).
    """
    if wanted != "off":
        not_applicable("nothing here says that AUTH must be off")
    if smtp_session.role != SUBMISSION.name:
        not_applicable("not a submission server")
    if not smtp_session.served:
        leave_to("SMTP-GREET-220", "the server refuses service")
    if smtp_session.without_ehlo:
        leave_to("SMTP-EHLO-HELO", "EHLO is refused")
    offered = {"in clear": smtp_session.extensions.get("AUTH")}
    if smtp_session.tls_works and smtp_session.ehlo_in_tls is not None:
        offered["inside TLS"] = smtp_session.extensions_in_tls.get("AUTH")
    elif smtp_session.implicit_tls:
        offered = {"inside TLS": smtp_session.extensions.get("AUTH")}
    elif smtp_session.offers_starttls:
        leave_to("SMTP-STARTTLS-WORKS", "what is offered inside TLS was not seen")
    told = [f"{' '.join(('AUTH', *words))} {where}" for where, words in offered.items() if words is not None]
    assert not told, f"{' and '.join(told)} is offered"
