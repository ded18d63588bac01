"""Types of the functions by which long work reports its progress."""

from collections.abc import Callable

Advance = Callable[[int], None]
"""Called with the number of things that were just finished."""

ReportProgress = Callable[[str, int], None]
"""Called with the step at hand and the number of things that were just finished."""
