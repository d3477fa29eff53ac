"""The mail stores and the policy host of the laboratory are as its plan says."""

from __future__ import annotations

import re
import sys

import pytest

from tests.real import domains
from tests.real.asking import EHLO
from tests.real.domains import Domain
from tests.real.lab import Lab, plan
from tests.real.shown import Chain

STORE_PORTS = [(domain, port) for domain in plan.stores() for port in domains.LISTENING[domain.software]]


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
        protocol = {143: "imap", 110: "pop3", 587: "smtp", 4190: "sieve", 24: "lmtp"}.get(port)
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
