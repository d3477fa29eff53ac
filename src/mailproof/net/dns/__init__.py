"""The Domain Name System: names, records, messages, transport, and the client that all of mailproof asks."""
