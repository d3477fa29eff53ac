"""What mail stores say that they can do."""

from __future__ import annotations

from mailproof.grammars import store_capabilities
from mailproof.grammars.store_capabilities import Capabilities
from tests.fuzz.parser import Parser, as_text, words_of


def _facts(found: Capabilities | None) -> bool:
    if found is None:
        return False
    assert set(found.readable) >= {f"SASL {name}" for name in found.mechanisms if name == "PLAIN"}
    return found.starttls


PARSERS = (
    Parser(
        "imap-capabilities",
        lambda data: _facts(store_capabilities.imap_capabilities(as_text(data).splitlines())),
        (b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=PLAIN",),
        words_of("* CAPABILITY STARTTLS LOGINDISABLED AUTH= AUTH=PLAIN"),
        5,
    ),
    Parser(
        "pop3-capabilities",
        lambda data: _facts(store_capabilities.pop3_capabilities(as_text(data).splitlines())),
        (b"TOP\nSTLS\nUSER\nSASL PLAIN LOGIN",),
        words_of("STLS USER SASL PLAIN LOGIN"),
        5,
    ),
    Parser(
        "sieve-capabilities",
        lambda data: _facts(store_capabilities.sieve_capabilities(as_text(data).splitlines())),
        (b'"IMPLEMENTATION" "x"\n"SASL" "PLAIN"\n"STARTTLS"',),
        words_of('"SASL" "STARTTLS" \\ "'),
        5,
    ),
)
