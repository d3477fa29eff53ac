"""Validators that others wrote, asked about the signed zones of the unit tests: BIND's (delv) and Unbound."""

from __future__ import annotations

import asyncio
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from mailproof.net.dns.messages import as_rrset
from mailproof.net.dnssec.keys import text_of_rdata
from mailproof.net.dnssec.trust import Status
from tests.ports import free_port
from tests.real.lab.requirements import program
from tests.unit.dnssec_world import ROOT, World

SECONDS = 30.0
ADDRESS = "127.0.0.1"
ANCHOR = ROOT.ds(".")


def _reply(world: World, wire: bytes, size: int) -> bytes:
    query = dns.message.from_wire(wire)
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    found = asyncio.run(world.fetch(question.name, question.rdtype))
    response.set_rcode(found.rcode)
    response.answer.extend(map(as_rrset, found.answer))
    response.authority.extend(map(as_rrset, found.authority))
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        truncated = dns.message.make_response(query, recursion_available=True)
        truncated.flags |= dns.flags.TC
        return truncated.to_wire()


@contextmanager
def serving(world: World) -> Iterator[int]:
    """Serve a world over UDP and TCP. Yields the port at 127.0.0.1."""

    class UDP(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            sock.sendto(_reply(world, wire, 1232), self.client_address)

    class TCP(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(length := self.rfile.read(2)) == 2:
                reply = _reply(world, self.rfile.read(int.from_bytes(length, "big")), 65535)
                self.wfile.write(len(reply).to_bytes(2, "big") + reply)

    class TCPServer(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with ExitStack() as stack:
        port = free_port()
        tcp = stack.enter_context(TCPServer((ADDRESS, port), TCP))
        udp = stack.enter_context(socketserver.ThreadingUDPServer((ADDRESS, port), UDP))
        for server in (tcp, udp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        yield port


def by_delv(port: int, directory: Path, owner: str, type: str) -> Status:
    """What BIND's validator says."""
    anchors = directory / "anchors"
    fields = f'{ANCHOR.key_tag} {ANCHOR.algorithm} {int(ANCHOR.digest_type)} "{ANCHOR.digest.hex()}"'
    anchors.write_text(f"trust-anchors {{ . initial-ds {fields}; }};\n")
    command = [program("delv"), f"@{ADDRESS}", "-p", str(port), "-a", str(anchors), "+root=.", owner, type]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    output = run.stdout + run.stderr
    if "unsigned answer" in output:
        return Status.INSECURE
    if "fully validated" in output:  # delv calls a negative answer a failed resolution as well
        return Status.SECURE
    assert "resolution failed" in output, output
    return Status.BOGUS


def by_unbound(port: int, directory: Path, owner: str, type: str) -> Status:
    """What Unbound answers: SERVFAIL for bogus, AD for secure."""
    own = free_port()
    settings = directory / "unbound.conf"
    settings.write_text(
        f"""
server:
    interface: {ADDRESS}@{own}
    do-ip6: no
    do-daemonize: no
    chroot: ""
    username: ""
    directory: "{directory}"
    pidfile: "{directory}/unbound.pid"
    use-syslog: no
    logfile: "{directory}/unbound.log"
    module-config: "validator iterator"
    do-not-query-localhost: no
    qname-minimisation: no
    trust-anchor: ". DS {text_of_rdata(ANCHOR)}"
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: {ADDRESS}@{port}
"""
    )
    query = dns.message.make_query(owner, type, want_dnssec=True)
    with subprocess.Popen([program("unbound"), "-c", str(settings)]) as daemon:
        try:
            response = _patiently(query, own, daemon)
        finally:
            daemon.terminate()
    if response.rcode() == dns.rcode.SERVFAIL:
        return Status.BOGUS
    return Status.SECURE if response.flags & dns.flags.AD else Status.INSECURE


def _patiently(query: dns.message.Message, port: int, daemon: subprocess.Popen[bytes]) -> dns.message.Message:
    """The answer of a server that is about to start."""
    end = time.monotonic() + SECONDS
    while True:
        assert daemon.poll() is None, "Unbound has ended"
        try:
            return dns.query.tcp(query, ADDRESS, timeout=SECONDS, port=port)
        except OSError:
            assert time.monotonic() < end, "Unbound does not answer"
            time.sleep(0.02)
