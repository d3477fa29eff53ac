"""Hostile text from the network stays text in every report, and secrets stay out of all of them."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re

import pytest

from tests.offline.user import Run, pytest_run

WORLD = """
zones:
  .: root.zone
  evil.example: evil.zone
smtp:
  - host: mx.evil.example
    addresses: [11.6.6.6]
    behaviour:
      greeting: ["mx.evil.example <script>alert('banner')</script> \\e[31mred\\e[0m \\xe2\\x80\\xae"]
      relay: open
      starttls: absent
"""

EVIL_ZONE = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
@ NS ns2
@ MX 10 mx
@ MX 20 <script>alert1</script>.evil.example.
@ TXT "v=spf1 <script>alert('spf')</script> -all"
_dmarc TXT "v=DMARC1; p=<img src=x onerror=alert('dmarc')>"
ns A 11.6.6.53
ns2 A 11.6.6.54
mx A 11.6.6.6
<script>alert1</script> A 11.6.6.7
6.6.6.11.bl TXT "<script>alert('bl')</script> \\027[31m"
6.6.6.11.bl A 127.0.0.2
2.0.0.127.bl A 127.0.0.2
2.0.0.127.bl-s3cr3tkey A 127.0.0.2
6.6.6.11.bl-s3cr3tkey A 127.0.0.4
"""

INVENTORY = """
world: world
active: true
domains: [evil.example]
limits: {connect: 60, greeting: 60, reply: 60, tls: 60, dns: 30, silence: 0.1, pause: 0}
blocklists:
  - {name: list, zone: bl.evil.example}
  - {name: keyed, zone: "bl-${secret:BL_KEY}.evil.example"}
"""

PAYLOADS = ("<script>alert", "<img src=x", "\x1b", "\u202e", "\x9b")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("hostile")
    (directory / "world").mkdir()
    (directory / "world" / "world.yaml").write_text(WORLD)
    (directory / "world" / "evil.zone").write_text(EVIL_ZONE)
    (directory / "world" / "root.zone").write_text("@ 60 SOA ns.evil.example. h. 1 2 3 4 5\n@ 60 NS ns.evil.example.\n")
    (directory / "evil.yaml").write_text(INVENTORY)
    return pytest_run(
        directory,
        *("--inventory", "evil.yaml", "--junitxml", "junit.xml", "--record", "seen.json", "-v"),
        *("--html", "log.html", "--self-contained-html"),
        environment={"BL_KEY": "s3cr3tkey"},
    )


def test_the_hostile_text_was_really_seen(hostile: Run) -> None:
    """Otherwise the other tests prove nothing."""
    assert hostile.code == 1, hostile.output + hostile.errors
    text = json.dumps(hostile.document("evil"))
    assert "<script>alert('banner')" in text
    assert "<script>alert1" in text
    assert "<script>alert('spf')" in text


def test_the_terminal_shows_control_characters_as_text(hostile: Run) -> None:
    for character in ("\x1b", "\u202e", "\x9b"):
        assert character not in hostile.output


def test_the_html_report_holds_no_markup_of_the_network(hostile: Run) -> None:
    page = (hostile.reports / "evil.html").read_text(encoding="utf-8")
    packed = [
        gzip.decompress(base64.b64decode(data)).decode()
        for data in re.findall(r'type="application/octet-stream"[^>]*>([^<]+)<', page)
    ]
    assert len(packed) == 3
    for payload in PAYLOADS:
        assert payload not in page
    assert "&lt;script&gt;alert(&#39;banner&#39;)" in page
    for character in ("\x1b", "\u202e", "\x9b"):
        assert not any(character in text for text in packed)


def test_the_log_of_pytest_html_holds_no_markup_of_the_network(hostile: Run) -> None:
    page = (hostile.reports.parent / "log.html").read_text(encoding="utf-8")
    blob = re.search(r'data-jsonblob="([^"]*)"', page)
    assert blob is not None
    for part in (page.replace(blob[0], ""), html.unescape(blob[1])):
        for payload in PAYLOADS:
            assert payload not in part
    assert "&lt;script&gt;alert" in html.unescape(blob[1])


def test_test_ids_are_harmless(hostile: Run) -> None:
    ids = re.findall(r"::test_\w+\[(.+?)\] (?:PASS|FAIL|ADVICE|INCONCLUSIVE|NOT)", hostile.output)
    assert len(ids) == len(hostile.document("evil")["results"])
    assert not any(re.search(r"[<>&'\"\x00-\x1f]", id) for id in ids)
    assert any("x3cscript" in id for id in ids)


def test_the_junit_file_is_well_formed(hostile: Run) -> None:
    from xml.etree import ElementTree

    ElementTree.parse(hostile.reports.parent / "junit.xml")


def test_secrets_are_in_no_report_nor_record(hostile: Run) -> None:
    verdicts = hostile.verdicts("evil")
    assert verdicts["DNSBL-VERDICT", "11.6.6.6@keyed"] == "fail"
    files = [
        *hostile.reports.iterdir(),
        *(hostile.reports.parent / name for name in ("junit.xml", "seen.json", "log.html")),
    ]
    for text in [hostile.output, hostile.errors, *(file.read_text(encoding="utf-8") for file in files)]:
        assert "s3cr3tkey" not in text
    assert "${secret:BL_KEY}" in hostile.output
