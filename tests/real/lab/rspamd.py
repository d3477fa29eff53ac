"""rspamd, which Postfix asks as a milter about the mail that comes in: with DMARC enforced, and as it is packaged."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import RSPAMD_PLUGINS, program

ENFORCING, PACKAGED = 8894, 8895
"""Ports: what DMARC demands is done and told; and, as in Debian's modules.d, neither."""

_OPTIONS = {
    "filters": "dkim",
    "dns": {"nameserver": f"{plan.CLIENT}:53", "timeout": 5.0, "retransmits": 3},
}
_MODULES: dict[int, dict[str, object]] = {
    ENFORCING: {
        "dmarc": {"actions": {"reject": "reject", "quarantine": "add_header"}},
        "milter_headers": {"use": ["authentication-results"]},
    },
    PACKAGED: {"dmarc": {}, "milter_headers": {}},
}
_PLUGINS = ("spf.lua", "dmarc.lua", "milter_headers.lua")
_SUFFIXES = "test\n"
"""Debian's list of public suffixes takes a machine under load twenty seconds to compile."""


def rspamd(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start both, one process each besides their main one. Nothing is scored: only SPF, DKIM and DMARC count."""
    directory.mkdir()
    suffixes, plugins = directory / "suffixes", directory / "plugins"
    suffixes.write_text(_SUFFIXES)
    plugins.mkdir()
    for name in _PLUGINS:
        (plugins / name).symlink_to(RSPAMD_PLUGINS / name)
    for port, modules in _MODULES.items():
        home = directory / str(port)
        home.mkdir()
        worker = {
            "bind_socket": f"127.0.0.1:{port}",
            "milter": True,
            "count": 1,
            "upstream": {"local": {"default": True, "self_scan": True}},
        }
        files = {
            "pidfile": "pid",
            "hs_cache_dir": ".",
            "tempdir": ".",
            "control_socket": "control",
            "dynamic_conf": "dynamic",
            "history_file": "history",
            "cache_file": "cache",
        }
        configuration = {
            "options": {
                **_OPTIONS,
                **{name: str(home / file) for name, file in files.items()},
                "url_tld": str(suffixes),
            },
            "logging": {"type": "console", "level": "info"},
            "modules": {"path": f"{plugins}/"},
            "worker": {"rspamd_proxy": worker},
            "actions": {"reject": 1000, "add_header": 500},
            "spf": {},
            "dkim": {},
            **modules,
        }
        file = home / "rspamd.conf"
        file.write_text(json.dumps(configuration, indent=1))
        daemons.start(f"rspamd-{port}", namespace, [program("rspamd"), "-f", "-i", "-c", str(file)])
