"""What ``mailproof zones`` does: reads zones from where they are kept, and writes or names their files."""

from __future__ import annotations

import argparse
import json
import os
from contextlib import nullcontext
from pathlib import Path

from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.reading import Reader
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import socket_address
from mailproof.inventory.zone_sources import DIRECTORY, FILE, FORMS, hint_of, zone_source
from mailproof.net.settings import NetSettings
from mailproof.output import EXIT_USAGE, complain, say
from mailproof.zone_sources.reading import SUFFIX, Gathered, Troubles
from mailproof.zone_sources.source import SourceError


def run(options: argparse.Namespace) -> int:
    """Write the zones, or print where they are; 1 if a record cannot be written, 4 if the source cannot be read."""
    secrets = Secrets()
    try:
        resolvers = (socket_address(options.resolver, 53),) if options.resolver else ()
        text = Reader(os.environ, "", secrets=secrets).substitute(options.source, Problem(Path(), None, None, ""))
        source = zone_source(text).beside(Path())
        if source.kind in (FILE, DIRECTORY):
            hint = hint_of(source.path) if source.kind == DIRECTORY and source.path is not None else ""
            raise ValueError(f"{source} is a master file already, or none of {', '.join(FORMS[2:])}{hint}")
        folder = options.output or Path("zones")
        gathered = Gathered(folder, lambda: nullcontext(NetSettings(resolvers=resolvers)), secrets, apart=False)
        found = gathered.files(source)
    except Troubles as error:
        complain(f"mailproof zones: nothing was written: {secrets.redact(str(error))}")
        return 1
    except (InventoryError, SourceError, ValueError) as error:
        complain(f"mailproof zones: {secrets.redact(str(error))}")
        return EXIT_USAGE
    for trouble in gathered.left_out:
        complain(f"mailproof zones: left out: {trouble}")
    if source.kind == "bind":
        say("zone_files:")
        for name, file in found.items():
            say(f"  {name}: {json.dumps(str(file))}")
        return 0
    for file in found.values():
        say(f"{file}: {len(file.read_text(encoding='utf-8').splitlines())} records")
    for file in sorted(set(folder.glob(f"*{SUFFIX}")) - set(found.values())):
        complain(f"mailproof zones: {file} is not of this source, and --zone {folder} would judge it as well")
    return 0
