"""The requests that Sayso sends to a Label Studio server, one method each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sayso.errors import InputError, ServerError
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
    TaskCounts,
    TaskId,
    TaskOverlap,
    TaskPage,
    TaskPrediction,
    TaskSelection,
    WriteSummary,
    join_fields,
)
from sayso.labelstudio.transport import (
    ObjectGone,
    ServerFailed,
    Transport,
    UnreadableResponse,
    parse_http_date,
)

MODEL_VERSION = "sayso"  # of our predictions; Label Studio shows those of one version at a time
PAGE_SIZE = 1000  # tasks per page of a listing without annotations
_CONTENT_PAUSES = (0.5, 1.0)  # seconds before further attempts at what the server cannot write
_MAX_UNDELIVERABLE = 10
MAX_PAGES = 100_000  # of one list; 10 million tasks with annotations

T = TypeVar("T")
TaskT = TypeVar("TaskT", TaskId, TaskOverlap)
FullTaskT = TypeVar("FullTaskT", BareTask, AnnotatedTask)


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


def require_progress(ids: Sequence[int], total: int, after: int, where: str) -> None:
    """Check that a page of tasks above ``after`` leads to the end of their list.

    Raises:
        ServerError: it is empty where there are tasks, or has tasks that were on a page before.
    """
    if (total and not ids) or min(ids, default=after + 1) <= after or len(set(ids)) < len(ids):
        raise endless_list_error("tasks", where)


def endless_list_error(what: str, where: str) -> ServerError:
    """Return the error of a list that has no last page."""
    remedy = "run the command again; if it says the same, look into the server's log"
    return ServerError(
        f"the server's list of {what} does not come to an end", where=where, remedy=remedy
    )


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
        seen, fields = set[int](), join_fields(ListedProject)
        for page in range(1, MAX_PAGES + 1):
            query: dict[str, Any] = {"page": page, "page_size": 100, "include": fields}
            listed = self.request("GET", "api/projects/", ProjectPage, **query)
            new = [each for each in listed.results if each.id not in seen]
            yield from new
            seen.update(each.id for each in new)
            if listed.next is None:
                return
            if not new:
                break
        raise endless_list_error("projects", f"{self.url}/api/projects/")

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
    ) -> TaskSelection[BareTask]:
        """Return the first tasks by id, above ``after`` and changed after ``since`` (or "")."""
        fields = join_fields(BareTask)
        return self._fetch_deliverable(project, BareTask, after, since, size, include=fields)

    def fetch_annotated_tasks(
        self, project: int, *, after: int, since: str, size: int
    ) -> TaskSelection[AnnotatedTask]:
        """Return the same page of tasks with all their annotations."""
        # Not the export: it takes minutes and 2 GB, and times out (issues 5262, 5811, 8353).
        query = {"include": join_fields(AnnotatedTask, TaskAnnotation), "fields": "all"}
        return self._fetch_deliverable(project, AnnotatedTask, after, since, size, **query)

    def fetch_annotated_tasks_by_id(
        self, project: int, tasks: list[int]
    ) -> TaskSelection[AnnotatedTask]:
        """Return those of the tasks that still exist, with all their annotations."""
        fields = join_fields(AnnotatedTask, TaskAnnotation)
        return self._fetch_in_halves(project, AnnotatedTask, tasks, fields)

    def fetch_bare_tasks_by_id(self, project: int, tasks: list[int]) -> list[BareTask]:
        """Return those of the tasks that still exist, without annotations."""
        return self._fetch_by_id(project, BareTask, tasks, join_fields(BareTask))

    def fetch_existing_ids(self, project: int, tasks: list[int]) -> set[int]:
        """Return which of the tasks still exist."""
        return {task.id for task in self._fetch_by_id(project, TaskId, tasks, "id")}

    def count_task_annotations(self, project: int, tasks: list[int]) -> dict[int, int]:
        """Count the annotations of each of the tasks, also of those who skipped it."""
        found = self._fetch_by_id(project, TaskCounts, tasks, join_fields(TaskCounts))
        return {task.id: task.total_annotations + task.cancelled_annotations for task in found}

    def locate_annotation(self, annotation: int) -> LocatedAnnotation | None:
        """Return where an annotation is now; None if the server has none of this number.

        Raises:
            ServerFailed: the server has it and cannot write it.
            UnreadableResponse: it has it, and we cannot read it.
        """
        path, pauses = f"api/annotations/{annotation}/", _CONTENT_PAUSES
        with contextlib.suppress(ObjectGone):
            return self.request("GET", path, LocatedAnnotation, content_pauses=pauses)
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
        moment = parse_http_date(self.response_date)
        if self.response_date and moment is None:
            what = f"the server's clock shows no time: {self.response_date[:40]!r}"
            raise ServerError(what, where=self.url, remedy="correct it, or the proxy before it")
        return time.time() if moment is None else moment

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
        after, fields = 0, join_fields(kind)
        for _ in range(MAX_PAGES):
            above = [*filters, _build_id_filter(after)]
            page = self._fetch_page(project, kind, above, size, include=fields)
            ids = [task.id for task in page.tasks]
            require_progress(ids, page.total, after, self.url)
            yield from page.tasks
            if page.total <= len(page.tasks):
                return
            after = max(ids)
        raise endless_list_error("tasks", self.url)

    def _fetch_deliverable(
        self, project: int, kind: type[FullTaskT], after: int, since: str, size: int, **query: Any
    ) -> TaskSelection[FullTaskT]:
        """Fetch a page, without the tasks for which the server fails to write it.

        One annotation is enough: with half a character in a note, or a time without end.
        """
        filters, pauses = _build_page_filters(after, since), _CONTENT_PAUSES
        try:
            page = self._fetch_page(project, kind, filters, size, content_pauses=pauses, **query)
        except (ServerFailed, UnreadableResponse):
            listed = self._fetch_page(project, TaskId, filters, size, include="id")
            numbers = [task.id for task in listed.tasks]
            require_progress(numbers, listed.total, after, self.url)
            found = self._fetch_in_halves(project, kind, numbers, query["include"])
            return TaskSelection(listed.total, found.tasks, found.undeliverable)
        require_progress([task.id for task in page.tasks], page.total, after, self.url)
        return TaskSelection(page.total, page.tasks)

    def _fetch_in_halves(
        self, project: int, kind: type[FullTaskT], numbers: list[int], fields: str
    ) -> TaskSelection[FullTaskT]:
        """Fetch tasks by id, in ever smaller parts where the server fails to write them all."""
        found: list[FullTaskT] = []
        undeliverable: dict[int, str] = {}
        parts = [numbers] if numbers else []
        while parts:
            part = parts.pop()
            try:
                # Whole parts once: it is their own tasks that tell.
                pauses = _CONTENT_PAUSES if len(part) == 1 else ()
                found += self._fetch_by_id(project, kind, part, fields, content_pauses=pauses)
            except (ServerFailed, UnreadableResponse) as error:
                if len(part) == 1:
                    undeliverable[part[0]] = error.what
                if len(undeliverable) == _MAX_UNDELIVERABLE and not found:
                    raise  # it is the server, and not the tasks
                middle = len(part) // 2
                parts += [half for half in (part[middle:], part[:middle]) if half and middle]
        return TaskSelection(len(found), found, undeliverable)

    def _fetch_page(
        self, project: int, kind: type[T], filters: list[Any], size: int, **query: Any
    ) -> TaskPage[T]:
        selection = {"filters": {"conjunction": "and", "items": filters}}
        return self._fetch_tasks(project, kind, selection, size, **query)

    def _fetch_by_id(
        self, project: int, kind: type[T], tasks: list[int], fields: str, **query: Any
    ) -> list[T]:
        selection = _select_tasks(tasks)
        found = self._fetch_tasks(
            project, kind, selection, len(tasks), include=fields, fields="all", **query
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
