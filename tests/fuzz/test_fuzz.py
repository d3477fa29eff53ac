"""A slice of ``make fuzz``, that inputs are made again from seed and number, and what fuzzing has found."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from mailproof.gate.document import DocumentError, read_document
from mailproof.grammars import dkim, dmarc, mta_sts, spf
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.pkix.certificates import facts
from tests.fuzz.mutation import make_input
from tests.fuzz.parser import CORPUS, Parser
from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import fuzz, little_work
from tests.offline.user import SOURCE

INPUTS = 5000
"""Over all parsers; the whole is ``make fuzz``."""

WEIGHTS = sum(parser.weight for parser in PARSERS.values())


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_a_slice_of_the_inputs_finds_nothing(parser: Parser) -> None:
    report = fuzz(parser, 1, range(max(20, INPUTS * parser.weight // WEIGHTS)))
    assert [failure.trace for failure in report.failures] == []


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_what_inputs_are_made_from_is_valid(parser: Parser) -> None:
    """Otherwise nothing behind the parser's front door would ever be tried."""
    assert any(parser.parse(data) for data in parser.corpus)


def test_an_input_is_determined_by_parser_seed_and_number() -> None:
    parser = PARSERS["dns"]
    first = [make_input(parser.name, 3, number, parser.corpus, parser.words) for number in range(50)]
    assert first == [make_input(parser.name, 3, number, parser.corpus, parser.words) for number in range(50)]
    assert len(set(first)) > 40
    assert first != [make_input(parser.name, 4, number, parser.corpus, parser.words) for number in range(50)]


def test_a_finding_is_told_with_its_input_and_the_command_that_repeats_it() -> None:
    def breaks(data: bytes) -> bool:
        if b"a" in data:
            raise RuntimeError("broken")
        return True

    report = fuzz(Parser("name", breaks, (b"a",), (b"a",)), 9, range(20))
    (failure,) = report.failures
    assert failure.command == f"python -m tests.fuzz name --seed 9 --only {failure.number}"
    assert b"a" in failure.data
    assert report.counts == {failure.kind: sum(report.counts.values())}


def test_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--inputs", "300", "--jobs", "1", "spf", "ehlo"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 inputs with seed 1" in done.stdout


def test_spf_records_of_64_kib_do_not_stall_the_run() -> None:
    """Found by fuzzing: where a long domain-spec may end was searched for at every dot, letter by letter."""
    with little_work(20):
        for filler in ("ptr" * 20_000, "a." * 30_000, "a-" * 30_000, "1" * 60_000, "%{d}" * 15_000, "." * 60_000):
            for end in ("_", "!", "-", "com_", "."):
                spf.parse_record(f"v=spf1 a:e.{filler}{end} exp=e.{filler}{end} -all")


@pytest.mark.parametrize(
    ("domain", "valid"),
    [
        *(("a.example", True), ("a.example.", True), ("a.x-y", True), ("a.1x", True), ("a.x1", True), ("a.%{d}", True)),
        *(("%{d1r.}", True), ("a.%%", True), ("a.%_", True), ("a.b%-", True), ("a.xn--p1ai", True), ("a.1-1", True)),
        *(("a.123", False), ("a.-x", False), ("a.x-", False), ("a", False), ("a..", False), ("a.x_", False)),
        *(("a.%{d}x", False), ("a.1-", False), ("%", False)),
    ],
)
def test_ends_of_domain_specs_are_told_apart_as_before(domain: str, valid: bool) -> None:
    """RFC 7208, section 7.1: domain-end is a dot and a toplabel, or a macro."""
    assert (spf.parse_record(f"v=spf1 exists:{domain} -all").errors == ()) is valid


def test_yaml_that_made_the_parser_break_or_stall_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing: an assertion of the parser, a warning of it on the terminal, and 64 KiB of brackets."""
    with little_work():
        for number, (text, message) in enumerate(
            {
                "%YAML 1.125255\n---\ndomains: [a.example]": "not valid YAML",
                f"domains: {'[' * 60_000}": "nested deeper than 50 levels",
                "domains: &x [a.example, {name: &x [b.example]}]\nzones: *x\n": "domains",
            }.items()
        ):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with pytest.raises(InventoryError, match=message):
                    load_inventory(file, {})


@pytest.mark.parametrize(
    "change",
    [{"profile": {}}, {"waivers": [{"state": "used"}]}, {"own_profiles": [{}]}, {"baseline": {"counts": {}}}],
)
def test_a_report_with_broken_parts_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """Found by fuzzing: the HTML page broke on them."""
    file = tmp_path / "report.json"
    file.write_text(json.dumps({**json.loads(PARSERS["report"].corpus[0]), **change}))
    with pytest.raises(DocumentError, match="damaged: "):
        read_document(file)


BLANKS = " " * 60_000


@pytest.mark.parametrize("blanks", [BLANKS, BLANKS.replace(" ", "\t")])
def test_blanks_in_a_record_or_policy_do_not_stall_the_run(blanks: str) -> None:
    """Found by fuzzing: 64 KiB of them took 10 to 20 seconds, with everybody else waiting."""
    with little_work():
        assert dmarc.parse_record(f"v=DMARC1; p=none{blanks}x").errors
        assert dmarc.parse_record(f"v=DMARC1; p={blanks}none{blanks}").policy("p") == "none"
        assert dkim.parse_key_record(f"v=DKIM1; n=a{blanks}b; p=").revoked
        assert mta_sts.parse_policy(f"version: STSv1\nmode:{blanks}none{blanks}\nmax_age: 1").mode == "none"
        assert mta_sts.parse_policy(f"version: STSv1\nmode: a{blanks}b\x00\nmode:{blanks}\x00").errors


def test_a_certificate_of_the_first_year_has_dates_that_can_be_read() -> None:
    """Found by fuzzing: the year was written as 1, and CERT-DATES broke on it."""
    begins = (CORPUS / "rsa.der").read_bytes().replace(b"0\x1e\x17\r260101000000Z", b"0 \x18\x0f00010101000000Z")
    longer = bytearray(begins)
    longer[2:4] = (int.from_bytes(begins[2:4]) + 2).to_bytes(2)
    longer[6:8] = (int.from_bytes(begins[6:8]) + 2).to_bytes(2)
    found = facts(x509.load_der_x509_certificate(bytes(longer)))
    assert found.not_before == "0001-01-01T00:00:00Z"
    assert datetime.fromisoformat(found.not_before).year == 1


def test_a_directive_of_a_zone_file_that_is_wrong_is_named_with_its_line() -> None:
    """Found by fuzzing: the error named neither file nor line."""
    with pytest.raises(ValueError, match=r"^zone:[23]: "):
        parse_zone("example.org", "@ 60 SOA a b 1 2 3 4 5\n$TTL \xb3600\n", "zone")
