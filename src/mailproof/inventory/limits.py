"""How patient a run is, how many connections it makes, and what it may be refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailproof.inventory.parts import Part
from mailproof.inventory.values import Seconds
from mailproof.net.settings import Limits, TLSDepth

_DEFAULT_LIMITS = Limits()


class LimitsPart(Part):
    """Deadlines in seconds, counts of connections, and how much is asked."""

    connect: Seconds = Field(_DEFAULT_LIMITS.connect, description="Until a TCP connection stands.")
    greeting: Seconds = Field(
        _DEFAULT_LIMITS.greeting, description="Until the 220. Servers delay it on purpose: 60 s or more are wise."
    )
    reply: Seconds = Field(_DEFAULT_LIMITS.reply, description="Until the reply to an SMTP command is complete.")
    tls: Seconds = Field(_DEFAULT_LIMITS.tls, description="Until a TLS handshake is complete.")
    dns: Seconds = Field(_DEFAULT_LIMITS.dns, description="One try at one DNS server.")
    dns_tries: Annotated[int, Field(ge=1, le=10)] = Field(_DEFAULT_LIMITS.dns_tries, description="Tries a question.")
    https: Seconds = Field(_DEFAULT_LIMITS.https, description="One HTTPS request as a whole.")
    silence: Seconds = Field(
        _DEFAULT_LIMITS.silence, description="How long to listen for what a correct peer does not send."
    )
    connections_per_host: Annotated[int, Field(ge=1, le=50)] = Field(
        _DEFAULT_LIMITS.connections_per_host, description="Mail connections open to one address at a time."
    )
    pause: Annotated[float, Field(ge=0, le=600)] = Field(
        _DEFAULT_LIMITS.pause, description="Between two mail connections to one address."
    )
    requests_per_host: Annotated[int, Field(ge=1, le=50)] = Field(
        _DEFAULT_LIMITS.requests_per_host, description="HTTPS requests to one address at a time."
    )
    connections: Annotated[int, Field(ge=1, le=2000)] = Field(
        _DEFAULT_LIMITS.connections, description="Connections open at once, over all hosts."
    )
    questions: Annotated[int, Field(ge=1, le=2000)] = Field(
        _DEFAULT_LIMITS.questions, description="DNS questions under way at once."
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        _DEFAULT_LIMITS.retries,
        description="Further attempts at what timed out, was refused, throttled, cut off, or met a failing DNS server.",
    )
    retry_pause: Annotated[float, Field(ge=0, le=3600)] = Field(
        _DEFAULT_LIMITS.retry_pause, description="Before each further attempt."
    )
    deferral: Annotated[float, Field(ge=0, le=3600)] = Field(
        _DEFAULT_LIMITS.deferral,
        description="The longest wait for a server that defers (4yz) and names a time to come back (greylisting).",
    )
    connections_to_address: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        _DEFAULT_LIMITS.connections_to_address,
        description="Mail connections to one address in a run, unless the inventory names a host that has it.",
    )
    refusals: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        _DEFAULT_LIMITS.refusals,
        description="Recipients that one address may refuse in ten minutes: fail2ban, as it is packaged, bans at 5. "
        "More where it exempts this machine (ignoreip).",
    )
    refusals_wait: Annotated[float, Field(ge=0, le=86400)] = Field(
        _DEFAULT_LIMITS.refusals_wait,
        description="How long to wait in all for an address to be asked for more that it refuses; 0: the rest is not "
        "asked, and not applicable.",
    )
    idle: Annotated[float, Field(ge=0, le=600)] = Field(
        _DEFAULT_LIMITS.idle,
        description="How long each MX address is left waiting for a command, with consent: 300 to see whether it waits "
        "for five minutes; 0: this is not looked at.",
    )
    tls_depth: TLSDepth = Field(
        _DEFAULT_LIMITS.tls_depth,
        strict=False,
        description="What is asked of a server's TLS: usual (versions, suites that are weak or out of date, "
        "post-quantum groups), or full (every suite, group and signature scheme, with some four times as many "
        "connections).",
    )
