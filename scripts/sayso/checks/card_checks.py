"""Checks of the dataset card. They are looked for where the card is made; here they have their names and remedies."""

from __future__ import annotations

from sayso.checks.check_registry import register

STALE_CARD = register(
    "stale-card",
    "error",
    "Computed parts of the card, and files beside it, tell of the data that lie there.",
    "run `sayso build`",
)
CARD_WORD = register(
    "card-word",
    "error",
    "The head of the card has only words that the hub takes.",
    "choose another word; corpus/README.md is refused on upload otherwise",
)
