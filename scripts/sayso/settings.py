"""Where this instance stands and what it was told: option, environment, ``[tool.sayso]``, default.

The tool is installed anywhere; an *instance* is the nearest folder at or above the current one that holds
``schema/schema.yaml``. Everything that is private to a machine lives in its git-ignored ``.sayso/``.
"""

from __future__ import annotations

import os
import time
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sayso.errors import InputError, UsageError

SCHEMA_FILE = Path("schema/schema.yaml")

DEFAULTS: dict[str, str] = {"campaign": "main", "pass": "all", "patience": "300", "port": "8080"}


@dataclass(frozen=True)
class Setting:
    """A value and where it came from, for ``--help`` texts and error messages that name the culprit."""

    value: str
    source: str


@dataclass(frozen=True)
class Checkout:
    """A checkout that commands work on.

    Attributes:
        root: absolute path of the folder that holds ``schema/`` and ``corpus/``.
        declared: the ``[tool.sayso]`` table of its ``pyproject.toml``.
    """

    root: Path
    tool_table: dict[str, Any]

    @property
    def private(self) -> Path:
        """``.sayso/``: server data, secrets, caches. Never in git, never in a release."""
        return self.root / ".sayso"

    def find_setting(self, name: str, option: str | None = None) -> Setting | None:
        """Resolve one setting by precedence, or None when nobody set it.

        >>> Checkout(Path("/x"), {"campaign": "pilot"}).setting("campaign")
        Setting(value='pilot', source='[tool.sayso] in pyproject.toml')
        """
        if option is not None:
            return Setting(option, f"--{name.replace('_', '-')}")
        variable = f"SAYSO_{name.upper()}"
        if os.environ.get(variable):
            return Setting(os.environ[variable].strip(), variable)
        if name in self.tool_table:
            return Setting(str(self.tool_table[name]), "[tool.sayso] in pyproject.toml")
        if name in DEFAULTS:
            return Setting(DEFAULTS[name], "default")
        return None

    def require_setting(self, name: str, option: str | None = None) -> str:
        """The value of a setting that must be there.

        Raises:
            UsageError: nobody set it.
        """
        setting = self.find_setting(name, option)
        if setting is None:
            raise UsageError(
                f"{name} is not set",
                remedy=f"give --{name.replace('_', '-')}, set SAYSO_{name.upper()}, or put {name} into [tool.sayso]",
            )
        return setting.value


def current_time() -> datetime:
    """The time that is written into what is made, in UTC to the second: ``SOURCE_DATE_EPOCH``, or the clock's.

    Raises:
        UsageError: the variable is not a number of seconds since 1970 that has a date.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        if epoch and not (epoch.isascii() and epoch.isdecimal()):
            raise ValueError
        return datetime.fromtimestamp(int(epoch or time.time()), UTC)
    except (ValueError, OverflowError, OSError):
        what = f"SOURCE_DATE_EPOCH is {epoch!r}, not a number of seconds since 1970"
        raise UsageError(what, remedy="unset it, or set it to such a number") from None


def find_checkout(root: Path | None = None) -> Checkout:
    """The instance at ``root``, or the nearest one at or above the current folder.

    Raises:
        UsageError: there is none.
        InputError: its ``pyproject.toml`` is not TOML.
    """
    start = (root or Path.cwd()).resolve()
    candidates = [start] if root else [start, *start.parents]
    for folder in candidates:
        if (folder / SCHEMA_FILE).is_file():
            return Checkout(folder, _read_tool_table(folder / "pyproject.toml"))
    raise UsageError(
        f"no {SCHEMA_FILE} here" if root else f"no {SCHEMA_FILE} here or above",
        where=str(start),
        remedy="go into a Sayso checkout or name one with --root",
    )


def _read_tool_table(pyproject: Path) -> dict[str, Any]:
    if not pyproject.is_file():
        return {}
    try:
        table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=str(pyproject)) from error
    declared: dict[str, Any] = table.get("tool", {}).get("sayso", {})
    if "token" in declared:
        raise InputError(
            "a token does not belong into a file that is committed",
            where=f"{pyproject} [tool.sayso]",
            remedy="take it out, revoke it in Label Studio, and set SAYSO_TOKEN instead",
        )
    return declared
