"""Writes the sources of the site into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.site import write

write(Path(sys.argv[1]))
