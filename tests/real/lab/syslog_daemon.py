"""What rsyslog is on Debian, as far as a mail server's log goes: for programs that can log nowhere else.

Run as ``python -P syslog_daemon.py HOST=DIRECTORY ...``. What comes at the socket DIRECTORY/dev/log becomes a line of
DIRECTORY/mail.log, with the host's name behind the time (RFC 3164, section 4.1), which syslog(3) leaves out.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
from pathlib import Path

OCTETS = 8192
_MESSAGE = re.compile(rb"<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*)", re.DOTALL)


def main(*places: str) -> None:
    """Serve until killed."""
    selector = selectors.DefaultSelector()
    for place in places:
        host, _, directory = place.partition("=")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.bind(str(Path(directory) / "dev" / "log"))
        selector.register(listening, selectors.EVENT_READ, (host.encode(), Path(directory) / "mail.log"))
    while True:
        for key, _ in selector.select():
            host_name, file = key.data
            assert isinstance(key.fileobj, socket.socket)
            if found := _MESSAGE.fullmatch(key.fileobj.recv(OCTETS)):
                with file.open("ab") as log:
                    log.write(b"%s %s %s\n" % (found[1], host_name, found[2].strip()))


if __name__ == "__main__":
    main(*sys.argv[1:])
