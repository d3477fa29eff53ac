"""TLS servers of several libraries on this machine, each told exactly what to take, and what that must look like."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailproof.fixtures.authority import Issued
from mailproof.net.tls.versions import TLSVersion
from tests.ports import free_port

PATIENCE = 10.0


@dataclass(frozen=True)
class TLSServer:
    """A server, and what ``ask_offers`` must say of it in full depth. ``usual`` are its connections in the usual depth.

    ``command`` gets the port and a directory to write into.
    """

    name: str
    command: Callable[[int, Path, Issued], list[str]]
    versions: tuple[TLSVersion, ...]
    usual: int
    full: int
    found: Mapping[str, Any] = field(default_factory=dict)
    """Fields of ``Offers`` in full depth."""
    suites: Mapping[TLSVersion, tuple[tuple[str, ...], bool]] = field(default_factory=dict)
    """By version, with whether the order is the server's."""
    key: str = "rsa2048"


_TLS12, _TLS13 = TLSVersion.TLS1_2, TLSVersion.TLS1_3


def openssl(*options: str) -> Callable[[int, Path, Issued], list[str]]:
    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        return [
            *("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet"),
            *("-cert", str(issued.chain_file), "-key", str(issued.key_file), *options),
        ]

    return command


def openssl_with_two_keys(*options: str) -> Callable[[int, Path, Issued], list[str]]:
    """OpenSSL with a key of ECDSA beside that of RSA."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        key, certificate = str(directory / "ec.key"), str(directory / "ec.pem")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=mx.example"]
        made = ["openssl", "req", "-x509", *curve, "-keyout", key, "-out", certificate]
        subprocess.run(made, check=True, capture_output=True)
        return openssl("-dcert", certificate, "-dkey", key, *options)(port, directory, issued)

    return command


def openssl_with_dh(group: str) -> Callable[[int, Path, Issued], list[str]]:
    """OpenSSL with DHE over this group, and nothing else."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        parameters = directory / "dh.pem"
        made = ["-algorithm", "DH", "-pkeyopt", f"group:{group}", "-out", str(parameters)]
        subprocess.run(["openssl", "genpkey", "-genparam", *made], check=True, capture_output=True)
        suite = ["-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=1", "-no_tls1_3", "-dhparam", str(parameters)]
        return openssl(*suite)(port, directory, issued)

    return command


def gnutls(priority: str) -> Callable[[int, Path, Issued], list[str]]:
    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        files = [f"--x509certfile={issued.chain_file}", f"--x509keyfile={issued.key_file}"]
        return ["gnutls-serv", f"--port={port}", "--quiet", "--echo", f"--priority={priority}", *files]

    return command


def nginx(*more: str, others: str = "") -> Callable[[int, Path, Issued], list[str]]:
    """nginx with two suites and two groups in an order of its own, and ``more`` directives.

    ``others`` is what it does with a client that names another server, or none.
    """

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        configuration = directory / "nginx.conf"
        configuration.write_text(f"""
daemon off; pid {directory}/pid; error_log stderr; worker_processes 1; user root;
events {{}}
http {{
  access_log off; client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  server {{
    listen 127.0.0.1:{port} ssl; return 200 ok;
    ssl_certificate {issued.chain_file}; ssl_certificate_key {issued.key_file};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
    ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384; ssl_ecdh_curve secp384r1:X25519;
    {" ".join(more)}
  }}
  {f"server {{ listen 127.0.0.1:{port} ssl default_server; {others} }}" if others else ""}
}}
""")
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-e", "stderr", "-c", str(configuration)]

    return command


_SERVE_OPENSSL_OF_CRYPTOGRAPHY = """
import socket, sys
from contextlib import closing, suppress
from OpenSSL import SSL
context = SSL.Context(SSL.TLS_SERVER_METHOD)
context.use_certificate_chain_file(sys.argv[2])
context.use_privatekey_file(sys.argv[3])
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    while True:
        with closing(listening.accept()[0]) as connection, suppress(SSL.Error):
            served = SSL.Connection(context, connection)
            served.set_accept_state()
            served.do_handshake()
"""


def serve_openssl_of_cryptography(port: int, directory: Path, issued: Issued) -> list[str]:
    script = _SERVE_OPENSSL_OF_CRYPTOGRAPHY
    return [sys.executable, "-c", script, str(port), str(issued.chain_file), str(issued.key_file)]


_PSS_AND_PKCS1 = ("rsa_pss_rsae_sha256", "rsa_pkcs1_sha256")
_RSAE = ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512")

_BY_TWO_KEYS = (
    *("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA"),
)
_BY_ECDSA_FIRST = (
    *("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"),
    *("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA"),
)


def _with_two_keys(suites: tuple[str, ...], schemes: tuple[str, ...], full: int) -> TLSServer:
    """One whose key of ECDSA has one scheme, and whose groups are more than its first suites."""
    cipher = ("-cipher", ":".join(suites), "-sigalgs", "ECDSA+SHA256:RSA+SHA256:RSA+SHA512")
    return TLSServer(
        f"OpenSSL with two keys, {suites[0]} first",
        openssl_with_two_keys("-serverpref", "-tls1_2", "-groups", "X25519:P-256:P-384:P-521", *cipher),
        (_TLS12,),
        12,
        full,
        {"curves": ("x25519", "secp256r1", "secp384r1", "secp521r1"), "schemes_12": schemes},
        {_TLS12: (suites, True)},
    )


