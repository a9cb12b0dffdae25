"""One of each thing that can be added: each in a file of its own, registered by one line."""
