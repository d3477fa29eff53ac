"""Why a peer says something else of a TLS server than mailproof, and who is right.

Every entry was checked against the configuration of the server and against ``openssl s_client`` where it can ask.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.tls_facts import EMS, OLD_SUITES, ORDER


@dataclass(frozen=True)
class Explanation:
    """``theirs`` and ``ours`` are what both say, or of two lists what only one of them has."""

    peer: str
    row: str
    theirs: str
    ours: str
    right: str
    why: str


EXPLANATIONS = (
    Explanation(
        "testssl",
        ORDER,
        "yes",
        "no",
        "mailproof",
        "The server is told no order of its own, and takes the suite that the client names first: `AES128-SHA` before "
        "`ECDHE-RSA-AES256-GCM-SHA384` and the reverse give each the first one.",
    ),
    Explanation(
        "sslyze",
        OLD_SUITES,
        "",
        "ADH-CAMELLIA128-SHA256 ADH-CAMELLIA256-SHA256",
        "mailproof",
        "sslyze does not ask for the two; `openssl s_client` gets a handshake with each.",
    ),
    Explanation(
        "testssl",
        EMS,
        "no",
        "yes",
        "mailproof",
        "testssl.sh lists the extensions of the handshakes that it happens to make, of TLS 1.3 here; in TLS 1.2 "
        "`openssl s_client` gets the extension.",
    ),
    Explanation(
        "sslyze",
        EMS,
        "yes",
        "no",
        "mailproof",
        "sslyze does not ask a server that speaks TLS 1.3, where the extension means nothing, and says yes; in TLS 1.2 "
        "the server speaks without it, as `openssl s_client` shows.",
    ),
)


def explanation(peer: str, row: str, theirs: str, ours: str) -> tuple[str, str]:
    """Who is right, and why; both empty where nobody has looked into it."""
    if row == OLD_SUITES:
        one, other = set(theirs.split()), set(ours.split())
        theirs, ours = " ".join(sorted(one - other)), " ".join(sorted(other - one))
    for known in EXPLANATIONS:
        if (known.peer, known.row, known.theirs, known.ours) == (peer, row, theirs, ours):
            return known.right, known.why
    return "", ""
