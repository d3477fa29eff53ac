"""Bounded clients for DNS, SMTP, TLS and HTTPS: every read has a byte limit and a deadline, every failure a type."""
