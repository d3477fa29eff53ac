"""Looks whether a server takes what the configuration says of versions of TLS for all of them."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.listeners import Listener, is_default, listeners, may_hold_servers
from mailproof.observations.configuration import SettingSeen
from mailproof.probes.path_endings import Included


def with_use(program: str, texts: dict[str, str], settings: list[SettingSeen]) -> list[SettingSeen]:
    """The settings; those for all servers say whether one takes them."""
    found = {name: listeners(program, text) for name, text in texts.items()}
    includes = [(one, name) for name, file in found.items() for one in file.includes]
    within = [(one, name) for name, file in found.items() for server in file.listeners for one in server.includes]
    files = Included([*includes, *within], texts)
    saying = {one.place.file for one in settings if is_default(program, one.name)}
    of_servers: set[str] = set()
    servers: list[tuple[str, bool | None]] = []
    """With their contexts, whether they say versions themselves; None where that may stand in what is not read."""

    def read_within(server: Listener, file: str) -> tuple[set[str], bool]:
        """The files that a server includes, and those that these include; and whether all of them are read."""
        read: set[str] = set()
        asked = [(pattern, file) for pattern in server.includes]
        all_read = True
        while asked:
            include = asked.pop()
            names = files.of(*include) or []
            all_read &= bool(names) or not may_hold_servers(include[0])
            asked += [(one, name) for name in names if name not in read for one in found[name].includes]
            read.update(names)
        return read, all_read

    for name, file in found.items():
        for server in file.listeners:
            read, all_read = read_within(server, name)
            if all_read and not server.speaks_tls and not any(found[one].speaks_tls for one in read):
                continue
            of_servers |= read
            says = server.own or not read.isdisjoint(saying)
            servers.append((server.context, True if says else server.own if all_read else None))
    if program == "apache":
        servers += [("", False) for name, file in found.items() if file.speaks_tls and name not in of_servers]
    if not all(files.of(*include) for include in includes if may_hold_servers(include[0])):
        servers.append(("", None))

    def taken(setting: SettingSeen) -> bool | None:
        if not is_default(program, setting.name) or setting.place.file in of_servers:
            return True
        context = setting.name.rpartition("/")[0] if program == "nginx" else ""
        own = [says for where, says in servers if not where or not context or where == context]
        if not own:  # where servers are known, none of them speaks TLS
            return not any(file.serves for file in found.values())
        return True if False in own else None if None in own else False

    return [replace(setting, taken=taken(setting)) for setting in settings]
