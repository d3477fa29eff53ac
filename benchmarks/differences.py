"""Where a peer and mailproof say different things of the laboratory: who is right, and which rule decides.

Keyed by peer, domain and aspect. A difference that is not here is shown as unexplained.
"""

from __future__ import annotations

DIFFERENCES: dict[tuple[str, str, str], tuple[str, str]] = {}
