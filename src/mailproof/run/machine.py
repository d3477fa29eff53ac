"""What a run needs of the machine: an output, files, memory. Where something is missing, one line says so."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailproof.net.source import shortage, why_too_few_files


def check(config: pytest.Config) -> None:
    """Raise UsageError where a run could not even begin. Called before pytest captures any output."""
    if sys.stdout is None:
        # The first file that is opened gets the number of standard output, and would be written to.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if reason := why_too_few_files():
        raise pytest.UsageError(reason)
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise pytest.UsageError(
            "no directory for temporary files can be written to; let TMPDIR name one that can"
        ) from None


@contextmanager
def told_shortages() -> Iterator[None]:
    """End the run with one line where the machine lacks what the code inside needs."""
    try:
        yield
    except (MemoryError, OSError, RuntimeError) as error:
        if short := shortage(error):
            pytest.exit(f"this machine is short of {short}: the run cannot go on", pytest.ExitCode.INTERNAL_ERROR)
        raise


class Output:
    """Standard output that may fail: what is written after that is lost, and the run goes on to its reports."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._file.flush)

    def _try(self, work: Any) -> None:
        if self.failure is not None:
            return
        try:
            work()
        except OSError as error:
            self.failure = error
            # Python flushes the file once more at the end, and must not fail then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    @property
    def problem(self) -> str:
        """What went wrong, unless the reader of a pipe merely had enough."""
        failed = self.failure is not None and not isinstance(self.failure, BrokenPipeError)
        return f"standard output cannot be written: {self.failure.strerror}" if failed and self.failure else ""


def guard_output(config: pytest.Config) -> Output | None:
    """Let the terminal reporter write through an ``Output``; None where there is none."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    writer = getattr(reporter, "_tw", None)
    if writer is None or not hasattr(writer, "_file"):
        return None
    writer._file = Output(writer._file)
    return writer._file  # type: ignore[no-any-return]
