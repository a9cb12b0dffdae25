"""Decision trees as arrays: what they are kept in, checked by, and evaluated with."""
