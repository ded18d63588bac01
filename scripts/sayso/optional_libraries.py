"""Heavy libraries that only some commands need; an extra of the package brings them."""

from __future__ import annotations

import importlib
from typing import Any

from sayso.errors import UsageError


def import_library(name: str, needed_by: str, *, extra: str) -> Any:
    """Import a module of an optional library.

    Raises:
        UsageError: it is not installed; names ``needed_by`` and the extra.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name != package:
            raise
        raise UsageError(
            f"{needed_by} needs {package}, which is not installed",
            remedy=f"pip install 'sayso[{extra}]'",
        ) from error
