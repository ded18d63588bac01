"""The whole way once, on the articles of this checkout: a server, a project, an answer, a dataset.

It works in a checkout of its own under ``.sayso/run_demo/``, so that nothing which git follows is touched. Each step
looks before it works, so a second run finds everything done.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sayso.corpus.sources import CorpusFiles
from sayso.dataset.builder import build
from sayso.errors import ConflictError, UsageError
from sayso.files import convert_os_errors, write_if_changed, write_secret
from sayso.labelstudio import server
from sayso.labelstudio.accounts import ensure_account
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pseudonyms import Annotator, add_annotator
from sayso.labelstudio.pull import pull
from sayso.labelstudio.push import PushRequest, push
from sayso.models import Annotation
from sayso.schema import declarations as schemas
from sayso.settings import SCHEMA_FILE, Checkout

DEMO_PROJECT_KEY = ProjectKey("founding", "all")
DRAFT_EMAIL = (
    "draft-reader@sayso.localhost"  # .localhost is reserved: nobody can ever own this address
)

ReportProgress = Callable[[str], None]


@dataclass(frozen=True)
class DemoResult:
    """Where the demonstration stands when it is done."""

    checkout: Checkout
    url: str
    change_count: int


def run_demo(
    checkout: Checkout,
    report_progress: ReportProgress,
    advance: Callable[[int], None] = lambda _: None,
) -> DemoResult:
    """Go the whole way, from the checkout's articles to a built dataset in ``.sayso/run_demo/``.

    The server keeps running when all went well; when the run is interrupted, a server that it started is stopped.

    Raises:
        UsageError: the checkout holds no articles, or no reading of them.
    """
    copy = _copy_checkout(checkout)
    with (
        _running_server(copy, report_progress, advance) as studio,
        LabelStudioClient(studio.url, studio.token) as client,
    ):
        pushed = push(copy, client, PushRequest(DEMO_PROJECT_KEY))
        report_progress(f"articles: {pushed.changes or 'none'} to push, {pushed.url}")
        answered = _enter_draft(checkout, copy, studio, pushed.project, client)
        report_progress(f"draft reading: {answered or 'no'} answers to enter")
        written = [
            path
            for outcome in pull(copy, client, DEMO_PROJECT_KEY.campaign)
            for path in outcome.written
        ]
        report_progress(f"annotations: {len(written) or 'no'} files to write")
        built = build(copy)
        report_progress(f"dataset: {len(built.written) or 'no'} files to write")
    return DemoResult(
        copy, pushed.url, pushed.changes + answered + len(written) + len(built.written)
    )


def _copy_checkout(checkout: Checkout) -> Checkout:
    """A checkout of its own with the same schema and articles."""
    sources = [
        *CorpusFiles(checkout.root).batch_files(),
        *sorted((checkout.root / "schema").rglob("*")),
    ]
    if not CorpusFiles(checkout.root).batch_files():
        raise UsageError(
            "no articles to show", where=str(checkout.root), remedy="run `sayso ingest` first"
        )
    root = checkout.private / "demo"
    for path in sources:
        if path.is_file():
            with convert_os_errors(path):
                write_if_changed(root / path.relative_to(checkout.root), path.read_bytes())
    return Checkout(
        root, {"campaign": DEMO_PROJECT_KEY.campaign, "interface": DEMO_PROJECT_KEY.pass_name}
    )


@contextmanager
def _running_server(
    checkout: Checkout, report_progress: ReportProgress, advance: Callable[[int], None]
) -> Iterator[server.RunningServer]:
    """A server for the block; one that was started for it is stopped again if the block does not end well."""
    was_up = server.find_running(checkout) is not None
    try:
        studio = _start_server(checkout, advance)
        report_progress(f"Label Studio: {'already ' if was_up else ''}up at {studio.url}")
        yield studio
    except BaseException:
        if not was_up:
            server.stop(checkout)
        raise


def _start_server(checkout: Checkout, advance: Callable[[int], None]) -> server.RunningServer:
    """On the usual port, or on any other when something else is there."""
    try:
        return server.start(checkout, advance=advance)
    except ConflictError:
        return server.start(checkout, 0, advance)


def _enter_draft(
    checkout: Checkout,
    copy: Checkout,
    studio: server.RunningServer,
    project: int,
    client: LabelStudioClient,
) -> int:
    """Enter the checkout's draft reading as one annotator's answers, where that annotator has none yet."""
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    drafts = {
        draft.doc_id: draft
        for draft in CorpusFiles(checkout.root).annotations(DEMO_PROJECT_KEY.campaign)
        if _is_draft(draft)
    }
    if not drafts:
        raise UsageError(
            "no draft reading to enter", where=str(checkout.root / "corpus" / "annotations")
        )
    add_annotator(copy, Annotator(email=DRAFT_EMAIL, pseudonym="draft", kind="program"))
    entered = 0
    with LabelStudioClient(studio.url, _fetch_draft_token(copy, studio)) as reader:
        account = reader.fetch_own_account().id
        page = client.fetch_annotated_tasks(project, after=0, since="", size=len(drafts) + 100)
        for task in page.tasks:
            draft = drafts.get(task.data.get("doc_id", ""))
            if draft and account not in {answer.completed_by for answer in task.annotations}:
                reader.create_annotation(
                    task.id, encode_result(draft.mentions, draft.relations, schema, draft.note)
                )
                entered += 1
    return entered


def _is_draft(annotation: Annotation) -> bool:
    return (
        annotation.annotator_kind == "program"
        and annotation.interface == DEMO_PROJECT_KEY.pass_name
    )


def _fetch_draft_token(checkout: Checkout, studio: server.RunningServer) -> str:
    """The token of the account that enters the draft; its password lies beside the server's own secrets."""
    path = server.server_folder(checkout) / "draft-reader.password"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(18))
    with convert_os_errors(path):
        return ensure_account(studio, DRAFT_EMAIL, path.read_text(encoding="utf-8"))
