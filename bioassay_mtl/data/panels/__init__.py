"""Panel files: any table that a user brings becomes a panel. A new layout is a new file here."""
