"""Take received articles into the corpus as documents: all of one command's, or none.

The articles wait in a database until all of them are known to be valid; only then are they written.
The result does not depend on the order in which they are named. A known document keeps its text
unless the request says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sayso.callbacks import ReportProgress
from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, InputError, SaysoError, UsageError
from sayso.files import hold_lock, make_folder
from sayso.ingest.article_index import INDEX_FILE, ArticleIndex, open_index
from sayso.ingest.article_metadata import is_date, read_metadata_table, validate_metadata
from sayso.ingest.article_reader import ArticleFormat, ArticleReader, ReceivedArticle
from sayso.ingest.copy_clusters import CopyCluster, assign_splits
from sayso.ingest.incoming_articles import UNDETERMINED_LANGUAGE, IncomingArticles, open_incoming
from sayso.ingest.text_replacement import TextReplacement, WithdrawnAnnotation
from sayso.settings import Checkout, current_time

MAX_BYTES = 5_000_000  # browsers are slow to label an article of this size, and fail on larger ones
_MAX_REFUSALS = 100  # refusals reported one by one


@dataclass(frozen=True)
class IngestRequest:
    """Articles to take in. ``metadata`` is for all of them; its ``doc_id`` for the only one."""

    paths: tuple[str, ...]
    format: ArticleFormat | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    metadata_table: Path | None = None
    ingested: str | None = None
    max_bytes: int = MAX_BYTES
    update_metadata: bool = False
    replace_text: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class IngestResult:
    """The changes of one ingest, done or, with ``dry_run``, planned.

    Attributes:
        replaced: known documents with a new text; some may be among ``updated`` too.
        carried_over: number of annotations in each file that were carried over to the new text.
        withdrawn: annotations that left the corpus for the history, because they may not fit the
            new text.
        unknown_texts: number in each file that were made for a text that nobody has; they stay as
            they are.
        with_other_metadata: known documents whose other metadata was ignored.
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
    written_files: tuple[str, ...] = ()


class RefusedArticlesError(InputError):
    """Several articles of one command are refused; ``refusals`` are the first of them."""

    def __init__(self, refusals: list[SaysoError], count: int) -> None:
        self.refusals = refusals
        what = f"{count} articles are refused and nothing was taken in"
        super().__init__(what, remedy="correct them and run this again")
        if all(isinstance(refusal, ConflictError) for refusal in refusals):
            self.exit_code = ConflictError.exit_code


def ingest(
    checkout: Checkout,
    request: IngestRequest,
    report_progress: ReportProgress = lambda _doing, _n: None,
) -> IngestResult:
    """Take articles into the corpus.

    Args:
        checkout: the checkout whose corpus grows.
        request: the articles and options.
        report_progress: called with the activity and the number of articles done since the last
            call.

    Raises:
        InputError: an article, a row or an option is wrong; nothing was taken in.
        ConflictError: a known doc_id came with another text, or another command is at work; nothing
            was taken in.
        DiskError: the disk refused; running the command again completes it.
    """
    private, corpus = checkout.private, CorpusFiles(checkout.root)
    make_folder(private)
    defaults = {
        "ingested": _resolve_day(request.ingested),
        "language": _find_default_language(checkout),
    }
    # A pull or push must not run while annotations are carried over.
    sync_lock = hold_lock(private / "sync.lock", "sayso ingest")
    with (
        hold_lock(private / "ingest.lock", "sayso ingest"),
        sync_lock if request.replace_text and not request.dry_run else nullcontext(),
        open_index(private / INDEX_FILE, corpus, partial(report_progress, "indexing")) as index,
        open_incoming(index.database, private / "arriving.sqlite") as incoming,
    ):
        return _ingest_locked(request, incoming, index, defaults, report_progress)


def _ingest_locked(
    request: IngestRequest,
    incoming: IncomingArticles,
    index: ArticleIndex,
    defaults: Mapping[str, str],
    report_progress: ReportProgress,
) -> IngestResult:
    reader = ArticleReader(request.fields, request.max_bytes, request.format)
    _receive_articles(reader, request, incoming, report_progress)
    update = partial(
        incoming.update_document, text=request.replace_text, metadata=request.update_metadata
    )
    replacement = TextReplacement(incoming, index, update)
    result = _plan_ingest(request, replacement, reader.notices, report_progress)
    if request.dry_run:
        return result
    changed = replacement.apply([*result.replaced, *result.updated])
    added = index.corpus.add_documents(incoming.build_documents(**defaults))
    index.database.commit()
    written = {*changed, *(path.name for path in added)}
    return replace(result, written_files=tuple(sorted(written)))


