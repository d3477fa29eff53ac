"""How far a stranger's zone can lead a run: bounds for one domain, one zone, one address.

The owner of a zone decides by its records which names are followed and which servers are asked. What lies beyond a
bound is not looked at, and a target says so. Hosts and addresses that the inventory itself names are not counted.
"""

from __future__ import annotations

MAX_MX_HOSTS = 20
"""MX hosts of one domain. Large providers have five."""

MAX_ADDRESSES = 16
"""Addresses of one host."""

MAX_MX_ADDRESSES = 40
"""Addresses of all MX hosts of one domain together."""

MAX_NAMES_OF_ADDRESS = 4
"""MX hosts of one domain that lead to the same address: more of them aim at the owner of the address."""

MAX_NAME_SERVERS = 20
"""Name servers of one zone. The root has 13."""

MAX_SERVER_ADDRESSES = 40
"""Addresses of all name servers of one zone together."""

MAX_POLICY_ADDRESSES = 4
"""Addresses of a policy host that are tried until one answers."""

MAX_PTR_NAMES = 10
"""Names of one address that are looked up; RFC 7208, section 5.5 looks at no more either."""

MAX_PTR_POLICIES = 3
"""Names of one address whose SPF is looked up."""

MAX_PTR_SERVERS = 12
"""Servers of a classless reverse zone (RFC 2317) that are asked."""

MAX_PARENT_SERVERS = 4
"""Servers of the parent of a zone whose delegation is compared. Those of com have 26 addresses."""

MAX_PARENT_QUESTIONS = 12
"""Servers of the parent that are asked until so many have said something."""

MAX_ADDRESSES_OF_PRIMARY = 2
"""Addresses of the primary server of a SOA record that are tried until one answers."""

MAX_RDAP_NAMES = 3
"""Names above a zone that a registry is asked for until it knows one: example.org, example.co.uk, and one more."""

MAX_RDAP_REDIRECTS = 2
"""Redirects of a registry that are followed: to the registry that has the address."""

MAX_ABUSE_CONTACTS = 3
"""Mailboxes of one network whose domains are looked up."""

MAX_ORIGINS = 20
"""Blocks of addresses of one zone's servers whose origin is looked up."""

MAX_BLOCKS = 2000
"""Blocks of addresses of a run whose routes are held against the RPKI."""

MAX_LISTS_OF_RESOLVER = 5
"""Blocklists whose test entries one resolver is asked for."""

MAX_VIEWS = 6
"""Resolvers whose answers about one domain are compared."""

MAX_PATH_HOSTS = 4
"""MX hosts of one domain to which the way from the root is followed."""

MAX_PATH_ZONES = 6
"""Zones on that way below the root."""

MAX_PATH_SERVERS = 8
"""Servers of one of them whose addresses are looked up until one has IPv6."""

MAX_RING_HOSTS = 2
"""Names of servers of one zone that cannot be resolved, and whose way is followed."""

MAX_RING_ZONES = 4
"""Zones on that way."""

MAX_RING_QUESTIONS = 2
"""Servers that are asked for the next zone on it."""

MAX_SIGNALLING_HOSTS = 4
"""Name servers of a zone below whose names records for bootstrapping DNSSEC (RFC 9615) are looked for."""

MAX_CAA_STEPS = 10
"""Names that are asked for CAA records, from a host upwards."""

MAX_KNOWN_NAMES = 200
"""Names and types of one zone that the inventory knows and that are looked at together."""

MAX_DRIFT_SETS = 500
"""Sets of a zone file that are asked for at a server of the zone, to compare."""

MAX_REPORT_DOMAINS = 5
"""Domains of the report addresses of one DMARC record that are looked at."""

MAX_NAMED_DOMAINS = 10
"""Other domains that the texts of one domain name, and that are asked for."""

MAX_SIGNATURES = 5
"""DKIM signatures of one message whose keys are asked for."""

MAX_REPORTED_SOURCES = 1_000
"""Sources of one aggregate report that are looked at, those with the most messages."""

MAX_LISTS = 6
"""CRLs and OCSP responses that are fetched for one endpoint: those of two chains of three certificates."""

MAX_RENEWED_NAMES = 5
"""Names of the certificates of one endpoint whose CAA records are looked up."""

MAX_WEB_ADDRESSES = 4
"""Addresses of one web site, of each kind, that are asked for a page."""

MAX_WEB_REDIRECTS = 3
"""Redirects of a web site that are followed, and only to names of the same registrable domain."""

MAX_NAMED_SERVERS = 8
"""Servers that the records and documents of one domain name for its users, and that are connected to."""
