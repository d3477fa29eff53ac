"""`mailproof serve`: read-only, on this machine, for its own names alone, and nothing but what it was given."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mailproof.cli import main
from mailproof.commands import pages
from mailproof.commands.pages import Pages, Server, server
from mailproof.documents import write_atomically
from mailproof.gate.document import RunDocument, Selection, as_json
from mailproof.gate.documentation import DocumentationNote
from mailproof.net.settings import SocketAddress
from mailproof.report import history
from mailproof.report.plain_page import POLICY
from tests.offline.user import HANGS, heed_ctrl_c

from .documents import HOSTILE, document, one_of_each, result

DAY = "2026-11-22"


def write(directory: Path, made: RunDocument, name: str = "prod") -> Path:
    file = directory / f"{name}.json"
    write_atomically(file, as_json(made))
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results, a history, and what is none of the server's business."""
    reports = tmp_path / "reports"
    reports.mkdir()
    write(reports, one_of_each())
    write(reports, document(result("pass"), inventory="lab"), "lab")
    (reports / "told.json").write_text('{"format": "mailproof-told", "version": 1}')
    (reports / "secret.txt").write_text("secret")
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    history.append(tmp_path / "history.sqlite", document(result("fail")))
    return tmp_path


@contextmanager
def listening(folder: Path) -> Iterator[Server]:
    made = server(Pages((folder / "reports",), folder / "history.sqlite"), SocketAddress("127.0.0.1", 0))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def serving(folder: Path) -> Iterator[Server]:
    with listening(folder) as made:
        yield made


