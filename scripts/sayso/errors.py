"""Errors that a user can act on: one class for each remedy, each with its exit code.

A message reads ``where: what is wrong; what to do``. Any other exception is a bug in Sayso.

| exit code | meaning |
|---|---|
| 0 | done, or nothing to do |
| 1 | failed in a way that has no better name |
| 2 | the command's words are wrong |
| 3 | differences were found, where the command was asked to tell by its exit code |
| 4 | the token is missing, wrong or not allowed |
| 5 | a check found errors |
| 6 | stopped half-way; running the command again goes on |
| 7 | the input is wrong: a file, a record, an offset |
| 8 | the server is out of reach, too old, or not Label Studio |
| 9 | two sides disagree, and the command will not choose; its message says how you can |
| 10 | the disk refused |
| 130 | interrupted from the keyboard |
| 141 | the reader of the output closed it, as `head` does |
"""

from __future__ import annotations

from collections.abc import Iterable

INTERRUPTED = 130
CLOSED_PIPE = 141  # as a shell tells of SIGPIPE


class SaysoError(Exception):
    """Base of every error that a user can act on.

    Attributes:
        what: what is wrong, in a few words.
        where: file and line, document and offsets, or URL; may be empty.
        remedy: what to do, with the next command if there is one; may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        """Return everything on one line.

        >>> str(InputError("the text is empty", where="a.txt", remedy="remove the file"))
        'a.txt: the text is empty; remove the file'
        """
        where = f"{self.where}: " if self.where else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return " ".join(f"{where}{self.what}{remedy}".split())


class UsageError(SaysoError, ValueError):
    """A command or function was called with arguments that do not fit."""

    exit_code = 2


class AuthError(SaysoError, PermissionError):
    """The token is missing, wrong, expired or not allowed to do this."""

    exit_code = 4


class FindingsError(SaysoError):
    """A check found errors, which were printed."""

    exit_code = 5


class PartialError(SaysoError):
    """Part of the work is done; running the command again continues it."""

    exit_code = 6


class InputError(SaysoError, ValueError):
    """A file, a record or a value that came in is wrong."""

    exit_code = 7


class SpanError(InputError):
    """An offset does not fit its text. Offsets are never clipped."""


class ServerError(SaysoError, ConnectionError):
    """The server is out of reach, too old, failing, or not a Label Studio."""

    exit_code = 8


class ConflictError(SaysoError):
    """Two sides disagree, and choosing one would lose something."""

    exit_code = 9


class DiskError(SaysoError, OSError):
    """The file system refused: full, read-only, or not ours to write."""

    exit_code = 10

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        # OSError's own __init__ would take positional arguments for errno and text.
        SaysoError.__init__(self, what, where=where, remedy=remedy)


def require_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Check names that a user gave against those that exist.

    Raises:
        UsageError: one does not exist; lists those that do, in their order.
    """
    known = list(known)
    if unknown := sorted(set(names).difference(known)):
        choices = ", ".join(known) or "none"
        raise UsageError(f"no {what} {', '.join(unknown)}", remedy=f"choose from {choices}")
