"""What a run does for a job of GitHub Actions: annotations, and a summary on the page of the job."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mailproof.gate.document import RunDocument
from mailproof.languages import ENGLISH
from mailproof.report import markdown

SUMMARY_LIMIT = 1_048_576
"""Bytes of all summaries of a step."""


def is_job(environment: Mapping[str, str]) -> bool:
    """Whether this process runs in a job of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def no_commands(write_line: Callable[[str], object]) -> Iterator[None]:
    """While this lasts, GitHub takes no line of the output for a workflow command: it quotes the network."""
    token = secrets.token_hex(16)
    write_line(f"::stop-commands::{token}")
    try:
        yield
    finally:
        write_line(f"::{token}::")


def append_summary(document: RunDocument, environment: Mapping[str, str], language: str = ENGLISH) -> list[str]:
    """Append the Markdown summary to the file that GitHub names for it. Returns what went wrong."""
    name = environment.get("GITHUB_STEP_SUMMARY")
    if not name:
        return []
    file = Path(name)
    try:
        room = SUMMARY_LIMIT - (file.stat().st_size if file.exists() else 0)
        text = markdown.render(document, limit=room, language=language)
        if len(text.encode()) <= room:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        return [f"{file}: the summary cannot be written: {error.strerror}"]
    return []
