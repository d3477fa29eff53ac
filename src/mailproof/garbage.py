"""Python's collector of cycles, kept from looking through what stays: a large run makes millions of objects that do."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 200_000
"""Objects made before the collector looks for garbage, instead of 700. A tenth of a survey's time went into looking,
and a sixth of a whole run's."""


@contextmanager
def rare_collections(*, frozen: bool = False) -> Iterator[None]:
    """Collect rarely inside. ``frozen``: what is there already is not looked through at all, and at the end of the
    process nothing is: the system takes it back as a whole.

    Where somebody has switched the collector off, it stays off.
    """
    usual = gc.get_threshold()
    gc.set_threshold(max(_ALLOCATIONS, usual[0]) if usual[0] else 0, *usual[1:])
    if frozen:
        gc.freeze()
        atexit.unregister(gc.freeze)  # of an earlier run in this process
        atexit.register(gc.freeze)
    try:
        yield
    finally:
        if frozen:
            gc.unfreeze()
        gc.set_threshold(*usual)
