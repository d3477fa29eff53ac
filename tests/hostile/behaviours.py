"""The battery: every hostile behaviour by name, where it sits, what it does, and the verdicts that are right.

Each has a domain ``NAME.example`` of its own. A verdict is looked for on the targets of that domain; where several are
possible because who loses the race decides, all of them are given. None of them is ever a pass that was not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = ("greeting", "HELO", "EHLO", "STARTTLS", "EHLO/TLS", "MAIL", "RCPT", "RSET", "QUIT")

FAULTS = {
    "421": "says 421 and closes",
    "close": "closes the connection",
    "reset": "resets the connection",
    "silence": "says nothing any more",
    "drip": "says one octet a second",
    "endless line": "says a line without end",
    "endless reply": "says a reply of lines without end",
    "mixed codes": "says one reply with two codes",
}

EVERYWHERE = ("421", "close", "silence")
"""Faults that are tried at every phase; the others where the dialogue differs most."""

UNOBSERVED = ("inconclusive",)
FAILS = ("fail",)
AMISS = ("fail", "inconclusive")
PASSES = ("pass",)

NASTY = (
    "\x00\x1b[31mred\x9b1m\x7f \xe2\x80\xae\xff <script>alert('x')</script> ${jndi:x} {{7*7}} `id` =1+1 %0A::error::"
)
"""NUL, ANSI escapes, C1 controls, an override, invalid UTF-8, and what HTML, shells and tables take for theirs."""


@dataclass(frozen=True)
class Behaviour:
    """One hostile behaviour. Exactly one of ``smtp``, ``site``, ``resolver`` and ``zone`` says what it is made of."""

    name: str
    does: str
    expected: Mapping[str, tuple[str, ...]]
    """Verdicts that are right, by control."""
    smtp: Mapping[str, Any] | None = None
    """The behaviour of the domain's MX host."""
    site: Mapping[str, Any] | None = None
    """The site of its policy host."""
    resolver: str | None = None
    """What the resolver does to every question for the domain."""
    zone: tuple[str, ...] = field(default=())
    """Lines of the zone example, with ``@@`` for the domain's own label."""

    @property
    def domain(self) -> str:
        return f"{self.name}.example"

    @property
    def where(self) -> str:
        """The part of the world that is hostile."""
        if self.smtp is not None:
            return "mail host"
        return "policy host" if self.site is not None else "resolver" if self.resolver is not None else "zone"


def _at_each_phase() -> Iterator[Behaviour]:
    for fault, does in FAULTS.items():
        for phase in PHASES if fault in EVERYWHERE else ("greeting", "EHLO", "EHLO/TLS", "RCPT"):
            name = f"{fault}-{phase}".replace(" ", "-").replace("/", "-").lower()
            yield Behaviour(name, f"{does} at {phase}", _at(phase, fault), smtp={"faults": {phase: fault}})


def _at(phase: str, fault: str) -> dict[str, tuple[str, ...]]:
    match phase:
        case "greeting":
            lost = ("SMTP-GREET-220", "SMTP-STARTTLS-OFFERED", "RELAY-MATRIX", "TLS-NO-SSL3", "AUTH-AFTER-TLS")
            return dict.fromkeys(lost, UNOBSERVED)
        case "MAIL" | "RCPT":
            if fault == "mixed codes":  # a refusal that goes on as 550 has one code after all
                return {"SMTP-STARTTLS-WORKS": PASSES, "RELAY-MATRIX": ("pass", *UNOBSERVED)}
            return {"RELAY-MATRIX": UNOBSERVED, "SMTP-POSTMASTER": UNOBSERVED, "SMTP-STARTTLS-WORKS": PASSES}
        case "STARTTLS":
            return {"SMTP-STARTTLS-WORKS": AMISS, "CERT-DATES": AMISS}
        case "EHLO":
            return {"SMTP-STARTTLS-OFFERED": AMISS, "RELAY-MATRIX": (*AMISS, "pass")}
    return {"CERT-DATES": ("pass", "inconclusive")}


