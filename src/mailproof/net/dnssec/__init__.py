"""DNSSEC validation (RFC 4033 to 4035, 5155, 6840), without trust in any resolver.

``trust``: statuses, and the link at which a chain fails or ends. ``work``: bounds. ``anchors``: trust
anchors. ``keys``: DS and DNSKEY records.
``signatures``: RRsets and their RRSIG records. ``nsec``, ``nsec3``, ``denial``: proofs that something does not exist.
``chain``: the walk from the trust anchors down, the only module that asks, by a function that it is given.
"""
