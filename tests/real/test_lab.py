"""The laboratory does what its plan says: one fault for each domain, and nothing else wrong.

Judged from the client's namespace with dig, openssl, gnutls-cli and bare dialogues, never with mailproof.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import domains
from tests.real.domains import Chain, Domain
from tests.real.lab import Lab, LabError, namespaces, plan
from tests.real.lab.namespaces import NETNS_ETC, Namespaces, remove_leftovers

EHLO = "EHLO prober.client.test"
LISTENING = [d for d in plan.DOMAINS if plan.listeners(d)]
NO_SERVICE = ("greylisting", "busy", "no-service-exim", "client-blocked-postfix", "helo-refused-postfix")
OLD_TLS = ("old-ciphers", "ssl3", "tls11-only")
NO_HANDSHAKE = ("broken-starttls-exim", "starttls-fails-opensmtpd")
NOT_IN_CLEAR = ("chasquid", "relay-inside-tls-postfix", "tls-demanded-postfix", "client-certificate-postfix")
"""Servers that say something else in clear than inside TLS, or that end a dialogue with several errors."""
HALVES = ("haproxy-expired-half", "haproxy-no-starttls-half")
"""What they do depends on the server behind them that is met."""
SPEAKS_TLS = [
    d
    for d in LISTENING
    if d.server and d.server.chain is not Chain.NONE and d.label not in (*OLD_TLS, *NO_SERVICE, *NO_HANDSHAKE, *HALVES)
]

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
    "no-starttls-postfix": {NO_STARTTLS},
    "no-starttls-exim": {NO_STARTTLS},
    "postmaster-refused-postfix": {POSTMASTER_REFUSED},
    "null-sender-refused-postfix": {NULL_SENDER_REFUSED},
    "backup-accepts-unknown": {UNKNOWN_ACCEPTED},
    "helo-mismatch": {OTHER_NAME},
    "banner-of-another": {OTHER_NAME},
    "vrfy-postfix": {VRFY},
}


def label(domain: Domain) -> str:
    return domain.label


def dig(lab: Lab, *arguments: str) -> str:
    return lab.run(["dig", "+time=3", "+tries=2", *arguments]).stdout


def short(lab: Lab, *arguments: str) -> list[str]:
    return dig(lab, "+short", *arguments).splitlines()


def flags(answer: str) -> list[str]:
    found = re.search(r"flags: ([a-z ]*);", answer)
    return found[1].split() if found else []


def status(answer: str) -> str:
    found = re.search(r"status: ([A-Z]+)", answer)
    return found[1] if found else "none"


def replies(lines: list[str]) -> list[str]:
    """The last line of each reply."""
    return [line[3:] for line in lines if line.startswith("S: ") and line[6:7] != "-"]


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


class TestNames:
    def test_right_validates(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "right.test", "MX")
        assert status(answer) == "NOERROR"
        assert "ad" in flags(answer)

    def test_denial_validates(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "nowhere.right.test", "A")
        assert status(answer) == "NXDOMAIN"
        assert "ad" in flags(answer)

    def test_unsigned_delegation_is_insecure(self, lab: Lab) -> None:
        answer = dig(lab, "+dnssec", "unsigned.test", "MX")
        assert status(answer) == "NOERROR"
        assert "ad" not in flags(answer)

    @pytest.mark.parametrize("name", ["bogus.test", "expired-signatures.test"])
    def test_broken_chains_of_trust_fail(self, lab: Lab, name: str) -> None:
        assert status(dig(lab, name, "MX")) == "SERVFAIL"
        assert status(dig(lab, "+cd", name, "MX")) == "NOERROR"

    @pytest.mark.parametrize("domain", plan.DOMAINS, ids=label)
    def test_every_name_server_answers_as_planned(self, lab: Lab, domain: Domain) -> None:
        parent_side = dig(lab, "+norecurse", "+noall", "+authority", "@11.0.0.1", domain.name, "NS")
        assert set(re.findall(r"\sNS\s+(\S+)\.", parent_side)) == set(domain.parent_ns)
        for name in sorted({*domain.parent_ns, *domain.child_ns}):
            address = (domains.CHILDREN | plan.OTHER_NAME_SERVERS)[name][0]
            answer = dig(lab, "+norecurse", f"@{address}", domain.name, "NS")
            if name == "lame.dns.test":
                assert status(answer) == "REFUSED"
            else:
                assert "aa" in flags(answer)
                assert set(re.findall(r"\sNS\s+(\S+)\.\n", answer)) == set(domain.child_ns)

    def test_name_servers_answer_over_ipv6(self, lab: Lab) -> None:
        for _, address in (plan.PARENTS | domains.CHILDREN).values():
            assert status(dig(lab, "+norecurse", f"@{address}", "right.test", "NS")) == "NOERROR"

    def test_serials_differ(self, lab: Lab) -> None:
        serials = {short(lab, f"@{a}", "serial-mismatch.test", "SOA")[0].split()[2] for a in ("11.0.1.1", "11.0.2.1")}
        assert serials == {str(domains.SERIAL), str(domains.SERIAL - 1)}

    def test_zone_transfer(self, lab: Lab) -> None:
        assert "XFR size" in dig(lab, "@11.0.1.1", "open-transfer.test", "AXFR")
        assert "Transfer failed" in dig(lab, "@11.0.1.1", "right.test", "AXFR")

    def test_changed_records_are_published(self, lab: Lab) -> None:
        assert short(lab, "no-spf.test", "TXT") == []
        assert short(lab, "spf-all.test", "TXT") == ['"v=spf1 +all"']
        assert len(short(lab, "_dmarc.dmarc-two.test", "TXT")) == 2
        assert sorted(short(lab, "null-mx-beside-mx.test", "MX")) == ["0 .", "10 mx.right.test."]
        assert short(lab, "alias.mx-cname.test", "A") == ["mx.right.test.", "11.0.25.10"]
        assert short(lab, "mx-address.test", "MX") == ["10 11.0.25.10."]
        assert short(lab, "mx.mx-private.test", "A") == ["10.0.0.25"]
        assert status(dig(lab, "nowhere.mx-unresolvable.test", "A")) == "NXDOMAIN"

    def test_weak_dkim_key_has_512_bits(self, lab: Lab) -> None:
        record = "".join(re.findall(r'"([^"]*)"', short(lab, "sel1._domainkey.dkim-weak.test", "TXT")[0]))
        command = "base64 -d | openssl pkey -pubin -inform DER -text -noout"
        shown = lab.run(["sh", "-c", command], input=record.partition("p=")[2])
        assert "512 bit" in shown.stdout

    def test_blocklists(self, lab: Lab) -> None:
        assert short(lab, "2.0.0.127.bl.test") == ["127.0.0.2"]
        assert status(dig(lab, "1.0.0.127.bl.test")) == "NXDOMAIN"
        listed = ".".join(reversed(plan.address(plan.by_label("listed")).split(".")))
        assert short(lab, f"{listed}.bl.test") == ["127.0.0.2"]
        assert short(lab, "1.0.0.127.bl-broken.test") == ["127.0.0.2"]

    def test_system_resolver_of_the_namespace_is_the_laboratorys(self, lab: Lab) -> None:
        assert lab.run(["getent", "hosts", "prober.client.test"]).stdout.startswith((plan.CLIENT, plan.CLIENT6))


class TestReverseNames:
    @pytest.mark.parametrize("domain", [d for d in LISTENING if d.ptr is None], ids=label)
    def test_forward_confirmed(self, lab: Lab, domain: Domain) -> None:
        for address in plan.addresses(domain):
            assert short(lab, "-x", address)[-1] == f"{domain.host}."
            assert address in short(lab, domain.host, "AAAA" if ":" in address else "A")

    def test_rfc2317_delegation(self, lab: Lab) -> None:
        assert short(lab, "-x", "11.0.25.10") == ["10.8/29.25.0.11.in-addr.arpa.", "mx.right.test."]
        assert set(short(lab, "8/29.25.0.11.in-addr.arpa", "NS")) == {"ns1.dns.test.", "ns2.dns.test."}

    def test_faults(self, lab: Lab) -> None:
        unforwarded = plan.address(plan.by_label("unforwarded-ptr"))
        (name,) = short(lab, "-x", unforwarded)
        assert short(lab, name) == ["11.0.25.250"]
        assert status(dig(lab, "-x", plan.address(plan.by_label("no-ptr")))) == "NXDOMAIN"
        assert len(short(lab, "-x", plan.address(plan.by_label("two-ptr")))) == 2


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


def s_client(lab: Lab, domain: Domain, *options: str) -> str:
    """What openssl says about the server's TLS, with the laboratory's root and the mail host's name."""
    done = lab.run(
        [
            *("openssl", "s_client", "-starttls", "smtp", "-name", "prober.client.test"),
            *("-connect", f"{plan.address(domain)}:25"),
            *("-CAfile", str(lab.ca_file), "-no-CAstore", "-no-CApath"),
            *("-servername", domain.host, "-verify_hostname", domain.host, *options),
        ],
        input="QUIT\r\n",
    )
    return done.stdout + done.stderr


