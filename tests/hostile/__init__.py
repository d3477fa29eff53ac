"""Hostile peers, hostile data, and the tester's own faults, all against the suite as a user runs it."""
