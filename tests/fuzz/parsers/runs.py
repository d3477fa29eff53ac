"""What runs leave behind: records and results."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from mailproof.gate.baseline import ResultError, compare, read_snapshot
from mailproof.gate.document import DocumentError, read_document
from mailproof.gate.verdict import Verdict
from mailproof.observations import Observation
from mailproof.probes import load_probes
from mailproof.record import Record, RecordError, read_record, write_record
from mailproof.report.formats import FORMATS
from mailproof.report.nagios import State, check
from mailproof.report.narrowing import Wanted
from mailproof.report.text import render as text_report
from mailproof.sealing import SealError, seal, unseal
from mailproof.signatures import Signature, SignatureError, kind_of_key
from tests.fuzz.parser import CONTROLS, Parser, directory, input_file, json_octets, told, words_of
from tests.unit import documents
from tests.unit.test_record import RECORD


def _record(data: bytes) -> bool:
    try:
        record = read_record(input_file(data, ".json"), _probes())
    except RecordError as error:
        return told(str(error))
    again = directory() / "again.json"
    write_record(again, record, lambda text: text)
    assert len(read_record(again, _probes()).outcomes) == len(record.outcomes)
    for outcome in record.outcomes.values():
        if isinstance(outcome, Observation):
            assert all(isinstance(line, str) for line in outcome.evidence())
    return True


_probes = cache(load_probes)


def _report(data: bytes) -> bool:
    try:
        document = read_document(input_file(data, ".json"))
    except DocumentError as error:
        return told(str(error))
    for name, render in FORMATS.items():
        text = "".join(render(document))
        if name != "json":  # JSON has its own escapes, and readers that undo them
            assert not CONTROLS.search(text), name
    assert not CONTROLS.search(text_report(document, Wanted(verdicts=tuple(Verdict)), proof=True))
    status = check(document, document.surveyed_at)
    assert not CONTROLS.search(status.line)
    assert status.state is not State.OK or document.decision.open
    return True


def _baseline(data: bytes) -> bool:
    try:
        found = read_snapshot(input_file(data, ".json"))
    except ResultError as error:
        return told(str(error))
    compare(found, found).note("report.json")
    return True


def _seal(data: bytes) -> bool:
    try:
        found = unseal(input_file(data, ".seal"))
    except SealError as error:
        return told(str(error))
    assert found.manifest.inventory == found.result.inventory
    return True


def _seal_corpus() -> tuple[bytes, ...]:
    file, output = directory() / "result.json", directory() / "out.seal"
    file.write_bytes(_REPORTS[0])
    seal(file, {}, output)
    return (output.read_bytes(),)


def _signature(data: bytes) -> bool:
    """A signature of minisign, and a file of its public keys, of which none is that of this signature."""
    kind = kind_of_key(input_file(b"untrusted comment: ", ".key"))
    stranger = b"untrusted comment: signature\n" + b64encode(b"EDstranger" + bytes(64))
    try:
        Signature(kind, b"", stranger).signer(input_file(data, ".pub"))
    except SignatureError as error:
        told(str(error))
    try:
        assert not CONTROLS.search(Signature(kind, b"", data).unnamed())
    except SignatureError as error:
        return told(str(error))
    return True


def _record_corpus() -> tuple[bytes, ...]:
    file = directory() / "corpus.json"
    write_record(file, RECORD, lambda text: text)
    whole = file.read_bytes()
    write_record(file, Record("lab", "now", RECORD.targets, {}, {"192.0.2.1": 1}, {}), lambda text: text)
    return whole, file.read_bytes()


def _report_corpus() -> tuple[bytes, ...]:
    plain = documents.document(
        *(documents.result(verdict, target=f"{verdict}.example") for verdict in documents.VERDICTS)
    )
    hostile = documents.document(documents.result("fail", observed=documents.HOSTILE, evidence=(documents.HOSTILE,)))
    return json_octets(documents.plain(plain)), json_octets(documents.plain(hostile))


_WORDS = words_of('{ } [ ] null true 1e999 NaN "\\ud800" "verdict" "pass" "\\u001b[31m" 1.0')
_REPORTS = _report_corpus()

PARSERS = (
    Parser(
        "record",
        _record,
        _record_corpus(),
        _WORDS,
        3,
    ),
    Parser(
        "report",
        _report,
        _REPORTS,
        _WORDS,
        2,
    ),
    Parser(
        "baseline",
        _baseline,
        _REPORTS,
        _WORDS,
        5,
    ),
    Parser(
        "seal",
        _seal,
        _seal_corpus(),
        words_of("PK\1\2 PK\3\4 PK\5\6 manifest.json result.json ../ \0\0 \xff\xff"),
        2,
    ),
    Parser(
        "signature",
        _signature,
        (
            b"untrusted comment: minisign public key 8F8D42F86765AB4D\n"
            b"RWRNq2Vn+EKNj8MOtlrESeLQzf5EYNueZYJwRV9VKnOFdCm6OpH4D46Q\n",
            b"untrusted comment: signature\nRURNq2Vn+EKNj7m7Jbb8\ntrusted comment: mailproof seal\ntRNCn33u8ISp\n",
        ),
        words_of("untrusted_comment: RWRNq2Vn+EKN RUR = \x1b[31m \xff"),
        1,
    ),
)
