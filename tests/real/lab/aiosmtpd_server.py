"""aiosmtpd as it comes, with STARTTLS required: the library that tests and small gateways receive mail by.

Run as ``python -P aiosmtpd_server.py ADDRESS NAME CHAIN_FILE KEY_FILE`` with aiosmtpd importable. It leaves it to its
user which recipients there are, and that is all that is ours here.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

MAILBOXES = ("postmaster", "abuse", "hostmaster", "user", "dmarc", "tlsrpt")


class Mailboxes:
    """What its manual calls a handler: which recipients there are. What gets in is thrown away."""

    def __init__(self, domain: str) -> None:
        self._domain = domain

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Take what is the domain's (RFC 5321, section 4.5.1: postmaster also without a domain)."""
        local_part, _, domain = address.lower().rpartition("@")
        if (local_part, domain) != ("", "postmaster"):
            if domain != self._domain:
                return "550 5.7.1 No relaying"
            if local_part not in MAILBOXES:
                return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"


async def serve(address: str, name: str, chain_file: str, key_file: str) -> None:
    """Serve until killed."""
    from aiosmtpd.smtp import SMTP

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.load_cert_chain(chain_file, key_file)
    mailboxes = Mailboxes(name.removeprefix("mx."))
    loop = asyncio.get_running_loop()

    def session() -> Any:
        # Its own greeting tells its version.
        return SMTP(mailboxes, hostname=name, ident="ESMTP", tls_context=context, require_starttls=True, loop=loop)

    async with await loop.create_server(session, address, 25) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:5]))
