"""A tarpit as OpenBSD's spamd is one to those on its lists: it says a reply in an octet a second, and lets nobody in.

Run as ``python -P tarpit.py ADDRESS NAME``. It has no STARTTLS and refuses every recipient with 450, for ever.
"""

from __future__ import annotations

import asyncio
import sys

OCTET_SECONDS = 1.0
LINE_LIMIT = 1000


def reply(line: bytes, name: str) -> str:
    """What spamd(8) says to a command; it takes any sender."""
    verb = line.decode("latin-1").strip().partition(" ")[0].upper()
    match verb:
        case "HELO" | "EHLO":
            return f"250 Hello, spam sender. Pleased to be wasting your time at {name}."
        case "MAIL":
            return "250 You are about to try to deliver spam. Your time will be spent, for nothing."
        case "QUIT":
            return f"221 {name}"
    return "450 Temporary failure, please try again later."


async def serve(address: str, name: str) -> None:
    """Serve until killed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(f"220 {name} ESMTP spamd IP-based SPAM blocker\r\n".encode())
            while line := await reader.readline():
                for octet in f"{reply(line, name)}\r\n".encode():
                    await asyncio.sleep(OCTET_SECONDS)
                    writer.write(bytes([octet]))
                    await writer.drain()
                if line.upper().startswith(b"QUIT"):
                    break
        except (OSError, ValueError):
            pass  # it has hung up, or sent no line
        finally:
            writer.close()

    async with await asyncio.start_server(talk, address, 25, limit=LINE_LIMIT) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:3]))
