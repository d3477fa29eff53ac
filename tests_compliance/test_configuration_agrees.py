"""Configuration files: what they promise is what the wire shows."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailproof.controls import SHOULD, Family, Harm, control, fail, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.configuration import PROMISED, PortShown, PortsShown, ProgramSettings
from mailproof.references import EXIM_OPTIONS, POSTCONF, PRACTICE, rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-AGREES", SHOULD, rfc(5321, "4.3.1"), rfc(1870, "4"), POSTCONF, EXIM_OPTIONS, PRACTICE, harm=Harm.LOST)
def test_ports_show_what_the_configuration_says(program_settings: ProgramSettings, ports_shown: PortsShown) -> None:
    """Name, size limit and AUTH before TLS, as far as the configuration sets them, are those that the ports of the host
    show.

    Versions of TLS are CFG-TLS-FLOOR's.

    Why: the server was not restarted since, or another one answers than you think: what you mended in the file is not
    mended.
    Fix: restart or reload the server; look which instance, container or proxy answers on the port.
    """
    program = program_settings.program
    if program not in PROMISED:
        not_applicable(f"{program} has no settings that are compared with a port")
    promises = [
        (check, setting)
        for name, check in _CHECKS.items()
        if (setting := program_settings.get(name)) is not None and not program_settings.overrides(name)
        if name != "myhostname" or _greets_by_name(program_settings)
    ]
    if not promises:
        not_applicable("nothing is set that a port shows")
    if not ports_shown.ports:
        if ports_shown.unknown:
            raise NotAvailable(ports_shown.unknown[0])
        not_applicable(f"no SMTP port of {program_settings.host} is in the inventory")
    for check, setting in promises:
        for port in ports_shown.ports:
            if differs := check(setting.meaning.strip().lower(), port):
                fail(f"{setting.name} = {setting.shown}, and {port.endpoint} {differs}", at=setting.place)


def _greets_by_name(settings: ProgramSettings) -> bool:
    """Whether the greeting begins with the name of the host, as it does by default."""
    return all(
        re.match(r"\$(?:myhostname\b|[{(]myhostname[)}])", said.value)
        for said in settings.base_and_overrides("smtpd_banner")
    )


def _name(value: str, port: PortShown) -> str:
    return "" if "$" in value or port.name in ("", value.rstrip(".")) else f"greets as {port.name}"


def _size(value: str, port: PortShown) -> str:
    """A number of octets; Exim takes K, M and G behind it (chapter 6, "Integer values")."""
    found = re.fullmatch(r"(\d{1,20})([kmg]?)", value)
    if found is None or port.size is None:
        return ""
    limit = int(found[1]) * 1024 ** " kmg".index(found[2] or " ")
    return "" if port.size == limit else f"shows SIZE {port.size}"


def _auth_only(value: str, port: PortShown) -> str:
    return "offers AUTH before TLS" if value == "yes" and port.auth_in_clear else ""


_CHECKS: dict[str, Callable[[str, PortShown], str]] = {
    "myhostname": _name,
    "message_size_limit": _size,
    "smtpd_tls_auth_only": _auth_only,
}
"""How a port differs from what a setting promises; nothing where it does not."""
