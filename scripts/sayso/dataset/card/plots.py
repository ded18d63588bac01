"""The plots of the card: files under ``corpus/plots/``, drawn from the figures that a build counted."""

from __future__ import annotations

from sayso.dataset.card.made import Made

FOLDER = "plots"


def plots(made: Made) -> dict[str, bytes]:
    """Name under ``corpus/`` → SVG, of every plot that there is something to show of."""
    return {}
