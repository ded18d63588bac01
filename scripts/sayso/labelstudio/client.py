"""Everything that is asked of a Label Studio, and what it may answer.

The SDK signs requests, renews access tokens and carries them; pages and imports go through it as bytes, since
building its models costs more than the server's own work. What only reads is asked again for as long as patience
lasts. What changes the server is sent again only where it is certain that nothing was done: a lost answer does not
say whether it was.
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
from msgspec import Struct

from sayso.errors import AuthError, InputError, PartialError, ServerError
from sayso.labelstudio.retries import RetryLoop, RetryPolicy, ServerUnavailable

if TYPE_CHECKING:
    from label_studio_sdk.base_client import LabelStudioBase

READ_TIMEOUT = 120.0
WRITE_TIMEOUT = 600.0  # a large import runs inside its request
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}
MODEL_VERSION = (
    "sayso"  # the name under which our predictions stand; Label Studio shows one name's at a time
)

_TASK_FIELDS = "id,data,updated_at,total_annotations,cancelled_annotations"
# The serializer of annotations obeys the same list: no e-mail addresses travel, and the server works less.
ANNOTATED_TASK_FIELDS = (
    "id,data,updated_at,annotations,result,completed_by,was_cancelled,created_at,lead_time,"
    "parent_prediction,parent_annotation"
)

T = TypeVar("T")


class _ServerFailed(ServerUnavailable):
    """Label Studio itself says that it failed, a locked database included: it is no longer at it."""


class LostResponse(ServerError):
    """A write was sent and its answer is unknown: the server may have done it, or may still be at it.

    Attributes:
        ended: whether the server itself said that it failed, so that it is no longer at it.
    """

    def __init__(self, what: str, *, where: str, server_failed: bool = False) -> None:
        super().__init__(what, where=where, remedy="run the command again")
        self.server_failed = server_failed


class ObjectGone(PartialError):
    """What was asked for is no longer there: somebody removed it after we looked."""


class ListedProject(Struct, frozen=True):
    """A project as the server lists it."""

    id: int
    title: str
    description: str | None
    created_at: str
    task_number: int


class ProjectDetails(Struct, frozen=True):
    """A project in full, as far as it concerns us."""

    id: int
    title: str
    description: str | None
    created_at: str
    label_config: str
    expert_instruction: str | None
    model_version: str | None
    maximum_annotations: int = 1
    overlap_cohort_percentage: int = 100
    show_annotation_history: bool = False
    sampling: str = ""


# Asked for all fields, the server counts through every task and answer.
_LISTED_PROJECT_FIELDS, _PROJECT_FIELDS = (
    ",".join(ListedProject.__struct_fields__),
    ",".join(ProjectDetails.__struct_fields__),
)


class DataManagerTab(Struct, frozen=True):
    """A tab of the data manager."""

    id: int
    data: dict[str, Any]

    @property
    def title(self) -> str:
        """What stands on it."""
        return str(self.data.get("title", ""))

    @property
    def filters(self) -> list[Any]:
        """Which tasks are in it; all of them where there is none."""
        found = self.data.get("filters", {}).get("items", [])
        return found if isinstance(found, list) else []


class Account(Struct, frozen=True):
    """Somebody who can log in."""

    id: int
    email: str


class BareTask(Struct, frozen=True):
    """A task without its answers."""

    id: int
    data: dict[str, Any]
    updated_at: str
    total_annotations: int
    cancelled_annotations: int


class TaskAnnotation(Struct, frozen=True):
    """One annotation of a task, as the server holds it."""

    id: int
    result: Any
    completed_by: int | None
    was_cancelled: bool
    created_at: str
    updated_at: str
    lead_time: float | None
    parent_prediction: int | None
    parent_annotation: int | None


class AnnotatedTask(Struct, frozen=True):
    """A task with its answers."""

    id: int
    data: dict[str, Any]
    updated_at: str
    annotations: list[TaskAnnotation]


class TaskOverlap(Struct, frozen=True):
    """For how many annotators a task is; ``is_labeled`` once so many have answered."""

    id: int
    overlap: int
    is_labeled: bool


class TaskPrediction(Struct, frozen=True):
    """A prediction that stands on a task."""

    id: int
    task: int
    result: Any
    model_version: str | None
    score: float | None = None


class BareTaskPage(Struct, frozen=True):
    """Some tasks of a project; ``total`` counts all that the question fits."""

    total: int
    tasks: list[BareTask]


class AnnotatedTaskPage(Struct, frozen=True):
    """Some tasks with their answers."""

    total: int
    tasks: list[AnnotatedTask]


class _ReleaseInfo(Struct, frozen=True):
    release: str


class _TaskId(Struct, frozen=True):
    id: int


class _TaskIdPage(Struct, frozen=True):
    total: int
    tasks: list[_TaskId]


class _TaskOverlapPage(Struct, frozen=True):
    total: int
    tasks: list[TaskOverlap]


class _Submission(Struct, frozen=True):
    completed_by: int | None
    was_cancelled: bool


class _SubmittedTask(Struct, frozen=True):
    id: int
    annotations: list[_Submission]


class _SubmittedTaskPage(Struct, frozen=True):
    tasks: list[_SubmittedTask]


class _PredictedTask(Struct, frozen=True):
    predictions: list[TaskPrediction]


class _PredictedTaskPage(Struct, frozen=True):
    tasks: list[_PredictedTask]


class _ProjectPage(Struct, frozen=True):
    next: str | None
    results: list[ListedProject]


class _ImportResponse(Struct, frozen=True):
    task_count: int
    task_ids: list[int] = []


class _CreatedResponse(Struct, frozen=True):
    created: int


class _DeletedResponse(Struct, frozen=True):
    processed_items: int


class LabelStudioClient:
    """One Label Studio, entered with one token. Safe to use from several threads.

    Attributes:
        url: its root address, without a slash at the end.
        patience: what it may spend on an outage.
        impatient: whether the first question is asked once only, so that a wrong address is told at once.
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

    # What only reads.

    def fetch_release(self) -> str:
        """The release of the server."""
        return self._read("api/version", _ReleaseInfo).release

    def fetch_own_account(self) -> Account:
        """The account that the token belongs to."""
        return self._read("api/current-user/whoami", Account)

    def list_accounts(self) -> list[Account]:
        """Everybody in the organisation."""
        return self._read("api/users/", list[Account])

    def list_projects(self) -> Iterator[ListedProject]:
        """Every project that the account can see."""
        page = 1
        while True:
            found = self._read(
                "api/projects/",
                _ProjectPage,
                page=page,
                page_size=100,
                include=_LISTED_PROJECT_FIELDS,
            )
            yield from found.results
            if found.next is None:
                return
            page += 1

    def fetch_project(self, number: int) -> ProjectDetails:
        """One project."""
        return self._read(f"api/projects/{number}/", ProjectDetails, include=_PROJECT_FIELDS)

    def list_tabs(self, project: int) -> list[DataManagerTab]:
        """The tabs of the project in the data manager."""
        return self._read("api/dm/views/", list[DataManagerTab], project=project)

    def count_tasks(self, project: int) -> int:
        """How many tasks the project holds."""
        return self._fetch_task_ids(project, [], 1).total

    def fetch_bare_tasks(self, project: int, *, after: int, since: str, size: int) -> BareTaskPage:
        """Tasks with a number above ``after``, changed after the time ``since`` (empty: any), in order of number."""
        asked = _build_page_filters(after, since)
        return self._fetch_page(project, BareTaskPage, asked, size, include=_TASK_FIELDS)

    def fetch_annotated_tasks(
        self, project: int, *, after: int, since: str, size: int
    ) -> AnnotatedTaskPage:
        """The same tasks with every annotator's answers."""
        return self._fetch_page(
            project,
            AnnotatedTaskPage,
            _build_page_filters(after, since),
            size,
            include=ANNOTATED_TASK_FIELDS,
            fields="all",
        )

    def fetch_annotated_tasks_by_id(self, project: int, tasks: list[int]) -> list[AnnotatedTask]:
        """These tasks, as far as they are there, with every annotator's answers."""
        query = json.dumps({"selectedItems": {"all": False, "included": tasks}})
        found = self._read(
            "api/tasks/",
            AnnotatedTaskPage,
            project=project,
            page=1,
            page_size=len(tasks),
            query=query,
            include=ANNOTATED_TASK_FIELDS,
            fields="all",
            resolve_uri="false",
        )
        return found.tasks

    def list_task_ids(self, project: int, *, size: int = 1000) -> Iterator[int]:
        """The numbers of all tasks, rising."""
        return self._iterate_task_ids(project, [], size)

    def list_drafted_task_ids(self, project: int, *, size: int = 1000) -> Iterator[int]:
        """The numbers of the tasks on which somebody has begun and not submitted."""
        return self._iterate_task_ids(
            project, [_build_filter("draft_exists", "equal", "Boolean", True)], size
        )

    def list_overlaps_other_than(
        self, project: int, ordinary: int, *, size: int = 1000
    ) -> Iterator[TaskOverlap]:
        """The tasks that are for more or for fewer annotators than ``ordinary``, in order of number."""
        return self._iterate_overlaps(
            project, [_build_filter("overlap", "not_equal", "Number", ordinary)], size
        )

    def list_unfinished_overlaps(self, project: int, *, size: int = 1000) -> Iterator[TaskOverlap]:
        """The tasks that still wait for answers and have one, or were skipped, or are for several annotators.

        A task may come twice.
        """
        waiting = _build_filter("is_labeled", "equal", "Boolean", False)
        for column, above in (
            ("total_annotations", 0),
            ("cancelled_annotations", 0),
            ("overlap", 1),
        ):
            yield from self._iterate_overlaps(
                project, [waiting, _build_filter(column, "greater", "Number", above)], size
            )

    def count_unfinished_tasks(self, project: int) -> int:
        """How many tasks still wait for answers."""
        return self._fetch_task_ids(
            project, [_build_filter("is_labeled", "equal", "Boolean", False)], 1
        ).total

    def fetch_submitters(self, project: int, tasks: list[int]) -> dict[int, set[int | None]]:
        """The accounts that have submitted an answer to each of these tasks; who skipped does not count."""
        query = json.dumps({"selectedItems": {"all": False, "included": tasks}})
        found = self._read(
            "api/tasks/",
            _SubmittedTaskPage,
            project=project,
            page=1,
            page_size=len(tasks),
            query=query,
            include="id,annotations,completed_by,was_cancelled",
            fields="all",
            resolve_uri="false",
        )
        return {
            task.id: {
                answer.completed_by for answer in task.annotations if not answer.was_cancelled
            }
            for task in found.tasks
        }

    def fetch_last_change(self, project: int) -> str:
        """When a task of the project was changed last; empty where there is none."""
        found = self._read(
            "api/tasks/",
            BareTaskPage,
            project=project,
            page=1,
            page_size=1,
            include=_TASK_FIELDS,
            resolve_uri="false",
            query=json.dumps({"ordering": ["-tasks:updated_at"]}),
        )
        return found.tasks[0].updated_at if found.tasks else ""

    def list_predictions(self, task: int) -> list[TaskPrediction]:
        """The predictions that stand on one task."""
        return self._read("api/predictions/", list[TaskPrediction], task=task)

    def fetch_predictions(self, project: int, tasks: list[int]) -> list[TaskPrediction]:
        """The predictions that stand on these tasks."""
        query = json.dumps({"selectedItems": {"all": False, "included": tasks}})
        found = self._read(
            "api/tasks/",
            _PredictedTaskPage,
            project=project,
            page=1,
            page_size=len(tasks),
            query=query,
            include="id,predictions",
            fields="all",
            resolve_uri="false",
        )
        return [prediction for task in found.tasks for prediction in task.predictions]

    def server_time(self) -> float:
        """The server's own clock when it last answered, in seconds since 1970."""
        if not self._response_date:
            self.fetch_release()
        return (
            parsedate_to_datetime(self._response_date).timestamp()
            if self._response_date
            else time.time()
        )

    # What changes the server.

    def create_project(self, **settings: Any) -> ProjectDetails:
        """Make a project."""
        return self._write("POST", "api/projects/", ProjectDetails, settings)

    def update_project(self, project: int, **settings: Any) -> None:
        """Change a project's settings."""
        self._write("PATCH", f"api/projects/{project}/", Any, settings)

    def validate_interface(self, project: int, label_config: str) -> str:
        """Why the server would not take this interface for what is annotated already; empty where it would."""
        try:
            self._write(
                "POST", f"api/projects/{project}/validate/", Any, {"label_config": label_config}
            )
        except InputError as error:
            return error.what
        return ""

    def delete_project(self, project: int) -> None:
        """Take a project away, with whatever is in it."""
        self._write("DELETE", f"api/projects/{project}/", Any, b"")

    def create_tab(self, project: int, title: str = "Default", doc_ids: Sequence[str] = ()) -> None:
        """Make a tab of the data manager, of these documents or of all.

        Without a first tab Label Studio fetches the first task twice.
        """
        data = {
            "title": title,
            "filters": {"conjunction": "and", "items": build_document_filters(doc_ids)},
        }
        self._write("POST", "api/dm/views/", Any, {"project": project, "data": data})

    def delete_tab(self, view: int) -> None:
        """Take a tab away, unless it is gone already; the tasks in it stay."""
        with contextlib.suppress(ObjectGone):
            self._write("DELETE", f"api/dm/views/{view}/", Any, b"")

    def import_tasks(self, project: int, tasks: bytes) -> list[int]:
        """Import a JSON list of tasks, all or none; their numbers in the same order."""
        path = f"api/projects/{project}/import"
        return self._write("POST", path, _ImportResponse, tasks, return_task_ids="true").task_ids

    def import_predictions(self, project: int, predictions: list[Any]) -> int:
        """Add predictions to tasks that are there; how many the server took."""
        return self._write(
            "POST", f"api/projects/{project}/import/predictions", _CreatedResponse, predictions
        ).created

    def delete_prediction(self, prediction: int) -> None:
        """Take one prediction away, unless it is gone already."""
        with contextlib.suppress(ObjectGone):
            self._write("DELETE", f"api/predictions/{prediction}/", Any, b"")

    def update_task(self, task: int, data: dict[str, Any]) -> None:
        """Give a task other data."""
        self._write("PATCH", f"api/tasks/{task}/", Any, {"data": data})

    def set_overlap(self, task: int, overlap: int, *, finished: bool) -> None:
        """Make a task be for so many annotators; the server does not work out by itself whether that finishes it."""
        self._write(
            "PATCH", f"api/tasks/{task}/", Any, {"overlap": overlap, "is_labeled": finished}
        )

    def create_annotation(self, task: int, result: list[Any]) -> None:
        """Answer a task as the account that the token belongs to."""
        self._write(
            "POST",
            f"api/tasks/{task}/annotations/",
            Any,
            {"result": result, "was_cancelled": False},
        )

    def delete_unannotated_tasks(self, project: int, tasks: list[int]) -> int:
        """Delete those of the tasks that nobody has answered or begun, judged by the server; how many there were."""
        unanswered = [
            _build_filter("total_annotations", "equal", "Number", 0),
            _build_filter("cancelled_annotations", "equal", "Number", 0),
            _build_filter("draft_exists", "equal", "Boolean", False),
        ]
        body = {
            "filters": {"conjunction": "and", "items": unanswered},
            "selectedItems": {"all": False, "included": tasks},
        }
        answer = self._write(
            "POST", "api/dm/actions/", _DeletedResponse, body, id="delete_tasks", project=project
        )
        return answer.processed_items

    # How it is asked.

    def _iterate_task_ids(self, project: int, items: list[Any], size: int) -> Iterator[int]:
        after = 0
        while True:
            page = self._fetch_task_ids(project, [*items, _build_id_filter(after)], size)
            yield from (task.id for task in page.tasks)
            if page.total <= len(page.tasks):
                return
            after = page.tasks[-1].id

    def _iterate_overlaps(self, project: int, items: list[Any], size: int) -> Iterator[TaskOverlap]:
        after = 0
        while True:
            page = self._fetch_page(
                project,
                _TaskOverlapPage,
                [*items, _build_id_filter(after)],
                size,
                include="id,overlap,is_labeled",
            )
            yield from page.tasks
            if page.total <= len(page.tasks):
                return
            after = page.tasks[-1].id

    def _fetch_task_ids(self, project: int, items: list[Any], size: int) -> _TaskIdPage:
        return self._fetch_page(project, _TaskIdPage, items, size, include="id")

    def _fetch_page(
        self, project: int, kind: type[T], items: list[Any], size: int, **asked: Any
    ) -> T:
        query = json.dumps({"filters": {"conjunction": "and", "items": items}})
        return self._read(
            "api/tasks/",
            kind,
            project=project,
            page=1,
            page_size=size,
            resolve_uri="false",
            query=query,
            **asked,
        )

    def _read(self, path: str, kind: type[T], **query: Any) -> T:
        outage = RetryLoop(RetryPolicy(pauses=()) if self.first_request_once else self.retry_policy)
        while True:
            try:
                with _explain_errors(self.url):
                    found = _decode(
                        self._send("GET", path, None, READ_TIMEOUT, query), kind, self.url
                    )
            except ServerError as error:
                outage.wait(error)
            else:
                outage.finish()
                self.first_request_once = False
                return found

    def _write(self, method: str, path: str, kind: type[T], content: Any, **query: Any) -> T:
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        outage = RetryLoop(self.retry_policy)
        while True:
            try:
                with _explain_errors(self.url):
                    done = _decode(
                        self._send(method, path, body, WRITE_TIMEOUT, query), kind, self.url
                    )
            except ServerError as error:
                if not (isinstance(error, ServerUnavailable) and error.unsent):
                    raise LostResponse(
                        error.what,
                        where=error.where,
                        server_failed=isinstance(error, _ServerFailed),
                    ) from None
                outage.wait(error)
            else:
                outage.finish()
                return done

    def _send(
        self, method: str, path: str, body: bytes | None, seconds: float, query: dict[str, Any]
    ) -> httpx.Response:
        answer: httpx.Response = self._sdk._client_wrapper.httpx_client.request(
            path,
            method=method,
            content=body,
            params=query,
            headers={"content-type": "application/json"} if body else {},
            request_options={"max_retries": 0, "timeout_in_seconds": seconds},
        )
        _raise_for_status(answer, self.url)
        self._response_date = answer.headers.get("date", "")
        return answer