def ask(
    at: Server, path: str, method: str = "GET", hosts: tuple[str, ...] | None = None
) -> tuple[int, dict[str, str], str]:
    """Status, header fields and body, the request written as it is given."""
    connection = http.client.HTTPConnection(at.at.address, at.at.port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for host in (str(at.at),) if hosts is None else hosts:
        connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_results_and_history_are_shown(serving: Server) -> None:
    _, headers, page = ask(serving, "/")
    assert 'href="/results/prod"' in page
    assert 'href="/results/lab.json"' in page
    assert "told" not in page
    assert headers["Server"] == "mailproof"
    status, _, report = ask(serving, "/results/prod")
    assert (status, "<!doctype html>" in report[:200].lower()) == (200, True)
    assert ask(serving, "/results/lab.json")[2].startswith('{\n "format": "mailproof-result"')
    page = ask(serving, "/history")[2]
    control = '<td class=k><a href="/controls/SPF-EXISTS">SPF-EXISTS</a></td>'
    assert f"<td class=k>{DAY}</td><td class=k>SHOULD</td>{control}<td>example.org</td>" in page


def test_findings_lead_to_the_pages_of_their_controls(serving: Server, folder: Path) -> None:
    write(folder / "reports", document(result()), "suite")
    assert '<a href="/controls/SPF-EXISTS">' in ask(serving, "/results/suite")[2]
    status, headers, page = ask(serving, "/controls/SPF-EXISTS")
    assert (status, "A good example" in page, '<a href="/">Results</a>' in page) == (200, True, True)
    assert headers["Content-Security-Policy"].startswith(POLICY)
    assert ask(serving, "/controls/HOUSE-MX-OURS")[0] == ask(serving, "/controls/")[0] == 404
    house = result(control="HOUSE-MX-OURS", references=())
    elsewhere = replace(document(result()), documentation=DocumentationNote(address="https://docs.example/"))
    for made, name in ((document(house), "house"), (elsewhere, "elsewhere")):
        write(folder / "reports", made, name)
        assert "/controls/" not in ask(serving, f"/results/{name}")[2].replace("docs.example/controls/", "")


def test_metrics_are_one_exposition_of_all_results(serving: Server, folder: Path) -> None:
    (folder / "reports" / "broken.json").write_text("{")
    _, headers, text = ask(serving, "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    gates = {sample.labels["inventory"]: sample.value for sample in families["mailproof_gate_open"].samples}
    assert gates == {"prod": 0, "lab": 1}
    readable = {one.labels["result"]: one.value for one in families["mailproof_result_readable"].samples}
    assert readable == {"prod": 1, "lab": 1, "broken": 0}
    assert len(re.findall(r"^# TYPE mailproof_gate_open ", text, re.MULTILINE)) == 1


def test_metrics_hide_no_result_behind_another_of_its_inventory(folder: Path) -> None:
    write(folder / "reports", document(result("pass"), surveyed_at="2026-01-01T00:00:00+00:00"), "a-copy")
    families = {family.name: family for family in text_string_to_metric_families(metrics(folder))}
    for name in ("mailproof_gate_open", "mailproof_survey_timestamp_seconds"):
        values = {
            one.labels["result"]: one.value for one in families[name].samples if one.labels["inventory"] == "prod"
        }
        assert len(set(values.values())) == 2, name
        assert set(values) == {"prod", "a-copy"}


@pytest.mark.parametrize(
    ("changes", "scope", "said"),
    [
        ({"proposals": ["the zone <x>"]}, "proposed", "as proposed: the zone &lt;x&gt;"),
        ({"selection": Selection(partial=True, by=("--control=SPF-*",), judged=1, of=9)}, "part", "a part: --control="),
        ({"selection": Selection(partial=False, by=(), judged=9, of=9)}, "whole", ""),
    ],
    ids=["proposed", "part", "whole"],
)
def test_what_is_not_the_whole_as_it_is_does_not_look_like_it(
    changes: Any, scope: str, said: str, folder: Path
) -> None:
    write(folder / "reports", replace(document(result("fail"), inventory="other"), **changes), "other")
    text = metrics(folder)
    labels = f'inventory="other",result="other",scope="{scope}"'
    assert f"mailproof_finding{{{labels}," in text
    assert (f"mailproof_gate_open{{{labels}}} 0" in text) == (scope == "whole")
    page = Pages((folder / "reports",)).answer("/").body.decode()
    row = page[page.index('"/results/other"') :].partition("</td>")[0]
    assert ("<span" in row) == bool(said)
    assert said in row


def metrics(folder: Path) -> str:
    return Pages((folder / "reports",)).answer("/metrics").body.decode()


def test_a_pipe_among_the_results_holds_nobody_up(folder: Path) -> None:
    os.mkfifo(folder / "reports" / "pipe.json")
    assert "not a regular file" in Pages((folder / "reports",)).answer("/").body.decode()
    assert 'mailproof_result_readable{result="pipe"} 0' in metrics(folder)


def test_what_is_shown_is_what_the_files_hold_now(serving: Server, folder: Path) -> None:
    assert "no longer there" not in ask(serving, "/")[2]
    write(folder / "reports", document(result("fail", message="x" * 500)), "lab")
    assert '<a href="/results/lab">lab</a></td><td><span class=closed>' in ask(serving, "/")[2]
    (folder / "reports" / "lab.json").write_text("{")
    assert "damaged" in ask(serving, "/")[2]
    assert ask(serving, "/results/lab")[0] == 500
    (folder / "reports" / "lab.json").unlink()
    assert ask(serving, "/results/lab")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/results/",
        "/results/told",
        "/results/secret",
        "/results/../secret",
        "/results/../secret.json",
        "/results/..%2fsecret.json",
        "/results/%2e%2e/secret.json",
        "/results/%252e%252e%252fsecret.json",
        "/../../etc/passwd",
        "//etc/passwd",
        "/results/secret.txt",
        "/results/prod.json/..",
        "/results/prod%00",
        "/results/%ff",
        "http://127.0.0.1/../secret.json",
    ],
)
def test_nothing_is_shown_but_what_was_given(path: str, serving: Server) -> None:
    status, _, body = ask(serving, path)
    assert status in (400, 404)
    assert "secret" not in body


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (("127.0.0.1:{port}",), 200),
        (("localhost",), 200),
        (("LOCALHOST:9000",), 200),
        (("[::1]:{port}",), 200),
        (("evil.example",), 421),
        (("evil.example:{port}",), 421),
        (("127.0.0.1.evil.example",), 421),
        (("localhost@evil.example",), 421),
        (("[::1",), 421),
        (("",), 421),
        ((), 421),
        (("localhost", "evil.example"), 421),
    ],
)
def test_it_answers_to_its_own_names_alone(hosts: tuple[str, ...], status: int, serving: Server) -> None:
    """DNS rebinding: a page of a stranger's whose name leads here reads nothing."""
    asked = tuple(host.format(port=serving.at.port) for host in hosts)
    for path in ("/", "/metrics", "/results/prod.json"):
        answer = ask(serving, path, hosts=asked)
        assert answer[0] == status
        assert status == 200 or "SPF" not in answer[2]


