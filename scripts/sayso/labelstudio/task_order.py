"""In which order Label Studio hands documents out: its own setting of a project, and the scores that it goes by.

"Uncertainty sampling" serves tasks with a prediction of the project's model by rising score, each only once to as many
annotators as it is for, then the others at random. Our score is how certain a document is: 1 less its uncertainty. What
others have begun comes first where a document is for several annotators, whatever the order. All this is of "Label All
Tasks"; whoever opens a tab of the data manager gets the order of that tab.
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
SCORE_OF_UNKNOWN = (
    1.0  # the score of a document of which nobody can say how uncertain it is: it is served last
)


def compute_score(uncertainty: float | None) -> float:
    """By what a document is served, the lowest first.

    >>> compute_score(0.25), compute_score(None)
    (0.75, 1.0)
    """
    return SCORE_OF_UNKNOWN if uncertainty is None else round(1 - uncertainty, 6)


def effective_score(prediction: TaskPrediction) -> float:
    """By what the document of a prediction that stands is served; one without a score is as good as last."""
    return SCORE_OF_UNKNOWN if prediction.score is None else prediction.score


def describe_sampling(sampling: str) -> str:
    """An order of Label Studio's in words.

    >>> describe_sampling("Uncertainty sampling"), describe_sampling("Uniform sampling")
    ('most uncertain first', 'Uniform sampling')
    """
    words = {"uncertain": "most uncertain first", "corpus": "as in the corpus"}
    return next((words[order] for order, name in SAMPLING.items() if name == sampling), sampling)


def has_order(project: ProjectDetails, order: TaskOrder) -> bool:
    """Whether the project hands documents out in that order already."""
    return project.sampling == SAMPLING[order] and (
        order != "uncertain" or project.model_version == MODEL_VERSION
    )


def set_order(client: LabelStudioClient, project: ProjectDetails, order: TaskOrder) -> bool:
    """Tell the project the order; whether it was another."""
    if has_order(project, order):
        return False
    client.update_project(project.id, sampling=SAMPLING[order], model_version=MODEL_VERSION)
    return True
