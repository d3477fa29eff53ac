"""Tables that others maintain, as dated data: what a registry said on a day, with its source."""
