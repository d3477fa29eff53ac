"""Text from the network, made harmless for whatever it is shown in: a terminal, a test id, each report format."""

from __future__ import annotations

import html
import re

from mailproof.net.text import escaped, printable

_MARKDOWN = re.compile(r"[!#$&()*+\-.:<>@\[\\\]^_`{|}~]")
_FORMULA = re.compile(r"((?:^|[;,|\t\n])[ \"']{0,64})([=+\-@\uff1d\uff0b\uff0d\uff20])")
_UNSAFE_IN_LINK = re.compile(r"[\s<>\\]")
_UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9._:@/\[\]()+=,~ -]")


def test_id(text: str) -> str:
    """``text`` as part of a test id: ASCII without anything that HTML, XML or a shell would take for its own."""
    return _UNSAFE_IN_ID.sub(lambda found: escaped(found[0]), text)


test_id.__test__ = False  # type: ignore[attr-defined]


def is_web_address(url: str) -> bool:
    """Whether ``url`` may be linked to: http or https, and nothing in it that ends a link or cannot be shown."""
    return url.lower().startswith(("https://", "http://")) and not _UNSAFE_IN_LINK.search(url) and printable(url) == url


def clipped(text: str, limit: int, note: str = " [cut]") -> str:
    """``text`` in at most ``limit`` characters; what was cut says so with ``note``."""
    return text if len(text) <= limit else text[: limit - len(note)] + note


def html_text(text: str) -> str:
    """``text`` as HTML text or the value of an attribute, control characters visible."""
    return html.escape(printable(text), quote=True)


def markdown(text: str) -> str:
    """``text`` as Markdown prose: no markup, link, image or HTML comes of it, and nobody is mentioned.

    GitHub looks for mentions and mail addresses after the backslashes are gone, so a comment parts the name from
    its @ sign.
    """
    return _MARKDOWN.sub(r"\\\g<0>", printable(text)).replace("\\@", "@<!-- -->")


def markdown_code(text: str) -> str:
    """``text`` as a code span on one line: nothing in it is looked at. Not for tables, which part cells first."""
    line = printable(text)
    if not line.strip():
        return "(empty)"
    fence = "`" * (_longest_run(line) + 1)
    padding = " " if line.startswith(("`", " ")) or line.endswith(("`", " ")) else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def markdown_block(lines: tuple[str, ...]) -> str:
    """``lines`` as a fenced block, with a fence that none of them can close."""
    shown = [printable(line) for line in lines]
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def workflow_data(text: str) -> str:
    """``text`` as the message of a GitHub workflow command, line breaks kept."""
    lines = (printable(line) for line in text.splitlines())
    return "%0A".join(line.replace("%", "%25") for line in lines)


def workflow_property(text: str) -> str:
    """``text`` as a property of a GitHub workflow command."""
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def label(text: str) -> str:
    """``text`` as the value of a Prometheus label, without the quotes."""
    return printable(text).replace("\\", r"\\").replace('"', r"\"")


def cell(text: str) -> str:
    """``text`` as a cell of a spreadsheet that is not taken for a formula; line breaks stay.

    Nor is a part of it that becomes a cell where the file is opened with another separator.
    """
    shown = "\n".join(printable(line) for line in text.splitlines())
    return _FORMULA.sub(r"\1'\2", shown)


def sarif_message(text: str) -> str:
    """``text`` as a SARIF message: no placeholder and no embedded link comes of it (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    shown = "\n".join(printable(line) for line in text.splitlines())
    return shown.replace("{", "{{").replace("}", "}}").replace("](", "] (")
