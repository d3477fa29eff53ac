"""mailproof: prove that mail infrastructure keeps the rules."""

__version__ = "0.1.0"
