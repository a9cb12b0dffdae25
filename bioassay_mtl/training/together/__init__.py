"""Training of several panels at once, which share some of what they learn."""
