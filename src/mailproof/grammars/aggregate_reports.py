"""Aggregate reports of DMARC taken apart: RFC 9990, and RFC 7489, appendix C, as reporters really write it.

Names of elements are compared without regard to case and namespace. A document type, which could define entities, is
refused. What breaks the schema, or the rules of XML, and can be understood is in ``errors``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from xml.parsers import expat

from mailproof.grammars.received import normal_address
from mailproof.net.dns.names import normalise

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
"""Of RFC 9990."""
MAX_ROWS = 100_000
MAX_DEPTH = 20
MAX_TEXT = 2_000
"""Characters of one element."""
MAX_MENDED = 20 * 1024 * 1024
"""Octets of broken XML that is read all the same."""
MAX_RESULTS = 200
"""Signatures and SPF results of one row; RFC 9990 wants at most 100 signatures."""

MAX_NAME = 253
"""Characters of a name in the DNS (RFC 1035, section 2.3.4)."""

MAX_IN_LETTERS = 1_000
"""Domains of a report in other letters than ASCII that are looked up: strangers write them, and each takes time."""

MAX_DIGITS = 10
"""Of a count. Sums of what strangers claim have to fit into 64 bits."""

REASONS_OF_7489 = ("forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy", "other")
REASONS_OF_9990 = ("local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder")
DISPOSITIONS = ("none", "quarantine", "reject", "pass")


class UnreadableXML(ValueError):
    """No aggregate report, or XML that cannot be read at all."""


class OtherXML(UnreadableXML):
    """Of another kind: a picture, a page, or a part of an office document."""


class _BrokenXML(UnreadableXML):
    """What breaks the rules of XML, and may be read once that is mended."""


@dataclass(frozen=True)
class SignatureResult:
    """What a row says of one DKIM signature."""

    domain: str
    selector: str
    result: str


@dataclass(frozen=True)
class Row:
    """Messages of one source with one outcome."""

    source: str
    """Empty where it is no address."""
    count: int
    disposition: str
    dkim: str
    spf: str
    """pass or fail, aligned: what DMARC made of it (policy_evaluated)."""
    reasons: tuple[str, ...] = ()
    header_from: str = ""
    envelope_from: str = ""
    signatures: tuple[SignatureResult, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether DMARC passed."""
        return "pass" in (self.dkim, self.spf)

    @property
    def is_signed(self) -> bool:
        """Whether a signature names the domain in From or one above it, whether it holds or not."""
        return any(
            one.domain and one.result != "none" and f".{self.header_from}".endswith(f".{one.domain}")
            for one in self.signatures
        )


@dataclass(frozen=True)
class AggregateReport:
    """One report. Times are in seconds since 1970, 0 where nothing could be read."""

    reporter: str
    email: str
    id: str
    begin: int
    end: int
    domain: str
    """The domain that the policy is of."""
    is_9990: bool
    policy: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    errors: tuple[str, ...] = ()


def parse_aggregate_report(data: bytes) -> AggregateReport:
    """Take a report apart. Raises UnreadableXML for what is none.

    Reporters write octets that are no UTF-8, control characters, a bare ``&``, prefixes that nothing declares. All that
    is looked past, since what it stands in is hardly ever what counts, and the report says that it was so.
    """
    data = data.lstrip()
    if data.startswith(_BOM) and data[len(_BOM) : len(_BOM) + 1].isspace():
        data = data.removeprefix(_BOM).lstrip()
    reader = _Reader()
    try:
        _read(data, reader, expat.ParserCreate(namespace_separator=" "))
    except _BrokenXML as broken:
        if len(data) > MAX_MENDED:
            raise
        reader = _Reader()
        with suppress(_BrokenXML):
            _read(_mended(data), reader, expat.ParserCreate("utf-8"))
        if not reader.is_complete:
            raise (broken if _FEEDBACK.search(_text_of(data)) else OtherXML(str(broken))) from None
        reader.note(str(broken))
    return reader.report()


