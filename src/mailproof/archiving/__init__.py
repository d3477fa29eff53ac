"""The command `mailproof reports`: reports of receivers into a database, and what they say of a domain out of it."""
