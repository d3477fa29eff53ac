"""Looks whether a server takes what the configuration says of versions of TLS for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mailproof.grammars.listeners import Listener, Listeners, is_default, listeners, may_hold_servers
from mailproof.observations.configuration import SettingSeen
from mailproof.probes.path_endings import Included

_ANY_CONTEXT = frozenset({"http", "mail", "stream"})
"""Of a server of nginx in a file of which nobody knows what includes it."""


def with_use(
    program: str, texts: dict[str, str], settings: list[SettingSeen]
) -> tuple[list[SettingSeen], tuple[str, ...]]:
    """The settings, of which those for all servers say whether one takes them; and what is included and not read."""
    servers = _Servers(program, texts, {one.place.file for one in settings if is_default(program, one.name)})

    def taken(setting: SettingSeen) -> bool | None:
        if not is_default(program, setting.name) or setting.place.file in servers.within:
            return True
        context = setting.name.rpartition("/")[0] if program == "nginx" else ""
        own = [says for where, says in servers.speaking if not where or not context or where == context]
        if not own:  # where servers are known, none of them speaks TLS
            return not servers.are_known
        return True if False in own else None if None in own else False

    # What hangs on a condition stays so where a server takes it.
    return [replace(one, taken=taken(one) and one.taken) for one in settings], servers.unread


class _Servers:
    """The servers of a configuration that speak TLS, or may."""

    def __init__(self, program: str, texts: dict[str, str], saying: set[str]) -> None:
        self._found = {name: listeners(program, text) for name, text in texts.items()}
        self._saying = saying
        includes = [(one, name) for name, file in self._found.items() for one in file.includes]
        of_servers = [(one, name) for name, file in self._found.items() for it in file.listeners for one in it.includes]
        self._files = Included([*includes, *of_servers], texts)
        self._contexts = _contexts(self._found, self._files)
        missing = self._missing(includes)
        self.unread = tuple(dict.fromkeys((*missing, *self._missing(of_servers))))
        """Includes that may hold servers, or what one says of versions, and of which no file is read."""
        self.are_known = any(file.serves for file in self._found.values())
        self.within: set[str] = set()
        """Files that are part of a server that speaks TLS, or may."""
        self.speaking: list[tuple[str, bool | None]] = []
        """With their contexts, whether they say versions themselves; None where nobody knows that, or whether they
        speak TLS.
        """
        parts = {(name, at): self._read_within(it, name) for name, at, it in self._every()}
        part_of_one = {file for read, _ in parts.values() for file in read}
        self._all_speak = self._contexts_that_speak(part_of_one)
        self._tls_ports = {"443"}.union(*(file.tls_ports for file in self._found.values()))
        for name, at, server in self._every():
            self._add(server, name, *parts[name, at])
        if program == "apache":
            self._add_main(part_of_one)
        if missing:
            self.speaking.append(("", None))

    def _missing(self, includes: Iterable[tuple[str, str]]) -> list[str]:
        """The patterns of those includes that may hold servers and of which no file is read."""
        return [one for one, own in includes if may_hold_servers(one) and not self._files.of(one, own)]

    def _every(self) -> list[tuple[str, int, Listener]]:
        return [(name, at, it) for name, file in self._found.items() for at, it in enumerate(file.listeners)]

    def _read_within(self, server: Listener, file: str) -> tuple[set[str], bool]:
        """The files that a server includes, and those that these include; and whether all of them are read."""
        read: set[str] = set()
        asked = [(pattern, file) for pattern in server.includes]
        all_read = True
        while asked:
            include = asked.pop()
            names = self._files.of(*include) or []
            all_read &= bool(names) or not may_hold_servers(include[0])
            asked += [(one, name) for name in names if name not in read for one in self._found[name].includes]
            read.update(names)
        return read, all_read

    def _contexts_that_speak(self, part_of_one: set[str]) -> set[str]:
        """Contexts of nginx in which every server may speak TLS: it is said for all."""
        speak: set[str] = set()
        for name, file in self._found.items():
            for context in file.speaking:
                if context:
                    speak.add(context)
                elif name not in part_of_one or name in self._contexts:
                    speak |= self._contexts.get(name, _ANY_CONTEXT)
        return speak

    def _add(self, server: Listener, name: str, read: set[str], all_read: bool) -> None:
        """A server, unless it is known that it does not speak TLS."""
        contexts = {server.context} if server.context else self._contexts.get(name, set())
        speaks = server.speaks_tls or any(self._found[one].speaks_tls for one in read)
        speaks = speaks or (bool(contexts) and contexts <= self._all_speak)
        may_speak = server.speaks_tls is None or not contexts.isdisjoint(self._all_speak) or not all_read
        may_speak |= any(self._found[one].may_speak_tls for one in read)
        may_speak |= any("$" in port or port in self._tls_ports for port in server.ports)
        # A file that nobody is seen to include may stand where all speak TLS.
        may_speak |= not contexts and self._all_speak >= _ANY_CONTEXT
        if not speaks and not may_speak:
            return
        self.within |= read
        is_certain = all_read and bool(speaks)
        says = server.own or not read.isdisjoint(self._saying)
        context = contexts.pop() if len(contexts) == 1 else ""
        self.speaking.append((context, True if says else server.own if is_certain else None))

    def _add_main(self, part_of_one: set[str]) -> None:
        """Apache's main server, which others take their settings from."""
        main = [file for name, file in self._found.items() if name not in part_of_one]
        if any(file.speaks_tls for file in main):
            self.speaking.append(("", False))
        served = {port for file in main for it in file.listeners for port in it.ports}
        # Without a certificate, mod_ssl speaks no TLS to a server that does not say so; it may stand elsewhere.
        takes_all = any(file.serves_every_port for file in main)
        listens = {port for file in main for port in file.tls_ports} if not takes_all else set()
        if any(file.may_speak_tls for file in main if not takes_all) or not listens <= served:
            self.speaking.append(("", None))


def _contexts(found: Mapping[str, Listeners], files: Included) -> dict[str, set[str]]:
    """Where each file of nginx is included: what is in none of the three contexts is left out."""
    contexts: dict[str, set[str]] = {}
    left = list(found)
    while left:
        name = left.pop()
        for pattern, where in found[name].contexts.items():
            new = {one for one in where if one} | (contexts.get(name, set()) if "" in where else set())
            for file in files.of(pattern, name) or ():
                if not new <= contexts.get(file, set()):
                    contexts.setdefault(file, set()).update(new)
                    left.append(file)
    return contexts
