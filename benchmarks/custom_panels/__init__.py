"""Panels as users have them: this package with no option given, beside the usual alternatives.

Drawn panels, of all sizes, beside tuned rivals: ``pieces`` says what is compared on, ``pools``
draws the molecules, ``tuned`` holds the rivals. ``work`` does one piece of work, on these, or on
whole panels beside rivals as they come; ``table`` reports.
"""
