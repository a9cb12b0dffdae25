"""Shared modules: the synthetic problem of groups of linear tasks, and panels beside each other."""
