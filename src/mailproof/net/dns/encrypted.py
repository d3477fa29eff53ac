"""DNS over TLS (RFC 7858): one question over one connection whose certificate is verified."""

from __future__ import annotations

import asyncio
import secrets
import ssl

from mailproof.net.dns.messages import Question, read_answer
from mailproof.net.dns.records import Answer
from mailproof.net.dns.wire import exchange_framed, failure
from mailproof.net.errors import ClosedEarly, NotAvailable
from mailproof.net.https import verifying_context
from mailproof.net.settings import NetSettings

PORT = 853


async def ask_over_tls(settings: NetSettings, address: str, host: str) -> Answer:
    """The SOA of the root from the resolver at ``address``, whose certificate must be for ``host``, or for the address.

    Raises NotAvailable where TLS fails or the certificate is refused, and what a question over TCP raises.
    """
    server = settings.destination(address, PORT, host or None)
    asked = Question.make(".", "SOA", recurse=True)
    number = secrets.randbits(16)
    loop = asyncio.get_running_loop()
    started = loop.time()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(settings.limits.connect + settings.limits.tls + settings.limits.dns):
            reader, writer = await asyncio.open_connection(
                server.address,
                server.port,
                ssl=verifying_context(settings.ca_file),
                server_hostname=host or address,
            )
            message = await exchange_framed(asked.wire(number), reader, writer, server)
    except asyncio.IncompleteReadError as error:
        raise ClosedEarly(f"{server} closed the connection without an answer") from error
    except ssl.SSLCertVerificationError as error:
        raise NotAvailable(f"the certificate is refused: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise NotAvailable(f"the TLS handshake failed: {error.reason or error}") from error
    except OSError as error:
        raise failure(error, server) from error
    finally:
        if writer is not None:
            writer.close()
    return read_answer(message, number, asked, f"{address}:{PORT}", "tls", loop.time() - started)
