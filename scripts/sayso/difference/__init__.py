"""What differs between two versions of the corpus, told for people, as data, and as the bump that it asks for.

>>> from pathlib import Path
>>> here = Path.cwd()
>>> between(side(".", here), side(".", here)).bump
"""

from __future__ import annotations

from sayso.difference.applying import apply
from sayso.difference.between import Difference, Tally, between
from sayso.difference.bump import BUMPS, Bump, Kind
from sayso.difference.sides import Folder, Revision, Side, side
from sayso.difference.written import Written, write

__all__ = [
    "BUMPS",
    "Bump",
    "Difference",
    "Folder",
    "Kind",
    "Revision",
    "Side",
    "Tally",
    "Written",
    "apply",
    "between",
    "side",
    "write",
]
