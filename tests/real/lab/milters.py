"""OpenDKIM and OpenDMARC, which Postfix asks about the mail that comes in to the domains that are exercised."""

from __future__ import annotations

from pathlib import Path

from tests.real.lab import plan
from tests.real.lab.processes import Daemons
from tests.real.lab.requirements import program

_OPENDKIM = """\
Mode v
AlwaysAddARHeader yes
Background no
Syslog no
LogWhy yes
UMask 0
On-DNSError accept
"""
_RESOLVER = """\
server:
  module-config: "iterator"
  local-zone: "test." nodefault
"""
"""OpenDKIM looks up names itself (libunbound), and takes test for a name that does not exist."""
_FORWARDS = f"""\
forward-zone:
  name: "."
  forward-addr: {plan.CLIENT}
"""
_LOOKS_UP = """\
stub-zone:
  name: "."
  stub-prime: no
"""
_OPENDMARC = """\
Background false
Syslog false
RejectFailures true
SPFIgnoreResults true
SPFSelfValidate true
Socket inet:8893@127.0.0.1
"""


def milters(daemons: Daemons, namespace: str, directory: Path) -> None:
    """Start them: OpenDKIM once as it should be, and once credulous."""
    directory.mkdir()
    roots = "".join(f"  stub-addr: {address}\n" for address, _ in plan.PARENTS.values())
    kinds = {
        "opendkim": ("StrictHeaders yes\nSocket inet:8891@127.0.0.1\n", _FORWARDS),
        "opendkim-credulous": ("StrictHeaders no\nSocket inet:8892@127.0.0.1\n", _LOOKS_UP + roots),
    }
    for name, (lines, resolver) in kinds.items():
        (directory / f"{name}.unbound").write_text(_RESOLVER + resolver)
        lines += f"ResolverConfiguration {directory / f'{name}.unbound'}\n"
        file = directory / f"{name}.conf"
        file.write_text(_OPENDKIM + lines)
        daemons.start(name, namespace, [program("opendkim"), "-f", "-x", str(file)])
    file = directory / "opendmarc.conf"
    file.write_text(_OPENDMARC)
    daemons.start("opendmarc", namespace, [program("opendmarc"), "-f", "-c", str(file)])
