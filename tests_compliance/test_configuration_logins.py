"""Configuration files: whether passwords cross the network in clear."""

from __future__ import annotations

from mailproof.controls import MUST, Family, Harm, control, fail, leave_to, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.logins import LoginSeen, LoginSettings, LoginsShown
from mailproof.references import DOVECOT_SETTINGS, EXIM_OPTIONS, POSTCONF, PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control(
    "CFG-AUTH-TLS",
    MUST,
    rfc(4954, "4"),
    rfc(8314, "3.3"),
    rfc(8314, "4.1"),
    POSTCONF,
    EXIM_OPTIONS,
    DOVECOT_SETTINGS,
    PRACTICE,
    harm=Harm.READ,
)
def test_passwords_are_taken_inside_tls_alone(login_settings: LoginSettings, logins_shown: LoginsShown) -> None:
    """By its configuration, a mail server takes passwords inside TLS alone.

    Before it is deployed, nothing else can tell. The host itself and private networks may do without TLS. Where a port
    of the host is looked at and does offer a login in clear, AUTH-AFTER-TLS and IMAP-POP-CLEARTEXT tell it.

    Why: whoever is on the way reads a password that is sent in clear, and has the mailbox.
    Fix: smtpd_tls_auth_only = yes (Postfix); auth_advertise_hosts = ${if def:tls_in_cipher {*}} (Exim);
    disable_plaintext_auth = yes and ssl = required (Dovecot 2.3), auth_allow_cleartext = no (2.4).
    """
    program = login_settings.program
    if program not in _STORES and program not in _SERVERS:
        not_applicable(f"{program} takes no passwords that are looked at")
    for login in login_settings.logins:
        if not login.in_clear or (login.place is None and login_settings.unread):
            continue
        if program in _SERVERS and (shown := _of_service(login.who, logins_shown.smtp)):
            leave_to("AUTH-AFTER-TLS", f"{shown} offers a login before TLS")
        if program in _STORES and logins_shown.stores:
            leave_to("IMAP-POP-CLEARTEXT", f"{logins_shown.stores[0]} offers a login before TLS")
        fail(f"{login}: passwords are taken before TLS", at=login.place)
    unknown = next((login for login in login_settings.logins if login.in_clear is None), None)
    if unknown is not None or login_settings.unread:
        raise NotAvailable(_what_is_not_known(login_settings, unknown), login_settings.evidence())
    if not login_settings.logins and program not in _STORES:
        not_applicable("by this configuration nobody logs in")


def _of_service(service: str, ports: tuple[str, ...]) -> str:
    """The first of these ports that a service of Postfix listens at; any of them for what is not called by a port."""
    name = service.partition(" ")[0].rpartition(":")[2]
    number = _PORTS.get(name, name)
    return next((port for port in ports if not number.isdigit() or port.endswith(f":{number}")), "")


_PORTS = {"smtp": "25", "submission": "587", "smtps": "465", "submissions": "465"}


def _what_is_not_known(login_settings: LoginSettings, unknown: LoginSeen | None) -> str:
    if login_settings.unread:
        return f"{login_settings.unread[0]} is included and not read: name it as well"
    if login_settings.without_authenticators:
        return f"{unknown}; who logs in stands in files that are not named: name the whole configuration file"
    if login_settings.lacks:
        return f"{unknown}, and {login_settings.lacks}, which is not there, may say otherwise: name it as well"
    return f"{unknown}: whether that lets passwords cross before TLS is not worked out"


_SERVERS = ("postfix", "exim")
_STORES = ("dovecot",)
