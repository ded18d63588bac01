"""What differs between two versions of the corpus, told for people, as data, and as the bump that it asks for.

>>> from pathlib import Path
>>> local = Path.cwd()
>>> diff_versions(open_version(".", local), open_version(".", local)).bump
"""

from __future__ import annotations

from sayso.diff.applying import apply
from sayso.diff.corpus_diff import ChangeCounts, CorpusDiff, diff_versions
from sayso.diff.corpus_versions import CorpusVersion, FolderVersion, GitVersion, open_version
from sayso.diff.version_bump import BUMPS, Bump, ChangeKind
from sayso.diff.written import SavedDiff, write_json

__all__ = [
    "BUMPS",
    "Bump",
    "ChangeCounts",
    "ChangeKind",
    "CorpusDiff",
    "CorpusVersion",
    "FolderVersion",
    "GitVersion",
    "SavedDiff",
    "apply",
    "diff_versions",
    "open_version",
    "write_json",
]
