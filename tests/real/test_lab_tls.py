"""The mail servers of the laboratory show the certificates and take the versions that its plan says."""

from __future__ import annotations

import re
import sys

import pytest

from tests.real.asking import EHLO, SPEAKS_TLS, label, s_client, short
from tests.real.domains import Domain
from tests.real.lab import Lab, plan
from tests.real.shown import Chain

VERIFIED = {
    Chain.RIGHT: "0 (ok)",
    Chain.ROTATING: "0 (ok)",
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
}
"""What OpenSSL makes of chains whose fault lies in the path. What is wrong in the others, it does not look at."""


class TestTLS:
    @pytest.mark.parametrize(
        "domain",
        [domain for domain in SPEAKS_TLS if domain.server and domain.server.chain in VERIFIED],
        ids=label,
    )
    def test_certificate_chains(self, lab: Lab, domain: Domain) -> None:
        assert domain.server is not None
        expected = VERIFIED[domain.server.chain]
        weak = ("-auth_level", "0") if domain.server.rsa_bits == 1024 else ()
        shown = s_client(lab, domain, *weak)
        assert f"Verify return code: {expected}" in shown

    @pytest.mark.parametrize("name", ["right", "right-exim", "expired-chain", "self-signed"])
    def test_tlsa_record_matches(self, lab: Lab, name: str) -> None:
        domain = plan.by_label(name)
        records: list[str] = []
        for published in short(lab, f"_25._tcp.{domain.host}", "TLSA"):
            usage, selector, matching, *digest = published.split()
            records += ("-dane_tlsa_rrdata", f"{usage} {selector} {matching} {''.join(digest)}")
        shown = s_client(lab, domain, "-dane_tlsa_domain", domain.host, *records)
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
