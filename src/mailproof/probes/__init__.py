"""Probes: the only code that touches a network. Each looks at one target and returns an observation; none judges."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from mailproof.probes.probe import Probe, read_probe

MODULES = (
    "blocklists",
    "dane",
    "dkim",
    "dmarc",
    "early_talk",
    "mailboxes",
    "mta_sts",
    "mx",
    "relay",
    "reverse",
    "smtp",
    "spf",
    "starttls",
    "tls",
    "tls_reporting",
    "zones",
)


def load_probes() -> Mapping[str, Probe]:
    """All probes by name. Raises TypeError when a name is used twice."""
    found: dict[str, Probe] = {}
    for module_name in MODULES:
        module = import_module(f"{__name__}.{module_name}")
        for value in vars(module).values():
            if getattr(value, "__module__", None) != module.__name__:
                continue
            entry = read_probe(value)
            if entry is not None:
                if entry.name in found:
                    raise TypeError(f"the probe {entry.name} is defined twice")
                found[entry.name] = entry
    return found
