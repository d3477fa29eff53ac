"""`mailproof drill`: watches what a service does while a part of it is down, in a maintenance window.

Nothing is taken down unless a command is given for it, and then it is brought back whatever happens.
"""
