"""Fuzzing of every parser that meets hostile or hand-written input; ``python -m tests.fuzz`` (docs/fuzzing.md)."""
