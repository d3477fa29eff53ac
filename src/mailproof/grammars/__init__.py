"""Texts of the field taken apart, one module for each grammar.

Nothing here asks anybody or raises: what is wrong with a text stands in what is returned.
"""
