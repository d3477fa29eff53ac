"""Certificates of the Internet PKI (RFC 5280): parts, names, signatures and flaws, and the paths to a trusted root."""
