"""What a check is and what it returns."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """What one check found in one place.

    ``start`` and ``end`` are code points over the document's text, end-exclusive; None where no span is meant.
    ``file`` is empty and ``line`` 0 while nobody has said where the record stands.
    """

    check: str
    severity: Severity
    message: str
    remedy: str
    doc_id: str = ""
    start: int | None = None
    end: int | None = None
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """One line for people.

        >>> print(Finding("white-space", "error", "begins_sentence with it", "trim it", "d1", 3, 5, "a.write_jsonl", 7))
        a.jsonl:7: d1 [3, 5): error white-space: begins with it; trim it
        """
        place = f"{self.file}:{self.line}: " if self.file else ""
        span = "" if self.start is None else f" [{self.start}, {self.end})"
        about = f"{self.doc_id}{span}: " if self.doc_id else ""
        return " ".join(
            f"{place}{about}{self.severity} {self.check}: {self.message}; {self.remedy}".split()
        )


class Check(NamedTuple):
    """A rule by name: what holds where nothing is found, and what to do where it does not."""

    name: str
    severity: Severity
    rule: str
    remedy: str

    def finding(
        self, message: str, doc_id: str = "", start: int | None = None, end: int | None = None
    ) -> Finding:
        """A finding of this check."""
        return Finding(self.name, self.severity, message, self.remedy, doc_id, start, end)


CHECKS: dict[str, Check] = {}


def register(name: str, severity: Severity, holds: str, remedy: str) -> Check:
    """Put a check on the table of all checks."""
    if name in CHECKS:
        raise ValueError(f"a check is named {name} already")
    CHECKS[name] = check = Check(name, severity, holds, remedy)
    return check
