"""Panels of one assay, as most people bring them: what weights their experts should have."""
