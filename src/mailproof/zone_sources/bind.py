"""The zones of named.conf(5) of BIND: their master files, in one view where there are several."""

from __future__ import annotations

from pathlib import Path

from mailproof.documents import UnreadableFile, read_text
from mailproof.grammars.named_conf import NotNamedConf, Statement, parse_named_conf
from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.zone_sources.source import SourceError

MAX_SIZE = 4 << 20

_HELD = ("primary", "master")
"""Types of zones that are kept in a master file which people write."""


def zone_files(file: Path, view: str | None = None) -> dict[str, Path]:
    """The master file of each zone whose primary is here, by the zone's name. Raises SourceError.

    ``view`` chooses one of several. Relative names are relative to ``options { directory }``, or else to where the
    configuration lies. Files that it includes are not read.
    """
    try:
        conf = parse_named_conf(read_text(file, MAX_SIZE))
    except FileNotFoundError:
        raise SourceError(f"{file}: there is no such file") from None
    except (UnreadableFile, NotNamedConf) as error:
        raise SourceError(f"{file}: {error}") from None
    views = {one.words[1]: one for one in conf.all("view") if len(one.words) > 1}
    if view is not None and view not in views:
        raise SourceError(f"{file}: there is no view {printable(view)}; there are {', '.join(views) or 'none'}")
    if view is None and len(views) > 1:
        raise SourceError(f"{file}: ?view=NAME chooses one of {', '.join(map(printable, views))}")
    chosen = views[view] if view is not None else next(iter(views.values()), conf)
    options = conf.get("options")
    directory = options.get("directory") if options is not None else None
    base = file.absolute().parent / (directory.value if directory is not None else "")
    found = dict(filter(None, (_zone(file, statement, base) for statement in chosen.all("zone"))))
    if not found:
        included = " and what it includes is not read" if conf.all("include") or chosen.all("include") else ""
        raise SourceError(f"{file}: no zone of type primary with a file{included}")
    return found


def _zone(file: Path, statement: Statement, base: Path) -> tuple[str, Path] | None:
    kind, held = statement.get("type"), statement.get("file")
    if kind is None or kind.value not in _HELD or held is None or len(statement.words) < 2:
        return None
    name, is_of_chaos = statement.words[1], "CH" in map(str.upper, statement.words[2:])
    if name == "." or "/" in name or is_of_chaos:  # the root, a part of a reverse zone (RFC 2317), version.bind
        return None
    try:
        return domain_name(statement.words[1]), base / held.value
    except ValueError as error:
        raise SourceError(f"{file}:{statement.line}: {error}") from None
