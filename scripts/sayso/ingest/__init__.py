"""Received files become documents: all of one command's, or none.

Articles are first laid beside the corpus and looked at together; only when nothing is wrong with any of them are they
written. What is written for a set of articles does not depend on the order in which they are named.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sayso.errors import ConflictError, InputError, SaysoError, UsageError
from sayso.files import explained, locked
from sayso.ingest import arrivals, clusters, index, metadata
from sayso.ingest.arrivals import Arrivals
from sayso.ingest.clusters import Cluster
from sayso.ingest.index import Index
from sayso.ingest.reading import Format, Reader, Received
from sayso.records import Document
from sayso.settings import Instance
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
    dry_run: bool = False


@dataclass(frozen=True)
class Report:
    """What was done, or with ``dry_run`` would be. ``differing`` are known articles that came with other metadata."""

    dry_run: bool
    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: int
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
        ConflictError: a known doc_id came with other words; nothing was taken in.
        DiskError: the disk refused; running the command again ends where it would have.
    """
    private, corpus = instance.private, Corpus(instance.root)
    with explained(private):
        private.mkdir(mode=0o700, exist_ok=True)
    day = _day(order.ingested)
    with (
        locked(private / "ingest.lock", "sayso ingest"),
        index.opened(private / "articles.sqlite", corpus, lambda n: watch("indexing", n)) as known,
        arrivals.opened(known.tables, private / "arriving.sqlite") as came,
    ):
        reader = Reader(order.fields, order.max_bytes, order.format)
        _receive(reader, order, came, watch)
        report = _plan(came, known, order, reader, watch)
        if order.dry_run:
            return report
        changes = dict(_changes(came, known)) if order.update_metadata else {}
        written = [*corpus.update(changes), *corpus.add(came.documents(day))]
        known.tables.commit()
        return replace(report, written=tuple(sorted({path.name for path in written})))


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
    for refusal in _changed(came):
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
            f" (text_sha256 {known[:12]}… there, {received[:12]}… here), and a text never changes once it is in",
            where=place,
            remedy=f"take it in as a document of its own, for example --doc-id {doc_id}-v2",
        )


def _raise(refusals: list[SaysoError], count: int) -> None:
    if count == 1:
        raise refusals[0]
    if count:
        raise RefusedError(refusals, count)


def _plan(came: Arrivals, known: Index, order: Order, reader: Reader, watch: Watch) -> Report:
    found = clusters.assign(came, known, lambda n: watch("comparing", n))
    new = came.doc_ids("new")
    differing = tuple(doc_id for doc_id, _document in _changes(came, known))
    updated = differing if order.update_metadata else ()
    return Report(
        dry_run=order.dry_run,
        new=tuple(new),
        updated=updated,
        unchanged=came.count() - len(new) - len(updated),
        differing=() if order.update_metadata else differing,
        clusters=tuple(found),
        unused_rows=tuple(came.unused_rows()),
        noticed={what: count for what, count in sorted(reader.noticed.items()) if count},
        written=(),
    )


def _changes(came: Arrivals, known: Index) -> Iterator[tuple[str, Document]]:
    for doc_id, given in came.given("known"):
        document = known.document(doc_id)
        if any(getattr(document, name) != value for name, value in given.items()):
            yield doc_id, msgspec.structs.replace(document, **given)


def _day(option: str | None) -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if option is not None:
        if len(option) != 10 or not metadata.is_date(option):
            raise UsageError(f"--ingested {option}: not a day", remedy="write it as 2026-11-22")
        return option
    if epoch and not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH is {epoch!r}, not a number of seconds", remedy="unset it")
    return datetime.fromtimestamp(int(epoch) if epoch else time.time(), UTC).date().isoformat()
