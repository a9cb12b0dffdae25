"""Names that several verbs share."""

DEFAULT_MODEL = "pcba128-fast"
