"""Renderers: results in, documents out."""
