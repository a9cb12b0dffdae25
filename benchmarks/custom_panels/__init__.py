"""Panels as users have them: this package with no option given, beside the usual alternatives.

One file an idea. Drawn panels, of all sizes, beside tuned rivals: ``pieces`` says what is compared
on, ``pools`` draws the molecules, ``tuned`` holds the rivals, ``drawn`` does one piece of work,
``evidence`` is its statistics, ``drawn_table`` and ``drawn_plot`` report. Whole panels, beside
rivals as they come: ``panels`` reads the rows, ``judge`` scores predictions, ``contender`` says
what a contender is, ``trees``, ``networks`` and ``ours`` hold them, ``work`` does one piece of
work, ``outcomes``, ``table`` and ``plot`` report.
"""