def _build_sdk_client(url: str, token: str) -> LabelStudioBase:
    """The SDK's client. ``base_client`` is the whole of it but for extensions that import pandas (1 s, 100 MB)."""
    from label_studio_sdk.base_client import LabelStudioBase

    ours = urlsplit(url).hostname in LOOPBACK_HOSTS
    # A redirected POST arrives as a GET: better to say where the server really is.
    transport = httpx.Client(
        timeout=httpx.Timeout(READ_TIMEOUT, connect=10), follow_redirects=False, trust_env=not ours
    )
    return LabelStudioBase(base_url=f"{url}/", api_key=token, httpx_client=transport, max_retries=0)


@contextlib.contextmanager
def _explain_errors(url: str) -> Iterator[None]:
    """One clear line for whatever the SDK or the network raises, without its cause: causes quote tokens and cookies."""
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        if error.status_code in (401, 403):
            raise _token_error(url, _extract_detail(error.body)) from None
        raise _not_label_studio_error(url, error.status_code or 0) from None
    except httpx.InvalidURL:
        raise ServerError(
            "not an address", where=url, remedy="set SAYSO_URL to http://HOST:PORT"
        ) from None
    except httpx.TimeoutException:
        raise ServerUnavailable(
            "no answer in time", where=url, remedy="look whether the server is at work"
        ) from None
    except httpx.ConnectError as error:
        raise ServerUnavailable(
            _explain_connect_error(str(error)),
            where=url,
            remedy=_connection_remedy(url),
            unsent=True,
        ) from None
    except httpx.HTTPError as error:
        raise ServerUnavailable(
            f"the connection broke ({type(error).__name__})",
            where=url,
            remedy=_connection_remedy(url),
        ) from None
    except json.JSONDecodeError:  # the SDK renews a token and gets a page of HTML
        raise _not_label_studio_error(url, 0) from None


