"""The requests that Sayso sends to a Label Studio server, one method each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from sayso.errors import InputError
from sayso.labelstudio.api_types import (
    Account,
    AnnotatedTask,
    AnnotationCounts,
    BareTask,
    DataManagerTab,
    ListedProject,
    LocatedAnnotation,
    PredictedTask,
    ProjectDetails,
    ProjectPage,
    ReleaseInfo,
    Submission,
    SubmittedTask,
    TaskAnnotation,
    TaskId,
    TaskOverlap,
    TaskPage,
    TaskPrediction,
    WriteSummary,
    join_fields,
)
from sayso.labelstudio.transport import ObjectGone, Transport

MODEL_VERSION = "sayso"  # of our predictions; Label Studio shows those of one version at a time
PAGE_SIZE = 1000  # tasks per page of a listing without annotations

T = TypeVar("T")
TaskT = TypeVar("TaskT", TaskId, TaskOverlap)


def build_document_filters(doc_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the filters of a tab with these documents; none without documents."""
    return [_build_filter("data.doc_id", "in_list", "String", list(doc_ids))] if doc_ids else []


def _build_filter(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _build_id_filter(after: int) -> dict[str, Any]:
    return _build_filter("id", "greater", "Number", after)


def _build_page_filters(after: int, since: str) -> list[dict[str, Any]]:
    changed = [_build_filter("updated_at", "greater", "Datetime", since)] if since else []
    return [_build_id_filter(after), *changed]


def _select_tasks(tasks: list[int]) -> dict[str, Any]:
    return {"selectedItems": {"all": False, "included": tasks}}


_UNFINISHED = _build_filter("is_labeled", "equal", "Boolean", False)
_DRAFTED = _build_filter("draft_exists", "equal", "Boolean", True)
_NOT_DRAFTED = _build_filter("draft_exists", "equal", "Boolean", False)


class LabelStudioClient(Transport):
    """One Label Studio server, accessed with one token."""

    # Reads.

    def fetch_release(self) -> str:
        """Return the release of the server, such as "1.23.2"."""
        return self.request("GET", "api/version", ReleaseInfo).release

    def fetch_own_account(self) -> Account:
        """Return the account that the token belongs to."""
        return self.request("GET", "api/current-user/whoami", Account)

    def list_accounts(self) -> list[Account]:
        """Return all accounts of the organisation."""
        return self.request("GET", "api/users/", list[Account])

    def list_projects(self) -> Iterator[ListedProject]:
        """Yield every project that the account can see."""
        page, more = 1, True
        while more:
            query = {"page": page, "page_size": 100, "include": join_fields(ListedProject)}
            listed = self.request("GET", "api/projects/", ProjectPage, **query)
            yield from listed.results
            page, more = page + 1, listed.next is not None

    def fetch_project(self, project: int) -> ProjectDetails:
        """Return a project with its settings."""
        return self.request(
            "GET", f"api/projects/{project}/", ProjectDetails, include=join_fields(ProjectDetails)
        )

    def list_tabs(self, project: int) -> list[DataManagerTab]:
        """Return the tabs of the project in the data manager."""
        return self.request("GET", "api/dm/views/", list[DataManagerTab], project=project)

    def count_tasks(self, project: int) -> int:
        """Count the tasks of the project."""
        return self._fetch_page(project, TaskId, [], 1, include="id").total

    def count_annotations(self, project: int) -> int:
        """Count the annotations of the project, also of those who skipped the task."""
        include = join_fields(AnnotationCounts)
        path = f"api/projects/{project}/"
        return self.request("GET", path, AnnotationCounts, include=include).annotation_count

    def fetch_bare_tasks(
        self, project: int, *, after: int, since: str, size: int
    ) -> TaskPage[BareTask]:
        """Return the first tasks by id, above ``after`` and changed after ``since`` (or "")."""
        filters = _build_page_filters(after, since)
        return self._fetch_page(project, BareTask, filters, size, include=join_fields(BareTask))

    def fetch_annotated_tasks(
        self, project: int, *, after: int, since: str, size: int
    ) -> TaskPage[AnnotatedTask]:
        """Return the same page of tasks with all their annotations."""
        # Not the export: it takes minutes and 2 GB, and times out (issues 5262, 5811, 8353).
        filters = _build_page_filters(after, since)
        include = join_fields(AnnotatedTask, TaskAnnotation)
        return self._fetch_page(
            project, AnnotatedTask, filters, size, include=include, fields="all"
        )

    def fetch_annotated_tasks_by_id(self, project: int, tasks: list[int]) -> list[AnnotatedTask]:
        """Return those of the tasks that still exist, with all their annotations."""
        return self._fetch_by_id(
            project, AnnotatedTask, tasks, join_fields(AnnotatedTask, TaskAnnotation)
        )

    def locate_annotation(self, annotation: int) -> LocatedAnnotation | None:
        """Return where an annotation is now; None if the server has none of this number."""
        with contextlib.suppress(ObjectGone):
            return self.request("GET", f"api/annotations/{annotation}/", LocatedAnnotation)
        return None

    def list_task_ids(self, project: int) -> Iterator[int]:
        """Yield the ids of all tasks, ascending."""
        return (task.id for task in self._iterate_tasks(project, TaskId, []))

    def list_drafted_task_ids(self, project: int) -> Iterator[int]:
        """Yield the ids of the tasks that somebody has begun and not submitted."""
        return (task.id for task in self._iterate_tasks(project, TaskId, [_DRAFTED]))

    def list_overlaps_other_than(
        self, project: int, overlap: int, *, size: int = PAGE_SIZE
    ) -> Iterator[TaskOverlap]:
        """Yield the tasks that are for more or fewer annotators than ``overlap``, by id."""
        other = [_build_filter("overlap", "not_equal", "Number", overlap)]
        return self._iterate_tasks(project, TaskOverlap, other, size)

    def list_unfinished_overlaps(self, project: int) -> Iterator[TaskOverlap]:
        """Yield the unfinished tasks that are begun or for several annotators, some repeatedly."""
        minimums = {"total_annotations": 0, "cancelled_annotations": 0, "overlap": 1}
        for column, minimum in minimums.items():
            begun = _build_filter(column, "greater", "Number", minimum)
            yield from self._iterate_tasks(project, TaskOverlap, [_UNFINISHED, begun])

    def count_unfinished_tasks(self, project: int) -> int:
        """Count the tasks that still wait for annotations."""
        return self._fetch_page(project, TaskId, [_UNFINISHED], 1, include="id").total

    def fetch_submitters(self, project: int, tasks: list[int]) -> dict[int, set[int | None]]:
        """Map each of these tasks to the accounts that submitted, and not skipped, it."""
        fields = join_fields(SubmittedTask, Submission)
        return {
            task.id: {each.completed_by for each in task.annotations if not each.was_cancelled}
            for task in self._fetch_by_id(project, SubmittedTask, tasks, fields)
        }

    def fetch_last_change(self, project: int) -> str:
        """Return the time of the latest change to a task of the project; empty without tasks."""
        query = {"ordering": ["-tasks:updated_at"]}
        tasks = self._fetch_tasks(project, BareTask, query, 1, include=join_fields(BareTask)).tasks
        return tasks[0].updated_at if tasks else ""

    def fetch_predictions(self, project: int, tasks: list[int]) -> list[TaskPrediction]:
        """Return the predictions of these tasks."""
        found = self._fetch_by_id(project, PredictedTask, tasks, "id,predictions")
        return [prediction for task in found for prediction in task.predictions]

    def server_time(self) -> float:
        """Return the server's clock at its last response, in seconds since 1970."""
        if not self.response_date:
            self.fetch_release()
        date = self.response_date
        return parsedate_to_datetime(date).timestamp() if date else time.time()

    # Writes.

    def create_project(self, **settings: Any) -> ProjectDetails:
        """Create a project."""
        return self.request("POST", "api/projects/", ProjectDetails, settings)

    def update_project(self, project: int, **settings: Any) -> None:
        """Change settings of a project."""
        self.request("PATCH", f"api/projects/{project}/", Any, settings)

    def validate_interface(self, project: int, label_config: str) -> str:
        """Return why existing annotations do not fit this interface; empty where they do."""
        # The update itself lets labels in use be removed (issues 1620, 9738).
        try:
            self.request(
                "POST", f"api/projects/{project}/validate/", Any, {"label_config": label_config}
            )
        except InputError as error:
            return error.what
        return ""

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it."""
        self.request("DELETE", f"api/projects/{project}/", Any, b"")

    def create_tab(self, project: int, title: str = "Default", doc_ids: Sequence[str] = ()) -> None:
        """Create a tab of the data manager, of these documents or of all."""
        data = {
            "title": title,
            "filters": {"conjunction": "and", "items": build_document_filters(doc_ids)},
        }
        self.request("POST", "api/dm/views/", Any, {"project": project, "data": data})

    def delete_tab(self, tab: int) -> None:
        """Delete a tab if it still exists; its tasks stay."""
        with contextlib.suppress(ObjectGone):
            self.request("DELETE", f"api/dm/views/{tab}/", Any, b"")

    def import_tasks(self, project: int, tasks: bytes) -> list[int]:
        """Import a JSON list of tasks, all or none. Returns their ids in the same order."""
        # The server does not recognise a task that it has already (issues 540, 6399).
        path = f"api/projects/{project}/import"
        return self.request("POST", path, WriteSummary, tasks, return_task_ids="true").task_ids

    def import_predictions(self, project: int, predictions: bytes) -> int:
        """Add a JSON list of predictions. Return how many it took: invalid ones vanish silently."""
        path = f"api/projects/{project}/import/predictions"
        return self.request("POST", path, WriteSummary, predictions).created

    def delete_prediction(self, prediction: int) -> None:
        """Delete a prediction if it still exists."""
        with contextlib.suppress(ObjectGone):
            self.request("DELETE", f"api/predictions/{prediction}/", Any, b"")

    def update_task(self, task: int, data: dict[str, Any]) -> None:
        """Replace the data of a task."""
        self.request("PATCH", f"api/tasks/{task}/", Any, {"data": data})

    def set_overlap(self, task: int, overlap: int, *, finished: bool) -> None:
        """Set the number of annotators of a task, and whether as many have submitted."""
        self.request(
            "PATCH", f"api/tasks/{task}/", Any, {"overlap": overlap, "is_labeled": finished}
        )

    def create_annotation(self, task: int, result: list[Any]) -> None:
        """Submit an annotation as the account that the token belongs to."""
        self.request(
            "POST",
            f"api/tasks/{task}/annotations/",
            Any,
            {"result": result, "was_cancelled": False},
        )

    def delete_unannotated_tasks(self, project: int, tasks: list[int]) -> int:
        """Delete those of the tasks that nobody has annotated or begun. Returns how many.

        The server applies the filters, so an annotation submitted in this very moment is not lost.
        """
        filters = [
            _build_filter("total_annotations", "equal", "Number", 0),
            _build_filter("cancelled_annotations", "equal", "Number", 0),
            _NOT_DRAFTED,
        ]
        body = {"filters": {"conjunction": "and", "items": filters}, **_select_tasks(tasks)}
        path = "api/dm/actions/"
        return self.request(
            "POST", path, WriteSummary, body, id="delete_tasks", project=project
        ).processed_items

    def _iterate_tasks(
        self, project: int, kind: type[TaskT], filters: list[Any], size: int = PAGE_SIZE
    ) -> Iterator[TaskT]:
        # By id, not by page number: a task deleted meanwhile would shift another one past us.
        after = 0
        while True:
            above = [*filters, _build_id_filter(after)]
            page = self._fetch_page(project, kind, above, size, include=join_fields(kind))
            yield from page.tasks
            if page.total <= len(page.tasks):
                return
            after = page.tasks[-1].id

    def _fetch_page(
        self, project: int, kind: type[T], filters: list[Any], size: int, **query: Any
    ) -> TaskPage[T]:
        selection = {"filters": {"conjunction": "and", "items": filters}}
        return self._fetch_tasks(project, kind, selection, size, **query)

    def _fetch_by_id(self, project: int, kind: type[T], tasks: list[int], fields: str) -> list[T]:
        found = self._fetch_tasks(
            project, kind, _select_tasks(tasks), len(tasks), include=fields, fields="all"
        )
        return found.tasks

    def _fetch_tasks(
        self, project: int, kind: type[T], selection: dict[str, Any], size: int, **query: Any
    ) -> TaskPage[T]:
        page: type[TaskPage[T]] = TaskPage[kind]  # type: ignore[valid-type]
        return self.request(
            "GET",
            "api/tasks/",
            page,
            project=project,
            page=1,
            page_size=size,
            query=json.dumps(selection),
            resolve_uri="false",
            **query,
        )
