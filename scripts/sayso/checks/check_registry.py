"""The registry of all checks. The command, the table of the manual and the tests follow from it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """A violation of a rule at one place.

    ``start`` and ``end`` are code points of the document's text, end-exclusive; None where the
    finding is about no span. ``file`` is empty and ``line`` 0 where the record was not read from a
    file.
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
        """Format the finding as one line.

        >>> print(Finding("white-space", "error", "edge", "trim it", "d1", 3, 5, "a.jsonl", 7))
        a.jsonl:7: d1 [3, 5): error white-space: edge; trim it
        """
        location = f"{self.file}:{self.line}: " if self.file else ""
        span = "" if self.start is None else f" [{self.start}, {self.end})"
        about = f"{self.doc_id}{span}: " if self.doc_id else ""
        what = f"{self.severity} {self.check}: {self.message}; {self.remedy}"
        return " ".join(f"{location}{about}{what}".split())


class Check(NamedTuple):
    """A named check: the rule that holds without findings, and the remedy where it does not."""

    name: str
    severity: Severity
    rule: str
    remedy: str

    def finding(
        self, message: str, doc_id: str = "", start: int | None = None, end: int | None = None
    ) -> Finding:
        """Return a finding of this check."""
        return Finding(self.name, self.severity, message, self.remedy, doc_id, start, end)


CHECKS: dict[str, Check] = {}


def error_check(name: str, rule: str, remedy: str) -> Check:
    """Register a check whose findings are errors: exit code 5, and no release."""
    return _register(Check(name, "error", rule, remedy))


def warning_check(name: str, rule: str, remedy: str) -> Check:
    """Register a check whose findings are warnings."""
    return _register(Check(name, "warning", rule, remedy))


def _register(check: Check) -> Check:
    if check.name in CHECKS:
        raise ValueError(f"there already is a check named {check.name}")
    CHECKS[check.name] = check
    return check


def checks_table() -> str:
    """Return all checks as a Markdown table, for the manual."""
    rows = [f"| `{check.name}` | {check.severity} | {check.rule} |" for check in CHECKS.values()]
    return "\n".join(["| Check | Severity | Rule |", "| --- | --- | --- |", *rows]) + "\n"
