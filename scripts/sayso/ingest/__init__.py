"""Received files become documents: all of one command's, or none.

Articles are first laid beside the corpus and looked at together; only when nothing is wrong with any of them are they
written. What is written for a set of articles does not depend on the order in which they are named. A known document
keeps its text, unless it is said that another takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, InputError, SaysoError, UsageError
from sayso.files import convert_os_errors, hold_lock
from sayso.ingest import (
    article_index,
    article_metadata,
    copy_clusters,
    incoming_articles,
    text_replacement,
)
from sayso.ingest.article_index import ArticleIndex
from sayso.ingest.article_reader import ArticleFormat, ArticleReader, ReceivedArticle
from sayso.ingest.copy_clusters import CopyCluster
from sayso.ingest.incoming_articles import IncomingArticles
from sayso.ingest.text_replacement import ReplacementPlan, UpdateDocument, WithdrawnAnnotation
from sayso.settings import Checkout, current_time

MAX_BYTES = (
    5_000_000  # a browser labels an article of this size with pain, and a larger one not at all
)
_MAX_REFUSALS = 100  # refusals told one by one

ReportProgress = Callable[[str, int], None]


@dataclass(frozen=True)
class IngestRequest:
    """What a command asks for. ``metadata`` is metadata for all its articles, and ``doc_id`` for the only one."""

    paths: tuple[str, ...]
    format: ArticleFormat | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    side_table: Path | None = None
    ingested: str | None = None
    max_bytes: int = MAX_BYTES
    update_metadata: bool = False
    replace_text: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class IngestResult:
    """What was done, or with ``dry_run`` would be.

    Attributes:
        replaced: known articles whose text gave way to the one that came; some may be among ``updated`` too.
        carried: file of answers → how many of it were carried over to the new text of their document.
        left: answers that left the corpus for the history, since that is not proven of them.
        strays: file of answers → how many of it were given to a text that nobody has; they are as they were.
        differing: known articles that came with other metadata, which was left as it is.
    """

    dry_run: bool
    new: tuple[str, ...]
    replaced: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
    carried_over: dict[str, int]
    withdrawn: tuple[WithdrawnAnnotation, ...]
    unknown_texts: dict[str, int]
    with_other_metadata: tuple[str, ...]
    clusters: tuple[CopyCluster, ...]
    unused_rows: tuple[str, ...]
    notices: dict[str, int]
    written_files: tuple[str, ...]


class RefusedArticlesError(InputError):
    """Several articles of one command are wrong; ``refusals`` are the first of them, one by one."""

    def __init__(self, refusals: list[SaysoError], count: int) -> None:
        self.refusals = refusals
        super().__init__(
            f"{count} articles are refused and nothing was taken in",
            remedy="mend them and run this again",
        )
        if all(isinstance(refusal, ConflictError) for refusal in refusals):
            self.exit_code = ConflictError.exit_code


def ingest(
    checkout: Checkout,
    request: IngestRequest,
    report_progress: ReportProgress = lambda _doing, _n: None,
) -> IngestResult:
    """Take articles into the corpus; ``watch`` hears what is being done and how many articles further it is.

    Raises:
        InputError: an article, a row or an option is wrong; nothing was taken in.
        ConflictError: a known doc_id came with other words that are not to take the place of the old, or another
            command is at work; nothing was taken in.
        DiskError: the disk refused; running the command again ends where it would have.
    """
    private, corpus = checkout.private, CorpusFiles(checkout.root)
    with convert_os_errors(private):
        private.mkdir(mode=0o700, exist_ok=True)
    day = _resolve_day(request.ingested)
    answers_change = request.replace_text and not request.dry_run
    with (
        hold_lock(private / "ingest.lock", "sayso ingest"),
        hold_lock(private / "sync.lock", "sayso ingest") if answers_change else nullcontext(),
        article_index.open_index(
            private / "articles.sqlite", corpus, lambda n: report_progress("indexing", n)
        ) as known,
        incoming_articles.open_incoming(known.database, private / "arriving.sqlite") as came,
    ):
        reader = ArticleReader(request.fields, request.max_bytes, request.format)
        _receive_articles(reader, request, came, report_progress)
        change = partial(
            came.update_document, text=request.replace_text, metadata=request.update_metadata
        )
        report = _plan_ingest(came, known, request, change, reader, report_progress)
        if request.dry_run:
            return report
        changed = text_replacement.apply_replacement(
            came, known, [*report.replaced, *report.updated], change
        )
        added = corpus.add_documents(came.build_documents(day))
        known.database.commit()
        return replace(
            report, written_files=tuple(sorted({*changed, *(path.name for path in added)}))
        )


def _receive_articles(
    reader: ArticleReader,
    request: IngestRequest,
    incoming: IncomingArticles,
    report_progress: ReportProgress,
) -> None:
    refusals: list[SaysoError] = []
    count = 0
    if request.side_table:
        incoming.add_metadata_rows(
            (place, article_metadata.validate_metadata(row, place))
            for place, row in article_metadata.read_metadata_table(request.side_table)
        )
    for number, article in enumerate(reader.read_articles(request.paths)):
        if number and "doc_id" in request.metadata:
            raise UsageError(
                "--doc-id names one article, and here are several",
                remedy="name one file, or leave it out",
            )
        if refusal := _receive_article(article, request, incoming):
            count += 1
            refusals = [*refusals, refusal][:_MAX_REFUSALS]
        report_progress("reading", 1)
    incoming.set_states()
    for refusal in () if request.replace_text else _changed_text_errors(incoming):
        count += 1
        refusals = [*refusals, refusal][:_MAX_REFUSALS]
    _raise_refusals(refusals, count)
    if not incoming.count():
        raise InputError("no article here", where=" ".join(request.paths), remedy="check the paths")


def _receive_article(
    article: ReceivedArticle | SaysoError, request: IngestRequest, incoming: IncomingArticles
) -> SaysoError | None:
    if isinstance(article, SaysoError):
        return article
    try:
        given = article_metadata.validate_metadata(
            incoming.collect_metadata(article, dict(request.metadata)), article.location
        )
        if "doc_id" not in given:
            raise InputError(
                "no doc_id",
                where=article.location,
                remedy="say where it is, --field doc_id=NAME, or give one, --doc-id ID",
            )
        incoming.add(article, given)
    except InputError as error:
        return error
    return None


def _changed_text_errors(incoming: IncomingArticles) -> Iterator[ConflictError]:
    for doc_id, place, known, received in incoming.list_changed():
        yield ConflictError(
            f"document {doc_id} is in the corpus with another text"
            f" (text_sha256 {known[:12]}… there, {received[:12]}… here), and a text never changes unnoticed",
            where=place,
            remedy=f"take it in as a document of its own, for example --doc-id {doc_id}-v2,"
            " or let it take the old one's place: --replace-text",
        )


def _raise_refusals(refusals: list[SaysoError], count: int) -> None:
    if count == 1:
        raise refusals[0]
    if count:
        raise RefusedArticlesError(refusals, count)


def _plan_ingest(
    incoming: IncomingArticles,
    index: ArticleIndex,
    request: IngestRequest,
    change: UpdateDocument,
    reader: ArticleReader,
    report_progress: ReportProgress,
) -> IngestResult:
    hanging = ReplacementPlan()
    if request.replace_text:
        text_replacement.index_incoming_texts(incoming, index)
        hanging = text_replacement.plan_replacement(
            incoming, index, change, lambda n: report_progress("looking at answers", n)
        )
    found = copy_clusters.assign_splits(incoming, index, lambda n: report_progress("comparing", n))
    new, replaced, differing = (
        incoming.list_doc_ids("new"),
        incoming.list_doc_ids("changed"),
        tuple(_documents_with_other_metadata(incoming, index)),
    )
    updated = differing if request.update_metadata else ()
    return IngestResult(
        dry_run=request.dry_run,
        new=tuple(new),
        replaced=tuple(replaced),
        updated=updated,
        unchanged=incoming.count() - len(new) - len({*replaced, *updated}),
        carried_over=dict(hanging.carried_over),
        withdrawn=tuple(hanging.withdrawn),
        unknown_texts=dict(hanging.unknown_texts),
        with_other_metadata=() if request.update_metadata else differing,
        clusters=tuple(found),
        unused_rows=tuple(incoming.list_unused_rows()),
        notices={what: count for what, count in sorted(reader.notices.items()) if count},
        written_files=(),
    )


def _documents_with_other_metadata(
    incoming: IncomingArticles, index: ArticleIndex
) -> Iterator[str]:
    """Known articles that came with other metadata."""
    for doc_id in incoming.list_described():
        document = index.read_document(doc_id)
        if incoming.update_document(document, text=False, metadata=True) is not document:
            yield doc_id


def _resolve_day(option: str | None) -> str:
    if option is not None:
        if len(option) != 10 or not article_metadata.is_date(option):
            raise UsageError(f"--ingested {option}: not a day", remedy="write it as 2026-11-22")
        return option
    return current_time().date().isoformat()