def _replies() -> Iterator[Behaviour]:
    """Wrong codes, text and order."""
    greeting = {
        "no-code": ("hello\r\n", "no reply code"),
        "code-99": ("99 no\r\n", "a code of two digits"),
        "code-199": ("199 no\r\n", "a code below the range"),
        "code-600": ("600 no\r\n", "a code just above the range"),
        "code-999": ("999 no\r\n", "a code above the range"),
        "code-2200": ("2200 no\r\n", "a code of four digits"),
        "code-minus": ("-220 no\r\n", "a negative code"),
        "code-arabic": ("\xd9\xa2\xd9\xa2\xd9\xa0 no\r\n", "a code of digits that are not ASCII"),
        "empty-lines": ("\r\n\r\n\r\n", "empty lines"),
        "only-cr": ("220 mx\r220 mx\r", "lines that end with CR alone"),
        "no-end": ("220 mx ESMTP", "a line that does not end"),
        "http": ("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "another protocol"),
        "tls-at-once": ("\x16\x03\x01\x00\x02\x02\x28", "TLS in place of a greeting"),
        "octets": ("".join(map(chr, range(256))), "all 256 octets"),
        "continued": ("220-mx\r\n220-mx\r\n", "a reply that is not ended"),
        "two-codes": ("220-mx\r\n554 no\r\n", "a reply with two codes"),
    }
    for name, (raw, does) in greeting.items():
        yield Behaviour(name, does, {"SMTP-GREET-220": UNOBSERVED}, smtp={"greeting_raw": raw})
    yield Behaviour("lf", "a line that ends with LF alone", {"SMTP-GREET-220": ("pass", "fail")},
                    smtp={"greeting_raw": "220 mx.lf.example ESMTP\n"})  # fmt: skip
    yield Behaviour("greeting-nasty", "controls and markup in the greeting", {"SMTP-GREET-220": PASSES},
                    smtp={"greeting_raw": f"220 mx.greeting-nasty.example {NASTY}\r\n"})  # fmt: skip
    yield Behaviour("greeting-354", "a greeting that asks for more", {"SMTP-GREET-220": AMISS},
                    smtp={"greeting_raw": "354 go on\r\n"})  # fmt: skip
    yield Behaviour("refuses", "a greeting that refuses", {"SMTP-GREET-220": FAILS, "RELAY-MATRIX": UNOBSERVED},
                    smtp={"greeting_code": 554})  # fmt: skip
    yield Behaviour("ehlo-nasty", "controls and markup in EHLO keywords", {"SMTP-STARTTLS-WORKS": PASSES},
                    smtp={"keywords": [f"X{NASTY}", "SIZE 99999999999999999999", "AUTH <script>"]})  # fmt: skip
    advance = "220 mx ESMTP\r\n" + "250 yes\r\n" * 30
    yield Behaviour("replies-in-advance", "250 before every command", {"SMTP-NO-OPEN-RELAY": ("fail", *UNOBSERVED)},
                    smtp={"greeting_raw": advance})  # fmt: skip
    for verb, reply in (("EHLO", "354 more"), ("MAIL", "354 more"), ("RCPT", "354 more"), ("EHLO", "250"),
                        ("STARTTLS", "250 fine"), ("MAIL", "999 x"), ("RCPT", "199 x"), ("QUIT", "abc")):  # fmt: skip
        expected = {"RELAY-MATRIX": UNOBSERVED} if reply[:3] in ("999", "199") and verb in ("MAIL", "RCPT") else {}
        name = f"{verb.lower()}-{reply.split()[0]}"
        yield Behaviour(name, f"says {reply!r} to {verb}", expected, smtp={"replies": {verb: reply}})
    yield Behaviour("greylists", "greylists every recipient", {"SMTP-POSTMASTER": (*UNOBSERVED, "pass")},
                    smtp={"unknown_recipients": "greylisted"})  # fmt: skip


def _tls() -> Iterator[Behaviour]:
    for mode, does in {
        "plaintext": "says 220 to STARTTLS and goes on in clear",
        "broken": "says 220 to STARTTLS and closes",
        "alert": "refuses the handshake",
        "broken certificate": "sends a certificate that is no DER",
        "endless certificates": "sends certificates without end",
    }.items():
        name = mode.replace(" ", "-")
        yield Behaviour(name, does, {"SMTP-STARTTLS-WORKS": FAILS, "SMTP-GREET-220": PASSES}, smtp={"starttls": mode})
    yield Behaviour("stalls", "stalls the handshake", {"SMTP-STARTTLS-WORKS": UNOBSERVED}, smtp={"starttls": "stalls"})
    certificates: dict[str, tuple[dict[str, Any], str, dict[str, tuple[str, ...]]]] = {
        "names-10000": ({"more_names": 10_000}, "a certificate with 10,000 names", {}),
        "names-2000": ({"more_names": 2000}, "a certificate with 2,000 names", {"CERT-NAME": PASSES}),
        "chain-100": ({"more_certificates": 100}, "a chain of 100 certificates", {"CERT-TRUST": PASSES}),
        "chain-400": ({"more_certificates": 400}, "a chain of more than 100 KB", {}),
        "name-nul": ({"flaw": "NUL in name"}, "a NUL in a name", {"CERT-NAME": ("pass", *UNOBSERVED)}),
        "name-escapes": (
            {"flaw": "escapes in name"},
            "escape sequences in a name",
            {"CERT-NAME": ("pass", *UNOBSERVED)},
        ),
        "year-1": ({"flaw": "year 1"}, "an end in the year 1", {"CERT-DATES": AMISS}),
        "year-9999": ({"flaw": "year 9999"}, "an end in the year 9999", {"CERT-DATES": ("pass", *UNOBSERVED)}),
        "dates-reversed": ({"flaw": "dates reversed"}, "an end before the beginning", {"CERT-DATES": AMISS}),
        "negative-serial": ({"flaw": "negative serial"}, "a negative serial number", {}),
        "not-a-ca": ({"issuer": "not-a-ca"}, "an issuer that is no CA", {"CERT-TRUST": FAILS}),
    }
    for name, (spec, does, expected) in certificates.items():
        yield Behaviour(name, does, {"SMTP-GREET-220": PASSES, **expected}, smtp={"certificate": spec})


def _resolvers() -> Iterator[Behaviour]:
    for fault in (
        *("SERVFAIL", "REFUSED", "silence", "close", "garbage", "wrong id", "wrong question", "truncation everywhere"),
        *("compression loop", "header only", "truncation without TCP", "stalled"),
    ):
        name = f"dns-{fault.lower().replace(' ', '-')}"
        expected = dict.fromkeys(("MX-EXISTS", "SPF-EXISTS"), UNOBSERVED)
        yield Behaviour(name, f"answers with {fault}", expected, resolver=fault)
    yield Behaviour("dns-other-names", "answers for other names", {"MX-EXISTS": AMISS, "SPF-EXISTS": AMISS},
                    resolver="other names")  # fmt: skip
    yield Behaviour("dns-flood", "answers with thousands of addresses", {"SPF-EXISTS": AMISS}, resolver="flood")


def _policies() -> Iterator[Behaviour]:
    for fault in (
        *("gzip bomb", "endless body", "endless chunks", "lying length", "endless headers", "endless header"),
        *("drip", "silence", "close", "garbage", "alert", "hang up"),
    ):
        yield Behaviour(f"policy-{fault.replace(' ', '-')}", f"a policy host with {fault}", {"STS-FETCH": AMISS},
                        site={"fault": fault})  # fmt: skip
    location = "https://mta-sts.policy-loop.example/.well-known/mta-sts.txt"
    for name, where in (
        ("policy-loop", location),
        ("policy-elsewhere", "http://127.0.0.1:1/"),
        ("policy-odd", "https:["),
    ):
        yield Behaviour(name, f"a redirect to {where}", {"STS-FETCH": FAILS},
                        site={"status": 301, "headers": {"Location": where}})  # fmt: skip
    yield Behaviour("policy-type", "a policy of another type", {"STS-FETCH": PASSES, "STS-BODY": FAILS},
                    site={"content_type": "text/html"})  # fmt: skip
    yield Behaviour(
        "policy-nasty",
        "controls and markup in the policy",
        {"STS-FETCH": PASSES, "STS-BODY": FAILS},
        site={"body": f"version: STSv1\n{NASTY}\nmode: none\n", "headers": {"X-Odd": "\x9b31m<script>"}},
    )
    yield Behaviour("policy-blanks", "60,000 blanks in the policy", {"STS-FETCH": UNOBSERVED, "STS-BODY": UNOBSERVED},
                    site={"body": "version: STSv1\nmode: a" + " " * 60_000 + "b\x00\n"})  # fmt: skip


def _zones() -> Iterator[Behaviour]:
    def zone(name: str, does: str, expected: Mapping[str, tuple[str, ...]], *lines: str) -> Behaviour:
        return Behaviour(name, does, expected, zone=lines)

    def txt(text: str) -> str:
        return " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))

    nasty = "".join(f"\\{octet:03}" if octet in b'"\\;(){}' or not 32 <= octet < 127 else chr(octet)
                    for octet in NASTY.encode("latin-1"))  # fmt: skip
    yield zone("many", "300 MX records", {"MX-EXISTS": PASSES}, *(f"@@ MX {n} mx{n}.many" for n in range(300)))
    yield zone(
        "thousands", "3,000 MX records", {"MX-EXISTS": AMISS}, *(f"@@ MX {n} m{n}.thousands" for n in range(3000))
    )
    yield zone("private", "an MX at private addresses", {"MX-PUBLIC-ADDR": FAILS}, "@@ MX 10 mx.private",
               "mx.private A 127.0.0.1", "mx.private A 10.0.0.1", "mx.private AAAA ::ffff:10.0.0.1")  # fmt: skip
    yield zone("loop", "a loop of aliases", {"MX-EXISTS": AMISS}, "@@ CNAME pool", "pool CNAME loop")
    yield zone("chain", "30 aliases in a row", {"SPF-EXISTS": AMISS}, "@@ CNAME c1",
               *(f"c{n} CNAME c{n + 1}" for n in range(1, 30)), 'c30 TXT "v=spf1 -all"')  # fmt: skip
    yield zone("bomb", "SPF includes that double", {"SPF-LOOKUPS-10": FAILS},
               '@@ TXT "v=spf1 include:bomb1.example include:bomb2.example -all"',
               *(f'bomb{n} TXT "v=spf1 include:bomb{n + 1}.example include:bomb{n + 2}.example -all"'
                 for n in range(1, 40)))  # fmt: skip
    yield zone("self", "an SPF record that includes itself", {"SPF-INCLUDE-VALID": FAILS},
               '@@ TXT "v=spf1 include:self.example -all"')  # fmt: skip
    yield zone("ring", "an SPF ring", {"SPF-INCLUDE-VALID": FAILS},
               '@@ TXT "v=spf1 redirect=ring2.example"', 'ring2 TXT "v=spf1 redirect=ring.example"')  # fmt: skip
    yield zone(
        "macros",
        "SPF macros that grow",
        {"SPF-EXISTS": PASSES},
        "@@ TXT " + txt("v=spf1 exists:" + "%{d}" * 5000 + ".example a:%{d9999999999r}.example -all"),
    )
    yield zone("terms", "an SPF record of 8,000 terms", {"SPF-LOOKUPS-10": FAILS},
               "@@ TXT " + txt("v=spf1" + " a:x.example" * 4000 + " ip4:11.0.0.1" * 1000))  # fmt: skip
    yield zone("long", "50 KB of TXT", {"SPF-EXISTS": ("fail", "advice")}, "@@ TXT " + txt("x" * 50_000))
    yield zone("largest", "a TXT record of 64 KB", {"SPF-SYNTAX": AMISS}, "@@ TXT " + txt("v=spf1 " + "x" * 64_000))
    yield zone("texts", "500 TXT records", {"SPF-EXISTS": FAILS},
               *(f'@@ TXT "v=spf1 ip4:11.1.{n // 250}.{n % 250} -all"'
               for n in range(500)))  # fmt: skip
    yield zone("txt-nasty", "controls and markup in TXT", {"SPF-EXISTS": PASSES}, f'@@ TXT "v=spf1 {nasty} -all"',
               f'_dmarc.@@ TXT "v=DMARC1; p={nasty}; rua=mailto:{nasty}"')  # fmt: skip
    yield zone("dmarc-blanks", "60,000 blanks in DMARC", {"DMARC-SYNTAX": FAILS},
               "_dmarc.@@ TXT " + txt("v=DMARC1; p=none" + " " * 60_000 + "x"))  # fmt: skip
    yield zone("ns-silent", "name servers that nobody runs", {"SPF-EXISTS": AMISS}, '@@ TXT "v=spf2"')
    yield zone(".".join("abcdefghij" * 10) + ".deep", "100 labels below a domain", {"MX-EXISTS": AMISS},
               'deep TXT "nothing"')  # fmt: skip


BEHAVIOURS = (*_at_each_phase(), *_replies(), *_tls(), *_resolvers(), *_policies(), *_zones())
