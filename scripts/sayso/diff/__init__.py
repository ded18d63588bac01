"""Compare two versions of the corpus: entries for programs, tables for readers, and the version
bump they require.
"""

from __future__ import annotations

import sys

from sayso import CallableModule
from sayso.diff.change_rows import ChangeCounts, ChangeRow
from sayso.diff.corpus_diff import CorpusDiff, diff_versions
from sayso.diff.corpus_versions import (
    CorpusVersion,
    FolderVersion,
    GitVersion,
    open_version,
    resolve_range,
)
from sayso.diff.version_bump import BUMPS, ChangeKind

__all__ = [
    "BUMPS",
    "ChangeCounts",
    "ChangeKind",
    "ChangeRow",
    "CorpusDiff",
    "CorpusVersion",
    "FolderVersion",
    "GitVersion",
    "diff_versions",
    "open_version",
    "resolve_range",
]

sys.modules[__name__].__class__ = CallableModule  # so that `sayso.diff(...)` is the function, too
