"""``python -m tests.real.lab``: start the laboratory and give a shell on the client's side of it."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading

from tests.real.lab.lab import Lab
from tests.real.lab.namespaces import LabError, remove_leftovers
from tests.real.lab.requirements import prepare


def _terminate(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.lab", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="fetch and unpack what cannot be installed, and end")
    parser.add_argument("--clean", action="store_true", help="remove what killed runs left behind, and end")
    parser.add_argument("--wait", action="store_true", help="wait for Ctrl-C instead of opening a shell")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        if arguments.prepare:
            prepare()
            return 0
        if arguments.clean:
            print(f"removed: {' '.join(remove_leftovers()) or 'nothing'}")
            return 0
        with Lab() as lab:
            print(lab.describe())
            print(
                f"\nstarted in {lab.start_seconds:.1f} s; namespace {lab.client}; CA {lab.ca_file}",
                flush=True,
            )
            if arguments.wait or not sys.stdin.isatty():
                threading.Event().wait()
            subprocess.run(["ip", "netns", "exec", lab.client, os.environ.get("SHELL", "/bin/sh")], check=False)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
