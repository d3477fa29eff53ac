"""Targets: what controls judge, and how they are found. A kind of target is one class and one finder, side by side."""

from mailproof.extensions import walk

MODULES = tuple(walk(__name__))
"""The modules of this package: a kind of target is known as soon as its module is imported."""
