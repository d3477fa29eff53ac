"""`mailproof notify`: what is new and what is mended is told once, by each way, and never lost."""

from __future__ import annotations

import errno
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.commands import telling
from mailproof.gate.document import Result, RunDocument, Selection, as_json
from mailproof.report.notification import (
    News,
    as_matrix,
    as_octets,
    as_slack,
    as_text,
    findings_of,
    news_of,
)
from mailproof.report.notification import (
    as_json as as_hook,
)

from .documents import HOSTILE, document, result

SPF = result("fail", control="SPF-EXISTS", message="no SPF record")
TLS = result("fail", control="TLS-NO-10-11", target="mx1.example.org[192.0.2.25]:25", level="MUST")
GOOD = result("pass", control="MX-EXISTS")


def names(news: News) -> dict[str, list[str]]:
    return {kind: [finding.control for finding in found] for kind, found in news.kinds}


def after(former: RunDocument, *results: Result, **changes: Any) -> News:
    """What is news to somebody who was told of a former run."""
    return news_of(news_of((), former).open, document(*results, **changes))


def mended(of: Result, verdict: str = "pass", **changes: Any) -> Result:
    return result(verdict, control=of.control, target=of.target, level=of.level, **changes)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([SPF, TLS, GOOD], {}),
        ([mended(SPF), TLS, GOOD], {"mended": ["SPF-EXISTS"]}),
        (
            [mended(SPF, "advice"), mended(TLS, "not applicable"), GOOD],
            {"lowered": ["SPF-EXISTS"], "gone": ["TLS-NO-10-11"]},
        ),
        ([mended(SPF, "inconclusive"), TLS, GOOD], {}),
        ([mended(SPF, "not applicable", left_to="MX-EXISTS"), TLS, GOOD], {}),
        ([mended(SPF, "waived"), TLS, GOOD], {}),
        ([TLS, GOOD], {"gone": ["SPF-EXISTS"]}),
        ([SPF, TLS, mended(GOOD, "fail")], {"new": ["MX-EXISTS"]}),
        ([SPF, TLS, mended(GOOD, "inconclusive")], {}),
        ([SPF, TLS, replace(mended(GOOD, "fail"), change="known")], {}),
    ],
    ids=["same", "mended", "advice", "unsure", "left", "waived", "gone", "new", "unverified", "known"],
)
def test_what_is_news(results: list[Result], expected: dict[str, list[str]]) -> None:
    assert names(after(document(SPF, TLS, GOOD), *results)) == expected


def test_a_finding_that_could_not_be_verified_once_is_not_new_again() -> None:
    unsure = after(document(SPF, GOOD), mended(SPF, "inconclusive"), GOOD)
    assert names(news_of(unsure.open, document(SPF, GOOD))) == {}
    assert names(news_of(unsure.open, document(mended(SPF), GOOD))) == {"mended": ["SPF-EXISTS"]}


MX_OF = {"target": "MX of example.org", "domains": ("example.org",)}
ADDRESSES_OF = {"target": "addresses of mx1.example.org", "domains": ("example.org",), "host": "mx1.example.org"}


@pytest.mark.parametrize(
    ("unknown", "kept"),
    [
        (result("inconclusive", control="TLS-NO-10-11", **MX_OF), True),
        (result("not applicable", control="TLS-NO-10-11", left_to="SEC-NOT-BOGUS", **MX_OF), True),
        (result("inconclusive", control="TLS-NO-10-11", **ADDRESSES_OF), True),
        (result("inconclusive", control="TLS-NO-10-11", target="what the finder x looks for", domains=()), True),
        (result("pass", control="TLS-NO-10-11", **MX_OF), False),
        (result("inconclusive", control="TLS-HOST", **MX_OF), False),
        (result("inconclusive", control="TLS-NO-10-11", target="MX of example.net", domains=("example.net",)), False),
        (result("inconclusive", control="TLS-NO-10-11", **{**ADDRESSES_OF, "host": "mx2.example.org"}), False),
        (result("inconclusive", control="TLS-NO-10-11", target="mx2.example.org[192.0.2.26]:25"), False),
    ],
    ids=["mx", "left", "addresses", "finder", "known", "control", "domain", "host", "neighbour"],
)
def test_what_could_not_be_found_out_is_neither_gone_nor_new_again(unknown: Result, kept: bool) -> None:
    fault = replace(TLS, host="mx1.example.org")
    bad_day = after(document(fault, GOOD), unknown, GOOD)
    assert names(bad_day) == ({} if kept else {"gone": ["TLS-NO-10-11"]})
    assert names(news_of(bad_day.open, document(fault, GOOD))) == ({} if kept else {"new": ["TLS-NO-10-11"]})


