"""Objects of Label Studio's API, with the fields that Sayso reads."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class AnnotationCounts(Struct, frozen=True, kw_only=True):
    """The numbers of submitted and of skipped annotations of a project."""

    # Null in the response to the creation of a project.
    total_annotations_number: int | None = 0
    skipped_annotations_number: int | None = 0

    @property
    def annotation_count(self) -> int:
        """The number of annotations, of which the server counts 100,000 in a tenth of a second."""
        return (self.total_annotations_number or 0) + (self.skipped_annotations_number or 0)


class ListedProject(AnnotationCounts, frozen=True, kw_only=True):
    """A project as the server lists it."""

    id: int
    title: str
    description: str | None
    created_at: str
    task_number: int | None = 0


class ProjectDetails(ListedProject, frozen=True, kw_only=True):
    """A project with its settings."""

    label_config: str
    expert_instruction: str | None
    model_version: str | None
    maximum_annotations: int = 1
    overlap_cohort_percentage: int = 100
    show_annotation_history: bool = False
    sampling: str = ""


class DataManagerTab(Struct, frozen=True):
    """A tab of the data manager, which Label Studio's API calls a view."""

    id: int
    data: dict[str, Any]

    @property
    def title(self) -> str:
        """The title; empty for a tab that was made in the browser and never named."""
        return str(self.data.get("title", ""))

    @property
    def filters(self) -> list[Any]:
        """The filters of the tab; empty where it shows all tasks."""
        filters = self.data.get("filters", {}).get("items", [])
        return filters if isinstance(filters, list) else []


class Account(Struct, frozen=True):
    """A person or program that can log in, or could until it was removed from the organisation."""

    id: int
    email: str

    @property
    def is_removed(self) -> bool:
        """True for a former member of the organisation, which is shown without its address."""
        return self.email == "Deleted"


class BareTask(Struct, frozen=True):
    """A task without its annotations."""

    id: int
    data: dict[str, Any]
    updated_at: str
    total_annotations: int
    cancelled_annotations: int


class TaskAnnotation(Struct, frozen=True):
    """One annotation of a task, as the server stores it."""

    id: int
    result: Any
    completed_by: int | None
    updated_by: int | None
    was_cancelled: bool
    created_at: str
    updated_at: str
    lead_time: float | None
    parent_prediction: int | None
    parent_annotation: int | None
    import_id: int | None = None  # its number before an export and import


class LocatedAnnotation(Struct, frozen=True):
    """The task and project that an annotation belongs to now."""

    task: int
    project: int | None
    created_at: str


class AnnotatedTask(Struct, frozen=True):
    """A task with its annotations."""

    id: int
    data: dict[str, Any]
    updated_at: str
    annotations: list[TaskAnnotation]


class TaskOverlap(Struct, frozen=True):
    """The number of annotators that a task is for; ``is_labeled`` once as many have submitted."""

    id: int
    overlap: int
    is_labeled: bool


class TaskPrediction(Struct, frozen=True):
    """A prediction attached to a task."""

    id: int
    task: int
    result: Any
    model_version: str | None
    score: float | None = None


class TaskPage(Struct, Generic[T], frozen=True):
    """Some tasks of a project; ``total`` counts all that match the filters."""

    total: int
    tasks: list[T]


class TaskId(Struct, frozen=True):
    """The number of a task."""

    id: int


class Submission(Struct, frozen=True):
    """The author of an annotation, and whether they skipped the task."""

    completed_by: int | None
    was_cancelled: bool


class SubmittedTask(Struct, frozen=True):
    """A task with the authors of its annotations."""

    id: int
    annotations: list[Submission]


class PredictedTask(Struct, frozen=True):
    """The predictions of a task."""

    predictions: list[TaskPrediction]


class ReleaseInfo(Struct, frozen=True):
    """The release of the server."""

    release: str


class ProjectPage(Struct, frozen=True):
    """Some projects, and the address of the next page."""

    next: str | None
    results: list[ListedProject]


class WriteSummary(Struct, frozen=True):
    """The response to imports and deletions."""

    task_ids: list[int] = []
    created: int = 0
    processed_items: int = 0


def join_fields(*kinds: type[Struct]) -> str:
    """Return the value of ``include``, which asks for these fields and no others.

    Without it the server counts through every task and annotation of a project. The serializer of
    annotations obeys the list as well, so that no e-mail addresses travel.
    """
    return ",".join(dict.fromkeys(name for kind in kinds for name in kind.__struct_fields__))
