"""What a capture of a server keeps out: passwords, keys and tokens, by where they stand and by what they are called."""
