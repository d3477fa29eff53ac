"""Preloaded by the server that ``tests.offline.user`` forks its runs of pytest from: whatever each of them imports.

One run is held here, and not just imports, because pytest rewrites the asserts of what it imports itself.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import tempfile
import threading
from pathlib import Path

import pytest

_INVENTORY = "world: demo\ndomains: [right.example]\n"


def _run_once() -> None:
    before = Path.cwd()
    silence = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        os.chdir(directory)
        try:
            Path("warm.yaml").write_text(_INVENTORY)
            options = ("-p", "mailproof.plugin", "-p", "no:cacheprovider", "-p", "no:faulthandler")
            pytest.main([*options, "--inventory", "warm.yaml", "--control", "SPF-EXISTS"])
        finally:
            os.chdir(before)
    if threading.active_count() > 1:
        raise RuntimeError(f"threads are left, and do not survive a fork: {threading.enumerate()}")
    gc.collect()
    gc.freeze()


_run_once()
