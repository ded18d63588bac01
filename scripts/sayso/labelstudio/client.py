"""Typed requests to one Label Studio server.

The SDK renews access tokens and carries the requests. Their bodies go through it as bytes, since
building its pydantic models costs more than the server's work (20 s for 10,000 annotated tasks).

Reads are repeated for as long as the retry policy allows. Writes are repeated only where the server
certainly did nothing: a lost response does not say whether the write happened, and the SDK's own
retries make duplicates.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from sayso.errors import AuthError, InputError, PartialError, ServerError
from sayso.labelstudio.api_types import (
    Account,
    AnnotatedTask,
    BareTask,
    DataManagerTab,
    ListedProject,
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
from sayso.labelstudio.retries import RetryLoop, RetryPolicy, ServerUnavailable

if TYPE_CHECKING:
    from label_studio_sdk.base_client import LabelStudioBase

READ_TIMEOUT = 120.0  # seconds
WRITE_TIMEOUT = 600.0  # seconds; a large import runs inside its request
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
MODEL_VERSION = (
    "sayso"  # of our predictions; Label Studio shows the predictions of one model version at a time
)
PAGE_SIZE = 1000  # tasks per page of a listing without annotations

T = TypeVar("T")
TaskT = TypeVar("TaskT", TaskId, TaskOverlap)


class _ServerFailed(ServerUnavailable):
    """The server reports its own failure, such as a locked database: the request is over."""


class LostResponse(ServerError):
    """A write whose outcome is unknown: the server may have done it, or may still be doing it.

    Attributes:
        server_failed: the server itself reported a failure, so the write is over.
    """

    def __init__(self, what: str, *, where: str, server_failed: bool = False) -> None:
        super().__init__(what, where=where, remedy="run the command again")
        self.server_failed = server_failed


class ObjectGone(PartialError):
    """A project, task or tab that was there a moment ago has been removed."""


class LabelStudioClient:
    """One Label Studio server, accessed with one token. Safe to use from several threads.

    Attributes:
        url: root address, without a slash at the end.
        retry_policy: how long to wait for a server that is away or busy.
        first_request_once: do not repeat the first request: a wrong address fails at once.
    """

    def __init__(
        self,
        url: str,
        token: str,
        retry_policy: RetryPolicy | None = None,
        *,
        first_request_once: bool = False,
    ) -> None:
        self.url = url
        self.retry_policy = retry_policy or RetryPolicy()
        self.first_request_once = first_request_once
        self._response_date = ""
        with _explain_errors(url):
            self._sdk = _build_sdk_client(url, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sdk._client_wrapper.httpx_client.httpx_client.close()

    # Reads.

    def fetch_release(self) -> str:
        """Return the release of the server, such as "1.23.2"."""
        return self._request("GET", "api/version", ReleaseInfo).release

    def fetch_own_account(self) -> Account:
        """Return the account that the token belongs to."""
        return self._request("GET", "api/current-user/whoami", Account)

    def list_accounts(self) -> list[Account]:
        """Return all accounts of the organisation."""
        return self._request("GET", "api/users/", list[Account])

    def list_projects(self) -> Iterator[ListedProject]:
        """Yield every project that the account can see."""
        page, more = 1, True
        while more:
            query = {"page": page, "page_size": 100, "include": join_fields(ListedProject)}
            listed = self._request("GET", "api/projects/", ProjectPage, **query)
            yield from listed.results
            page, more = page + 1, listed.next is not None

    def fetch_project(self, project: int) -> ProjectDetails:
        """Return a project with its settings."""
        return self._request(
            "GET", f"api/projects/{project}/", ProjectDetails, include=join_fields(ProjectDetails)
        )

    def list_tabs(self, project: int) -> list[DataManagerTab]:
        """Return the tabs of the project in the data manager."""
        return self._request("GET", "api/dm/views/", list[DataManagerTab], project=project)

    def count_tasks(self, project: int) -> int:
        """Count the tasks of the project."""
        return self._fetch_page(project, TaskId, [], 1, include="id").total

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

    def list_task_ids(self, project: int) -> Iterator[int]:
        """Yield the ids of all tasks, ascending."""
        return (task.id for task in self._iterate_tasks(project, TaskId, []))

    def list_drafted_task_ids(self, project: int) -> Iterator[int]:
        """Yield the ids of the tasks that somebody has begun and not submitted."""
        drafted = [_build_filter("draft_exists", "equal", "Boolean", True)]
        return (task.id for task in self._iterate_tasks(project, TaskId, drafted))

    def list_overlaps_other_than(
        self, project: int, overlap: int, *, size: int = PAGE_SIZE
    ) -> Iterator[TaskOverlap]:
        """Yield the tasks that are for more or fewer annotators than ``overlap``, by id."""
        other = [_build_filter("overlap", "not_equal", "Number", overlap)]
        return self._iterate_tasks(project, TaskOverlap, other, size)

    def list_unfinished_overlaps(self, project: int) -> Iterator[TaskOverlap]:
        """Yield the unfinished tasks that are begun or for several annotators, some repeatedly."""
        unfinished = _build_filter("is_labeled", "equal", "Boolean", False)
        for column, above in (
            ("total_annotations", 0),
            ("cancelled_annotations", 0),
            ("overlap", 1),
        ):
            begun = [unfinished, _build_filter(column, "greater", "Number", above)]
            yield from self._iterate_tasks(project, TaskOverlap, begun)

    def count_unfinished_tasks(self, project: int) -> int:
        """Count the tasks that still wait for annotations."""
        unfinished = [_build_filter("is_labeled", "equal", "Boolean", False)]
        return self._fetch_page(project, TaskId, unfinished, 1, include="id").total

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
        if not self._response_date:
            self.fetch_release()
        return (
            parsedate_to_datetime(self._response_date).timestamp()
            if self._response_date
            else time.time()
        )

    # Writes.

    def create_project(self, **settings: Any) -> ProjectDetails:
        """Create a project."""
        return self._request("POST", "api/projects/", ProjectDetails, settings)

    def update_project(self, project: int, **settings: Any) -> None:
        """Change settings of a project."""
        self._request("PATCH", f"api/projects/{project}/", Any, settings)

    def validate_interface(self, project: int, label_config: str) -> str:
        """Return why existing annotations do not fit this interface; empty where they do."""
        try:
            self._request(
                "POST", f"api/projects/{project}/validate/", Any, {"label_config": label_config}
            )
        except InputError as error:
            return error.what
        return ""

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it."""
        self._request("DELETE", f"api/projects/{project}/", Any, b"")

    def create_tab(self, project: int, title: str = "Default", doc_ids: Sequence[str] = ()) -> None:
        """Create a tab of the data manager, of these documents or of all."""
        data = {
            "title": title,
            "filters": {"conjunction": "and", "items": build_document_filters(doc_ids)},
        }
        self._request("POST", "api/dm/views/", Any, {"project": project, "data": data})

    def delete_tab(self, tab: int) -> None:
        """Delete a tab if it still exists; its tasks stay."""
        with contextlib.suppress(ObjectGone):
            self._request("DELETE", f"api/dm/views/{tab}/", Any, b"")

    def import_tasks(self, project: int, tasks: bytes) -> list[int]:
        """Import a JSON list of tasks, all or none. Returns their ids in the same order."""
        path = f"api/projects/{project}/import"
        return self._request("POST", path, WriteSummary, tasks, return_task_ids="true").task_ids

    def import_predictions(self, project: int, predictions: list[Any]) -> int:
        """Add predictions to tasks. Returns how many it took: it drops invalid ones silently."""
        path = f"api/projects/{project}/import/predictions"
        return self._request("POST", path, WriteSummary, predictions).created

    def delete_prediction(self, prediction: int) -> None:
        """Delete a prediction if it still exists."""
        with contextlib.suppress(ObjectGone):
            self._request("DELETE", f"api/predictions/{prediction}/", Any, b"")

    def update_task(self, task: int, data: dict[str, Any]) -> None:
        """Replace the data of a task."""
        self._request("PATCH", f"api/tasks/{task}/", Any, {"data": data})

    def set_overlap(self, task: int, overlap: int, *, finished: bool) -> None:
        """Set the number of annotators of a task, and whether as many have submitted."""
        self._request(
            "PATCH", f"api/tasks/{task}/", Any, {"overlap": overlap, "is_labeled": finished}
        )

    def create_annotation(self, task: int, result: list[Any]) -> None:
        """Submit an annotation as the account that the token belongs to."""
        self._request(
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
            _build_filter("draft_exists", "equal", "Boolean", False),
        ]
        body = {"filters": {"conjunction": "and", "items": filters}, **_select_tasks(tasks)}
        path = "api/dm/actions/"
        return self._request(
            "POST", path, WriteSummary, body, id="delete_tasks", project=project
        ).processed_items

    # Requests.

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
        return self._request(
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

    def _request(
        self, method: str, path: str, kind: type[T], content: Any = None, **query: Any
    ) -> T:
        body = (
            content
            if content is None or isinstance(content, bytes)
            else msgspec.json.encode(content)
        )
        retries = RetryLoop(
            RetryPolicy(pauses=()) if self.first_request_once else self.retry_policy
        )
        while True:
            try:
                with _explain_errors(self.url):
                    result = _decode(self._send(method, path, body, query), kind, self.url)
            except ServerError as error:
                if method != "GET" and not (isinstance(error, ServerUnavailable) and error.unsent):
                    server_failed = isinstance(error, _ServerFailed)
                    raise LostResponse(
                        error.what, where=error.where, server_failed=server_failed
                    ) from None
                retries.wait(error)
            else:
                retries.finish()
                self.first_request_once = False
                return result

    def _send(
        self, method: str, path: str, body: bytes | None, query: dict[str, Any]
    ) -> httpx.Response:
        timeout = READ_TIMEOUT if method == "GET" else WRITE_TIMEOUT
        response: httpx.Response = self._sdk._client_wrapper.httpx_client.request(
            path,
            method=method,
            content=body,
            params=query,
            headers={"content-type": "application/json"} if body else {},
            request_options={"max_retries": 0, "timeout_in_seconds": timeout},
        )
        _raise_for_status(response, self.url)
        self._response_date = response.headers.get("date", "")
        return response


def _build_sdk_client(url: str, token: str) -> LabelStudioBase:
    # `LabelStudio` is the same class with extensions that import pandas (1 s, 100 MB).
    from label_studio_sdk.base_client import LabelStudioBase

    is_local = urlsplit(url).hostname in LOOPBACK_HOSTS
    transport = httpx.Client(
        timeout=httpx.Timeout(READ_TIMEOUT, connect=10),
        follow_redirects=False,  # a redirected POST arrives as a GET
        trust_env=not is_local,  # no proxy stands before this machine
    )
    return LabelStudioBase(base_url=f"{url}/", api_key=token, httpx_client=transport, max_retries=0)


@contextlib.contextmanager
def _explain_errors(url: str) -> Iterator[None]:
    """Replace errors of the SDK and httpx, without their causes: those quote tokens and cookies."""
    from label_studio_sdk.core.api_error import ApiError

    local = urlsplit(url).hostname in LOOPBACK_HOSTS
    remedy = (
        "run `sayso studio up`, or set SAYSO_URL to your server"
        if local
        else "check SAYSO_URL and the network"
    )
    try:
        yield
    except ApiError as error:
        if error.status_code in (401, 403):
            raise _token_error(url, error.body) from None
        raise _not_label_studio_error(url, error.status_code or 0) from None
    except httpx.InvalidURL:
        raise ServerError(
            "not an address", where=url, remedy="set SAYSO_URL to http://HOST:PORT"
        ) from None
    except httpx.TimeoutException:
        raise ServerUnavailable(
            "no response in time", where=url, remedy="check that the server is working"
        ) from None
    except httpx.ConnectError as error:
        reason = str(error).rpartition("] ")[2]
        raise ServerUnavailable(
            f"cannot connect: {reason}", where=url, remedy=remedy, unsent=True
        ) from None
    except httpx.HTTPError as error:
        raise ServerUnavailable(
            f"the connection broke ({type(error).__name__})", where=url, remedy=remedy
        ) from None
    except json.JSONDecodeError:  # the SDK renews a token and gets a page of HTML
        raise _not_label_studio_error(url, 0) from None


def _raise_for_status(response: httpx.Response, url: str) -> None:
    status, where = response.status_code, f"{url}{response.url.path}"
    if response.is_success:
        return
    if response.is_redirect:
        target = urlsplit(response.headers.get("location", ""))
        address = f"{target.scheme}://{target.netloc}" if target.netloc else target.path
        remedy = "set SAYSO_URL to the root address of Label Studio itself"
        raise ServerError(f"the server redirects to {address}", where=url, remedy=remedy)
    body = _decode_json(response)
    if status in (401, 403) and body is not None:
        raise _token_error(url, body)
    if status in (400, 409, 413, 422) and body is not None:
        raise InputError(f"Label Studio refuses this: {_extract_detail(body)}", where=where)
    if status == 404 and isinstance(body, dict) and "detail" in body:
        raise ObjectGone(
            "removed on the server meanwhile", where=where, remedy="run the command again"
        )
    if status >= 500 or status in (408, 429):
        raise _server_unavailable(response, body, url)
    raise _not_label_studio_error(url, status)


def _server_unavailable(response: httpx.Response, body: Any, url: str) -> ServerUnavailable:
    status, remedy = response.status_code, "look into the server's log, then run the command again"
    if status == 500 and isinstance(body, dict) and "detail" in body:
        return _ServerFailed(f"HTTP 500, {_extract_detail(body)}", where=url, remedy=remedy)
    retry_after = _parse_retry_after(response.headers.get("retry-after", ""))
    return ServerUnavailable(
        f"HTTP {status}", where=url, remedy=remedy, retry_after=retry_after, unsent=status == 429
    )


def _parse_retry_after(header: str) -> float:
    """Return the seconds to wait that the header gives as a number or as a date."""
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0


def _token_error(url: str, body: Any) -> AuthError:
    detail = _extract_detail(body).rstrip(".")
    if "legacy" in detail:  # switched off by default since 1.17: issue 7355
        remedy = "use a personal access token, or switch legacy tokens on in Label Studio"
        remedy += " under Organization"
    else:
        remedy = "make a new token in Label Studio (Account & Settings) and set SAYSO_TOKEN"
    return AuthError(
        f"Label Studio refuses the token: {detail or 'no reason given'}", where=url, remedy=remedy
    )


def _not_label_studio_error(url: str, status: int) -> ServerError:
    code = f" (HTTP {status})" if status not in (0, 200) else ""
    return ServerError(
        f"not a Label Studio server{code}", where=url, remedy="set SAYSO_URL to its root address"
    )


def _decode_json(response: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _extract_detail(body: Any) -> str:
    """Return the reason for a refusal in one short line."""
    if isinstance(body, dict):
        body = body.get("validation_errors") or body.get("detail", body)
    detail = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return detail if len(detail) <= 300 else f"{detail[:300]}…"


def _decode(response: httpx.Response, kind: type[T], url: str) -> T:
    if kind is Any and not response.content:
        return None  # type: ignore[return-value]
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _not_label_studio_error(url, response.status_code) from None


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
