"""Any JSON as a task, an annotation or a page: lines, quarantine, a task left out, or one error."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import SaysoError
from sayso.labelstudio import client as client_module
from sayso.labelstudio.annotation_reader import AnnotationReader
from sayso.labelstudio.api_types import AnnotatedTask
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.document_index import open_document_index
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pull import pull
from sayso.labelstudio.retries import RetryPolicy
from sayso.models import Annotation, encode
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import load_migrations
from sayso.settings import SCHEMA_FILE, Checkout
from tests.conftest import new_checkout
from tests.labelstudio.hostile_server import (
    MOMENT,
    MinimalLabelStudio,
    make_annotation,
    make_task,
    run_hostile_server,
)
from tests.labelstudio.sample_campaign import sample_document
from tests.labelstudio.test_fuzz_codec import json_values, spoilt

pytestmark = pytest.mark.fuzz

# A pull reads the schema, opens databases and writes files: one takes a fifth of a second.
few_examples = settings(max_examples=max(1, settings().max_examples // 10))
KEY = ProjectKey("fuzz", "all")
DOCUMENTS = [sample_document(number) for number in (1, 2)]
SPAN = {"start": 0, "end": 6, "text": "Report", "labels": ["Actor"]}
ITEM = {"id": "m1", "from_name": "span", "to_name": "text", "type": "labels", "value": SPAN}
RESULT = [ITEM, {**ITEM, "from_name": "note", "type": "textarea", "value": {"text": ["look"]}}]
PATHS = ["api/tasks", "api/users", "api/projects", "api/projects/7", "api/dm/views", "api/version"]


def make_tasks() -> list[dict[str, Any]]:
    first = make_task(4, DOCUMENTS[0], make_annotation(11, RESULT), make_annotation(12, RESULT))
    return [first, make_task(5, DOCUMENTS[1], make_annotation(13, RESULT))]


class HostilePulls:
    """Pulls from one server, each into a fresh checkout."""

    def __init__(self, checkout: Checkout, labelstudio: MinimalLabelStudio, url: str) -> None:
        self.checkout, self.labelstudio, self.url = checkout, labelstudio, url
        self.corpus = CorpusFiles(checkout.root)
        jsonl.write(self.corpus.batch_file(0), DOCUMENTS)

    def run(self) -> tuple[list[Annotation], list[str], int] | None:
        """Return lines, reasons of quarantine and annotations left out; None after an error."""
        for folder in (self.checkout.private / "cache", self.corpus.folder / "annotations"):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            with LabelStudioClient(self.url, "t", RetryPolicy(pauses=())) as client:
                (result,) = pull(self.checkout, client, KEY.campaign, KEY.pass_name)
        except SaysoError as error:
            assert "\n" not in str(error) and error.what
            return None
        lines = list(self.corpus.annotations(KEY.campaign))
        left_out = sum(task.annotations for task in result.left_out)
        return lines, [each.reason for each in result.quarantined], left_out


@pytest.fixture(scope="module")
def pulls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostilePulls]:
    labelstudio = MinimalLabelStudio(KEY, make_tasks())
    checkout = new_checkout(tmp_path_factory.mktemp("fuzz") / "checkout")
    with pytest.MonkeyPatch.context() as patch, run_hostile_server(labelstudio) as server:
        patch.setattr(client_module, "_CONTENT_PAUSES", ())
        yield HostilePulls(checkout, labelstudio, server.url)


def encode_json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def test_the_minimal_server_is_right(pulls: HostilePulls) -> None:
    pulls.labelstudio.tasks, pulls.labelstudio.spoilt = make_tasks(), {}
    pulled = pulls.run()
    assert pulled and (len(pulled[0]), *pulled[1:]) == (3, [], 0)


@few_examples
@given(spoilt(RESULT), spoilt(make_annotation(11, RESULT)), st.booleans())
def test_any_annotation_is_a_line_or_in_quarantine_or_left_out(
    pulls: HostilePulls, result: Any, annotation: Any, whole: bool
) -> None:
    tasks = make_tasks()
    tasks[0]["annotations"][0] = annotation if whole else make_annotation(11, result)
    pulls.labelstudio.tasks, pulls.labelstudio.spoilt = tasks, {}
    pulled = pulls.run()
    if pulled:
        lines, reasons, left_out = pulled
        assert len(lines) + len(reasons) + left_out == 3
        assert 13 in {line.origin.annotation for line in lines if line.origin}


@few_examples
@given(spoilt(make_tasks()[0]))
def test_any_task_is_read_or_named(pulls: HostilePulls, task: Any) -> None:
    pulls.labelstudio.tasks, pulls.labelstudio.spoilt = make_tasks(), {}
    number = task["id"] if isinstance(task, dict) and type(task.get("id")) is int else 0
    if number:
        pulls.labelstudio.tasks[0] = {**make_tasks()[0], **task}
    pulled = pulls.run()
    if pulled:
        assert len(pulled[0]) + len(pulled[1]) + pulled[2] >= 1


@st.composite
def responses(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path and a body for it: the right one with a few faults, or any JSON."""
    path = draw(st.sampled_from(PATHS))
    labelstudio = MinimalLabelStudio(KEY, make_tasks())
    query = {"query": "{}", "page_size": "100", "include": "all"}
    value = draw(spoilt(labelstudio.describe(path, query)) | json_values)
    body = encode_json(value)
    cut = draw(st.integers(-3, len(body)))
    return path, body if cut < 0 else body[:cut] + draw(st.binary(max_size=3)) + body[cut:]


