"""Names that look like another name, as those who want to be taken for somebody else register them."""

from __future__ import annotations

from collections.abc import Iterator

ALIKE = (("o", "0"), ("l", "1"), ("i", "1"), ("rn", "m"), ("m", "rn"), ("w", "vv"), ("e", "3"), ("s", "5"), ("i", "l"))
ENDINGS = ("com", "net", "org", "info", "co", "eu")
WORDS = ("mail", "login", "secure")


def lookalikes(domain: str, most: int) -> tuple[str, ...]:
    """At most ``most`` names that look like a domain: letters alike, doubled, lost or swapped, and other endings."""
    label, _, ending = domain.partition(".")
    if not label or not ending:
        return ()
    found: dict[str, None] = {}
    for name in _all(label, ending):
        if len(found) >= most:
            break
        host = name.partition(".")[0]
        if name != domain and 0 < len(host) <= 63 and host.strip("-") == host:
            found[name] = None
    return tuple(found)


def _all(label: str, ending: str) -> Iterator[str]:
    for old, new in ALIKE:
        if old in label:
            yield f"{label.replace(old, new, 1)}.{ending}"
    for other in ENDINGS:
        yield f"{label}.{other}"
    for place in range(len(label) - 1):
        yield f"{label[:place]}{label[place + 1]}{label[place]}{label[place + 2 :]}.{ending}"
    for word in WORDS:
        yield f"{label}-{word}.{ending}"
    for place in range(len(label)):
        yield f"{label[:place]}{label[place + 1 :]}.{ending}"
        yield f"{label[:place]}{label[place]}{label[place:]}.{ending}"