def test_head_is_get_without_a_body(serving: Server) -> None:
    for path in ("/", "/metrics", "/results/prod", "/nothing"):
        status, headers, body = ask(serving, path, "HEAD")
        got = ask(serving, path)
        assert (status, body) == (got[0], "")
        if path != "/":  # which tells the age
            assert headers["Content-Length"] == got[1]["Content-Length"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_it_is_read_only(method: str, serving: Server) -> None:
    status, headers, _ = ask(serving, "/", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/", "/history", "/metrics", "/controls/SPF-EXISTS", "/results/prod", "/results/prod.json", "/nothing"]
)
def test_every_answer_forbids_what_is_not_needed(path: str, serving: Server) -> None:
    _, headers, body = ask(serving, path)
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers
    for style in re.findall(r"<style>(.*?)</style>", body, re.DOTALL):
        assert "style-src 'sha256-" in policy, style[:20]


def test_hostile_text_is_only_text(folder: Path, serving: Server) -> None:
    hostile = document(result("fail", message=HOSTILE, target=HOSTILE), inventory=HOSTILE)
    write(folder / "reports", hostile, "<img src=x>")
    history.append(folder / "history.sqlite", hostile)
    for path in ("/", "/history"):
        page = ask(serving, path)[2]
        assert "<script" not in page
        assert "<img" not in page


def test_results_of_one_name_are_all_shown(folder: Path) -> None:
    places = [folder / "reports", *(folder / name / "other" for name in ("one", "two", "three"))]
    for place in places[1:]:
        place.mkdir(parents=True)
        write(place, document(result("pass")))
    shown = Pages((*places, places[1], places[2] / "prod.json"))
    page = shown.answer("/").body.decode()
    names = ["lab", "prod", "other%3Aprod", "two%3Aother%3Aprod", "three%3Aother%3Aprod"]
    assert re.findall(r'href="/results/([^"]*)\.json"', page) == names
    assert all(shown.answer(f"/results/{unquote(name)}").status == 200 for name in names)


def test_one_client_too_many_is_hung_up_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_CLIENTS", 2)
    with listening(folder) as one:
        held = [socket.create_connection((one.at.address, one.at.port)) for _ in range(2)]
        for silent in held:
            silent.sendall(b"GET / HTTP/1.0\r\n")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            ask(one, "/")
        for silent in held:
            silent.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.json"], "there is no such file"),
        (["reports", "--listen", "0.0.0.0"], "0.0.0.0 is not one address"),
        (["reports", "--listen", "::"], "is not one address"),
        (["reports", "--listen", "example.org"], "--listen: "),
        (["reports", "--listen", "192.0.2.1:80"], "--listen 192.0.2.1:80: "),
    ],
)
def test_what_cannot_be_served_is_told(
    arguments: list[str], said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["serve", *arguments]) == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
    command = [sys.executable, "-m", "mailproof.cli", "serve", str(folder / "reports"), "--listen", listen]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )
    try:
        assert process.stdout is not None
        assert f"http://{listen}/ " in process.stdout.readline()
        with socket.create_connection(
            ("127.0.0.1", int(listen.partition(":")[2]))
        ):  # it says nothing, and keeps nobody
            process.send_signal(number)
            _, told = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert (process.returncode, told) == (0, "")


def test_a_replaced_result_is_read_again_even_if_it_is_as_long(folder: Path) -> None:
    shown = Pages((folder / "reports",))
    before = shown.answer("/results/lab.json").body
    file = write(folder / "reports", replace(document(result("pass"), inventory="bal")), "lab")
    os.utime(file, ns=(1, 1))
    assert shown.answer("/results/lab.json").body != before