@few_examples
@given(responses())
def test_any_response_ends_in_one_line(pulls: HostilePulls, response: tuple[str, bytes]) -> None:
    path, body = response
    pulls.labelstudio.tasks, pulls.labelstudio.spoilt = make_tasks(), {path: body}
    pulls.run()


READS: dict[str, Callable[[LabelStudioClient], Any]] = {
    "release": LabelStudioClient.fetch_release,
    "own account": LabelStudioClient.fetch_own_account,
    "accounts": LabelStudioClient.list_accounts,
    "projects": lambda client: list(client.list_projects()),
    "project": lambda client: client.fetch_project(7),
    "tabs": lambda client: [(tab.title, tab.filters) for tab in client.list_tabs(7)],
    "task ids": lambda client: list(client.list_task_ids(7)),
    "overlaps": lambda client: list(client.list_overlaps_other_than(7, 1)),
    "annotation": lambda client: client.locate_annotation(11),
    "bare tasks": lambda client: client.fetch_bare_tasks(7, after=0, since="", size=9),
    "tasks": lambda client: client.fetch_annotated_tasks(7, after=0, since="", size=9),
    "predictions": lambda client: client.fetch_predictions(7, [4]),
    "submitters": lambda client: client.fetch_submitters(7, [4]),
    "last change": lambda client: client.fetch_last_change(7),
}
FULL_TASK = {"overlap": 1, "is_labeled": False, "predictions": [], **make_tasks()[0]}
PAGE = {"total": 2, "tasks": [FULL_TASK, {**FULL_TASK, "id": 5}]}
LISTED = {"id": 7, "title": "", "description": None, "created_at": MOMENT, "label_config": ""}
LISTED |= {"expert_instruction": None, "model_version": None}
RESPONSES: list[Any] = [
    PAGE,
    {"next": None, "results": [LISTED]},
    LISTED,
    [{"id": 1, "data": {"title": "t", "filters": {"items": []}}, "email": "a@example.org"}],
    {"release": "1.23.2", "id": 1, "email": "a@example.org"},
    {"task": 4, "project": 7, "created_at": MOMENT},
]


@pytest.fixture(scope="module")
def given_body() -> Iterator[tuple[LabelStudioClient, list[bytes]]]:
    """A client of a server that gives one body to every request."""
    bodies = [b"{}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client_module, "_CONTENT_PAUSES", ())
        with (
            run_hostile_server(lambda request, _path: request.send(bodies[0])) as server,
            LabelStudioClient(server.url, "t", RetryPolicy(pauses=())) as client,
        ):
            yield client, bodies


@given(st.sampled_from(RESPONSES).flatmap(spoilt) | json_values, st.sampled_from(sorted(READS)))
def test_any_body_is_what_it_should_be_or_an_error(
    given_body: tuple[LabelStudioClient, list[bytes]], value: Any, read: str
) -> None:
    client, bodies = given_body
    bodies[0] = encode_json(value)
    try:
        READS[read](client)
    except SaysoError as error:
        assert "\n" not in str(error) and error.where


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnnotationReader]:
    checkout = new_checkout(tmp_path_factory.mktemp("reader") / "checkout")
    jsonl.write(CorpusFiles(checkout.root).batch_file(0), DOCUMENTS)
    schema_file = checkout.root / SCHEMA_FILE
    migrations = load_migrations(schema_file.parent, load_schema(schema_file))
    with open_document_index(checkout) as documents:
        yield AnnotationReader(KEY, 7, None, migrations, documents)


@given(spoilt(make_tasks()[0]))
def test_any_task_that_can_be_decoded_has_records_or_reasons(
    reader: AnnotationReader, value: Any
) -> None:
    try:
        task = msgspec.json.decode(encode_json(value), type=AnnotatedTask)
    except (msgspec.MsgspecError, RecursionError):
        return
    read = list(reader.read_task(task, {3}))
    assert [annotation.id for annotation, _record in read] == [each.id for each in task.annotations]
    for _annotation, record in read:
        if isinstance(record, Annotation):
            assert msgspec.json.decode(encode(record), type=Annotation) == record
        else:
            assert record
