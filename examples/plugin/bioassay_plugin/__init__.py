"""Kinds of one's own for bioassay_mtl: one small file for each kind."""
