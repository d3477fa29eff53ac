"""Looks whether a server takes what the configuration says of versions of TLS for all of them."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.listeners import Listener, is_default, listeners
from mailproof.observations.configuration import SettingSeen
from mailproof.probes.path_endings import Included


def with_use(program: str, texts: dict[str, str], settings: list[SettingSeen]) -> list[SettingSeen]:
    """The settings; those for all servers say whether one takes them."""
    found = {name: listeners(program, text) for name, text in texts.items()}
    includes = [(one, name) for name, file in found.items() for one in file.includes]
    within = [(one, name) for name, file in found.items() for server in file.listeners for one in server.includes]
    files = Included([*includes, *within], texts)
    of_servers = {name for include in within for name in files.of(*include) or ()}
    saying = {one.place.file for one in settings if is_default(program, one.name)}

    def says_itself(server: Listener, file: str) -> bool | None:
        """None where that may stand in a file that is not read."""
        read = [files.of(pattern, file) for pattern in server.includes]
        if server.own or any(name in saying for names in read for name in names or ()):
            return True
        return False if all(read) else None

    servers = [(one.context, says_itself(one, name)) for name, file in found.items() for one in file.listeners]
    if not all(files.of(*include) for include in includes):
        servers.append(("", None))

    def taken(setting: SettingSeen) -> bool | None:
        if not is_default(program, setting.name) or setting.place.file in of_servers:
            return True
        context = setting.name.rpartition("/")[0] if program == "nginx" else ""
        own = [says for where, says in servers if not where or not context or where == context]
        return True if not own or False in own else None if None in own else False

    return [replace(setting, taken=taken(setting)) for setting in settings]
