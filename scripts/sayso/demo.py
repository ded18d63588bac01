"""A demonstration on the articles of a checkout: server, project, annotations, dataset.

It shows the annotations that are there: those of a program, or else of an annotator.

It works in a checkout of its own under ``.sayso/demo/``, so that no file which git follows changes.
Each step looks before it works, so a second run finds everything done.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sayso.callbacks import Advance
from sayso.corpus.items import AnnotationFilter, RecordKind
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.builder import build
from sayso.errors import ConflictError, UsageError
from sayso.files import (
    convert_os_errors,
    exists,
    list_files,
    read_file,
    read_text,
    write_if_changed,
    write_secret,
)
from sayso.labelstudio import server
from sayso.labelstudio.accounts import ensure_account
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pseudonyms import Annotator, add_annotator
from sayso.labelstudio.pull import pull
from sayso.labelstudio.push import PushRequest, push
from sayso.models import Annotation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout

DRAFT_EMAIL = "draft-reader@sayso.localhost"  # .localhost is reserved: nobody can own the address

ReportStep = Callable[[str], None]


@dataclass(frozen=True)
class DemoResult:
    """The checkout of the demonstration, its project, and how much there was to do."""

    checkout: Checkout
    url: str
    change_count: int
    campaign: str


def run_demo(
    checkout: Checkout, report_progress: ReportStep, advance: Advance = lambda _: None
) -> DemoResult:
    """Go from the checkout's articles to a built dataset in ``.sayso/demo/``.

    The server keeps running at the end. If the run is interrupted, a server that it started stops.

    Raises:
        UsageError: the checkout holds no articles, or no annotations of them.
    """
    drafts = find_drafts(checkout)
    first = next(iter(drafts.values()))
    key = ProjectKey(first.campaign, first.interface)
    copy = _copy_checkout(checkout, key)
    with (
        _running_server(copy, report_progress, advance) as running,
        LabelStudioClient(running.url, running.token) as client,
    ):
        pushed = push(copy, client, PushRequest(key))
        report_progress(f"articles: {pushed.changes or 'none'} to push, {pushed.url}")
        entered = _enter_drafts(drafts, copy, running, pushed.project, client)
        report_progress(f"draft annotations: {entered or 'none'} to enter")
        written = sum(len(each.written) for each in pull(copy, client, key.campaign))
        report_progress(f"annotations: {written or 'no'} files to write")
        built = build(copy)
        report_progress(f"dataset: {len(built.written) or 'no'} files to write")
    change_count = pushed.changes + entered + written + len(built.written)
    return DemoResult(copy, pushed.url, change_count, key.campaign)


def find_drafts(checkout: Checkout) -> dict[str, Annotation]:
    """Return one reading of one campaign and pass by document, that of a program if there is any.

    The first document that has one decides on the campaign, the pass and the annotator.

    Raises:
        UsageError: there is none.
    """
    kinds: tuple[RecordKind, ...] = ("program", "human")
    for kind in kinds:
        drafts: dict[str, Annotation] = {}
        for item in CorpusFiles(checkout.root).items(AnnotationFilter(kinds=frozenset({kind}))):
            for draft in item.all_annotations:
                first = next(iter(drafts.values()), draft)
                if draft.status != "skipped" and _is_same_reading(draft, first):
                    drafts.setdefault(item.document.doc_id, draft)
        if drafts:
            return drafts
    raise UsageError(
        "no annotation to show: the demonstration enters annotations that are in the corpus",
        where=str(checkout.root / "corpus" / "annotations"),
        remedy="`sayso push` and `sayso pull` bring yours; a clone of Sayso's repository has some",
    )


def _is_same_reading(one: Annotation, other: Annotation) -> bool:
    return (one.campaign, one.interface, one.annotator) == (
        other.campaign,
        other.interface,
        other.annotator,
    )


def _copy_checkout(checkout: Checkout, key: ProjectKey) -> Checkout:
    """Make a checkout with the same schema and articles."""
    batches = CorpusFiles(checkout.root).batch_files()
    if not batches:
        remedy = "run `sayso ingest` first"
        raise UsageError("no articles to show", where=str(checkout.root), remedy=remedy)
    root = checkout.private / "demo"
    for path in [*batches, *list_files(checkout.root / "schema", "**/*")]:
        write_if_changed(root / path.relative_to(checkout.root), read_file(path))
    return Checkout(root, {"campaign": key.campaign, "pass": key.pass_name})


@contextmanager
def _running_server(
    checkout: Checkout, report_progress: ReportStep, advance: Advance
) -> Iterator[server.RunningServer]:
    """Start a server where none runs. It is stopped again if the block fails."""
    was_up = server.find_running(checkout) is not None
    try:
        try:
            running = server.start(checkout, advance=advance)
        except ConflictError:  # another program uses the port
            running = server.start(checkout, 0, advance)
        report_progress(f"Label Studio: {'already ' if was_up else ''}up at {running.url}")
        yield running
    except BaseException:
        if not was_up:
            server.stop(checkout)
        raise


def _enter_drafts(
    drafts: Mapping[str, Annotation],
    copy: Checkout,
    running: server.RunningServer,
    project: int,
    client: LabelStudioClient,
) -> int:
    """Submit the draft annotations as one annotator's, where that one has none yet."""
    schema = load_schema(copy.root / SCHEMA_FILE)
    add_annotator(copy, Annotator(email=DRAFT_EMAIL, pseudonym="draft", kind="program"))
    entered = 0
    with LabelStudioClient(running.url, _fetch_draft_token(copy, running)) as annotator:
        account = annotator.fetch_own_account().id
        page = client.fetch_annotated_tasks(project, after=0, since="", size=len(drafts) + 100)
        for task in page.tasks:
            draft = drafts.get(task.data.get("doc_id", ""))
            if draft and account not in {each.completed_by for each in task.annotations}:
                content = (draft.mentions, draft.relations, schema, draft.note, draft.answers)
                result = encode_result(*content)
                annotator.create_annotation(task.id, result)
                entered += 1
    return entered


def _fetch_draft_token(checkout: Checkout, running: server.RunningServer) -> str:
    """Return the token of the account that enters the draft."""
    path = server.server_folder(checkout) / "draft-reader.password"
    if not exists(path):
        write_secret(path, secrets.token_urlsafe(18))
    with convert_os_errors(path):
        return ensure_account(running, DRAFT_EMAIL, read_text(path))
