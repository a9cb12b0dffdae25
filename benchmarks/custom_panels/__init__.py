"""Panels as users have them: this package with no option given, beside the usual alternatives.

``pieces`` says what is compared on, ``draws`` draws its molecules, ``rivals`` holds alternatives
with tuned settings. ``work`` does one piece of work, on these, or on whole panels beside models as
they come; ``table`` reports.
"""
