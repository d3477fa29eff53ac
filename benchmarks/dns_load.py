"""How many DNS answers a second the simulated world gives: one socket, a window of questions, no parsing.

python -m benchmarks.dns_load [SECONDS]
"""

from __future__ import annotations

import json
import socket
import sys
import time

QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08domain-0\x07example\x00\x00\x0f\x00\x01"
"""domain-0.example MX, without its id."""
WINDOW = 64


def rate(seconds: float) -> float:
    """Answers per second over ``seconds``, ``WINDOW`` questions being under way all the time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2.0)
        client.connect(("127.0.0.1", 53))
        answers = 0
        for id_ in range(WINDOW):
            client.send(id_.to_bytes(2, "big") + QUESTION)
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            client.recv(65535)
            answers += 1
            client.send((answers % 65536).to_bytes(2, "big") + QUESTION)
        return answers / (time.perf_counter() - started)


if __name__ == "__main__":
    print(json.dumps({"rate": rate(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)}))
