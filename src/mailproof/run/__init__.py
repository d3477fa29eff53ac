"""One pytest run with an inventory, by phase: options, collecting, surveying, judging, reporting."""
