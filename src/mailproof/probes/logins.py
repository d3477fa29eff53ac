"""Reads what mail servers do about passwords before TLS, from their configurations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from mailproof.grammars.includes import needed_includes
from mailproof.grammars.logins import (
    MAX_LOGINS,
    Login,
    Texts,
    dovecot_logins,
    exim_logins,
    has_authenticators,
    postfix_logins,
)
from mailproof.net.network import Network
from mailproof.observations.configuration import PortsShown, ProgramSettings
from mailproof.observations.logins import LoginSeen, LoginSettings, LoginsShown
from mailproof.observations.services import StoreSession
from mailproof.places import Place
from mailproof.probes.configuration import EXIM_CONFIG, holders_of, holds_services, texts_of
from mailproof.probes.joined import Joined, joined
from mailproof.probes.path_endings import not_read
from mailproof.probes.probe import Look, look_at_each, probe
from mailproof.probes.services import store_session
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration
from mailproof.targets.services import StoreEndpoint

PROGRAMS = {
    "postfix": ("postconf -n", "postconf -M"),
    "exim": ("exim -bP", "exim4 -bP", *EXIM_CONFIG),
    "dovecot": ("doveconf -n",),
}
"""The programs that are looked at, each with the commands of a capture that hold what decides."""


@probe()
async def login_settings(
    configuration: Configuration, net: Network, program_settings: ProgramSettings
) -> LoginSettings:
    """What the configuration says of passwords before TLS; nothing for programs that are not looked at.

    Where the files hold no settings, ``program_settings`` has said so. Raises NoSettings, UnreadableConfiguration.
    """
    program, host = configuration.program, configuration.host
    names = tuple(file.name for file in configuration.files)
    if program not in PROGRAMS:
        return LoginSettings(program, host, names)
    files = holders_of(configuration, *PROGRAMS[program])
    texts = await texts_of(files, net)
    includes = ((one, name) for name, text in texts.items() for _, one in needed_includes(program, text))
    unread = not_read(includes, texts)
    services = {file.name: texts.pop(file.name) for file in files if holds_services(program, file)}
    in_place = joined(program, texts)
    whole = {name: one.text for name, one in in_place.items()}
    logins = await asyncio.to_thread(lambda: sorted(_logins(program, whole, services), key=_what_matters)[:MAX_LOGINS])
    without = program == "exim" and not any(map(has_authenticators, texts.values()))
    lacks = "" if program != "postfix" or (texts and services) else "main.cf" if services else "master.cf"
    return LoginSettings(program, host, names, _seen(logins, in_place), without, lacks, unread)


def _what_matters(login: Login) -> int:
    """Those in clear come first, and those that are not worked out."""
    return (True, None, False).index(login.in_clear)


def _logins(program: str, texts: Texts, services: Texts) -> Iterator[Login]:
    match program:
        case "postfix":
            return postfix_logins(texts, services)
        case "exim":
            return exim_logins(texts)
        case _:
            return dovecot_logins(texts)


def _seen(logins: Iterable[Login], files: Mapping[str, Joined]) -> tuple[LoginSeen, ...]:
    return tuple(LoginSeen(one.who, one.in_clear, str(one.by), _place(one, files)) for one in logins)


def _place(login: Login, files: Mapping[str, Joined]) -> Place | None:
    said = login.at if login.at is not None and not login.by.line else login.by
    if not said.line:
        return None
    return files[said.source].place(said.line) if said.source in files else Place(said.source, said.line)


@probe(looks=("store_session",))
async def logins_shown(
    configuration: Configuration, look: Look, targets: Targets, ports_shown: PortsShown
) -> LoginsShown:
    """The ports of the program's host that offer a login before TLS: none is asked for this one's sake alone."""
    host = configuration.host
    if configuration.program not in PROGRAMS:
        return LoginsShown(host)
    boxes = [one for one in targets.found(StoreEndpoint) if one.host == host and not one.dead]
    stores, _ = await look_at_each(look, store_session, boxes, _of_store)
    smtp = tuple(port.endpoint for port in ports_shown.ports if port.auth_in_clear)
    return LoginsShown(host, smtp, tuple(filter(None, stores)))


def _of_store(session: StoreSession) -> str:
    offers = session.capabilities is not None and session.capabilities.readable
    return session.endpoint if offers and not session.implicit_tls else ""
