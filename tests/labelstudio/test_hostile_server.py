"""A hostile or broken server: bounded size, time and pages, and one clear line for each."""

from __future__ import annotations

import itertools
import json
import resource
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from sayso import network
from sayso.errors import PartialError, SaysoError, ServerError
from sayso.labelstudio import client as client_module
from sayso.labelstudio import sync_state
from sayso.labelstudio.api_types import BareTask, TaskSelection
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.retries import RetryPolicy
from sayso.labelstudio.sync_state import SyncState
from tests.labelstudio.hostile_server import (
    MOMENT,
    Answer,
    HostileRequest,
    make_annotation,
    make_task,
    run_hostile_server,
)
from tests.labelstudio.sample_campaign import sample_document

TOKEN = "0123456789abcdef0123456789abcdef01234567"
GIGABYTE = 1 << 30
ONCE = RetryPolicy(pauses=())
# Reads an account with little memory, and shows how the attempt ends.
PROGRAM = f"""
import sys
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.retries import RetryPolicy
try:
    LabelStudioClient(sys.argv[1], "{TOKEN}", RetryPolicy(pauses=())).fetch_own_account()
except Exception as error:
    print(f"{{type(error).__name__}}: {{error}}")
"""


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE))


def read_with_little_memory(answer: Answer) -> str:
    """Return how a process that has one gigabyte ends."""
    with run_hostile_server(answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url],
            capture_output=True,
            timeout=120,
            check=True,
            preexec_fn=limit_memory,
        )
    return done.stdout.decode()


def send_endless_body(request: HostileRequest, _path: str) -> None:
    request.send_head(content_type="application/json")
    for _ in range(6000):
        request.wfile.write(bytes(1 << 20))


def announce_huge_body(request: HostileRequest, _path: str) -> None:
    request.send_head(content_length=str(6 << 30))
    request.wfile.write(b"[")


