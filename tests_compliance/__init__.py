"""The catalogue: one module per family, one function per control, each read like a paragraph of a standard."""
