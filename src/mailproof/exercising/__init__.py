"""`mailproof exercise`: sends marked test messages to a mailbox of ours, or has its service send some to a sink.

The suite never sends mail. This command does, with the consent of the inventory, and writes a record that the suite
judges. Every message goes to the one mailbox that the inventory names, or to the sink.
"""