def send_gzip_bomb(request: HostileRequest, _path: str) -> None:
    """Send 6 GiB of zeros in 6 MiB: every part is complete, so the same one may follow."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(bytes(64 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    request.send_head(content_encoding="gzip")
    request.wfile.write(head + part * 100)


def send_packed_twice(request: HostileRequest, _path: str) -> None:
    request.send_head(content_encoding="gzip, gzip")
    request.wfile.write(bytes(1 << 20))


def send_list_of_lists(request: HostileRequest, _path: str) -> None:
    request.send(b"[" + b"[]," * (20 << 20) + b"[]]")


def send_nested(request: HostileRequest, _path: str) -> None:
    request.send(b"[" * (60 << 20))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (send_endless_body, "the response is larger than 64 MiB"),
        (announce_huge_body, "the response is larger than 64 MiB"),
        (send_gzip_bomb, "the response is larger than 64 MiB"),
        (send_packed_twice, "a body packed as 'gzip, gzip'"),
        (send_list_of_lists, "not a Label Studio server"),
        (send_nested, "not a Label Studio server"),
    ],
)
def test_a_body_without_end_takes_little_memory(answer: Answer, says: str) -> None:
    ended = read_with_little_memory(answer)
    assert ended.startswith("UnreadableResponse: http://127.0.0.1:") and says in ended, ended


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_CONTENT_PAUSES", ())


def assert_refused(
    answer: Answer, read: Callable[[LabelStudioClient], Any], says: str
) -> ServerError:
    with (
        run_hostile_server(answer) as server,
        LabelStudioClient(server.url, TOKEN, ONCE) as client,
        pytest.raises(SaysoError) as caught,
    ):
        read(client)
    message = str(caught.value)
    assert says in message and server.url in message and TOKEN not in message
    assert caught.value.remedy and "\n" not in message
    assert isinstance(caught.value, ServerError | PartialError)
    return caught.value  # type: ignore[return-value]


def test_a_body_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MAX_BODY_SECONDS", 0.3)

    def drip(request: HostileRequest, _path: str) -> None:
        request.send_head(content_type="application/json")
        while True:
            request.wfile.write(b" ")
            time.sleep(0.02)

    says = "the response has not ended after 0.3 s; check the network"
    assert_refused(drip, LabelStudioClient.fetch_own_account, says)


def reply(value: Any) -> Answer:
    return lambda request, _path: request.send_json(value)


PROJECT_LISTED = {"id": 1, "title": "", "description": None, "created_at": MOMENT}


def test_a_list_of_projects_whose_next_page_is_the_same() -> None:
    says = "the server's list of projects does not come to an end; run the command again"
    endless = {"next": "http://x/?page=1", "results": [PROJECT_LISTED]}
    assert_refused(reply(endless), lambda client: list(client.list_projects()), says)
    endless = {"next": "http://x/?page=1", "results": []}
    assert_refused(reply(endless), lambda client: list(client.list_projects()), says)


def test_a_list_of_projects_with_ever_new_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGES", 20)
    numbers = itertools.count(1)

    def answer(request: HostileRequest, _path: str) -> None:
        request.send_json({"next": "x", "results": [{**PROJECT_LISTED, "id": next(numbers)}]})

    says = "the server's list of projects does not come to an end"
    assert_refused(answer, lambda client: list(client.list_projects()), says)


@pytest.mark.parametrize(
    "page",
    [
        {"total": 5, "tasks": []},
        {"total": 5, "tasks": [{"id": 1}, {"id": 1}]},
        {"total": 5, "tasks": [{"id": 0}]},
    ],
)
def test_a_list_of_tasks_that_leads_nowhere(page: dict[str, Any]) -> None:
    says = "the server's list of tasks does not come to an end"
    assert_refused(reply(page), lambda client: list(client.list_task_ids(1)), says)
    bare = {"data": {}, "updated_at": MOMENT, "total_annotations": 0, "cancelled_annotations": 0}
    page = {**page, "tasks": [{**bare, **task} for task in page["tasks"]]}
    fetch = LabelStudioClient.fetch_bare_tasks
    assert_refused(reply(page), lambda client: fetch(client, 1, after=0, since="", size=5), says)


def test_the_same_page_of_tasks_again_and_again() -> None:
    page = {"total": 5, "tasks": [{"id": 1}, {"id": 2}]}
    says = "the server's list of tasks does not come to an end"
    assert_refused(reply(page), lambda client: list(client.list_task_ids(1)), says)


def test_tasks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGES", 20)
    monkeypatch.setattr(sync_state, "MAX_PAGES", 20)
    numbers = itertools.count(1)

    def answer(request: HostileRequest, _path: str) -> None:
        request.send_json({"total": 10**9, "tasks": [{"id": next(numbers)}]})

    says = "the server's list of tasks does not come to an end"
    assert_refused(answer, lambda client: list(client.list_task_ids(1)), says)
    bare = (BareTask(number, {}, "", 0, 0) for number in numbers)
    state = SyncState(sqlite3.connect(":memory:", check_same_thread=False))
    state.connection.executescript(sync_state._CREATE_TABLES)
    pages = state.fetch_pages("x", lambda **_query: TaskSelection(10**9, [next(bare)]))
    with pytest.raises(ServerError, match="does not come to an end"):
        list(pages)


GOOD_TASK = make_task(5, sample_document(1), make_annotation())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": 2**63}, "Expected `int` <= 9223372036854775807"),
        ({"id": 10**4000}, "not a Label Studio server"),
        ({"id": -1}, "Expected `int` >= 0"),
        ({"id": "5"}, "Expected `int`, got `str`"),
        ({"updated_at": "99999-01-01T00:00:00Z"}, "'99999-01-01T00:00:00Z' is not a time"),
        ({"updated_at": "0001-01-01T00:00:00+14:00"}, "is not a time"),
        ({"updated_at": "2026-01-01T00:00:00"}, "is not a time"),
        ({"updated_at": "yesterday"}, "'yesterday' is not a time"),
        ({"updated_at": None}, "Expected `str`, got `null`"),
        ({"data": []}, "Expected `object`, got `array`"),
        ({"annotations": None}, "Expected `array`, got `null`"),
        ({"annotations": [make_annotation(2**63)]}, "Expected `int` <= 9223372036854775807"),
        ({"annotations": [make_annotation(created_at="")]}, "'' is not a time"),
        ({"annotations": [make_annotation(lead_time="x")]}, "Expected `float | null`"),
    ],
)
def test_wrong_values_in_a_page_leave_out_the_task_that_has_them(
    change: dict[str, Any], says: str
) -> None:
    """The page is fetched task by task; an id that is no id is fetched by none."""
    spoilt = {**GOOD_TASK, **change}

    def answer(request: HostileRequest, _path: str) -> None:
        selection = json.loads(request.query["query"])
        wanted = selection.get("selectedItems", {}).get("included")
        given = [task for task in (GOOD_TASK | {"id": 4}, spoilt) if wanted in (None, [task["id"]])]
        given = given or [GOOD_TASK | {"id": 4}, spoilt]
        if request.query["include"] == "id":
            given = [{"id": task["id"]} for task in given]
        request.send(json.dumps({"total": len(given), "tasks": given}).encode())

    fetch = LabelStudioClient.fetch_annotated_tasks
    if "id" in change:
        assert_refused(answer, lambda client: fetch(client, 1, after=0, since="", size=9), says)
        return
    with run_hostile_server(answer) as server, LabelStudioClient(server.url, TOKEN, ONCE) as client:
        page = fetch(client, 1, after=0, since="", size=9)
    assert [task.id for task in page.tasks] == [4]
    assert list(page.undeliverable) == [5] and says in page.undeliverable[5]


@pytest.mark.parametrize("date", ["nonsense", "Fri, 01 Jan 99999 00:00:00 GMT", "x" * 4000])
def test_a_clock_that_shows_no_time(date: str) -> None:
    def answer(request: HostileRequest, _path: str) -> None:
        body = b'{"release": "1.23.2"}'
        head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n"
        request.wfile.write(head.encode() + body)

    says = "the server's clock shows no time"
    assert_refused(answer, LabelStudioClient.server_time, says)


def test_a_server_that_asks_to_wait_for_ever() -> None:
    for value in ("9" * 5000, "Fri, 01 Jan 99999 00:00:00 GMT", "²", "-1", "nonsense"):

        def answer(request: HostileRequest, _path: str, value: str = value) -> None:
            request.send(b"", 503, retry_after=value.encode().decode("latin-1"))

        assert_refused(answer, LabelStudioClient.fetch_own_account, "HTTP 503")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_token_does_not_follow_to_another_host(status: int) -> None:
    with run_hostile_server(reply({})) as thief:
        location = f"{thief.url}/api/current-user/whoami"
        says = f"the server redirects to {thief.url}; set SAYSO_URL"
        assert_refused(
            lambda request, _path: request.send(b"", status, location=location),
            LabelStudioClient.fetch_own_account,
            says,
        )
    assert thief.requests == []


def test_when_everything_fails_no_task_is_blamed() -> None:
    """After ten tasks without one that can be read, the server is at fault."""
    tasks = [{"id": number} for number in range(1, 101)]

    def answer(request: HostileRequest, _path: str) -> None:
        if request.query["include"] == "id":
            request.send_json({"total": 100, "tasks": tasks})
        else:
            request.send(b"<h1>Server Error (500)</h1>", 500)

    fetch = LabelStudioClient.fetch_annotated_tasks
    assert_refused(answer, lambda client: fetch(client, 1, after=0, since="", size=100), "HTTP 500")
