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

from sayso.errors import ConflictError, InputError, SaysoError, UsageError
from sayso.files import explained, locked
from sayso.ingest import arrivals, clusters, index, metadata, replacing
from sayso.ingest.arrivals import Arrivals
from sayso.ingest.clusters import Cluster
from sayso.ingest.index import Index
from sayso.ingest.reading import Format, Reader, Received
from sayso.ingest.replacing import Change, Hanging, Left
from sayso.settings import Instance, now
from sayso.store import Corpus

MAX_BYTES = 5_000_000  # a browser labels an article of this size with pain, and a larger one not at all
_SHOWN = 100  # refusals told one by one

Watch = Callable[[str, int], None]


@dataclass(frozen=True)
class Order:
    """What a command asks for. ``options`` is metadata for all its articles, and ``doc_id`` for the only one."""

    paths: tuple[str, ...]
    format: Format | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    side_table: Path | None = None
    ingested: str | None = None
    max_bytes: int = MAX_BYTES
    update_metadata: bool = False
    replace_text: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Report:
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
    carried: dict[str, int]
    left: tuple[Left, ...]
    strays: dict[str, int]
    differing: tuple[str, ...]
    clusters: tuple[Cluster, ...]
    unused_rows: tuple[str, ...]
    noticed: dict[str, int]
    written: tuple[str, ...]


class RefusedError(InputError):
    """Several articles of one command are wrong; ``refusals`` are the first of them, one by one."""

    def __init__(self, refusals: list[SaysoError], count: int) -> None:
        self.refusals = refusals
        super().__init__(
            f"{count} articles are refused and nothing was taken in", remedy="mend them and run this again"
        )
        if all(isinstance(refusal, ConflictError) for refusal in refusals):
            self.exit_code = ConflictError.exit_code


def ingest(instance: Instance, order: Order, watch: Watch = lambda _doing, _n: None) -> Report:
    """Take articles into the corpus; ``watch`` hears what is being done and how many articles further it is.

    Raises:
        InputError: an article, a row or an option is wrong; nothing was taken in.
        ConflictError: a known doc_id came with other words that are not to take the place of the old, or another
            command is at work; nothing was taken in.
        DiskError: the disk refused; running the command again ends where it would have.
    """
    private, corpus = instance.private, Corpus(instance.root)
    with explained(private):
        private.mkdir(mode=0o700, exist_ok=True)
    day = _day(order.ingested)
    answers_change = order.replace_text and not order.dry_run
    with (
        locked(private / "ingest.lock", "sayso ingest"),
        locked(private / "sync.lock", "sayso ingest") if answers_change else nullcontext(),
        index.opened(private / "articles.sqlite", corpus, lambda n: watch("indexing", n)) as known,
        arrivals.opened(known.tables, private / "arriving.sqlite") as came,
    ):
        reader = Reader(order.fields, order.max_bytes, order.format)
        _receive(reader, order, came, watch)
        change = partial(came.over, text=order.replace_text, metadata=order.update_metadata)
        report = _plan(came, known, order, change, reader, watch)
        if order.dry_run:
            return report
        changed = replacing.apply(came, known, [*report.replaced, *report.updated], change)
        added = corpus.add(came.documents(day))
        known.tables.commit()
        return replace(report, written=tuple(sorted({*changed, *(path.name for path in added)})))


def _receive(reader: Reader, order: Order, came: Arrivals, watch: Watch) -> None:
    refusals: list[SaysoError] = []
    count = 0
    if order.side_table:
        came.describe((place, metadata.checked(row, place)) for place, row in metadata.table(order.side_table))
    for number, article in enumerate(reader.read(order.paths)):
        if number and "doc_id" in order.options:
            raise UsageError(
                "--doc-id names one article, and here are several", remedy="name one file, or leave it out"
            )
        if refusal := _taken(article, order, came):
            count += 1
            refusals = [*refusals, refusal][:_SHOWN]
        watch("reading", 1)
    came.compare()
    for refusal in () if order.replace_text else _changed(came):
        count += 1
        refusals = [*refusals, refusal][:_SHOWN]
    _raise(refusals, count)
    if not came.count():
        raise InputError("no article here", where=" ".join(order.paths), remedy="check the paths")


def _taken(article: Received | SaysoError, order: Order, came: Arrivals) -> SaysoError | None:
    if isinstance(article, SaysoError):
        return article
    try:
        given = metadata.checked(came.known_of(article, dict(order.options)), article.place)
        if "doc_id" not in given:
            raise InputError(
                "no doc_id",
                where=article.place,
                remedy="say where it is, --field doc_id=NAME, or give one, --doc-id ID",
            )
        came.add(article, given)
    except InputError as error:
        return error
    return None


def _changed(came: Arrivals) -> Iterator[ConflictError]:
    for doc_id, place, known, received in came.changed():
        yield ConflictError(
            f"document {doc_id} is in the corpus with another text"
            f" (text_sha256 {known[:12]}… there, {received[:12]}… here), and a text never changes unnoticed",
            where=place,
            remedy=f"take it in as a document of its own, for example --doc-id {doc_id}-v2,"
            " or let it take the old one's place: --replace-text",
        )


def _raise(refusals: list[SaysoError], count: int) -> None:
    if count == 1:
        raise refusals[0]
    if count:
        raise RefusedError(refusals, count)


def _plan(came: Arrivals, known: Index, order: Order, change: Change, reader: Reader, watch: Watch) -> Report:
    hanging = Hanging()
    if order.replace_text:
        replacing.foresee(came, known)
        hanging = replacing.plan(came, known, change, lambda n: watch("looking at answers", n))
    found = clusters.assign(came, known, lambda n: watch("comparing", n))
    new, replaced, differing = came.doc_ids("new"), came.doc_ids("changed"), tuple(_differing(came, known))
    updated = differing if order.update_metadata else ()
    return Report(
        dry_run=order.dry_run,
        new=tuple(new),
        replaced=tuple(replaced),
        updated=updated,
        unchanged=came.count() - len(new) - len({*replaced, *updated}),
        carried=dict(hanging.carried),
        left=tuple(hanging.left),
        strays=dict(hanging.strays),
        differing=() if order.update_metadata else differing,
        clusters=tuple(found),
        unused_rows=tuple(came.unused_rows()),
        noticed={what: count for what, count in sorted(reader.noticed.items()) if count},
        written=(),
    )


def _differing(came: Arrivals, known: Index) -> Iterator[str]:
    """Known articles that came with other metadata."""
    for doc_id in came.described():
        document = known.document(doc_id)
        if came.over(document, text=False, metadata=True) is not document:
            yield doc_id


def _day(option: str | None) -> str:
    if option is not None:
        if len(option) != 10 or not metadata.is_date(option):
            raise UsageError(f"--ingested {option}: not a day", remedy="write it as 2026-11-22")
        return option
    return now().date().isoformat()