SERVERS = (
    _with_two_keys(_BY_TWO_KEYS, ("rsa_pkcs1_sha256", "rsa_pkcs1_sha512", "ecdsa_secp256r1_sha256"), 40),
    _with_two_keys(_BY_ECDSA_FIRST, ("ecdsa_secp256r1_sha256", "rsa_pkcs1_sha256", "rsa_pkcs1_sha512"), 40),
    TLSServer(
        "OpenSSL 3.0, few things in an order of its own",
        openssl(
            *("-groups", "X25519:P-384", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"),
            *("-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384", "-serverpref", "-no_ticket"),
            *("-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"),
        ),
        (_TLS12, _TLS13),
        11,
        36,
        {
            "groups": ("x25519", "secp384r1"),
            "curves": ("x25519", "secp384r1"),
            "schemes_12": _PSS_AND_PKCS1,
            "schemes_13": ("rsa_pss_rsae_sha256",),
            "diffie_hellman": (),
            "hybrid": "",
            "encrypt_then_mac": None,
            "fallback_refused": True,
        },
        {
            _TLS12: (("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"), True),
            _TLS13: (("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"), True),
        },
    ),
    TLSServer(
        "OpenSSL 3.0, the order of the client",
        openssl("-cipher", "ECDHE+AESGCM:AES128-SHA", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
        (_TLS12, _TLS13),
        14,  # one of its refusals is an internal_error, which counts only if it comes twice
        55,
        {
            "encrypt_then_mac": True,
            "schemes_13": _RSAE,
            "curves": ("x25519", "secp256r1", "x448", "secp384r1", "secp521r1"),
        },
        {
            _TLS12: (("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"), False),
            _TLS13: (("TLS_AES_128_GCM_SHA256",), False),
        },
    ),
    TLSServer(
        "OpenSSL 3.0, finite-field Diffie-Hellman of a published group",
        openssl_with_dh("ffdhe3072"),
        (_TLS12,),
        11,
        25,
        {"groups": (), "curves": (), "schemes_13": (), "fallback_refused": None},
        {_TLS12: (("DHE-RSA-AES128-GCM-SHA256",), False)},
    ),
    TLSServer(
        "OpenSSL 3.0, an ECDSA key",
        openssl("-groups", "P-256:X25519:P-384", "-cipher", "ECDHE+AESGCM"),
        (_TLS12, _TLS13),
        11,
        42,
        {
            "curves": ("x25519", "secp256r1", "secp384r1"),
            "schemes_13": ("ecdsa_secp256r1_sha256",),
            "schemes_12": (
                "ecdsa_secp256r1_sha256",
                "ecdsa_secp384r1_sha384",
                "ecdsa_secp521r1_sha512",
                "ecdsa_sha224",
            ),
        },
        key="ec256",
    ),
    TLSServer(
        "OpenSSL 3.5, a post-quantum hybrid",
        serve_openssl_of_cryptography,
        (_TLS12, _TLS13),
        10,
        60,
        {
            "hybrid": "X25519MLKEM768",
            "groups": (
                *("X25519MLKEM768", "x25519", "secp256r1", "x448", "secp384r1", "secp521r1"),
                *("ffdhe2048", "ffdhe3072"),
            ),
            "schemes_13": _RSAE,
        },
    ),
    TLSServer(
        "GnuTLS, few things in an order of its own",
        gnutls(
            "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+AES-256-GCM:+AES-128-GCM:+ECDHE-RSA:+AEAD:+COMP-NULL:+GROUP-SECP384R1"
            ":+GROUP-X25519:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256:+CTYPE-X509:%SERVER_PRECEDENCE"
        ),
        (_TLS12, _TLS13),
        9,
        34,
        {
            "groups": ("secp384r1", "x25519"),
            "curves": ("secp384r1", "x25519"),
            "schemes_12": _PSS_AND_PKCS1,
            "schemes_13": ("rsa_pss_rsae_sha256",),
            "hybrid": "",
            "fallback_refused": True,
        },
        {
            _TLS12: (("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"), True),
            _TLS13: (("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"), True),
        },
    ),
    TLSServer(
        "GnuTLS, old versions",
        gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:-CIPHER-ALL:+AES-128-CBC:+3DES-CBC"),
        (TLSVersion.TLS1_0, TLSVersion.TLS1_1),
        12,
        30,
        {"groups": (), "schemes_12": (), "fallback_refused": True, "encrypt_then_mac": True},
    ),
    TLSServer(
        "nginx",
        nginx(),
        (_TLS12, _TLS13),
        9,
        40,
        {"groups": ("secp384r1", "x25519"), "curves": ("secp384r1", "x25519"), "schemes_13": _RSAE},
        {_TLS12: (("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"), True)},
    ),
)


@contextmanager
def running(server: TLSServer, directory: Path, issued: Issued) -> Iterator[int]:
    """Run a server on this machine; its port."""
    port = free_port()
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            server.command(port, directory, issued), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, port, directory / "log")
            yield port
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not come up: {log.read_text(errors='replace')}")
