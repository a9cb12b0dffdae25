"""Panels of one assay, as most people bring them: settings of networks against trees."""
