"""The HTML report: one file without anything from elsewhere, for the one who decides and the one who mends."""

from mailproof.report.html.page import policy, render

__all__ = ["policy", "render"]
