"""Faults of files of certificates: copies of those that servers of the laboratory read."""

from __future__ import annotations

from tests.real.domains import Domain

NETWORK = 111

DOMAINS: tuple[Domain, ...] = ()

FILES = {"right-chain.pem": "right", "foreign-chain.pem": "cert-foreign", "root-chain.pem": "cert-root"}
"""The label of the domain whose chain a file is a copy of, by its name."""

OUTSIDE = {
    ("CHAIN-FILE", "fail", "foreign-chain.pem"),
    ("CHAIN-FILE", "advice", "root-chain.pem"),
}
