"""What ``mailproof notify`` does: reads what was told, and tells the rest."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from mailproof.documents import UnreadableDocument, read_json, why_not_writable, write_atomically
from mailproof.gate.document import DocumentError, RunDocument, read_document
from mailproof.gate.verdict import Verdict
from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.reading import Reader
from mailproof.inventory.secrets import Secrets
from mailproof.inventory.values import mailbox
from mailproof.net.text import printable
from mailproof.output import EXIT_USAGE, complain, say
from mailproof.report.notification import (
    Finding,
    News,
    as_json,
    as_mail,
    as_matrix,
    as_octets,
    as_slack,
    as_text,
    findings_of,
    news_of,
)

if TYPE_CHECKING:
    import argparse

PATIENCE = 20.0
"""Seconds for a request, and for the mail server to take a message."""

_FORMAT, _VERSION = "mailproof-told", 1


class Untold(Exception):
    """Somebody could not be told; the message says why."""


class _Wrong(Exception):
    """The command line, a result or the state is wrong."""


@dataclass(frozen=True)
class Receiver:
    """Somebody who is told."""

    name: str
    """As people know it; a URL may be a secret."""
    tell: Callable[[News], None]
    """Raises Untold."""
    key: str
    """By which the state knows what was told."""


def run(options: argparse.Namespace) -> int:
    """Tell everybody what is news to them; 1 if somebody could not be told, 4 if what was given is wrong."""
    secrets = Secrets()
    with ExitStack() as until_told:
        try:
            receivers = list(_receivers(options, secrets))
            document = _result(options.result)
            former = _former(options.former, document) if options.former is not None else ()
            if not options.dry_run:
                until_told.enter_context(_locked(options.state))
            told = _read_state(options.state, document)
        except (_Wrong, DocumentError, InventoryError, ValueError) as error:
            complain(f"mailproof notify: {secrets.redact(str(error))}")
            return EXIT_USAGE
        return int(not _tell(receivers, document, told, former, options, secrets))


def _tell(
    receivers: list[Receiver],
    document: RunDocument,
    told: dict[str, tuple[Finding, ...]],
    former: tuple[Finding, ...],
    options: argparse.Namespace,
    secrets: Secrets,
) -> bool:
    """Tell each what is news to it, and keep that; False if somebody could not be told, or it could not be kept."""
    well = True
    for receiver in receivers:
        news = news_of(told.get(receiver.key, former), document, options.language)
        if options.dry_run:
            say(f"to {receiver.name}: {news.subject}\n\n{as_text(news)}")
            continue
        try:
            if news:
                receiver.tell(news)
                say(f"{receiver.name}: {news.subject}")
        except Untold as error:
            complain(f"mailproof notify: {receiver.name}: {secrets.redact(printable(str(error)))}")
            well = False
            continue
        told[receiver.key] = news.open
        try:
            _write_state(options.state, document, told)
        except OSError as error:
            why = f"{options.state} cannot be written: {error.strerror}"
            complain(f"mailproof notify: --state: {why}; the next call tells {receiver.name} again")
            well = False
    return well


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Wait until no other call is at work with a state. Raises _Wrong."""
    if reason := why_not_writable(file):
        raise _Wrong(f"--state: {file} {reason}")
    # The state itself is replaced, and a lock on it would be one on a file that is no longer there.
    lock = file.with_name(f"{file.name}.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _Wrong(f"--state: {lock} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _result(file: Path) -> RunDocument:
    """Raises _Wrong and DocumentError."""
    document = read_document(file)
    if not document.complete:
        raise _Wrong(f"{file}: that run was stopped before its end; what it did not judge would look mended")
    if document.proposals:
        raise _Wrong(f"{file}: it was judged as proposed, and not as it is: {', '.join(document.proposals)}")
    if not any(result.verdict in (Verdict.PASS, Verdict.FAIL) for result in document.results):
        raise _Wrong(f"{file}: that run saw nothing")
    return document


def _former(file: Path, document: RunDocument) -> tuple[Finding, ...]:
    """What was amiss in a former result of the same inventory. Raises _Wrong and DocumentError."""
    former = _result(file)
    if former.inventory != document.inventory:
        raise _Wrong(f"--former: {file} is of the inventory {former.inventory}, and the result of {document.inventory}")
    if former.surveyed_at > document.surveyed_at:
        raise _Wrong(f"--former: {file} is later than the result: its servers were looked at at {former.surveyed_at}")
    return news_of((), former).open


def _read_state(file: Path, document: RunDocument) -> dict[str, tuple[Finding, ...]]:
    """What each receiver was told to be amiss. Raises _Wrong."""
    if reason := why_not_writable(file):
        raise _Wrong(f"--state: {file} {reason}")
    if not file.exists():
        return {}
    try:
        state = read_json(file, "state of mailproof notify", _FORMAT, _VERSION)
        told = {str(key): findings_of(found) for key, found in state["told"].items()}
        inventory, surveyed_at = str(state["inventory"]), str(state["surveyed_at"])
    except UnreadableDocument as error:
        raise _Wrong(str(error)) from None
    except (KeyError, AttributeError, ValueError) as error:
        raise _Wrong(f"{file}: damaged: {error}") from None
    if inventory != document.inventory:
        raise _Wrong(
            f"{file} is of the inventory {inventory}, and the result of {document.inventory}: one file for each"
        )
    if surveyed_at > document.surveyed_at:
        raise _Wrong(f"a later result was told already, in which the servers were looked at at {surveyed_at}")
    return told


def _write_state(file: Path, document: RunDocument, told: dict[str, tuple[Finding, ...]]) -> None:
    state = {
        "format": _FORMAT,
        "version": _VERSION,
        "inventory": document.inventory,
        "surveyed_at": document.surveyed_at,
        "told": {key: [asdict(finding) for finding in found] for key, found in told.items()},
    }
    write_atomically(file, [json.dumps(state, indent=1), "\n"])


def _receivers(options: argparse.Namespace, secrets: Secrets) -> Iterator[Receiver]:
    """Raises _Wrong, InventoryError and ValueError."""

    def read(option: str, text: str) -> str:
        return Reader(os.environ, "", secrets=secrets).substitute(text, Problem(Path(option), None, None, ""))

    tokens = {
        "matrix": _token("--token", read("--token", options.token)) if options.token is not None else None,
        "webhook": _token("--webhook-token", read("--webhook-token", options.webhook_token))
        if options.webhook_token is not None
        else None,
    }
    for kind, option in (("matrix", "--token"), ("webhook", "--webhook-token")):
        if tokens[kind] is not None and not getattr(options, kind):
            raise _Wrong(f"{option} is for --{kind} alone, and there is none")
    for address in options.mail:
        yield _by_mail(mailbox(address), options)
    for kind, content in (("webhook", as_json), ("slack", as_slack), ("matrix", as_matrix)):
        for written in getattr(options, kind):
            url = _checked(f"--{kind}", read(f"--{kind}", written))
            if kind == "matrix" and tokens[kind] is None:
                raise _Wrong("--matrix needs --token '${secret:NAME}': the access token of who writes into the room")
            yield _by_http(kind, url, content, tokens.get(kind), options.ca_file)
    if not (options.mail or options.webhook or options.slack or options.matrix):
        raise _Wrong("nobody to tell: --mail, --webhook, --slack or --matrix")


def _token(option: str, token: str) -> str:
    """A token for a field of HTTP. Raises _Wrong."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _Wrong(f"{option}: a token has no blanks, line ends or characters beyond ASCII")
    return token


def _checked(option: str, url: str) -> str:
    """A URL to which findings may be sent. Raises _Wrong, which does not quote it: it may be a secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Its text would quote the URL.
        raise _Wrong(f"{option}: {_NO_URL}") from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or parts.username is not None or not host or port == 0:
        raise _Wrong(f"{option}: {_NO_URL}")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)):
        return url
    raise _Wrong(f"{option}: findings go over https, or http on this machine")


