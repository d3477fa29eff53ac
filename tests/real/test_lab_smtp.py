"""The mail servers of the laboratory say what its plan says: one fault for each domain, and nothing else wrong."""

from __future__ import annotations

import re
import sys

import pytest

from tests.real import domains
from tests.real.asking import EHLO, HALVES, LISTENING, NO_SERVICE, NOT_IN_CLEAR, replies, short
from tests.real.domains import Domain
from tests.real.lab import Lab, plan

RELAYS = "relays"
POSTMASTER_REFUSED = "postmaster refused"
NULL_SENDER_REFUSED = "null sender refused"
USER_REFUSED = "existing recipient refused"
UNKNOWN_ACCEPTED = "unknown recipient accepted"
NO_STARTTLS = "no STARTTLS"
AUTH_IN_CLEAR = "AUTH before STARTTLS"
OTHER_NAME = "greets with another name"
VRFY = "VRFY tells who does not exist"

EXPECTED = {
    "open-relay-postfix": {RELAYS},
    "open-relay-exim": {RELAYS},
    "open-relay-opensmtpd": {RELAYS, NO_STARTTLS},
    "open-relay-haproxy": {RELAYS},
    "no-starttls-opensmtpd": {NO_STARTTLS},
    "auth-before-starttls-postfix": {AUTH_IN_CLEAR},
    "auth-before-starttls-exim": {AUTH_IN_CLEAR},
    "exercise-opensmtpd": {NO_STARTTLS},
    "no-starttls-postfix": {NO_STARTTLS},
    "no-starttls-exim": {NO_STARTTLS},
    "no-starttls-sendmail": {NO_STARTTLS},
    "postmaster-refused-postfix": {POSTMASTER_REFUSED},
    "null-sender-refused-postfix": {NULL_SENDER_REFUSED},
    "backup-accepts-unknown": {UNKNOWN_ACCEPTED},
    "helo-mismatch": {OTHER_NAME},
    "banner-of-another": {OTHER_NAME},
    "ntlm-inside-postfix": {OTHER_NAME},
    "vrfy-postfix": {VRFY},
    "vrfy-sendmail": {VRFY},
    "domain-not-served-exim": {POSTMASTER_REFUSED, NULL_SENDER_REFUSED, USER_REFUSED},
}


def faults_seen(domain: Domain, lines: list[str]) -> set[str]:
    """What is wrong in the dialogue of ``test_smtp_faults_are_those_of_the_plan``."""
    keywords = {line[7:].split()[0] for line in lines if line.startswith(("S: 250-", "S: 250 ")) and line[7:].strip()}
    greeting, _ehlo, null, bounce, _rset, _mail, postmaster, user, foreign, unknown, _rset, vrfy, _quit = replies(lines)
    signs = {
        RELAYS: foreign.startswith("250"),
        POSTMASTER_REFUSED: not postmaster.startswith("250"),
        NULL_SENDER_REFUSED: not (null.startswith("250") and bounce.startswith("250")),
        USER_REFUSED: not user.startswith("250"),
        UNKNOWN_ACCEPTED: unknown.startswith("250"),
        NO_STARTTLS: "STARTTLS" not in keywords,
        AUTH_IN_CLEAR: "AUTH" in keywords,
        OTHER_NAME: greeting.split()[1] != domain.host,
        VRFY: vrfy.startswith("550"),
    }
    return {sign for sign, seen in signs.items() if seen}


