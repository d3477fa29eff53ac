"""TLS as a client sees it: hellos, handshakes, and what servers answer to them."""
