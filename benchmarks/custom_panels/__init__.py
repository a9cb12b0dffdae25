"""Panels as users have them: this package with no option given, beside the usual alternatives.

Drawn panels, of all sizes, beside tuned rivals: ``pieces`` says what is compared on, ``pools``
draws the molecules, ``tuned`` holds the rivals. Whole panels,
beside rivals as they come: ``whole`` holds rows and contenders. ``work`` does
one piece of work of either, ``table`` reports.
"""
