"""The database of reports: what receivers said, kept over the years (docs/read-your-dmarc-reports.md).

SQLite by default, PostgreSQL for who has one, by SQLAlchemy Core: the extra ``reports``. Only modules of this package
import it, so whoever uses them imports them where they are used, after ``require``.
"""

from __future__ import annotations

from importlib.util import find_spec

EXTRA = "pip install 'mailproof[reports]'"


class ArchiveError(Exception):
    """The database cannot be opened, read or written; the message names it and says why."""


def require() -> None:
    """Raise ArchiveError unless SQLAlchemy is installed."""
    if find_spec("sqlalchemy") is None:
        raise ArchiveError(f"the database of reports needs SQLAlchemy: {EXTRA}")
