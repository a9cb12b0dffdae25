"""Panels as users have them: this package with no option given, beside the usual alternatives.

One file an idea: ``panels`` reads the rows, ``judge`` scores predictions, ``contender`` says what a
contender is, ``trees``, ``networks`` and ``ours`` hold them, ``work`` does one piece of work,
``table`` and ``plot`` report.
"""
