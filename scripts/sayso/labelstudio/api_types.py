"""Objects of Label Studio's API, with the fields that Sayso reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from sayso.models import Int64

T = TypeVar("T")
Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
"""A number or an id that the sync state can hold."""


def _check_times(*moments: str) -> None:
    """Check that these are times in ISO 8601 with a zone.

    Raises:
        ValueError: one is not; msgspec adds where it stands.
    """
    for moment in moments:
        try:
            parsed = datetime.fromisoformat(moment)
            parsed.astimezone(UTC)  # the first and the last day may have no such time
        except (ValueError, OverflowError):
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            raise ValueError(f"{moment[:40]!r} is not a time")


class AnnotationCounts(Struct, frozen=True, kw_only=True):
    """The numbers of submitted and of skipped annotations of a project."""

    # Null in the response to the creation of a project.
    total_annotations_number: Count | None = 0
    skipped_annotations_number: Count | None = 0

    @property
    def annotation_count(self) -> int:
        """The number of annotations, of which the server counts 100,000 in a tenth of a second."""
        return (self.total_annotations_number or 0) + (self.skipped_annotations_number or 0)


class ListedProject(AnnotationCounts, frozen=True, kw_only=True):
    """A project as the server lists it."""

    id: Count
    title: str
    description: str | None
    created_at: str
    task_number: Count | None = 0

    def __post_init__(self) -> None:
        if self.created_at:  # empty where there is no project yet
            _check_times(self.created_at)


class ProjectDetails(ListedProject, frozen=True, kw_only=True):
    """A project with its settings."""

    label_config: str
    expert_instruction: str | None
    model_version: str | None
    maximum_annotations: Count = 1
    overlap_cohort_percentage: Count = 100
    show_annotation_history: bool = False
    sampling: str = ""


class DataManagerTab(Struct, frozen=True):
    """A tab of the data manager, which Label Studio's API calls a view."""

    id: Count
    data: dict[str, Any]

    @property
    def title(self) -> str:
        """The title; empty for a tab that was made in the browser and never named."""
        return str(self.data.get("title", ""))

    @property
    def filters(self) -> list[Any]:
        """The filters of the tab; empty where it shows all tasks."""
        filters = self.data.get("filters")
        items = filters.get("items") if isinstance(filters, dict) else None
        return items if isinstance(items, list) else []


class Account(Struct, frozen=True):
    """A person or program that can log in, or could until it was removed from the organisation."""

    id: Count
    email: str

    @property
    def is_removed(self) -> bool:
        """True for a former member of the organisation, which is shown without its address."""
        return self.email == "Deleted"


class BareTask(Struct, frozen=True):
    """A task without its annotations."""

    id: Count
    data: dict[str, Any]
    updated_at: str
    total_annotations: Count
    cancelled_annotations: Count

    def __post_init__(self) -> None:
        if self.updated_at:  # empty in a task that was just created
            _check_times(self.updated_at)


class TaskAnnotation(Struct, frozen=True):
    """One annotation of a task, as the server stores it."""

    id: Count
    result: Any
    completed_by: Count | None
    updated_by: Count | None
    was_cancelled: bool
    created_at: str
    updated_at: str
    lead_time: float | None
    parent_prediction: Count | None
    parent_annotation: Count | None
    import_id: Int64 | None = None  # its number before an export and import

    def __post_init__(self) -> None:
        _check_times(self.created_at, self.updated_at)


class LocatedAnnotation(Struct, frozen=True):
    """The task and project that an annotation belongs to now."""

    task: Count
    project: Count | None
    created_at: str


class AnnotatedTask(Struct, frozen=True):
    """A task with its annotations."""

    id: Count
    data: dict[str, Any]
    updated_at: str
    annotations: list[TaskAnnotation]

    def __post_init__(self) -> None:
        _check_times(self.updated_at)


class TaskOverlap(Struct, frozen=True):
    """The number of annotators that a task is for; ``is_labeled`` once as many have submitted."""

    id: Count
    overlap: Count
    is_labeled: bool


class TaskPrediction(Struct, frozen=True):
    """A prediction attached to a task."""

    id: Count
    task: Count
    result: Any
    model_version: str | None
    score: float | None = None


class TaskPage(Struct, Generic[T], frozen=True):
    """Some tasks of a project; ``total`` counts all that match the filters."""

    total: Count
    tasks: list[T]


class TaskSelection(Struct, Generic[T], frozen=True):
    """Some tasks of a project.

    Attributes:
        total: the number of all that match the filters.
        undeliverable: those that the server cannot write or we cannot read, with the reason.
    """

    total: Count
    tasks: list[T]
    undeliverable: dict[int, str] = {}

    @property
    def ids(self) -> list[int]:
        """The ids of all of them."""
        return [*(task.id for task in self.tasks), *self.undeliverable]  # type: ignore[attr-defined]


class TaskId(Struct, frozen=True):
    """The number of a task."""

    id: Count


class Submission(Struct, frozen=True):
    """The author of an annotation, and whether they skipped the task."""

    completed_by: Count | None
    was_cancelled: bool


class TaskCounts(Struct, frozen=True):
    """The numbers of submitted and of skipped annotations of a task."""

    id: Count
    total_annotations: Count
    cancelled_annotations: Count


class SubmittedTask(Struct, frozen=True):
    """A task with the authors of its annotations."""

    id: Count
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

    task_ids: list[Count] = []
    created: Count = 0
    processed_items: Count = 0


def join_fields(*kinds: type[Struct]) -> str:
    """Return the value of ``include``, which asks for these fields and no others.

    Without it the server counts through every task and annotation of a project. The serializer of
    annotations obeys the list as well, so that no e-mail addresses travel.
    """
    return ",".join(dict.fromkeys(name for kind in kinds for name in kind.__struct_fields__))
