"""What is read of the configurations of resolvers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.grammars.named_conf import NotNamedConf
from mailproof.grammars.resolver_settings import parse_bind, parse_unbound
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.resolvers import ResolverSettings
from mailproof.probes.resolver_settings import resolver_settings
from mailproof.targets.files import Configuration, ConfigurationFile

UNBOUND = """server:
    # log-queries: yes
    log-queries: no   # not here
	msg-cache-size: "64m"
"""
BIND = """/* querylog yes;
*/ options {
    querylog
        no; // querylog yes;
    max-cache-size 256m; # max-cache-size 1m;
    no-querylog yes;
};
logging { category "queries" { "default_log"; }; };
"""


def test_unbound() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_unbound(UNBOUND)]
    assert found == [("log-queries", "no", 3), ("msg-cache-size", "64m", 4)]


def test_bind() -> None:
    found = [(entry.name, entry.value, entry.line) for entry in parse_bind(BIND)]
    assert found == [("querylog", "no", 3), ("max-cache-size", "256m", 5), ("category queries", "default_log", 8)]


@given(st.text(alphabet='querylogcatim-{}"/*; \n#') | st.text())
@pytest.mark.parametrize("parse", [parse_unbound, parse_bind])
def test_any_text_is_read(parse: object, text: str) -> None:
    assert callable(parse)
    try:
        list(parse(text))
    except NotNamedConf:
        return
    assert all(entry.line <= text.count("\n") + len(text) + 1 for entry in parse(text))


DEBIAN = {
    "unbound": {
        "unbound.conf": 'include-toplevel: "/etc/unbound/unbound.conf.d/*.conf"\n',
        "unbound.conf.d/root-auto-trust-anchor-file.conf": "server:\n  auto-trust-anchor-file: x\n",
    },
    "bind": {
        "named.conf": 'include "/etc/bind/named.conf.options";\ninclude "/etc/bind/named.conf.local";\n',
        "named.conf.options": "options { dnssec-validation auto; };\n",
        "named.conf.local": '//include "/etc/bind/zones.rfc1918";\nzone "a" { include "a"; };\n',
    },
}
"""What Debian's packages bring, in short."""


@pytest.mark.parametrize("program", DEBIAN)
def test_what_debian_includes_is_read_where_it_is_named(program: str, tmp_path: Path) -> None:
    files = []
    for name, text in DEBIAN[program].items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        files.append(ConfigurationFile(str(tmp_path / name), name))

    def read(*named: ConfigurationFile) -> ResolverSettings:
        target = Configuration(program, "mx1.example.org", named)

        async def look() -> ResolverSettings:
            return await resolver_settings(target, Network(NetSettings()))

        return asyncio.run(look())

    whole, alone = read(*files), read(files[0])
    assert (whole.logged, whole.cache_size, whole.includes) == (None, None, ())
    assert alone.includes
