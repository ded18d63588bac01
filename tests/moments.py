"""The moments at which a test kills or disturbs a command: a sample, or every one.

`make sweep` takes every one, by the variable ``SAYSO_EVERY_MOMENT``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

EVERY_MOMENT = bool(os.environ.get("SAYSO_EVERY_MOMENT"))
T = TypeVar("T")


def take_sample(moments: Sequence[T], count: int, seed: str = "") -> list[T]:
    """Return this many of the moments in their order, always the same ones; or all of them.

    >>> take_sample(range(1, 100), 3) == take_sample(range(1, 100), 3)
    True
    """
    if EVERY_MOMENT or count >= len(moments):
        return list(moments)
    places = random.Random(f"{seed} {len(moments)}").sample(range(len(moments)), count)
    return [moments[place] for place in sorted(places)]