def _explain_connect_error(reason: str) -> str:
    reasons = {
        "refused": "nothing listens there",
        "Name or service": "no such host",
        "resolution": "the host's name cannot be looked up",
        "nodename": "no such host",
        "CERTIFICATE": "its certificate is not trusted",
        "SSL": "it does not speak TLS as expected",
    }
    return next((told for sign, told in reasons.items() if sign in reason), "out of reach")


def _connection_remedy(url: str) -> str:
    if urlsplit(url).hostname in LOOPBACK_HOSTS:
        return "run `sayso studio up`, or set SAYSO_URL to the server that you mean"
    return "check SAYSO_URL and the network"


def _raise_for_status(answer: httpx.Response, url: str) -> None:
    """Raise for every answer that is not a success."""
    status = answer.status_code
    if answer.is_success:
        return
    if answer.is_redirect:
        told = urlsplit(answer.headers.get("location", ""))
        raise ServerError(
            f"it sends us on to {told.scheme}://{told.netloc}"
            if told.netloc
            else f"it sends us on to {told.path}",
            where=url,
            remedy="set SAYSO_URL to the root address of Label Studio itself",
        )
    body = _decode_json(answer)
    if status in (401, 403) and body is not None:
        raise _token_error(url, _extract_detail(body))
    if status in (400, 409, 413, 422) and body is not None:
        raise InputError(
            f"Label Studio refuses this: {_extract_detail(body)}", where=f"{url}{answer.url.path}"
        )
    if status == 404 and isinstance(body, dict) and "detail" in body:
        raise ObjectGone(
            "what we saw there is gone",
            where=f"{url}{answer.url.path}",
            remedy="run the command again",
        )
    if status >= 500 or status in (408, 429):
        raise _server_unavailable(answer, body, url)
    raise _not_label_studio_error(url, status)


