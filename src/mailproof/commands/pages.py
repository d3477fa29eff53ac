"""The server of ``mailproof serve``: HTTP on this machine, read-only, answering from files as they are."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mailproof.clock import now
from mailproof.controls import Catalogue, load_catalogue
from mailproof.docket import Docket, describe
from mailproof.gate.document import DocumentError, RunDocument, as_json, read_document
from mailproof.languages import ENGLISH, Language
from mailproof.net.settings import SocketAddress
from mailproof.probes import load_probes
from mailproof.report import control_page, history, overview, prometheus
from mailproof.report.examples import all_examples
from mailproof.report.html import policy, render
from mailproof.report.overview import Unreadable
from mailproof.report.plain_page import POLICY
from mailproof.targets.discovery import load_finders

PATIENCE = 10.0
"""Seconds that a client may be silent."""

MAX_CLIENTS = 32
"""Clients that are answered at the same time; more are hung up on."""

_HTML = "text/html; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_HEAD = 4096
_OTHER = re.compile(rb'"format":\s*"(?!mailproof-result")')
_NOTHING = "default-src 'none'"


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    type: str
    body: bytes
    policy: str = _NOTHING


@dataclass
class Pages:
    """What there is to show, by path. Names in paths are looked up and never made into file names."""

    places: tuple[Path, ...]
    history: Path | None = None
    language: str = ENGLISH
    _kept: dict[Path, tuple[tuple[int, int], RunDocument]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str) -> Answer:
        """The page at a path."""
        match path:
            case "/":
                return _page(overview.index(self._results(), now(), self._say, has_history=self.history is not None))
            case "/history" if self.history is not None:
                return self._history(self.history)
            case "/metrics":
                return self._metrics()
        head, _, name = path.rpartition("/")
        if head == "/results":
            files = self._files()
            if name in files:
                return self._report(files[name], self._shown)
            if name.endswith(".json") and (file := files.get(name.removesuffix(".json"))):
                return self._report(file, _json)
        if head == "/controls" and name in all_examples():
            links = overview.navigation(self._say, has_history=self.history is not None)
            described = describe(self._catalogue[name], self._docket)
            return _page(control_page.render([described], self.language, links))
        return _told(404, "there is no such page")

    def _shown(self, document: RunDocument) -> Answer:
        return _page(render(document, language=self.language, explained=all_examples().keys()), policy())

    @property
    def _say(self) -> Language:
        return Language(self.language)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_catalogue()

    @cached_property
    def _docket(self) -> Docket:
        load_finders()
        return Docket(load_probes())

    def _files(self) -> dict[str, Path]:
        """The results by name; of those with one name the first, and the others with as many folders as it takes."""
        found: dict[str, Path] = {}
        seen: set[Path] = set()
        for place in self.places:
            for file in filter(_may_be_a_result, sorted(place.glob("*.json"))) if place.is_dir() else [place]:
                whole = file.absolute()
                if whole in seen:
                    continue
                seen.add(whole)
                folders = [parent.name for parent in whole.parents]
                names = (":".join([*folders[:depth][::-1], file.stem]) for depth in range(len(folders)))
                found[next((name for name in names if name not in found), str(whole))] = file
        return found

    def _results(self) -> dict[str, RunDocument | Unreadable]:
        results: dict[str, RunDocument | Unreadable] = {}
        for name, file in self._files().items():
            try:
                results[name] = self._read(file)
            except (DocumentError, OSError) as error:
                results[name] = Unreadable(str(error))
        return results

    def _read(self, file: Path) -> RunDocument:
        """A result, which is read again once its file has changed. Raises DocumentError and OSError."""
        with self._lock:
            status = file.stat()
            mark = status.st_mtime_ns, status.st_size
            if file not in self._kept or self._kept[file][0] != mark:
                self._kept[file] = mark, read_document(file)
            return self._kept[file][1]

    def _report(self, file: Path, show: Callable[[RunDocument], Answer]) -> Answer:
        try:
            return show(self._read(file))
        except (DocumentError, OSError) as error:
            return _told(500, str(error))

    def _metrics(self) -> Answer:
        results = self._results()
        readable = (({"result": name}, not isinstance(one, Unreadable)) for name, one in results.items())
        text = prometheus.render_all({name: one for name, one in results.items() if isinstance(one, RunDocument)})
        title = "Whether a result can be read (1), or says nothing (0)."
        text += "".join(prometheus.metric("mailproof_result_readable", title, readable))
        return Answer(200, _METRICS, text.encode(errors="backslashreplace"))

    def _history(self, file: Path) -> Answer:
        try:
            runs, findings = history.trend(file), history.open_findings(file)
            return _page(overview.history(runs, findings, self._say, all_examples().keys()))
        except history.HistoryError as error:
            return _told(500, str(error))


def _may_be_a_result(file: Path) -> bool:
    """Whether a file of a directory is no document of another kind. A damaged result is shown as one."""
    try:
        if file.exists() and not file.is_file():
            return True  # A pipe would be waited for; its reader says what it is.
        with file.open("rb") as stream:
            return not _OTHER.search(stream.read(_HEAD))
    except OSError:
        return True


def _page(text: str, policy: str = POLICY) -> Answer:
    return Answer(200, _HTML, text.encode(errors="backslashreplace"), policy)


def _json(document: RunDocument) -> Answer:
    return Answer(200, "application/json", "".join(as_json(document)).encode(errors="backslashreplace"))


def _told(status: int, reason: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", f"{reason}\n".encode(errors="backslashreplace"))


class Server(ThreadingHTTPServer):
    """Threads are few, and none is waited for at the end: they only read."""

    daemon_threads = True
    block_on_close = False
    pages: Pages
    names: frozenset[str]
    at: SocketAddress

    def __init__(self, at: SocketAddress) -> None:
        self.address_family = socket.AF_INET6 if ":" in at.address else socket.AF_INET
        self._free = threading.BoundedSemaphore(MAX_CLIENTS)
        super().__init__((at.address, at.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hang up on one client too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no fault of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def server(pages: Pages, at: SocketAddress) -> Server:
    """A server that listens, and serves when it is told to. Raises ValueError for no single address, and OSError."""
    address = ip_address(at.address)
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"{at.address} is not one address: name that of this machine which is meant")
    made = Server(at)
    made.pages = pages
    made.at = SocketAddress(at.address, made.server_port)
    made.names = frozenset({"localhost", "127.0.0.1", "::1", str(address)})
    return made


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE
    server: Server

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def _answer(self) -> Answer:
        hosts = self.headers.get_all("Host", [])
        # A page of somebody else's whose name leads here all of a sudden (DNS rebinding) still asks for that name.
        if len(hosts) != 1 or _host(hosts[0]) not in self.server.names:
            return _told(421, "this server answers to its own address alone")
        try:
            path = unquote(urlsplit(self.path).path, errors="strict")
        except ValueError:
            return _told(400, "this is no path")
        return self.server.pages.answer(path)

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        for name, value in _headers(answer):
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses: methods that are none here, and requests that are none."""
        self.close_connection = True
        refused = 405 if code == 501 else code
        self._send(_told(refused, "only GET and HEAD" if refused == 405 else "this is no request"), with_body=True)

    def version_string(self) -> str:
        return "mailproof"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Who looks is nobody's business."""


def _host(text: str) -> str:
    """The host of a Host field, without the port (RFC 9110, section 7.2): a tunnel may lead here from another one."""
    try:
        return (urlsplit(f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _headers(answer: Answer) -> Iterator[tuple[str, str]]:
    yield "Content-Type", answer.type
    yield "Content-Length", str(len(answer.body))
    yield "Content-Security-Policy", f"{answer.policy}; frame-ancestors 'none'"
    yield "X-Content-Type-Options", "nosniff"
    yield "Referrer-Policy", "no-referrer"
    yield "Cross-Origin-Resource-Policy", "same-origin"
    yield "Cross-Origin-Opener-Policy", "same-origin"
    yield "Cache-Control", "no-store"
    if answer.status == 405:
        yield "Allow", "GET, HEAD"
