"""Which suggesters are asked, by name, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sayso.errors import UsageError
from sayso.settings import Checkout
from sayso.suggest import cues, gazetteer, known_names, numbers
from sayso.suggest.suggesters import Suggester, load_plugged_suggester, read_plugged_suggesters
from sayso.suggest.training_data import TrainingData

BUILT_IN = (known_names.NAME, numbers.NAME, gazetteer.NAME, cues.NAME)
MODEL = "model"


def select_suggesters(
    checkout: Checkout, suggester_names: Sequence[str], training_data: TrainingData
) -> list[Suggester]:
    """Those that are named, or all: the instance's own, then the built-in ones as far as there is what they need.

    Raises:
        UsageError: there is none of that name, or it cannot be had.
        InputError: it learns from readings, and there are none.
    """
    own = read_plugged_suggesters(checkout)
    if suggester_names:
        return [
            _build_suggester(checkout, name, own, training_data)
            for name in dict.fromkeys(suggester_names)
        ]
    learnt = () if training_data.exists() else (known_names.NAME,)
    return [
        _build_suggester(checkout, name, own, training_data)
        for name in (*own, *BUILT_IN)
        if name not in learnt
    ]


def _build_suggester(
    checkout: Checkout, name: str, plugged: dict[str, str], training_data: TrainingData
) -> Suggester:
    kind, _, path = name.partition(":")
    if name in plugged:
        return load_plugged_suggester(name, plugged[name])
    if kind == MODEL:
        from sayso.suggest import span_model

        return span_model.build_model_suggester(
            Path(path) if path else span_model.default_model_folder(checkout)
        )
    if name == known_names.NAME:
        return known_names.build_names_suggester(training_data)
    plain = {
        numbers.NAME: numbers.build_numbers_suggester,
        gazetteer.NAME: gazetteer.build_places_suggester,
        cues.NAME: cues.build_cues_suggester,
    }
    if name not in plain:
        known = ", ".join((*plugged, *BUILT_IN, MODEL))
        raise UsageError(
            f"no suggester {name!r}",
            remedy=f"name one of {known}, or declare it in [tool.sayso.suggesters]",
        )
    return plain[name]()
