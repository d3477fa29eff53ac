"""What a challenge of NTLM tells, and that no text makes its parser fail."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.ntlm import NEGOTIATE, Challenge, parse_challenge

from .ntlm_messages import challenge

NAMES = {2: "CORP", 1: "EX1", 4: "corp.example", 3: "ex1.corp.example", 5: "corp.example"}


def test_a_challenge_tells_names_and_the_version() -> None:
    told = parse_challenge(challenge(NAMES, "CORP", (10, 0, 20348)))
    assert told is not None
    assert dict(told.names) == {
        "NetBIOS domain": "CORP",
        "NetBIOS name": "EX1",
        "DNS domain": "corp.example",
        "host name": "ex1.corp.example",
        "forest": "corp.example",
    }
    assert told.version == "10.0.20348"


def test_a_challenge_may_tell_the_target_alone_or_nothing() -> None:
    assert parse_challenge(challenge({}, "CORP")) == Challenge((("target", "CORP"),))
    assert parse_challenge(challenge({})) == Challenge()


@pytest.mark.parametrize("text", ["", "NTLM supported", NEGOTIATE, "TlRMTVNTUAAC", "ü"])
def test_other_texts_are_no_challenge(text: str) -> None:
    assert parse_challenge(text) is None


def test_the_first_message_names_nobody() -> None:
    message = b64decode(NEGOTIATE)
    assert message[:12] == b"NTLMSSP\0\x01\0\0\0"
    assert not any(message[16:])


@given(st.binary(max_size=120))
def test_no_message_makes_it_fail(rest: bytes) -> None:
    parse_challenge(b64encode(b"NTLMSSP\0\x02\0\0\0" + rest).decode())
