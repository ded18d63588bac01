"""The order in which Label Studio hands documents out: a project setting and prediction scores.

"Uncertainty sampling" serves tasks with a prediction of the project's model by rising score, each
to as many annotators as its overlap says, then the others at random. Our score is the certainty of
a document: 1 minus its uncertainty. Documents for several annotators that somebody has begun come
first in any order. All this holds for "Label All Tasks"; a tab of the data manager has its own.
"""

from __future__ import annotations

from typing import Literal

from sayso.labelstudio.api_types import ProjectDetails, TaskPrediction
from sayso.labelstudio.client import MODEL_VERSION, LabelStudioClient

TaskOrder = Literal["uncertain", "corpus"]

SAMPLING: dict[TaskOrder, str] = {
    "uncertain": "Uncertainty sampling",
    "corpus": "Sequential sampling",
}
SCORE_OF_UNKNOWN = 1.0  # where the uncertainty is unknown: served last


def compute_score(uncertainty: float | None) -> float:
    """Return the score by which a document is served, the lowest first.

    >>> compute_score(0.25), compute_score(None)
    (0.75, 1.0)
    """
    return SCORE_OF_UNKNOWN if uncertainty is None else round(1 - uncertainty, 6)


def effective_score(prediction: TaskPrediction) -> float:
    """Return the score of a prediction on the server; one without a score is served last."""
    return SCORE_OF_UNKNOWN if prediction.score is None else prediction.score


def describe_sampling(sampling: str) -> str:
    """Describe a sampling setting of Label Studio.

    >>> describe_sampling("Uncertainty sampling"), describe_sampling("Uniform sampling")
    ('most uncertain first', 'Uniform sampling')
    """
    return {
        SAMPLING["uncertain"]: "most uncertain first",
        SAMPLING["corpus"]: "as in the corpus",
    }.get(sampling, sampling)


def has_order(project: ProjectDetails, order: TaskOrder) -> bool:
    """Return whether the project hands documents out in this order already."""
    has_model = order != "uncertain" or project.model_version == MODEL_VERSION
    return project.sampling == SAMPLING[order] and has_model


def set_order(client: LabelStudioClient, project: ProjectDetails, order: TaskOrder) -> bool:
    """Set the project's order; return whether it was another."""
    if has_order(project, order):
        return False
    client.update_project(project.id, sampling=SAMPLING[order], model_version=MODEL_VERSION)
    return True
