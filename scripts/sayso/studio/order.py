"""In which order Label Studio hands documents out: its own setting of a project, and the scores that it goes by.

"Uncertainty sampling" serves tasks with a prediction of the project's model by rising score, each only once to as many
annotators as it is for, then the others at random. Our score is how certain a document is: 1 less its uncertainty. What
others have begun comes first where a document is for several annotators, whatever the order. All this is of "Label All
Tasks"; whoever opens a tab of the data manager gets the order of that tab.
"""

from __future__ import annotations

from typing import Literal

from sayso.studio.client import MODEL, Client, Prediction, Project

Order = Literal["uncertain", "corpus"]

SAMPLING: dict[Order, str] = {"uncertain": "Uncertainty sampling", "corpus": "Sequential sampling"}
LAST = 1.0  # the score of a document of which nobody can say how uncertain it is: it is served last


def score(uncertainty: float | None) -> float:
    """By what a document is served, the lowest first.

    >>> score(0.25), score(None)
    (0.75, 1.0)
    """
    return LAST if uncertainty is None else round(1 - uncertainty, 6)


def served_by(prediction: Prediction) -> float:
    """By what the document of a prediction that stands is served; one without a score is as good as last."""
    return LAST if prediction.score is None else prediction.score


def told(sampling: str) -> str:
    """An order of Label Studio's in words.

    >>> told("Uncertainty sampling"), told("Uniform sampling")
    ('most uncertain first', 'Uniform sampling')
    """
    words = {"uncertain": "most uncertain first", "corpus": "as in the corpus"}
    return next((words[order] for order, name in SAMPLING.items() if name == sampling), sampling)


def kept(project: Project, order: Order) -> bool:
    """Whether the project hands documents out in that order already."""
    return project.sampling == SAMPLING[order] and (order != "uncertain" or project.model_version == MODEL)


def keep(client: Client, project: Project, order: Order) -> bool:
    """Tell the project the order; whether it was another."""
    if kept(project, order):
        return False
    client.update_project(project.id, sampling=SAMPLING[order], model_version=MODEL)
    return True