def test_what_an_earlier_version_told_is_read() -> None:
    plain = {"control": TLS.control, "target": TLS.target, "level": "MUST", "message": ""}
    told = findings_of([plain])
    unknown = result("inconclusive", control="TLS-NO-10-11", **MX_OF)
    assert names(news_of(told, document(unknown, GOOD))) == {}
    assert names(news_of(told, document(GOOD))) == {"gone": ["TLS-NO-10-11"]}
    for damage in ({"domains": "example.org"}, {"domains": [1]}, {"host": 1}, {"since": ""}):
        with pytest.raises(ValueError, match="finding"):
            findings_of([plain | damage])


def test_a_part_of_the_suite_says_nothing_of_the_rest() -> None:
    part = Selection(partial=True, by=("--control TLS-*",), judged=1, of=9)
    told = news_of((), document(SPF, TLS)).open
    news = news_of(told, replace(document(mended(TLS)), selection=part))
    assert names(news) == {"mended": ["TLS-NO-10-11"]}
    assert [finding.control for finding in news.open] == ["SPF-EXISTS"]


def test_a_domain_that_was_renamed_is_no_news() -> None:
    renamed = replace(SPF, target="example.net")
    assert names(after(document(SPF, GOOD), renamed, GOOD, renamed={"example.org": "example.net"})) == {}


def test_the_text_lists_the_worst_first_and_ends_somewhere() -> None:
    many = [replace(SPF, target=f"d{number:03}.example") for number in range(60)]
    lines = as_text(news_of((), document(*many, TLS, GOOD))).splitlines()
    assert lines[0] == "New: 61"
    assert lines[1] == "  MUST  TLS-NO-10-11  mx1.example.org[192.0.2.25]:25: no SPF record"
    assert lines[-3:] == [
        "  and 11 more",
        "",
        "Looked at 2026-11-22T03:00:05+00:00: 61 findings in all; the gate is closed.",
    ]


def test_hostile_text_is_only_text_to_each_receiver() -> None:
    news = news_of((), document(replace(SPF, message=HOSTILE, target=HOSTILE)))
    assert not any(mark in as_text(news) for mark in ("\x1b", "\u202e", "\ud800"))
    slack = as_slack(news)["text"]
    assert "<" not in slack
    assert ">" not in slack
    page = as_matrix(news)["formatted_body"]
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.parametrize("text", ["![x](https://evil.example/p.png)", "[text](url)", "@channel", "www.evil.example"])
def test_neither_slack_nor_mattermost_sees_a_mention_or_a_link(text: str) -> None:
    shown = as_slack(news_of((), document(replace(SPF, message=text))))["text"]
    assert text in shown.replace("\u200b", "")
    assert not re.search(r"@\w|\]\(|!\[|://|www\.", shown)


def test_messages_are_no_larger_than_receivers_take() -> None:
    long = [replace(SPF, target=f"d{number:04}.example", message="&<é*" * 400) for number in range(1000)]
    news = news_of((), document(*long))
    event, post, hook = as_matrix(news), as_slack(news)["text"], as_hook(news)
    assert len(as_octets(event)) < 60_000  # of 65,536
    assert len(post) < 16_383
    assert len(as_octets(hook)) < 1_000_000
    told = event["formatted_body"].count("<li>")
    assert told > 10
    assert f"<p>and {1000 - told} more</p>" in event["formatted_body"]
    assert f"and {1000 - told} more" in event["body"]
    assert f"and {1000 - post.count('•')} more" in post
    assert hook["left_out"] == {"new": 1000 - len(hook["new"])}
    assert hook["new"]


@dataclass
class Server:
    """What it was asked, and what it answers."""

    port: int = 0
    status: int = 200
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@contextmanager
def serving() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.requests.append((self.command, self.path, dict(self.headers), json.loads(body)))
            self.send_response(told.status)
            self.send_header("Location", told.url("elsewhere"))
            self.end_headers()

        do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def sendmail(tmp_path: Path) -> Path:
    """A program that keeps what it is given, one file for each message."""
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\nn=$(ls {tmp_path}/mail.* 2>/dev/null | wc -l)\ncat > {tmp_path}/mail.$n\n: "$*"\n')
    program.chmod(0o755)
    return program


def write(directory: Path, *results: Result, name: str = "prod.json", **changes: Any) -> str:
    file = directory / name
    file.write_text("".join(as_json(document(*results, **changes))))
    return str(file)


def notify(directory: Path, *arguments: str, former: str = "") -> int:
    state = ["--state", str(directory / "told.json"), *(["--former", former] if former else [])]
    return main(["notify", str(directory / "prod.json"), *state, *arguments])


