"""What do two-step balancing and exclusivity buy over a well-regularised plain sum?

``presets`` sizes a study, ``datasets`` picks its rows, ``cases`` says what is compared and which
settings are tried, ``runs`` does one piece of work, ``estimate`` foresees its time. ``outcomes``
reads finished work back, ``significance`` tests it, ``table``, ``verdict`` and ``plot`` report it.
"""
