"""The inventory: what to check and with which consent; its errors with line numbers; the targets discovered from it."""