def test_the_same_result_is_told_once_by_each_way(
    tmp_path: Path, sendmail: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROOM_TOKEN", "syt_secret_token")
    monkeypatch.setenv("HOOK_TOKEN", "another_secret_token")
    monkeypatch.setenv("HOOK", "services/T000/B000/secretpath")
    with serving() as server:
        ways = [
            *("--mail", "postmaster@example.org", "--sendmail", str(sendmail), "--from", "mailproof@example.org"),
            *("--webhook", server.url("hook"), "--slack", server.url("${secret:HOOK}")),
            *("--matrix", server.url("!room:example.org"), "--token", "${secret:ROOM_TOKEN}"),
            *("--webhook-token", "${secret:HOOK_TOKEN}"),
        ]
        write(tmp_path, SPF, TLS, GOOD)
        assert notify(tmp_path, *ways) == 0
        assert notify(tmp_path, *ways) == 0
        assert len(server.requests) == 3
        write(tmp_path, mended(SPF), TLS, GOOD, surveyed_at="2026-11-23T03:00:05+00:00")
        assert notify(tmp_path, *ways) == 0
        assert len(server.requests) == 6
    (_, hook, headers, news), (_, slack_path, slack_headers, slack), (method, room, room_headers, event) = (
        server.requests[:3]
    )
    assert (hook, headers["Authorization"]) == ("/hook", "Bearer another_secret_token")
    assert (news["format"], news["gate"], news["open"]) == ("mailproof-notification", "closed", 2)
    assert [finding["control"] for finding in news["new"]] == ["TLS-NO-10-11", "SPF-EXISTS"]
    assert slack_path == "/services/T000/B000/secretpath"
    assert "Authorization" not in slack_headers
    assert "2 new" in slack["text"]
    assert (method, event["msgtype"]) == ("PUT", "m.notice")
    assert room_headers["Authorization"] == "Bearer syt_secret_token"
    path = "/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/mailproof-"
    assert room.startswith(path)
    assert [finding["control"] for finding in server.requests[3][3]["mended"]] == ["SPF-EXISTS"]
    assert len(list(tmp_path.glob("mail.*"))) == 2
    mail = message_from_bytes((tmp_path / "mail.0").read_bytes(), policy=policy.default)
    assert (mail["To"], mail["From"]) == ("postmaster@example.org", "mailproof@example.org")
    assert mail["Subject"] == "mailproof prod: 2 new"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "SHOULD  SPF-EXISTS  example.org: no SPF record" in mail.get_content()
    told = capsys.readouterr()
    assert not any(
        secret in text
        for secret in ("secret_token", "secretpath")
        for text in (told.out, told.err, (tmp_path / "told.json").read_text())
    )


def test_who_could_not_be_told_is_told_by_the_next_call(
    tmp_path: Path, sendmail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, SPF, GOOD)
    with serving() as server:
        ways = ("--webhook", server.url("hook"), "--mail", "a@example.org", "--sendmail", str(sendmail))
        for status in (500, 302):
            server.status = status
            assert notify(tmp_path, *ways) == 1
            assert f"webhook at 127.0.0.1: it answered {status}" in capsys.readouterr().err
        assert len(server.requests) == 2  # nothing is tried twice, and no redirection followed
        server.status = 204
        assert notify(tmp_path, *ways) == 0
        assert notify(tmp_path, *ways) == 0
        assert len(server.requests) == 3
    assert len({request[3]["id"] for request in server.requests}) == 1
    assert len(list(tmp_path.glob("mail.*"))) == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\ncat >/dev/null; echo 'queue is full' >&2; exit 75\n", "ended with 75: queue is full"),
        ("#!/bin/sh\nexec sleep 30\n", "did not take it in"),
        ("", "cannot be started"),
    ],
    ids=["refused", "silent", "none"],
)
def test_a_mail_server_that_does_not_take_it_is_told(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "PATIENCE", 0.5)
    program = tmp_path / "sendmail"
    program.write_text(script)
    program.chmod(0o755 if script else 0o644)
    write(tmp_path, SPF)
    assert notify(tmp_path, "--mail", "a@example.org", "--sendmail", str(program)) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "told.json").exists()


def test_a_server_that_never_answers_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(telling, "PATIENCE", 0.3)
    write(tmp_path, SPF)
    silent = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    with silent:  # it listens, and nobody takes the connection
        assert notify(tmp_path, "--webhook", f"http://127.0.0.1:{silent.server_port}/") == 1
    assert "no answer in 0.3 seconds" in capsys.readouterr().err
    assert notify(tmp_path, "--webhook", f"http://127.0.0.1:{silent.server_port}/") == 1


