"""Every control of TLS and of certificates judges the services for users as well."""

from __future__ import annotations

import pytest

from mailproof.controls import Control, load_catalogue
from mailproof.docket import Docket
from mailproof.net.services import SERVICES
from mailproof.probes import load_probes
from mailproof.targets.services import SMTPEndpoint, TLSEndpoint, endpoint_kind

PORTS = {"submission": (587, 465), "imap": (143, 993), "pop3": (110, 995), "sieve": (4190,)}
DOCKET = Docket(load_probes())
OF_ENDPOINTS = [
    control
    for control in load_catalogue()
    if control.id.startswith(("TLS-", "CERT-"))
    and issubclass(DOCKET.kind(control), TLSEndpoint)
    and not issubclass(DOCKET.kind(control), SMTPEndpoint)
]


@pytest.mark.parametrize("service", PORTS)
def test_every_port_is_known(service: str) -> None:
    row = SERVICES[service]
    assert sorted((*row.in_clear, *row.at_once)) == sorted(PORTS[service])
    assert issubclass(endpoint_kind(row), TLSEndpoint)
    for port in PORTS[service]:
        endpoint = endpoint_kind(row)("mail.example.org", "192.0.2.25", port, role=service)
        assert isinstance(endpoint, TLSEndpoint)
        assert endpoint.implicit_tls is (port in row.at_once)
        assert (endpoint.starttls is None) is endpoint.implicit_tls


@pytest.mark.parametrize("control", OF_ENDPOINTS, ids=lambda control: control.id)
def test_tls_is_judged_on_all_of_them(control: Control) -> None:
    assert all(issubclass(endpoint_kind(SERVICES[service]), DOCKET.kind(control)) for service in PORTS)


def test_the_controls_are_those_of_tls_and_certificates() -> None:
    assert {"TLS-12-OR-13", "TLS-NO-10-11", "CERT-TRUST", "CERT-NAME", "CERT-DATES"} <= {c.id for c in OF_ENDPOINTS}