def _receive_articles(
    reader: ArticleReader,
    request: IngestRequest,
    incoming: IncomingArticles,
    report_progress: ReportProgress,
) -> None:
    if request.metadata_table:
        rows = read_metadata_table(request.metadata_table)
        incoming.add_metadata_rows(
            (location, validate_metadata(row, location)) for location, row in rows
        )
    refusals: list[SaysoError] = []
    count = 0
    for refusal in _iterate_refusals(reader, request, incoming, report_progress):
        count += 1
        refusals = [*refusals, refusal][:_MAX_REFUSALS]
    if count:
        raise refusals[0] if count == 1 else RefusedArticlesError(refusals, count)
    if not incoming.count():
        raise InputError("no article here", where=" ".join(request.paths), remedy="check the paths")


def _iterate_refusals(
    reader: ArticleReader,
    request: IngestRequest,
    incoming: IncomingArticles,
    report_progress: ReportProgress,
) -> Iterator[SaysoError]:
    """Store every article that is valid, and yield what is wrong with the others."""
    for number, article in enumerate(reader.read_articles(request.paths)):
        if number and "doc_id" in request.metadata:
            what = "--doc-id names one article, and here are several"
            raise UsageError(what, remedy="name one file, or leave it out")
        if isinstance(article, SaysoError):
            yield article
        else:
            try:
                _receive_article(article, request, incoming)
            except InputError as error:
                yield error
        report_progress("reading", 1)
    incoming.set_states()
    if not request.replace_text:
        yield from _changed_text_errors(incoming)


def _receive_article(
    article: ReceivedArticle, request: IngestRequest, incoming: IncomingArticles
) -> None:
    metadata = incoming.collect_metadata(article, dict(request.metadata))
    validate_metadata(metadata, article.location)
    if "doc_id" not in metadata:
        remedy = "say which field has it, --field doc_id=NAME, or give one, --doc-id ID"
        raise InputError("no doc_id", where=article.location, remedy=remedy)
    incoming.add(article, metadata)


def _changed_text_errors(incoming: IncomingArticles) -> Iterator[ConflictError]:
    for doc_id, location, known, received in incoming.list_changed():
        yield ConflictError(
            f"document {doc_id} is in the corpus with another text"
            f" (text_sha256 {known[:12]}… there, {received[:12]}… here)",
            where=location,
            remedy=f"take it in as a document of its own, for example --doc-id {doc_id}-v2,"
            " or replace the old text: --replace-text",
        )


def _plan_ingest(
    request: IngestRequest,
    replacement: TextReplacement,
    notices: Mapping[str, int],
    report_progress: ReportProgress,
) -> IngestResult:
    incoming, index = replacement.incoming, replacement.index
    if request.replace_text:
        replacement.index_incoming_texts()
        replacement.plan(partial(report_progress, "reading annotations"))
    clusters = assign_splits(incoming, index, partial(report_progress, "comparing"))
    new, replaced = incoming.list_doc_ids("new"), incoming.list_doc_ids("changed")
    differing = tuple(_documents_with_other_metadata(incoming, index))
    updated = differing if request.update_metadata else ()
    return IngestResult(
        dry_run=request.dry_run,
        new=tuple(new),
        replaced=tuple(replaced),
        updated=updated,
        unchanged=incoming.count() - len(new) - len({*replaced, *updated}),
        carried_over=dict(replacement.carried_over),
        withdrawn=tuple(replacement.withdrawn),
        unknown_texts=dict(replacement.unknown_texts),
        with_other_metadata=() if request.update_metadata else differing,
        clusters=tuple(clusters),
        unused_rows=tuple(incoming.list_unused_rows()),
        notices={notice: count for notice, count in sorted(notices.items()) if count},
    )


def _documents_with_other_metadata(
    incoming: IncomingArticles, index: ArticleIndex
) -> Iterator[str]:
    for doc_id in incoming.list_described():
        document = index.read_document(doc_id)
        if incoming.update_document(document, text=False, metadata=True) is not document:
            yield doc_id


def _find_default_language(checkout: Checkout) -> str:
    setting = checkout.find_setting("language")
    if setting is None:
        return UNDETERMINED_LANGUAGE
    return validate_metadata({"language": setting.value}, setting.source)["language"]


def _resolve_day(day: str | None) -> str:
    if day is None:
        return current_time().date().isoformat()
    if len(day) != 10 or not is_date(day):
        raise UsageError(f"--ingested {day}: not a day", remedy="write it as 2026-11-22")
    return day
