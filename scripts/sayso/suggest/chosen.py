"""Which suggesters are asked, by name, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sayso.errors import UsageError
from sayso.settings import Instance
from sayso.suggest import counts, cues, names, places
from sayso.suggest.learning import Lessons
from sayso.suggest.suggesters import Suggester, declared, plugged_in

BUILT_IN = (names.NAME, counts.NAME, places.NAME, cues.NAME)
MODEL = "model"


def suggesters(instance: Instance, named: Sequence[str], lessons: Lessons) -> list[Suggester]:
    """Those that are named, or all: the instance's own, then the built-in ones as far as there is what they need.

    Raises:
        UsageError: there is none of that name, or it cannot be had.
        InputError: it learns from readings, and there are none.
    """
    own = declared(instance)
    if named:
        return [_made(instance, name, own, lessons) for name in dict.fromkeys(named)]
    learnt = () if lessons.there() else (names.NAME,)
    return [_made(instance, name, own, lessons) for name in (*own, *BUILT_IN) if name not in learnt]


def _made(instance: Instance, name: str, own: dict[str, str], lessons: Lessons) -> Suggester:
    kind, _, path = name.partition(":")
    if name in own:
        return plugged_in(name, own[name])
    if kind == MODEL:
        from sayso.suggest import model

        return model.suggester(Path(path) if path else model.place(instance))
    if name == names.NAME:
        return names.suggester(lessons)
    plain = {counts.NAME: counts.suggester, places.NAME: places.suggester, cues.NAME: cues.suggester}
    if name not in plain:
        known = ", ".join((*own, *BUILT_IN, MODEL))
        raise UsageError(
            f"no suggester {name!r}", remedy=f"name one of {known}, or declare it in [tool.sayso.suggesters]"
        )
    return plain[name]()
