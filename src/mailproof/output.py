"""What commands print: lines in which others may have had a say, on any terminal."""

from __future__ import annotations

import os
import sys

from mailproof.net.text import shown

EXIT_USAGE = 4
"""What pytest says for a wrong command line or inventory."""


def say(text: str) -> None:
    """Print lines in which others may have had a say."""
    print_text(f"{shown(text)}\n")


def complain(text: str) -> None:
    """Say what is wrong on standard error."""
    sys.stderr.write(f"{shown(text)}\n")


def print_text(text: str) -> None:
    """Write to standard output what its encoding cannot hold as escapes, and not fail."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def abandon_output() -> None:
    """Let Python's last flush of standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