class TestSMTP:
    @pytest.mark.parametrize(
        ("domain", "address"),
        [
            (d, address)
            for d in LISTENING
            if d.label not in (*NO_SERVICE, *HALVES, *NOT_IN_CLEAR)
            for address in plan.listeners(d)
        ],
        ids=lambda value: value.label if isinstance(value, Domain) else value,
    )
    def test_smtp_faults_are_those_of_the_plan(self, lab: Lab, domain: Domain, address: str) -> None:
        lines = lab.talk(
            address,
            EHLO,
            "MAIL FROM:<>",
            f"RCPT TO:<user@{domain.name}>",
            "RSET",
            "MAIL FROM:<postmaster@client.test>",
            f"RCPT TO:<postmaster@{domain.name}>",
            f"RCPT TO:<user@{domain.name}>",
            "RCPT TO:<nobody@example.com>",
            f"RCPT TO:<no-such-mailbox@{domain.name}>",
            "RSET",
            f"VRFY no-such-mailbox@{domain.name}",
            "QUIT",
        )
        expected = EXPECTED.get(domain.label, set())
        if domain.label == "open-relay-ipv6" and ":" in address:
            expected = {RELAYS}
        assert faults_seen(domain, lines) == expected, "\n".join(lines)

    def test_ipv6_without_a_listener(self, lab: Lab) -> None:
        address = plan.address6(plan.by_label("ipv6-refused"))
        assert address is not None
        assert short(lab, "mx.ipv6-refused.test", "AAAA") == [address]
        assert "refused" in lab.talk(address, EHLO)[-1]

    def test_busy(self, lab: Lab) -> None:
        lines = lab.talk(plan.address(plan.by_label("busy")), EHLO)
        assert [line for line in lines if line.startswith("S: 421 4.3.2")] == lines[:1]

    @pytest.mark.parametrize(
        ("name", "greeting"),
        [
            ("no-service-exim", "554 No SMTP service here"),
            ("client-blocked-postfix", "554 5.7.1 <prober.client.test"),
        ],
    )
    def test_refused_service(self, lab: Lab, name: str, greeting: str) -> None:
        assert lab.talk(plan.address(plan.by_label(name)), EHLO)[0].startswith(f"S: {greeting}")

    def test_refused_name(self, lab: Lab) -> None:
        lines = lab.talk(plan.address(plan.by_label("helo-refused-postfix")), EHLO, "QUIT")
        assert replies(lines)[1].startswith("554 5.7.1 <prober.client.test>: Helo command rejected")

    def test_refused_helo(self, lab: Lab) -> None:
        lines = lab.talk(plan.address(plan.by_label("no-helo-exim")), "HELO prober.client.test", EHLO, "QUIT")
        assert [line[:3] for line in replies(lines)] == ["220", "502", "250", "221"]

    def test_broken_starttls(self, lab: Lab) -> None:
        lines = lab.talk(plan.address(plan.by_label("broken-starttls-exim")), EHLO, "STARTTLS", "QUIT")
        assert replies(lines)[2].startswith("454")

    @pytest.mark.parametrize("name", ["right", "right-exim", "ssl3"])
    def test_bare_postmaster(self, lab: Lab, name: str) -> None:
        lines = lab.talk(plan.address(plan.by_label(name)), EHLO, "MAIL FROM:<>", "RCPT TO:<Postmaster>", "QUIT")
        assert replies(lines)[3].startswith("250")

    def test_shared_host_serves_the_shared_domains(self, lab: Lab) -> None:
        recipients = [f"RCPT TO:<postmaster@{domain.name}>" for domain in plan.shared()]
        lines = replies(lab.talk("11.0.25.10", EHLO, "MAIL FROM:<>", *recipients, "QUIT"))
        assert [line[:3] for line in lines[3:-1]] == ["250"] * len(recipients)

    def test_primary_of_the_backup_refuses_unknown_recipients(self, lab: Lab) -> None:
        lines = lab.talk(
            plan.address(plan.by_label("right-exim")),
            EHLO,
            "MAIL FROM:<>",
            "RCPT TO:<no-such-mailbox@backup-accepts-unknown.test>",
            "RCPT TO:<postmaster@backup-accepts-unknown.test>",
            "QUIT",
        )
        assert [line[:3] for line in replies(lines)[3:5]] == ["550", "250"]

    def test_greylisting(self, lab: Lab) -> None:
        address = plan.address(plan.by_label("greylisting"))
        lines = replies(lab.talk(address, EHLO, "MAIL FROM:<>", "RCPT TO:<postmaster@greylisting.test>", "QUIT"))
        assert lines[3].startswith("450 4.7.1")

    @pytest.mark.parametrize(
        ("name", "tolerated"),
        [
            ("right", False),
            ("right-exim", False),
            ("early-talk-postfix", True),
            ("early-talk-exim", True),
        ],
    )
    def test_early_talk(self, lab: Lab, name: str, tolerated: bool) -> None:
        lines = lab.talk(plan.address(plan.by_label(name)), EHLO, "QUIT", early=True)
        accepted = any(line.startswith("250") for line in replies(lines))
        assert accepted is tolerated, "\n".join(lines)

    def test_bare_newline_ends_data_only_where_planned(self, lab: Lab) -> None:
        ended = {
            name: bool(re.search(r"^250 2\.0\.0", smuggle(lab, name), re.MULTILINE))
            for name in ("right", "bare-newline-postfix")
        }
        assert ended == {"right": False, "bare-newline-postfix": True}

    def test_a_dialogue_with_three_errors_is_ended(self, lab: Lab) -> None:
        address = plan.address(plan.by_label("chasquid"))
        unknown = [f"RCPT TO:<no-such-mailbox-{number}@chasquid.test>" for number in range(4)]
        said = replies(lab.talk(address, EHLO, "MAIL FROM:<postmaster@client.test>", *unknown))
        assert any(reply.startswith("421 4.5.0 Too many errors") for reply in said)

    @pytest.mark.parametrize(
        ("name", "command", "reply"),
        [
            ("relay-inside-tls-postfix", "RCPT TO:<nobody@example.com>", "550 5.7.1 Session encryption is required"),
            ("tls-demanded-postfix", "RCPT TO:<nobody@example.com>", "530 5.7.0 Must issue a STARTTLS command first"),
            ("client-certificate-postfix", "RCPT TO:<x@example.com>", "530 5.7.0 Must issue a STARTTLS command first"),
        ],
    )
    def test_what_is_refused_in_clear(self, lab: Lab, name: str, command: str, reply: str) -> None:
        lines = lab.talk(plan.address(plan.by_label(name)), EHLO, "MAIL FROM:<postmaster@client.test>", command, "QUIT")
        assert any(reply in line for line in replies(lines)), lines

    def test_refused_port(self, lab: Lab) -> None:
        assert "refused" in lab.talk(plan.address(plan.by_label("refused")), EHLO)[-1]

    def test_silent_port(self, lab: Lab) -> None:
        script = f"import socket; socket.create_connection(('{domains.SILENT_ADDRESS}', 25), 1.5)"
        assert "TimeoutError" in lab.run([sys.executable, "-c", script]).stderr


def smuggle(lab: Lab, name: str) -> str:
    """What the server says when DATA ends with LF . LF and nothing follows for a second."""
    script = f"""
import socket
s = socket.create_connection(("{plan.address(plan.by_label(name))}", 25), 300)
def reply():
    data = s.recv(4096)
    return data.decode()
reply()
for line in ("{EHLO}", "MAIL FROM:<postmaster@client.test>", "RCPT TO:<user@{name}.test>", "DATA"):
    s.sendall(line.encode() + b"\\r\\n")
    reply()
s.sendall(b"Subject: x\\r\\n\\r\\nbody\\n.\\n")
s.settimeout(1)
try:
    print(reply())
except TimeoutError:
    print("still in DATA")
"""
    return lab.run([sys.executable, "-c", script]).stdout
