"""Policy hosts for MTA-STS (RFC 8461, section 3.3): one address, all names, certificates chosen by SNI.

Run as ``python https_server.py FILE``; the file holds a ``Configuration`` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import TypedDict

REQUEST_LIMIT = 8192
REQUEST_SECONDS = 10.0
WELL_KNOWN = "/.well-known/mta-sts.txt"


class Configuration(TypedDict):
    """What is served, by host name: policy texts, Locations of redirects, pairs of chain and key file.

    The certificate of the name "" is for every name without one of its own.
    """

    address: str
    policies: dict[str, str]
    redirects: dict[str, str]
    certificates: dict[str, tuple[str, str]]


def _context(chain_file: str, key_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain_file, key_file)
    return context


def respond(configuration: Configuration, request: bytes) -> bytes:
    """The response to one HTTP/1.1 request."""
    lines = request.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    host = headers.get("host", "").partition(":")[0]
    if len(words) == 3 and words[0] in ("GET", "HEAD") and words[1] == WELL_KNOWN:
        if host in configuration["redirects"]:
            return _message("302 Found", "", f"Location: {configuration['redirects'][host]}\r\n")
        if host in configuration["policies"]:
            return _message("200 OK", configuration["policies"][host] if words[0] == "GET" else "")
    return _message("404 Not Found", "no such policy\n")


def _message(status: str, body: str, headers: str = "") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Type: text/plain\r\nContent-Length: {len(content)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + content


async def serve(configuration: Configuration) -> None:
    """Serve until cancelled."""
    contexts = {name: _context(*files) for name, files in configuration["certificates"].items()}
    default = contexts[""]

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = contexts.get(name or "", default)

    default.sni_callback = choose

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(respond(configuration, request))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, configuration["address"], 443, ssl=default, limit=REQUEST_LIMIT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text())))
