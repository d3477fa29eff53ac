"""Where a peer and mailproof say different things of the laboratory: who is right, and which rule decides.

A difference that is not here is shown as unexplained. Every entry was checked against what the servers answer to dig,
openssl s_client and a dialogue by hand; ``why`` says what is observed, and the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = "mailproof"
THEIRS = "the peer"
BOTH = "both"


@dataclass(frozen=True)
class Explanation:
    """``right`` is ``OURS``, ``THEIRS`` or ``BOTH``: two true sentences about different questions."""

    peers: tuple[str, ...]
    domain: str
    aspect: str
    right: str
    why: str


_FACTS = "The peer states facts and leaves the judgement to its reader."

EXPLANATIONS = (
    Explanation(
        ("trustymail", "zonemaster-cli"),
        "mx-cname",
        "MX",
        OURS,
        "The MX host is the owner of a CNAME: RFC 2181, section 10.3; RFC 5321, section 5.1.",
    ),
    Explanation(
        ("trustymail", "zonemaster-cli"),
        "mx-address",
        "MX",
        OURS,
        "11.0.25.10. is an address in place of a host name: RFC 1035, section 3.3.9; RFC 5321, section 5.1.",
    ),
    Explanation(
        ("trustymail", "zonemaster-cli"),
        "mx-unresolvable",
        "MX",
        OURS,
        "NXDOMAIN for the only MX host; senders must not fall back to the domain's address: RFC 5321, section 5.1.",
    ),
    Explanation(
        ("trustymail", "zonemaster-cli"),
        "mx-private",
        "MX",
        OURS,
        "10.0.0.25 is reached by nobody outside: RFC 6890, table 2 (private use, not globally reachable).",
    ),
    Explanation(
        ("trustymail", "zonemaster-cli"),
        "mx-localhost",
        "MX",
        OURS,
        "127.0.0.1 is every sender's own machine: RFC 6890, table 4 (loopback).",
    ),
    Explanation(
        ("trustymail",),
        "null-mx-beside-mx",
        "MX",
        OURS,
        "A null MX and another MX in one RRset: RFC 7505, section 3 allows no other.",
    ),
    Explanation(("trustymail",), "null-mx-preference", "MX", OURS, "10 . instead of 0 .: RFC 7505, section 3."),
    Explanation(
        ("checkdmarc", "trustymail"),
        "spf-all",
        "SPF",
        OURS,
        "+all authorises the world. Its grammar is right (RFC 7208, section 5.1), so a validator of syntax "
        "stays silent; that it protects nothing is said by nobody but mailproof, at level SHOULD.",
    ),
    Explanation(
        ("checkdmarc", "trustymail"),
        "spf-neutral",
        "SPF",
        BOTH,
        "?all is valid and has the effect of no policy: RFC 7208, sections 2.6.2 and 8.2. mailproof asks for "
        "-all at level SHOULD, as practice does; the profile decides whether that closes the gate.",
    ),
    Explanation(
        ("trustymail",),
        "spf-two",
        "SPF",
        OURS,
        "Two v=spf1 records are a permerror: RFC 7208, section 4.5.",
    ),
    Explanation(("trustymail",), "spf-ptr", "SPF", OURS, "ptr SHOULD NOT be published: RFC 7208, section 5.5."),
    Explanation(
        ("checkdmarc", "trustymail"),
        "spf-everybody",
        "SPF",
        OURS,
        "ip4:0.0.0.0/0 gives pass to every IPv4 address: RFC 7208, section 4.6.2 with section 5.6. Only an "
        "evaluation for a stranger's address shows it.",
    ),
    Explanation(
        ("trustymail",),
        "dmarc-none",
        "DMARC",
        BOTH,
        f"p=none is valid (RFC 9989, section 4.7) and asks nobody to do anything. {_FACTS}",
    ),
    Explanation(
        ("checkdmarc", "trustymail"),
        "dmarc-unauthorised-rua",
        "DMARC",
        THEIRS,
        "The report address lies in another domain that publishes no NAME._report._dmarc record, so receivers send no "
        "reports there: RFC 7489, section 7.1; RFC 9990, section 4. mailproof has no control for it yet.",
    ),
    Explanation(
        ("checkdmarc",),
        "lame",
        "delegation",
        OURS,
        "One of two name servers answers REFUSED for the zone: RFC 1034, section 4.2.2; RFC 2181, section 6.1. "
        "The peer reads the NS records and asks none of the servers.",
    ),
    Explanation(
        ("checkdmarc",),
        "ns-mismatch",
        "delegation",
        OURS,
        "The parent names ns1 and ns2, the zone ns1 and ns3: RFC 1034, section 4.2.2.",
    ),
    Explanation(
        ("checkdmarc",),
        "one-ns",
        "delegation",
        OURS,
        "A single name server: RFC 1034, section 4.1; RFC 2182, section 5.",
    ),
    Explanation(
        ("zonemaster-cli",),
        "serial-mismatch",
        "delegation",
        THEIRS,
        "The name servers hold two versions of the zone (RFC 1034, section 4.3.5). mailproof has no control "
        "for it yet.",
    ),
    Explanation(
        ("trustymail",),
        "broken-starttls-exim",
        "STARTTLS",
        OURS,
        "EHLO lists STARTTLS and the server answers 454 to it: RFC 3207, section 4. Support was read off the list.",
    ),
    Explanation(
        ("testssl.sh",),
        "right",
        "certificate",
        BOTH,
        "It remarks that the certificate ends within 60 days and names neither CRL nor OCSP. Both are true of every "
        "certificate of the laboratory and of today's 47 to 90 day ones; no rule of RFC 5280 or RFC 9325 is broken.",
    ),
    Explanation(
        ("sslyze",),
        "small-key-exim",
        "certificate",
        OURS,
        f"RSA with 1024 bits: RFC 9325, section 4.5 wants 2048. The chain verifies, which is all that was "
        f"asked. {_FACTS}",
    ),
    Explanation(
        ("checkdmarc", "sslyze"),
        "self-signed-dane",
        "certificate",
        OURS,
        "A TLSA record 3 1 1, secured by DNSSEC, matches the key: with DANE-EE neither issuer, name nor dates "
        "count (RFC 7672, section 3.1.1). The peers judge the chain without the DNS.",
    ),
    Explanation(
        ("swaks",),
        "greylisting",
        "postmaster",
        OURS,
        "450 to RCPT is a transient refusal, to be tried again (RFC 5321, section 4.2.1): whether postmaster "
        "is accepted is not decided. The exit code of the one-line test makes no difference between 450 and 550.",
    ),
)

DIFFERENCES = {
    (peer, entry.domain, entry.aspect): (entry.right, entry.why) for entry in EXPLANATIONS for peer in entry.peers
}
"""Who is right and why, by peer, domain and aspect."""