def _server_unavailable(answer: httpx.Response, body: Any, url: str) -> ServerUnavailable:
    status, remedy = answer.status_code, "look into the server's log, then run the command again"
    if status == 500 and isinstance(body, dict) and "detail" in body:
        return _ServerFailed(f"HTTP 500, {_extract_detail(body)}", where=url, remedy=remedy)
    after = _parse_retry_after(answer.headers.get("retry-after", ""))
    return ServerUnavailable(
        f"HTTP {status}", where=url, remedy=remedy, retry_after=after, unsent=status == 429
    )


def _parse_retry_after(told: str) -> float:
    """Seconds that the server asks us to wait; it may also name a date."""
    if told.strip().isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return 0.0


def _token_error(url: str, detail: str) -> AuthError:
    if "legacy" in detail:
        remedy = "use a personal access token, or switch legacy tokens on in Label Studio under Organization"
    else:
        remedy = "make a new token in Label Studio (Account & Settings) and set SAYSO_TOKEN"
    return AuthError(
        f"Label Studio refuses the token: {detail.rstrip('.') or 'no reason given'}",
        where=url,
        remedy=remedy,
    )


def _not_label_studio_error(url: str, status: int) -> ServerError:
    told = f" (HTTP {status})" if status not in (0, 200) else ""
    return ServerError(
        f"what answers there is not Label Studio{told}",
        where=url,
        remedy="set SAYSO_URL to its root address",
    )


def _decode_json(answer: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _extract_detail(body: Any) -> str:
    """What a refusal says, in one short line."""
    if isinstance(body, dict):
        errors = body.get("validation_errors")
        body = errors if errors else body.get("detail", body)
    told = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return told if len(told) <= 300 else f"{told[:300]}…"


def _decode(answer: httpx.Response, kind: type[T], url: str) -> T:
    if kind is Any and not answer.content:
        return None  # type: ignore[return-value]
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _not_label_studio_error(url, answer.status_code) from None


def build_document_filters(doc_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The filters of a tab that holds the tasks of these documents; none, and so all tasks, where there are none."""
    return [_build_filter("data.doc_id", "in_list", "String", list(doc_ids))] if doc_ids else []


def _build_filter(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _build_id_filter(number: int) -> dict[str, Any]:
    return _build_filter("id", "greater", "Number", number)


def _build_page_filters(after: int, since: str) -> list[dict[str, Any]]:
    return [
        _build_id_filter(after),
        *([_build_filter("updated_at", "greater", "Datetime", since)] if since else []),
    ]
