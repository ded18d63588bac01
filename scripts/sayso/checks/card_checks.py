"""Declarations of the checks of the dataset card, which ``dataset.card`` makes."""

from __future__ import annotations

from sayso.checks.check_registry import error_check

STALE_CARD = error_check(
    "stale-card",
    "The computed parts of the card, and the files beside it, match the data.",
    "run `sayso build`",
)
CARD_WORD = error_check(
    "card-word",
    "The head of the card contains only values that the Hub accepts.",
    "choose another value; the Hub refuses corpus/README.md otherwise",
)
