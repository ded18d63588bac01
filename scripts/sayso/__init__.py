"""Who says what happened where, and how many: a corpus of conflict reporting and the tool that labels it."""

__version__ = "0.1.0"
