"""The whole way once, on the articles of this checkout: a server, a project, an answer, a dataset.

It works in a checkout of its own under ``.sayso/demo/``, so that nothing which git follows is touched. Each step
looks before it works, so a second run finds everything done.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sayso import schema as schemas
from sayso.dataset.build import build
from sayso.errors import ConflictError, UsageError
from sayso.files import explained, write_if_changed, write_secret
from sayso.records import Annotation
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import server
from sayso.studio.accounts import enter
from sayso.studio.annotators import Annotator, introduce
from sayso.studio.client import Client
from sayso.studio.codec import encode
from sayso.studio.project import Place
from sayso.studio.pull import pull
from sayso.studio.push import Request, push

PLACE = Place("founding", "all")
READER = "draft-reader@sayso.localhost"  # .localhost is reserved: nobody can ever own this address

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """Where the demonstration stands when it is done."""

    instance: Instance
    url: str
    changed: int


def demo(instance: Instance, tell: Tell, waiting: Callable[[int], None] = lambda _: None) -> Demo:
    """Go the whole way, from the checkout's articles to a built dataset in ``.sayso/demo/``.

    The server keeps running when all went well; when the run is interrupted, a server that it started is stopped.

    Raises:
        UsageError: the checkout holds no articles, or no reading of them.
    """
    copy = _checkout(instance)
    with _serving(copy, tell, waiting) as studio, Client(studio.url, studio.token) as client:
        pushed = push(copy, client, Request(PLACE))
        tell(f"articles: {pushed.changes or 'none'} to push, {pushed.url}")
        answered = _answer(instance, copy, studio, pushed.project, client)
        tell(f"draft reading: {answered or 'no'} answers to enter")
        written = [path for outcome in pull(copy, client, PLACE.campaign) for path in outcome.written]
        tell(f"annotations: {len(written) or 'no'} files to write")
        built = build(copy)
        tell(f"dataset: {len(built.written) or 'no'} files to write")
    return Demo(copy, pushed.url, pushed.changes + answered + len(written) + len(built.written))


def _checkout(instance: Instance) -> Instance:
    """A checkout of its own with the same schema and articles."""
    sources = [*Corpus(instance.root).batches(), *sorted((instance.root / "schema").rglob("*"))]
    if not Corpus(instance.root).batches():
        raise UsageError("no articles to show", where=str(instance.root), remedy="run `sayso ingest` first")
    root = instance.private / "demo"
    for path in sources:
        if path.is_file():
            with explained(path):
                write_if_changed(root / path.relative_to(instance.root), path.read_bytes())
    return Instance(root, {"campaign": PLACE.campaign, "interface": PLACE.interface})


@contextmanager
def _serving(instance: Instance, tell: Tell, waiting: Callable[[int], None]) -> Iterator[server.Server]:
    """A server for the block; one that was started for it is stopped again if the block does not end well."""
    was_up = server.running(instance) is not None
    try:
        studio = _up(instance, waiting)
        tell(f"Label Studio: {'already ' if was_up else ''}up at {studio.url}")
        yield studio
    except BaseException:
        if not was_up:
            server.down(instance)
        raise


def _up(instance: Instance, waiting: Callable[[int], None]) -> server.Server:
    """On the usual port, or on any other when something else is there."""
    try:
        return server.up(instance, progress=waiting)
    except ConflictError:
        return server.up(instance, 0, waiting)


def _answer(checkout: Instance, copy: Instance, studio: server.Server, project: int, client: Client) -> int:
    """Enter the checkout's draft reading as one annotator's answers, where that annotator has none yet."""
    schema = schemas.load(checkout.root / MARK)
    drafts = {draft.doc_id: draft for draft in Corpus(checkout.root).annotations(PLACE.campaign) if _drafted(draft)}
    if not drafts:
        raise UsageError("no draft reading to enter", where=str(checkout.root / "corpus" / "annotations"))
    introduce(copy, Annotator(email=READER, pseudonym="draft", kind="program"))
    entered = 0
    with Client(studio.url, _reader(copy, studio)) as reader:
        account = reader.whoami().id
        page = client.answered(project, after=0, since="", size=len(drafts) + 100)
        for task in page.tasks:
            draft = drafts.get(task.data.get("doc_id", ""))
            if draft and account not in {answer.completed_by for answer in task.annotations}:
                reader.annotate(task.id, encode(draft.mentions, draft.relations, schema, draft.note))
                entered += 1
    return entered


def _drafted(annotation: Annotation) -> bool:
    return annotation.annotator_kind == "program" and annotation.interface == PLACE.interface


def _reader(instance: Instance, studio: server.Server) -> str:
    """The token of the account that enters the draft; its password lies beside the server's own secrets."""
    path = server.home(instance) / "draft-reader.password"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(18))
    with explained(path):
        return enter(studio, READER, path.read_text(encoding="utf-8"))