_NO_URL = "this is no URL, like https://hooks.example.org/x"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(kind: str, where: str) -> str:
    """URLs are secrets often enough: the state holds a digest."""
    return f"{kind}:{hashlib.sha256(where.encode()).hexdigest()[:16]}"


def _by_mail(address: str, options: argparse.Namespace) -> Receiver:
    sender = mailbox(options.sender) if options.sender is not None else None

    def tell(news: News) -> None:
        message = as_mail(news, [address], sender).as_bytes()
        try:
            done = subprocess.run(  # noqa: S603
                [options.sendmail, "-t", "-oi"], input=message, capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise Untold(f"{options.sendmail} did not take it in {PATIENCE:g} seconds") from None
        except OSError as error:
            raise Untold(f"{options.sendmail} cannot be started: {error.strerror}") from None
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip() or "it says nothing"
            raise Untold(f"{options.sendmail} ended with {done.returncode}: {told[:500]}")

    return Receiver(address, tell, _key("mail", address))


def _by_http(
    kind: str, url: str, content: Callable[[News], dict[str, Any]], token: str | None, ca_file: Path | None
) -> Receiver:
    host = urlsplit(url).hostname

    def tell(news: News) -> None:
        method, place = "POST", url
        if kind == "matrix":
            # The same news have the same number, so that the server takes them once.
            parts = urlsplit(url)
            room = quote(parts.path.strip("/"), safe="")
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/mailproof-{news.number}"
            method, place = "PUT", f"{parts.scheme}://{parts.netloc}{path}"
        asyncio.run(_request(method, place, as_octets(content(news)), token, ca_file))

    return Receiver(f"{kind} at {host}", tell, _key(kind, url))


async def _request(method: str, url: str, content: bytes, token: str | None, ca_file: Path | None) -> None:
    """One request, never redirected and never repeated. Raises Untold."""
    import httpcore

    from mailproof.net.https import verifying_context

    headers = {"Content-Type": "application/json", "User-Agent": "mailproof", "Connection": "close"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)
    try:
        async with (
            asyncio.timeout(PATIENCE),
            httpcore.AsyncConnectionPool(verifying_context(ca_file)) as pool,
            pool.stream(
                method,
                url,
                headers=[("Host", urlsplit(url).netloc), *headers.items()],
                content=content,
                extensions={"timeout": timeout},
            ) as answer,
        ):
            if not 200 <= answer.status < 300:
                raise Untold(f"it answered {answer.status}")
    except (TimeoutError, httpcore.TimeoutException):
        raise Untold(f"no answer in {PATIENCE:g} seconds") from None
    # UnicodeError: a name with a label of more than 63 octets.
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError, UnicodeError) as error:
        raise Untold(str(error) or type(error).__name__) from None
