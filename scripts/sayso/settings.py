"""The checkout that commands work on, and its settings.

A setting comes from the option, else the environment, else ``[tool.sayso]``, else a default. A
*checkout* is the nearest folder at or above the current one that holds ``schema/schema.yaml``.
Everything that is private to a machine lives in its git-ignored ``.sayso/``.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sayso.errors import InputError, UsageError
from sayso.files import PRIVATE_FOLDER, is_file, read_text, refuse_links

_MAX_NAME_BYTES = 100  # a name of a file has 255, and others follow it there
SCHEMA_FILE = Path("schema/schema.yaml")
TOOL_TABLE = "[tool.sayso] in pyproject.toml"  # as the source of a setting

DEFAULTS: dict[str, str] = {"campaign": "main", "pass": "all", "patience": "300", "port": "8080"}
DEFAULT_SOURCE = "default"


@dataclass(frozen=True)
class Setting:
    """A value and its source, which error messages name."""

    value: str
    source: str


@dataclass(frozen=True)
class Checkout:
    """A folder with a schema and a corpus.

    Attributes:
        root: absolute path of the folder that holds ``schema/`` and ``corpus/``.
        tool_table: the ``[tool.sayso]`` table of its ``pyproject.toml``.
    """

    root: Path
    tool_table: dict[str, Any]

    @property
    def private(self) -> Path:
        """``.sayso/``: server data, secrets, caches. Never in git, never in a release."""
        return self.root / PRIVATE_FOLDER

    def find_setting(self, name: str, option: str | None = None) -> Setting | None:
        """Return a setting from the source of the highest precedence, or None.

        >>> Checkout(Path("/x"), {"campaign": "pilot"}).find_setting("campaign")
        Setting(value='pilot', source='[tool.sayso] in pyproject.toml')
        """
        if option is not None:
            return Setting(option, f"--{name.replace('_', '-')}")
        variable = f"SAYSO_{name.upper()}"
        if os.environ.get(variable):
            return Setting(os.environ[variable].strip(), variable)
        if name in self.tool_table:
            return Setting(str(self.tool_table[name]), TOOL_TABLE)
        if name in DEFAULTS:
            return Setting(DEFAULTS[name], DEFAULT_SOURCE)
        return None

    def require_setting(self, name: str, option: str | None = None) -> str:
        """Return the value of a setting that must be set.

        Raises:
            UsageError: it is not set, or a campaign's name is none of a folder.
        """
        setting = self.find_setting(name, option)
        if setting is None:
            raise UsageError(
                f"{name} is not set",
                remedy=f"give --{name.replace('_', '-')}, set SAYSO_{name.upper()}, "
                f"or put {name} into [tool.sayso]",
            )
        if name == "campaign":
            require_campaign_name(setting.value, setting.source)
        return setting.value


def require_campaign_name(name: str, where: str) -> str:
    """Return the name itself, if a folder and a file can have it.

    Raises:
        UsageError: it would lead elsewhere, as ``../..`` does, or cannot be seen.
    """
    if (
        not name.isprintable()
        or name != name.strip()
        or name.startswith((".", "-"))
        or re.search(r"[/\\]", name)
        or not 0 < len(name.encode()) <= _MAX_NAME_BYTES
    ):
        raise UsageError(
            f"{name!r} cannot be the name of a campaign",
            where=where,
            remedy="take letters, digits and hyphens, such as pilot-2",
        )
    return name


def current_time() -> datetime:
    """Return the time to write into files, in UTC to the second.

    It is ``SOURCE_DATE_EPOCH`` if that is set, else the clock's.

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
    """Return the checkout at `root`, or the nearest one at or above the current folder.

    Raises:
        UsageError: there is none.
        InputError: its ``pyproject.toml`` is not TOML, or a link would lead writes elsewhere.
    """
    start = (root or Path.cwd()).resolve()
    candidates = [start] if root else [start, *start.parents]
    for folder in candidates:
        if is_file(folder / SCHEMA_FILE):
            for name in ("corpus", "schema", PRIVATE_FOLDER):
                refuse_links(folder / name)
            return Checkout(folder, _read_tool_table(folder / "pyproject.toml"))
    raise UsageError(
        f"no {SCHEMA_FILE} here" if root else f"no {SCHEMA_FILE} here or above",
        where=str(start),
        remedy="go into a Sayso checkout or name one with --root",
    )


def _read_tool_table(pyproject: Path) -> dict[str, Any]:
    if not is_file(pyproject):
        return {}
    content = read_text(pyproject)
    remedy = "correct it, or restore it from git"
    try:
        declared: Any = tomllib.loads(content)
    except (ValueError, RecursionError) as error:  # also for numbers of thousands of digits
        raise InputError(f"not TOML: {error}"[:300], where=str(pyproject), remedy=remedy) from error
    for name in ("tool", "sayso"):
        declared = declared.get(name, {})
        if not isinstance(declared, dict):
            raise InputError(f"{name} is no table", where=str(pyproject), remedy=remedy)
    if "token" in declared:
        raise InputError(
            "a token must not be in a file that is committed",
            where=f"{pyproject} [tool.sayso]",
            remedy="remove it, revoke it in Label Studio, and set SAYSO_TOKEN instead",
        )
    return {**declared}
