"""A small HTTP server that gives what no Label Studio gives, and a minimal Label Studio."""

from __future__ import annotations

import contextlib
import http.server
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sayso.labelstudio import tasks
from sayso.labelstudio.project import ProjectKey
from sayso.models import Document
from tests.http_servers import serve

PROJECT = 7
ACCOUNT = 3
MOMENT = "2026-01-02T03:04:05.000006Z"


class HostileRequest(http.server.BaseHTTPRequestHandler):
    """One request; the server's function answers it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HostileServer

    def _respond(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.server.requests.append((parts.path.strip("/"), dict(self.headers.items())))
        with contextlib.suppress(OSError):  # the client has read enough
            self.server.answer(self, parts.path.strip("/"))

    do_GET = do_POST = do_PATCH = do_DELETE = _respond

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send a whole response."""
        self.send_head(status, content_length=str(len(body)), **headers)
        self.wfile.write(body)

    def send_json(self, value: Any) -> None:
        """Send a value as JSON."""
        self.send(json.dumps(value).encode(), content_type="application/json")

    def send_head(self, status: int = 200, **headers: str) -> None:
        """Send the head of a response; what follows ends with the connection or its length."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.close_connection = "content_length" not in headers
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


Answer = Callable[[HostileRequest, str], None]


class HostileServer(http.server.ThreadingHTTPServer):
    """Answers requests by a function; ``requests`` has path and headers of each."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), HostileRequest)
        self.answer = answer
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        pass


def run_hostile_server(answer: Answer) -> AbstractContextManager[HostileServer]:
    """Run a server for the block."""
    return serve(HostileServer(answer))


def make_annotation(number: int = 11, result: Any = (), **fields: Any) -> dict[str, Any]:
    """Make an annotation as the server gives it."""
    known = {"id": number, "result": result, "completed_by": ACCOUNT, "updated_by": ACCOUNT}
    known |= {"was_cancelled": False, "created_at": MOMENT, "updated_at": MOMENT, "lead_time": 2.5}
    parents = {"parent_prediction": None, "parent_annotation": None, "import_id": None}
    return {**known, **parents, **fields}


def make_task(number: int, document: Document, *annotations: Any) -> dict[str, Any]:
    """Make a task as the server gives it."""
    data = tasks.build_task_data(document, "1.0.0")
    counts = {"total_annotations": len(annotations), "cancelled_annotations": 0}
    content = {"data": data, "updated_at": MOMENT, "annotations": list(annotations)}
    return {"id": number, **content, **counts}


class MinimalLabelStudio:
    """The answers of a server with one project, which may be spoilt at any place.

    Attributes:
        tasks: all of the project.
        spoilt: bodies of responses, by path, in place of the right ones.
    """

    def __init__(self, key: ProjectKey, given: list[dict[str, Any]]) -> None:
        self.key = key
        self.tasks = given
        self.spoilt: dict[str, bytes] = {}

    def __call__(self, request: HostileRequest, path: str) -> None:
        if path in self.spoilt:
            request.send(self.spoilt[path])
        else:
            request.send_json(self.describe(path, request.query))

    def describe(self, path: str, query: dict[str, str]) -> Any:
        """Return the right response."""
        project = {
            "id": PROJECT,
            "title": "",
            "description": self.key.mark,
            "created_at": MOMENT,
            "task_number": len(self.tasks),
            "total_annotations_number": sum(len(task["annotations"]) for task in self.tasks),
            "skipped_annotations_number": 0,
        }
        answers: dict[str, Any] = {
            "api/version": {"release": "1.23.2"},
            "api/users": [{"id": ACCOUNT, "email": "ann@example.org"}],
            "api/projects": {"next": None, "results": [project]},
            f"api/projects/{PROJECT}": project,
            "api/dm/views": [],
        }
        return self.list_tasks(query) if path == "api/tasks" else answers.get(path, {})

    def list_tasks(self, query: dict[str, str]) -> dict[str, Any]:
        """Return the page of tasks that a query selects."""
        selection = json.loads(query["query"])
        after = 0
        for each in selection.get("filters", {}).get("items", []):
            after = each["value"] if each["filter"].endswith(":id") else after
        included = selection.get("selectedItems", {}).get("included")
        found = [
            task
            for task in self.tasks
            if task["id"] > after and (included is None or task["id"] in included)
        ]
        page = found[: int(query["page_size"])]
        if query["include"] == "id":
            page = [{"id": task["id"]} for task in page]
        return {"total": len(found), "tasks": page}
