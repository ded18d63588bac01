"""Libraries that only some formats need, and that are heavy: the extra ``exchange`` brings them."""

from __future__ import annotations

import importlib
from typing import Any

from sayso.errors import UsageError


def import_library(name: str, format_name: str) -> Any:
    """The module of that name; ``whose`` format it is for.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        raise UsageError(
            f"{format_name} needs {name.partition('.')[0]}, which is not installed",
            remedy="pip install 'sayso[exchange]'",
        ) from error
