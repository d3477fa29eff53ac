"""check_host() against the public test suite for RFC 7208 (openspf.org, 2014), which the source package of pyspf has.

The file is not part of this project: ``make test`` fetches it, or ``MAILPROOF_SPF_SUITE`` names it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ruamel.yaml import YAML

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.errors import NotObserved, TimedOut
from mailproof.probes.check_host import check_host

FILE = Path(os.environ.get("MAILPROOF_SPF_SUITE") or Path(sys.prefix) / "spf-suite.yml")


class _Zone:
    """The records of one part of the suite, which copies records of type SPF to TXT unless it says otherwise."""

    def __init__(self, data: Mapping[str, list[Any]]) -> None:
        self._data = {name.lower(): entries for name, entries in data.items()}

    async def resolve(self, name: str, type: str) -> Answer:
        aliases: list[str] = []
        while True:
            entries = self._data.get(name.lower().rstrip("."), [])
            found = list(self._records(name, type, entries))
            alias = [entry["CNAME"] for entry in entries if isinstance(entry, Mapping) and "CNAME" in entry]
            if found or not alias or len(aliases) > 8:
                break
            name = alias[0]
            aliases.append(name)
        return Answer(name, type, "NOERROR" if entries else "NXDOMAIN", tuple(found), tuple(aliases))

    def _records(self, name: str, type: str, entries: list[Any]) -> Iterator[ResourceRecord]:
        wanted, given = type, False
        if type == "TXT" and not any(isinstance(entry, Mapping) and "TXT" in entry for entry in entries):
            wanted = "SPF"
        for entry in entries:
            if entry == "TIMEOUT" or "TIMEOUT" in entry:
                if given:
                    return
                raise TimedOut(f"{name}: nobody answers")
            if wanted not in entry or entry[wanted] == "NONE":
                continue
            value, given = entry[wanted], True
            if type == "TXT":
                strings = tuple(value if isinstance(value, list) else [value])
                text = "".join(strings)
                yield ResourceRecord(name, 60, "TXT", text, strings)
            elif type == "MX":
                yield ResourceRecord(name, 60, "MX", f"{value[0]} {value[1].rstrip('.')}.")
            else:
                yield ResourceRecord(name, 60, type, f"{value.rstrip('.')}." if type == "PTR" else str(value))


def _cases() -> Iterator[Any]:
    if not FILE.is_file():
        return
    for part in YAML(typ="safe").load_all(FILE.read_text(encoding="utf-8")):
        for name, case in part["tests"].items():
            yield pytest.param(_Zone(part["zonedata"]), case, id=name)


@pytest.mark.skipif(not FILE.is_file(), reason="the suite is not there: `make test` fetches it")
@pytest.mark.parametrize(("zone", "case"), list(_cases()))
def test_the_public_suite(zone: _Zone, case: Mapping[str, Any]) -> None:
    async def run() -> str:
        dns: Any = SimpleNamespace(resolve=zone.resolve)
        try:
            return (await check_host(dns, case["host"], case["mailfrom"], case["helo"])).result
        except NotObserved:
            return "temperror"

    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert asyncio.run(run()) in wanted