_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(r"<\?xml\s[^<>]{0,200}\?>")
_ENCODING = re.compile(
    rb"""<\?xml\s[^<>]{0,100}?encoding\s*=\s*["']((?i:gb|big5|shift|euc|iso-2022)[A-Za-z0-9_-]{0,20})["']"""
)
"""Those of several octets a character. Python knows some that take time with the square of the length, as Punycode."""
_FEEDBACK = re.compile(r"(?i)<(?:[\w.-]{1,40}:)?feedback\b")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0{0,9}(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0{0,9}(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_BARE_LESS = re.compile(r"<(?!/?[A-Za-z_][\w:.-]*(?:\s[^<>]*)?/?>|!--|!\[CDATA\[|[!?][A-Za-z])")
"""What begins no tag: an address in angle brackets, say."""
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


def _read(data: bytes, reader: _Reader, parser: expat.XMLParserType) -> None:
    """Have a report read. Raises UnreadableXML."""
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if not reader.is_complete:
            raise _BrokenXML(f"its XML is broken: {error}") from None
        reader.note("something stands behind the end of the report")
    except UnreadableXML:
        raise
    except (ValueError, LookupError) as error:
        # Expat knows the encodings of one octet a character, and UTF-8 and UTF-16.
        raise _BrokenXML(f"not every reader of XML knows its encoding: {error}") from None


def _mended(data: bytes) -> bytes:
    """Broken XML without what breaks it most often."""
    text = _CONTROL.sub("", _DECLARATION.sub("", _text_of(data)))
    text = _CONTROL_REFERENCE.sub("", text)
    return _BARE_AMPERSAND.sub("&amp;", _BARE_LESS.sub("&lt;", text)).encode()


def _text_of(data: bytes) -> str:
    """What octets say in the encoding that they name; UTF-8 where that is none."""
    named = _ENCODING.match(data)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else named[1].decode() if named else "utf-8"
    try:
        return data.decode(encoding, "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _refuse(name: str, *_: object) -> None:
    kind = UnreadableXML if name.rpartition(":")[2].lower() == "feedback" else OtherXML
    raise kind("it has a document type, which no report needs")


@dataclass
class _Record:
    """A row under way."""

    values: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    signatures: list[dict[str, str]] = field(default_factory=list)
    results_of_spf: int = 0


class _Reader:
    """Takes the events of the parser, and keeps what a report is made of."""

    def __init__(self) -> None:
        self.is_complete = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._values: dict[str, str] = {}
        self._policy: dict[str, str] = {}
        self._record = _Record()
        self._rows: list[Row] = []
        self._errors: dict[str, None] = {}
        self._is_9990 = False
        self._in_letters: dict[str, str] = {}
        """Domains in other letters than ASCII, with what they are in the DNS."""

    def note(self, error: str) -> None:
        if len(self._errors) < 20:
            self._errors[error] = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        prefix, colon, local = local.rpartition(":")
        namespace = namespace or attributes.get(f"xmlns{colon}{prefix}", "")
        if not self._path:
            if local.lower() != "feedback":
                raise OtherXML(f"it is no aggregate report: its element is {local[:40]}")
            self._is_9990 = namespace == NAMESPACE
        if len(self._path) >= MAX_DEPTH:
            raise UnreadableXML(f"its elements lie in each other more than {MAX_DEPTH} times")
        self._path.append(local.lower())
        self._text, self._length = [], 0
        where = self._path[1:]
        if where == ["record"]:
            self._record = _Record()
            if len(self._rows) >= MAX_ROWS:
                raise UnreadableXML(f"it has more than {MAX_ROWS} rows")
        elif where == ["record", "auth_results", "dkim"]:
            if len(self._record.signatures) >= MAX_RESULTS:
                raise UnreadableXML(f"a row has more than {MAX_RESULTS} signatures")
            self._record.signatures.append({})

    def text(self, text: str) -> None:
        self._length += len(text)
        if self._length <= MAX_TEXT:
            self._text.append(text)

    def end(self, _: str) -> None:
        value = " ".join("".join(self._text).split())
        self._text, self._length = [], 0
        match self._path[1:]:
            case []:
                self.is_complete = True
            case ["version"]:
                self._values["version"] = value
            case ["report_metadata", name]:
                self._values.setdefault(name, value)
            case ["report_metadata", "date_range", name]:
                self._values[name] = value
            case ["policy_published", name]:
                self._policy.setdefault(name, value)
            case ["record"]:
                self._finish_row()
            case ["record", "row", "policy_evaluated", "reason", "type"]:
                if value:
                    self._record.reasons.append(value.lower())
                else:
                    self.note("a reason names no type")
            case ["record", "row" | "identifiers" | "identities", name]:
                self._record.values.setdefault(name, value)
            case ["record", "row", "policy_evaluated", name]:
                self._record.values.setdefault(name, value.lower())
            case ["record", "auth_results", "dkim", name]:
                self._record.signatures[-1].setdefault(name, value)
            case ["record", "auth_results", "spf"]:
                self._record.results_of_spf += 1
        self._path.pop()

    def _finish_row(self) -> None:
        values = self._record.values
        source = normal_address(values.get("source_ip", "").strip("[]"))
        if not source:
            self.note(f"source_ip is no address: {values.get('source_ip', '')[:40]!r}")
        count = _number(values.get("count", ""), MAX_DIGITS)
        if count is None:
            self.note(f"count is no number: {values.get('count', '')[:20]!r}")
        if values.get("disposition") not in DISPOSITIONS or (values["disposition"] == "pass" and not self._is_9990):
            self.note(f"the disposition is {values.get('disposition', '')[:20]!r}")
        known = REASONS_OF_9990 if self._is_9990 else (*REASONS_OF_7489, "policy_test_mode")
        for reason in self._record.reasons:
            if reason not in known:
                self.note(f"the reason {reason[:40]!r} is not known")
        if self._is_9990 and self._record.results_of_spf > 1:
            self.note("a row has several results of SPF")
        signatures = tuple(
            SignatureResult(self._domain(one.get("domain", "")), one.get("selector", ""), one.get("result", "").lower())
            for one in self._record.signatures
        )
        self._rows.append(
            Row(
                source,
                count or 0,
                values.get("disposition", ""),
                values.get("dkim", ""),
                values.get("spf", ""),
                tuple(self._record.reasons),
                self._domain(values.get("header_from", "").rpartition("@")[2].rstrip(">")),
                values.get("envelope_from", "").lower().rstrip("."),
                signatures,
            )
        )

    def _domain(self, text: str) -> str:
        """A domain in small letters, and in A-labels, as inventories have it: some reporters write it as people do."""
        text = text.lower().rstrip(".")
        if text.isascii() or len(text) > MAX_NAME or len(self._in_letters) >= MAX_IN_LETTERS:
            return self._in_letters.get(text, text)
        if text not in self._in_letters:
            with suppress(ValueError):
                self._in_letters[text] = text
                self._in_letters[text] = normalise(text)
        return self._in_letters[text]

    def report(self) -> AggregateReport:
        version = self._values.get("version")
        if version not in (None, "1.0", "1") or (version is None and not self._is_9990):
            self.note(f"the version is {version[:20]!r}" if version is not None else "there is no version")
        for name in ("org_name", "email", "report_id"):
            if not self._values.get(name):
                self.note(f"{name} is missing")
        domain = self._domain(self._policy.get("domain", ""))
        if not domain:
            self.note("policy_published names no domain")
        begin, end = (_time(self._values.get(name, "")) for name in ("begin", "end"))
        if not begin or not end or end < begin:
            self.note("date_range names no period")
        if not self._rows:
            self.note("there is no record")
        return AggregateReport(
            self._values.get("org_name", ""),
            self._values.get("email", ""),
            self._values.get("report_id", ""),
            begin,
            end,
            domain,
            self._is_9990,
            tuple((name, value) for name, value in self._policy.items() if name != "domain"),
            tuple(self._rows),
            tuple(self._errors),
        )


def _number(text: str, digits: int = 12) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def _time(text: str) -> int:
    """A time as seconds since 1970; 0 for what is none. Fractions, which some write, are cut."""
    return _number(text.partition(".")[0]) or 0
