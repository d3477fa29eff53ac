"""Zones from where they are kept: transfers (AXFR), Terraform plans, BIND's configuration. Written as master files."""