def test_a_state_that_cannot_be_kept_is_told_and_keeps_nobody_from_being_told(
    tmp_path: Path, sendmail: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(telling, "write_atomically", full)
    write(tmp_path, SPF)
    ways = ("--mail", "a@example.org", "--mail", "b@example.org", "--sendmail", str(sendmail))
    assert notify(tmp_path, *ways) == 1
    assert len(list(tmp_path.glob("mail.*"))) == 2
    said = capsys.readouterr().err
    assert "told.json cannot be written: No space left on device; the next call tells a@example.org again" in said


def test_two_calls_at_once_tell_once(tmp_path: Path) -> None:
    write(tmp_path, SPF)
    slow = tmp_path / "sendmail"
    slow.write_text(f"#!/bin/sh\nsleep 0.3\necho told >> {tmp_path}/count\n")
    slow.chmod(0o755)
    codes: list[int] = []
    ways = ("--mail", "a@example.org", "--sendmail", str(slow))
    calls = [threading.Thread(target=lambda: codes.append(notify(tmp_path, *ways))) for _ in range(2)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert codes == [0, 0]
    assert (tmp_path / "count").read_text() == "told\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inventory": "lab"}, "is of the inventory lab, and the result of prod"),
        ({"surveyed_at": "2026-12-01T00:00:00+00:00"}, "is later than the result"),
    ],
)
def test_a_former_result_is_an_earlier_one_of_the_same_inventory(
    changes: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    former = write(tmp_path, GOOD, name="former.json", **changes)
    write(tmp_path, SPF)
    assert notify(tmp_path, "--mail", "a@example.org", "--sendmail", "/nowhere", former=former) == 4
    assert said in capsys.readouterr().err


def test_whoever_knows_the_former_result_is_told_the_difference(tmp_path: Path, sendmail: Path) -> None:
    former = write(tmp_path, SPF, GOOD, name="former.json")
    write(tmp_path, SPF, mended(GOOD, "fail"))
    assert notify(tmp_path, "--mail", "a@example.org", "--sendmail", str(sendmail), former=former) == 0
    mail = message_from_bytes((tmp_path / "mail.0").read_bytes(), policy=policy.default)
    assert "New: 1\n  SHOULD  MX-EXISTS" in mail.get_content()


def test_a_dry_run_tells_and_keeps_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, SPF)
    assert notify(tmp_path, "--mail", "a@example.org", "--sendmail", "/nowhere", "--dry-run") == 0
    assert "to a@example.org: mailproof prod: 1 new" in capsys.readouterr().out
    assert not (tmp_path / "told.json").exists()


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        ([], {}, "nobody to tell"),
        (["--mail", "nobody"], {}, "'nobody' is not a mailbox"),
        (["--mail", "a@example.org\nBcc: b@example.org"], {}, "is not the part of a mailbox"),
        (["--webhook", "http://hooks.example.org/x"], {}, "--webhook: findings go over https, or http on this machine"),
        (["--slack", "file:///etc/passwd"], {}, "this is no URL"),
        (["--slack", "https://hooks.example.org/\r\nX: y"], {}, "this is no URL"),
        (["--webhook", "http://127.0.0.1:99999/x"], {}, "--webhook: this is no URL"),
        (["--slack", "https://hooks.example.org:secret/"], {}, "--slack: this is no URL"),
        (["--slack", "https://[secret/"], {}, "--slack: this is no URL"),
        (["--matrix", "https://m.example.org/!r:m.example.org"], {}, "--matrix needs --token"),
        (["--webhook", "https://hooks.example.org/", "--token", "t"], {}, "--token is for --matrix alone"),
        (["--mail", "a@example.org", "--webhook-token", "t"], {}, "--webhook-token is for --webhook alone"),
        (["--webhook", "${secret:NOT_THERE}"], {}, "NOT_THERE is not set"),
        (["--mail", "a@example.org"], {"complete": False}, "stopped before its end"),
        (["--mail", "a@example.org"], {"proposals": ["the zone x"]}, "judged as proposed"),
    ],
)
def test_what_cannot_be_told_is_a_wrong_command_line(
    arguments: list[str], changes: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, SPF, GOOD, **changes)
    assert notify(tmp_path, *arguments) == 4
    told = capsys.readouterr().err
    assert said in told
    assert "secret/" not in told


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("{", "not JSON"),
        ('{"format": "mailproof-told", "version": 1}', "damaged"),
        ('{"format": "mailproof-told", "version": 1, "told": {"a": [1]}}', "a finding has control"),
        (
            '{"format": "mailproof-told", "version": 1, "told": {}, "inventory": "lab", "surveyed_at": ""}',
            "is of the inventory lab",
        ),
        (
            '{"format": "mailproof-told", "version": 1, "told": {}, "inventory": "prod", "surveyed_at": "2027"}',
            "a later result was told already",
        ),
    ],
)
def test_a_state_that_is_none_is_not_written_over(
    state: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, SPF)
    (tmp_path / "told.json").write_text(state)
    assert notify(tmp_path, "--mail", "a@example.org", "--sendmail", "/nowhere") == 4
    assert said in capsys.readouterr().err
    assert (tmp_path / "told.json").read_text() == state
