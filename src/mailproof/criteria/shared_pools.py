"""Ranges of addresses that a provider has and no customer of it alone: whoever rents there may send from them.

Sources: what the providers publish of their edges (Cloudflare, https://www.cloudflare.com/ips/; Fastly,
https://api.fastly.com/public-ip-list; Amazon CloudFront, https://ip-ranges.amazonaws.com/ip-ranges.json), and for
servers to rent the ranges that the regional registries have for DigitalOcean, Hetzner and OVH. A range that is not here
is not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network

AS_OF = date(2026, 9, 26)
"""The table is as the providers had it on this day."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Pool:
    """The ranges of one provider. ``shared``: customers share every single address, as behind a CDN."""

    provider: str
    shared: bool
    ranges: str

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(map(ip_network, self.ranges.split()))


POOLS = (
    Pool(
        "Cloudflare",
        True,
        "173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 "
        "190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 "
        "104.24.0.0/14 172.64.0.0/13 131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 "
        "2405:8100::/32 2a06:98c0::/29 2c0f:f248::/32",
    ),
    Pool(
        "Fastly",
        True,
        "23.235.32.0/20 43.249.72.0/22 103.244.50.0/24 103.245.222.0/23 103.245.224.0/24 104.156.80.0/20 "
        "140.248.64.0/18 140.248.128.0/17 146.75.0.0/17 151.101.0.0/16 157.52.64.0/18 167.82.0.0/17 "
        "167.82.128.0/20 167.82.160.0/20 167.82.224.0/20 172.111.64.0/18 185.31.16.0/22 199.27.72.0/21 "
        "199.232.0.0/16 2a04:4e40::/32 2a04:4e42::/32",
    ),
    Pool(
        "Amazon CloudFront",
        True,
        "3.160.0.0/14 13.32.0.0/15 13.35.0.0/16 13.224.0.0/14 13.249.0.0/16 18.64.0.0/14 18.154.0.0/15 "
        "18.160.0.0/15 18.164.0.0/15 18.172.0.0/15 18.238.0.0/15 54.239.128.0/18 54.239.192.0/19 54.240.128.0/18 "
        "64.252.64.0/18 64.252.128.0/18 65.8.0.0/16 65.9.0.0/17 65.9.128.0/18 70.132.0.0/18 71.152.0.0/17 "
        "99.84.0.0/16 99.86.0.0/16 143.204.0.0/16 204.246.164.0/22 204.246.168.0/22 205.251.249.0/24 "
        "216.137.32.0/19",
    ),
    Pool(
        "DigitalOcean",
        False,
        "46.101.0.0/16 68.183.0.0/16 104.131.0.0/16 104.236.0.0/16 107.170.0.0/16 128.199.0.0/16 134.209.0.0/16 "
        "138.68.0.0/16 139.59.0.0/16 142.93.0.0/16 157.230.0.0/16 159.65.0.0/16 159.203.0.0/16 161.35.0.0/16 "
        "162.243.0.0/16 165.22.0.0/16 165.227.0.0/16 167.99.0.0/16 167.172.0.0/16 178.62.0.0/16 188.166.0.0/16 "
        "206.189.0.0/16",
    ),
    Pool(
        "Hetzner",
        False,
        "5.9.0.0/16 46.4.0.0/16 49.12.0.0/16 49.13.0.0/16 65.108.0.0/16 65.109.0.0/16 78.46.0.0/15 88.198.0.0/16 "
        "94.130.0.0/16 95.216.0.0/16 95.217.0.0/16 116.202.0.0/16 116.203.0.0/16 135.181.0.0/16 136.243.0.0/16 "
        "138.201.0.0/16 144.76.0.0/16 148.251.0.0/16 157.90.0.0/16 159.69.0.0/16 168.119.0.0/16 176.9.0.0/16 "
        "178.63.0.0/16 188.40.0.0/16 2a01:4f8::/32 2a01:4f9::/32",
    ),
    Pool(
        "OVH",
        False,
        "5.135.0.0/16 5.196.0.0/16 37.187.0.0/16 46.105.0.0/16 51.38.0.0/16 51.68.0.0/16 51.75.0.0/16 51.77.0.0/16 "
        "51.89.0.0/16 51.91.0.0/16 51.178.0.0/16 51.195.0.0/16 51.210.0.0/16 91.121.0.0/16 92.222.0.0/16 "
        "94.23.0.0/16 137.74.0.0/16 145.239.0.0/16 149.202.0.0/16 151.80.0.0/16 164.132.0.0/16 176.31.0.0/16 "
        "188.165.0.0/16 2001:41d0::/32",
    ),
)


def pools_with(network: Network, pools: Iterable[tuple[Pool, Network]] | None = None) -> Iterator[tuple[Pool, Network]]:
    """The pools with a range that ``network`` holds as a whole; where addresses are shared, also a range that holds it.

    ``pools`` stand in place of the table's.
    """
    candidates = _BY_OCTET[network.version, _octet(network)] if pools is None else pools
    for pool, known in candidates:
        if known.version != network.version:
            continue
        if known.subnet_of(network) or (pool.shared and network.subnet_of(known)):  # type: ignore[arg-type]
            yield pool, known


def _octet(network: Network) -> int:
    return network.network_address.packed[0]


_BY_OCTET: dict[tuple[int, int], list[tuple[Pool, Network]]] = defaultdict(list)
for _pool in POOLS:
    for _network in _pool.networks:
        _BY_OCTET[_network.version, _octet(_network)].append((_pool, _network))
