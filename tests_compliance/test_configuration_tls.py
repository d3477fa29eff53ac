"""Configuration files: the versions of TLS that a mail server admits, and whether the program can read what it has."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MUST, SHOULD, Family, Harm, control, fail, not_applicable
from mailproof.grammars.tls_settings import admitted
from mailproof.net.errors import NotAvailable, UnreadableConfiguration
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.configuration import (
    SPEAKING,
    TLS_FLOOR,
    ProgramSettings,
    SelfChecks,
    SettingSeen,
    VersionsShown,
)
from mailproof.references import EXIM_OPTIONS, POSTCONF, rfc

FAMILY = Family("CFG", "Configuration files")


@control("CFG-TLS-FLOOR", SHOULD, rfc(8996, "4"), rfc(8996, "5"), POSTCONF, EXIM_OPTIONS, harm=Harm.READ)
def test_old_tls_is_switched_off(program_settings: ProgramSettings, versions_shown: VersionsShown) -> None:
    """What the configuration says of versions of TLS is what the ports show; before there are ports, it admits nothing
    older than TLS 1.2.

    What nginx, Apache and HAProxy say for all servers counts where one does not say otherwise, and what Postfix, Exim
    and Dovecot say where they speak TLS at all. A version that the
    configuration admits and no port takes is no finding: the TLS library may refuse it. What ports
    take that are looked at, TLS-NO-10-11 judges.

    Where Postfix demands TLS of a client, smtpd_tls_mandatory_protocols counts, else smtpd_tls_protocols; where that is
    not set, the control is not applicable. What is included and not read makes the verdict inconclusive.

    Why: TLS 1.0 and 1.1 protect with MD5 and SHA-1; a server that does not do what its configuration says was not
    restarted, or is another one than you think.
    Fix: smtpd_tls_protocols and smtpd_tls_mandatory_protocols = >=TLSv1.2 (Postfix), openssl_options = +no_sslv2
    +no_sslv3 +no_tlsv1 +no_tlsv1_1 (Exim with OpenSSL), ssl_min_protocol = TLSv1.2 (Dovecot), ssl_protocols TLSv1.2
    TLSv1.3 (nginx), SSLProtocol -all +TLSv1.2 +TLSv1.3 (Apache), ssl-min-ver TLSv1.2 (HAProxy). Then restart it.
    """
    program = program_settings.program
    if program not in TLS_FLOOR:
        not_applicable(f"{program} has no setting of TLS versions that is looked at")
    unread = tuple(f"{one} is included and not read: name it as well" for one in program_settings.unread)
    said = [setting for name in TLS_FLOOR[program] for setting in program_settings.base_and_overrides(name)]
    floors = _with_versions(program, said)
    if not floors:
        _end_where_some_is_unknown(unread, program_settings)
        not_applicable(f"no versions of TLS are set: {_BY_DEFAULT}")
    ports = [versions for _, versions in versions_shown.versions if versions]
    if not ports and versions_shown.unknown:
        raise NotAvailable(versions_shown.unknown[0])
    if not ports and program_settings.for_host_alone:
        not_applicable(f"the host alone reaches this {program}")
    spoken, by_default = _spoken(program_settings, floors)
    if ports:
        if program_settings.servers is None:  # where one is not set, its default may count for some of them
            names = {setting.name.rpartition("/")[2] for setting, _ in floors}
            by_default = by_default or tuple(name for name in TLS_FLOOR[program] if name not in names)
        _end_where_a_default_counts(by_default)
        _check_ports(spoken or floors, versions_shown, unread, program_settings)
        return
    if not spoken:
        _end_where_some_is_unknown(unread, program_settings)
        _end_where_a_default_counts(by_default)
        not_applicable("no server speaks TLS by these files")
    admitting = [
        (setting, f"{setting.name} = {setting.shown} admits {', '.join(old)}")
        for setting, versions in spoken
        if (old := [str(version) for version in versions if version < TLSVersion.TLS1_2])
    ]
    for setting, admits in admitting:
        if setting.taken:
            fail(admits, at=setting.place)
    for setting, admits in admitting:
        raise NotAvailable(
            f"{setting.place}: {admits}; whether a server takes it stands in files that are included and not read, "
            "or depends on variables or conditions: name them as well",
            program_settings.evidence(),
        )
    _end_where_some_is_unknown(unread, program_settings)
    _end_where_a_default_counts(by_default)


_BY_DEFAULT = "the default of the program or of its TLS library counts"

_Floors = list[tuple[SettingSeen, tuple[TLSVersion, ...]]]


def _with_versions(program: str, said: Iterable[SettingSeen]) -> _Floors:
    """The settings that a server takes, or may, with the versions that they admit."""
    taken = (setting for setting in said if setting.taken is not False)
    return [(one, versions) for one in taken if (versions := admitted(program, one.meaning)) is not None]


def _end_where_some_is_unknown(unread: tuple[str, ...], settings: ProgramSettings) -> None:
    if unread:
        raise NotAvailable(unread[0], settings.evidence())


def _end_where_a_default_counts(by_default: tuple[str, ...]) -> None:
    if by_default:
        not_applicable(f"{by_default[0]} is not set: {_BY_DEFAULT}")


def _spoken(settings: ProgramSettings, floors: _Floors) -> tuple[_Floors, tuple[str, ...]]:
    """The settings that count where a server speaks TLS, or may; and of Postfix the names of those that are not set and
    whose defaults count there.
    """
    if settings.program != "postfix":
        return [(setting, versions) for setting, versions in floors if _is_spoken(settings, setting)], ()
    counting: dict[SettingSeen, None] = {}
    by_default: dict[str, None] = {}
    for server in _servers_of_postfix(settings):
        for name in _counting(settings, server):
            setting = settings.counting(server, name)
            if setting is not None:
                counting[setting] = None
            else:
                by_default[name] = None
    if settings.servers is None and counting | by_default:  # a service of master.cf may demand TLS
        other = settings.get("smtpd_tls_mandatory_protocols")
        counting |= {other: None} if other is not None else {}
    known = dict(floors)
    return [(one, known[one]) for one in counting if one in known], tuple(by_default)


def _is_spoken(settings: ProgramSettings, floor: SettingSeen) -> bool:
    """Whether a server that takes this setting speaks TLS, or may."""
    section, _, name = floor.name.rpartition("/")
    if settings.program not in SPEAKING:
        return True
    speaks = _SPEAKS[settings.program]
    if section:
        return speaks(settings, section, name)
    own = {one.name.rpartition("/")[0] for one in settings.overrides(name)}
    others = {
        one.name.rpartition("/")[0] for other in SPEAKING[settings.program] for one in settings.overrides(other)
    } - own
    return speaks(settings, "", name) or any(speaks(settings, one, name) for one in others)


def _said(settings: ProgramSettings, section: str, name: str) -> str:
    """What counts in a section or a service; empty where nothing is said."""
    setting = settings.counting(section, name)
    return "" if setting is None else setting.meaning.lower().strip()


def _servers_of_postfix(settings: ProgramSettings) -> tuple[str, ...]:
    """The services, and an empty name for those that go by main.cf alone."""
    if settings.servers is not None:
        return settings.servers
    looked_at = (*SPEAKING["postfix"], *TLS_FLOOR["postfix"])
    return ("", *sorted({one.name.rpartition("/")[0] for name in looked_at for one in settings.overrides(name)}))


def _counting(settings: ProgramSettings, service: str) -> tuple[str, ...]:
    """The setting of versions that counts for a service of Postfix: none where it speaks no TLS, both where nobody
    knows.

    By smtpd_tls_security_level, else by the old switches; inside TLS from the begin on in wrapper mode (postconf(5)).
    Where TLS is demanded, smtpd_tls_mandatory_protocols counts, and smtpd_tls_protocols where it is not.
    """
    level = _said(settings, service, "smtpd_tls_security_level")
    if "$" in level:
        return TLS_FLOOR["postfix"]
    old = {name: _said(settings, service, name) not in ("", "no") for name in ("smtpd_use_tls", "smtpd_enforce_tls")}
    demands = level not in ("", "none", "may") or (not level and old["smtpd_enforce_tls"])
    demands |= _said(settings, service, "smtpd_tls_wrappermode") == "yes"
    if demands:
        return ("smtpd_tls_mandatory_protocols",)
    return ("smtpd_tls_protocols",) if level == "may" or (not level and old["smtpd_use_tls"]) else ()


def _exim_speaks(settings: ProgramSettings, _section: str, _floor: str) -> bool:
    """To everybody, unless tls_advertise_hosts is empty, and no port begins inside TLS (chapter 42)."""
    offered = settings.get("tls_advertise_hosts")
    is_offered = offered is None or offered.meaning.strip() not in ("", ":", "!*")
    return is_offered or _said(settings, "", "tls_on_connect_ports") != ""


def _dovecot_speaks(settings: ProgramSettings, section: str, _floor: str) -> bool:
    return _said(settings, section, "ssl") != "no"


_SPEAKS = {"exim": _exim_speaks, "dovecot": _dovecot_speaks}


def _check_ports(
    floors: _Floors, versions_shown: VersionsShown, unread: tuple[str, ...], settings: ProgramSettings
) -> None:
    """Fail for a version on a port that no setting admits."""
    known = {str(version) for _, versions in floors for version in versions}
    for endpoint, taken in versions_shown.versions:
        strange = [version for version in taken if version not in known]
        if strange:
            _end_where_some_is_unknown(unread, settings)
            setting = floors[0][0]
            fail(
                f"{setting.name} = {setting.shown} does not admit {', '.join(strange)}, and {endpoint} takes it",
                at=setting.place,
            )


@control("CFG-LOADS", MUST, POSTCONF, EXIM_OPTIONS, explains=(UnreadableConfiguration,), harm=Harm.LOST)
def test_program_reads_its_configuration_without_complaint(self_checks: SelfChecks) -> None:
    """The program, asked by `mailproof capture`, reads its own configuration without errors and warnings.

    Why: at the next start the program does not come up, or runs without the setting that it did not understand.
    Fix: ask it on the host: postconf -n, exim -bV, doveconf -n, named-checkconf, unbound-checkconf, nsd-checkconf.
    """
    if not self_checks.checks:
        not_applicable("no output of a command by which the program checks its configuration was captured")
    for check in self_checks.checks:
        said = f": {check.complaints[0]}" if check.complaints else ""
        if check.status:
            fail(f"{check.command} ended with exit status {check.status}{said} ({check.file})")
        if check.complaints:
            fail(f"{check.command} says{said} ({check.file})")
