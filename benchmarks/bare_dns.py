"""The bare cost of DNS questions: the same client, the same parallelism, and nothing else.

    python -m benchmarks.bare_dns QUESTIONS.json

The file lists questions as (server, name, type number). One that was asked in several forms is there as often, and is
asked as often. Prints JSON: seconds, and how many were answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

import dns.rdatatype

from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.messages import USUAL, Form
from mailproof.net.errors import NotObserved
from mailproof.net.settings import NetSettings


async def ask_all(questions: list[tuple[str, str, int]]) -> tuple[float, int]:
    """Ask everything at once, within the client's limit of questions under way. Returns seconds and answers."""
    async with DNSClient(NetSettings()) as client:

        async def ask(server: str, name: str, type_: int, times: int) -> bool:
            type = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(type_))
            form = Form(payload=USUAL.payload + times)
            try:
                await client.ask(server, name, type, recurse=True, form=form)
            except NotObserved:
                return False
            return True

        seen: Counter[tuple[str, str, int]] = Counter()
        forms = []
        for question in questions:
            forms.append((*question, seen[question]))
            seen[question] += 1
        started = time.perf_counter()
        answered = await asyncio.gather(*(ask(*form) for form in forms))
        return time.perf_counter() - started, sum(answered)


if __name__ == "__main__":
    listed = [tuple(question) for question in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]
    seconds, answers = asyncio.run(ask_all(listed))
    print(json.dumps({"seconds": seconds, "answers": answers}))