class TestTLS:
    @pytest.mark.parametrize(
        "domain",
        SPEAKS_TLS,
        ids=label,
    )
    def test_certificate_chains(self, lab: Lab, domain: Domain) -> None:
        assert domain.server is not None
        expected = {
            Chain.RIGHT: "0 (ok)",
            Chain.EXPIRED: "10 (certificate has expired)",
            Chain.INCOMPLETE: "21 (unable to verify the first certificate)",
            Chain.SELF_SIGNED: "18 (self-signed certificate)",
            Chain.WRONG_NAME: "62 (hostname mismatch)",
            Chain.UNKNOWN_ROOT: "19 (self-signed certificate in certificate chain)",
            Chain.PRIVATE_CA: "20 (unable to get local issuer certificate)",
            Chain.CLIENT_ONLY: "26 (unsuitable certificate purpose)",
            Chain.FORBIDDEN_NAME: "47 (permitted subtree violation)",
            Chain.UNKNOWN_CRITICAL: "34 (unhandled critical extension)",
            Chain.SPARE_EXPIRED: "0 (ok)",
        }[domain.server.chain]
        weak = ("-auth_level", "0") if domain.server.rsa_bits == 1024 else ()
        shown = s_client(lab, domain, *weak)
        assert f"Verify return code: {expected}" in shown

    @pytest.mark.parametrize("name", ["right", "right-exim", "expired-chain", "self-signed"])
    def test_tlsa_record_matches(self, lab: Lab, name: str) -> None:
        domain = plan.by_label(name)
        usage, selector, matching, *digest = short(lab, f"_25._tcp.{domain.host}", "TLSA")[0].split()
        record = f"{usage} {selector} {matching} {''.join(digest)}"
        shown = s_client(lab, domain, "-dane_tlsa_domain", domain.host, "-dane_tlsa_rrdata", record)
        assert "Verification: OK" in shown
        assert "DANE TLSA 3 1 1" in shown

    def test_tlsa_mismatch(self, lab: Lab) -> None:
        domain = plan.by_label("tlsa-mismatch")
        record = f"3 1 1 {'00' * 32}"
        shown = s_client(lab, domain, "-dane_tlsa_domain", domain.host, "-dane_tlsa_rrdata", record)
        assert "no matching DANE TLSA records" in shown

    @pytest.mark.parametrize(("name", "spoken"), [("right", False), ("right-exim", False), ("tls10-postfix", True)])
    def test_tls_1_0(self, lab: Lab, name: str, spoken: bool) -> None:
        shown = s_client(lab, plan.by_label(name), "-tls1", "-cipher", "ALL:@SECLEVEL=0")
        assert bool(re.search(r"New, .*Cipher is (?!\(NONE\))", shown)) is spoken

    @pytest.mark.parametrize("cipher", ["ARCFOUR-128", "3DES-CBC"])
    def test_old_ciphers(self, lab: Lab, cipher: str) -> None:
        domain = plan.by_label("old-ciphers")
        priority = f"NORMAL:-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+{cipher}:+RSA:+SHA1:+MD5"
        done = lab.run(
            [
                *("gnutls-cli", "--insecure", "--starttls-proto=smtp", "-p", "25", "--priority", priority),
                plan.address(domain),
            ],
            input="QUIT\r\n",
        )
        assert f"({cipher})" in done.stdout
        assert "TLS1.0" in done.stdout

    def test_old_ciphers_host_speaks_nothing_newer(self, lab: Lab) -> None:
        assert "Cipher is (NONE)" in s_client(lab, plan.by_label("old-ciphers"), "-tls1_2")

    @pytest.mark.parametrize(
        ("name", "version"), [("ssl3", "SSLV3"), ("ssl3-beside-tls12", "SSLV3"), ("ssl2", "SSLV2"), ("rc4", "TLSV1_2")]
    )
    def test_ssl_2_and_3(self, lab: Lab, name: str, version: str) -> None:
        address = plan.address(plan.by_label(name))
        ciphers = "RC4" if name == "rc4" else "ALL"
        script = f"""
import socket
from nassl.legacy_ssl_client import LegacySslClient
from nassl.ssl_client import OpenSslVersionEnum, OpenSslVerifyEnum
s = socket.create_connection(("{address}", 25), 5)
s.recv(4096)
for line in ("{EHLO}", "STARTTLS"):
    s.sendall(line.encode() + b"\\r\\n")
    s.recv(4096)
c = LegacySslClient(
    ssl_version=OpenSslVersionEnum.{version}, underlying_socket=s, ssl_verify=OpenSslVerifyEnum.NONE,
    ignore_client_authentication_requests=True,
)
c.set_cipher_list("{ciphers}")
c.do_handshake()
c.write(b"{EHLO}\\r\\n")
reply = b""
while not reply.endswith(b"\\n"):
    reply += c.read(4096)
print(reply)
"""
        done = lab.run([sys.executable, "-c", script])
        assert f"250 mx.{name}.test" in done.stdout, done.stderr

    @pytest.mark.parametrize(
        ("name", "cipher", "shown"),
        [
            ("triple-des", "3DES-CBC", "TLS1.2"),
            ("rc4", "ARCFOUR-128", "TLS1.2"),
            ("rc4", "AES-128-GCM", "TLS1.2"),
        ],
    )
    def test_one_old_cipher_beside_good_ones(self, lab: Lab, name: str, cipher: str, shown: str) -> None:
        priority = f"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+{cipher}:+SHA1"
        done = lab.run(
            [
                *("gnutls-cli", "--insecure", "--starttls-proto=smtp", "-p", "25", "--priority", priority),
                plan.address(plan.by_label(name)),
            ],
            input="QUIT\r\n",
        )
        assert f"({cipher})" in done.stdout
        assert shown in done.stdout

    @pytest.mark.parametrize("bits", [512, 1024])
    def test_weak_diffie_hellman(self, lab: Lab, bits: int) -> None:
        cipher = "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
        shown = s_client(lab, plan.by_label(f"dh-{bits}"), "-tls1_2", "-cipher", cipher)
        assert f"Server Temp Key: DH, {bits} bits" in shown or (bits == 512 and "dh key too small" in shown)

    def test_only_tls_1_1(self, lab: Lab) -> None:
        domain = plan.by_label("tls11-only")
        assert "Protocol  : TLSv1.1" in s_client(lab, domain, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        assert "Cipher is (NONE)" in s_client(lab, domain, "-tls1_2")

    def test_opensmtpd_breaks_off_every_handshake(self, lab: Lab) -> None:
        for version in ("-tls1_2", "-tls1_3"):
            assert "alert internal error" in s_client(lab, plan.by_label("starttls-fails-opensmtpd"), version)

    def test_the_balancer_takes_turns(self, lab: Lab) -> None:
        domain = plan.by_label("haproxy-expired-half")
        seen = {"certificate has expired" in s_client(lab, domain) for _ in range(2)}
        assert seen == {False, True}


STORE_PORTS = [(domain, port) for domain in plan.stores() for ports in domains.EVERY_PORT.values() for port in ports]


def store_dialogue(lab: Lab, domain: Domain, port: int, *lines: str) -> str:
    """What a mail store says to each line, in clear."""
    script = f"""
import socket
s = socket.create_connection(("{plan.store_address(domain)}", {port}), 5)
print(s.recv(4096).decode())
for line in {lines!r}:
    s.sendall(line.encode() + b"\\r\\n")
    print(s.recv(4096).decode())
"""
    return lab.run([sys.executable, "-c", script]).stdout


class TestStores:
    @pytest.mark.parametrize(
        ("domain", "port"),
        [(d, port) for d, port in STORE_PORTS if "ssl = no" not in d.cause],
        ids=lambda value: value.label if isinstance(value, Domain) else str(value),
    )
    def test_certificates(self, lab: Lab, domain: Domain, port: int) -> None:
        assert domain.store is not None
        expected = {
            Chain.RIGHT: "0 (ok)",
            Chain.EXPIRED: "10 (certificate has expired)",
            Chain.INCOMPLETE: "21 (unable to verify the first certificate)",
            Chain.WRONG_NAME: "62 (hostname mismatch)",
        }[domain.store.chain]
        protocol = {143: "imap", 110: "pop3", 587: "smtp"}.get(port)
        starttls = ("-starttls", protocol) if protocol else ()
        weak = ("-auth_level", "0") if domain.store.rsa_bits == 1024 else ()
        done = lab.run(
            [
                *("openssl", "s_client", *starttls, "-connect", f"{plan.store_address(domain)}:{port}", *weak),
                *("-CAfile", str(lab.ca_file), "-no-CAstore", "-no-CApath"),
                *("-servername", domain.store_host, "-verify_hostname", domain.store_host),
            ]
        )
        assert f"Verify return code: {expected}" in done.stdout + done.stderr

    def test_passwords_in_clear(self, lab: Lab) -> None:
        right = plan.by_label("right-dovecot")
        assert "LOGINDISABLED" in store_dialogue(lab, right, 143, "a CAPABILITY")
        assert "AUTH" not in store_dialogue(lab, right, 587, EHLO)
        assert "AUTH=PLAIN" in store_dialogue(lab, plan.by_label("imap-clear-auth"), 143, "a CAPABILITY")
        assert "250-AUTH PLAIN" in store_dialogue(lab, plan.by_label("submission-clear-auth"), 587, EHLO)

    def test_no_tls(self, lab: Lab) -> None:
        assert "STARTTLS" not in store_dialogue(lab, plan.by_label("imap-no-starttls"), 143, "a CAPABILITY")
        assert "STLS" not in store_dialogue(lab, plan.by_label("imap-no-starttls"), 110, "CAPA")
        assert "STARTTLS" not in store_dialogue(lab, plan.by_label("submission-no-starttls"), 587, EHLO)

    @pytest.mark.parametrize(("name", "spoken"), [("right-dovecot", False), ("tls10-dovecot", True)])
    def test_tls_1_0(self, lab: Lab, name: str, spoken: bool) -> None:
        where = f"{plan.store_address(plan.by_label(name))}:993"
        done = lab.run(["openssl", "s_client", "-connect", where, "-tls1", "-cipher", "ALL:@SECLEVEL=0"])
        assert bool(re.search(r"New, .*Cipher is (?!\(NONE\))", done.stdout)) is spoken


class TestPolicyHosts:
    def fetch(self, lab: Lab, name: str, *options: str) -> str:
        script = """
import http.client, socket, ssl, sys
name, ca = sys.argv[1:]
try:
    c = http.client.HTTPSConnection(name, timeout=300, context=ssl.create_default_context(cafile=ca))
    c.request("GET", "/.well-known/mta-sts.txt")
    r = c.getresponse()
    print(r.status, r.getheader("Content-Type"), r.getheader("Location"), repr(r.read().decode()))
except ssl.SSLError as error:
    print(error)
"""
        return lab.run([sys.executable, "-c", script, f"mta-sts.{name}", str(lab.ca_file)]).stdout

    def test_right(self, lab: Lab) -> None:
        policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.right.test\r\nmax_age: 604800\r\n"
        assert self.fetch(lab, "right.test").strip() == f"200 text/plain None {policy!r}"

    def test_faults(self, lab: Lab) -> None:
        assert self.fetch(lab, "mta-sts-redirect.test").startswith("302")
        assert "Hostname mismatch" in self.fetch(lab, "mta-sts-wrong-name.test")
        assert "expired" in self.fetch(lab, "mta-sts-expired.test")
        assert "mode: testing" in self.fetch(lab, "mta-sts-testing.test")
        assert "mx: mx.elsewhere.test" in self.fetch(lab, "mta-sts-mx.test")
        assert self.fetch(lab, "mta-sts-not-found.test").startswith("404")
        assert self.fetch(lab, "mta-sts-type.test").startswith("200 text/html")
        assert self.fetch(lab, "mta-sts-empty.test").strip() == "200 text/plain None ''"
        assert len(self.fetch(lab, "mta-sts-large.test")) > 65536


class TestManners:
    """The laboratory leaves nothing behind and reaches nothing outside."""

    def test_nothing_leads_out(self, lab: Lab) -> None:
        links = lab.run(["ip", "-brief", "link"]).stdout.splitlines()
        assert {line.split("@")[0].split()[0] for line in links} == {"lo", "uplink"}

    def test_description_names_every_fault(self, lab: Lab) -> None:
        table = lab.describe()
        for domain in plan.DOMAINS:
            assert domain.name in table
            assert domain.fault in table
        assert all(domain.configuration for domain in lab.domains if domain.fault)

    def test_versions_are_known(self, lab: Lab) -> None:
        assert all(re.match(r"\d", d.version) for d in lab.domains if d.software != domains.NOBODY)

    def test_leftovers_of_a_killed_run_are_removed(
        self, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = tmp_path / "mailproof-lab-killed"
        state.mkdir()
        # Locks of its own, so that no other run takes the leftover away first.
        monkeypatch.setattr(namespaces, "RUN_DIRECTORY", tmp_path / "locks")
        script = """
import os, subprocess, sys
from pathlib import Path
from tests.real.lab import namespaces
namespaces.RUN_DIRECTORY = Path(sys.argv[2])
made = namespaces.Namespaces(Path(sys.argv[1]))
made.create(["11.0.0.1"], {"client": {"resolv.conf": ""}})
command = ["ip", "netns", "exec", made.client, "sleep", "60"]
daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL)
print(made.token, daemon.pid, flush=True)
os._exit(1)
"""
        made = subprocess.run(
            [sys.executable, "-c", script, str(state), str(tmp_path / "locks")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=600,
            check=False,
        )
        token, pid = made.stdout.split()
        assert remove_leftovers() == [token]
        assert not (Path("/run/netns") / f"mailproof-{token}-client").exists()
        assert not (NETNS_ETC / f"mailproof-{token}-client").exists()
        assert not list((tmp_path / "locks").iterdir())
        assert not state.exists()
        assert not is_running(int(pid))
        assert (Path("/run/netns") / lab.client).exists()

    def test_failed_start_leaves_nothing(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Path] = []

        def fail(self: Lab) -> None:
            seen.extend((self.directory, Path("/run/netns") / self.client, NETNS_ETC / self.client))
            assert all(path.exists() for path in seen)
            raise LabError("on purpose")

        monkeypatch.setattr(Lab, "_wait", fail)
        with pytest.raises(LabError, match="on purpose"):
            Lab().start()
        assert len(seen) == 3
        assert not any(path.exists() for path in seen)

    def test_removing_twice_is_harmless(self, lab: Lab, tmp_path: Path) -> None:
        pair = Namespaces(tmp_path)
        pair.create([], {})
        pair.remove()
        pair.remove()


def is_running(pid: int) -> bool:
    """Whether the process exists and is not merely waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
