"""Known documents that come with other words, and what hangs on them: answers and gold.

First it is laid down beside the arrivals what becomes of each answer; that is the plan. Then the lines that give way go
into the history, then the files are put in place, articles before answers. An answer names the text that it was given
to, and the history holds the texts that were: so a command that was killed is finished by running it again, wherever
it stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from sayso import jsonl
from sayso.anchoring import Passages, anchored
from sayso.files import Fill, explained, replace_together
from sayso.history import remembering
from sayso.ingest import near_duplicates
from sayso.ingest.arrivals import Arrivals
from sayso.ingest.index import Index
from sayso.records import Annotation, Document, Gold, Mention, encode
from sayso.store import TEXTS, Corpus

WORDS = 3  # mentions that are quoted of an answer that leaves
GOLD = "gold"  # whose an adjudicated reading is

Change = Callable[[Document], Document]
Pairs = Callable[[str, str], "tuple[Passages, Passages] | None"]


@dataclass(frozen=True)
class Left:
    """An answer that leaves ``file`` for the history, since it is not proven that all of it stands in the new text.

    Attributes:
        annotator: the pseudonym, or ``gold`` for an adjudicated reading.
        unproven: how many mentions are not proven; 0 where there is none, so that the answer is about every word.
        words: what the first of them mark.
    """

    file: str
    doc_id: str
    annotator: str
    unproven: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Hanging:
    """What becomes of answers and gold. Files are named from ``corpus/`` on.

    Attributes:
        carried: how many of a file's stand in the new text now.
        left: those that leave, one by one.
        strays: how many of a file's were given to a text that neither corpus nor history holds; they stay as they are.
    """

    carried: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    strays: Counter[str] = field(default_factory=Counter)


def foresee(came: Arrivals, known: Index) -> None:
    """Let the index hold the words that known articles are to have: new ones may be copies of these, not of the old."""
    for number, text in came.changed_texts():
        if not known.has(number):
            known.keep(number, near_duplicates.bands(near_duplicates.runs(text)))
    known.tables.execute(
        "UPDATE document SET (text_sha256, text_id) ="
        " (SELECT text_sha256, text_id FROM article WHERE article.doc_id = document.doc_id)"
        " WHERE doc_id IN (SELECT doc_id FROM article WHERE state = 'changed')"
    )


def plan(came: Arrivals, known: Index, change: Change, advance: Callable[[int], None]) -> Hanging:
    """Look at every answer to a document that came, and lay down what becomes of it; nothing is written to the corpus.

    ``change`` gives documents of the corpus as they are to be.

    Raises:
        InputError: a line is not a record.
    """
    _recall(came, known.corpus)
    pairs, hanging = _pairs(came, known, change), Hanging()
    for path, kind in known.corpus.answer_files():
        name = _name(known.corpus, path)
        for number, _line, record in jsonl.lines(path, kind):
            digest = came.known_digest(record.doc_id)
            if digest and digest != record.text_sha256:
                _settle(came, hanging, name, number, record, pairs)
            advance(1)
    return hanging


def _recall(came: Arrivals, corpus: Corpus) -> None:
    """Lay down the earlier texts of the documents that came."""
    for document in corpus.earlier_documents():
        if came.known_digest(document.doc_id):
            row = (document.doc_id, document.text_sha256, document.text)
            came.tables.execute("INSERT OR IGNORE INTO earlier VALUES (?, ?, ?)", row)


def _pairs(came: Arrivals, known: Index, change: Change) -> Pairs:
    @lru_cache(maxsize=1)  # answers to one document stand side by side
    def pair(doc_id: str, read: str) -> tuple[Passages, Passages] | None:
        """The text that an answer was given to, if anybody knows it, and the one that its document is to have."""
        document = known.document(doc_id)
        newer = change(document)
        older = document.text if document.text_sha256 == read else _earlier(came, doc_id, read)
        return None if older is None else (Passages(older, newer.language), Passages(newer.text, newer.language))

    return pair


def _earlier(came: Arrivals, doc_id: str, read: str) -> str | None:
    question = "SELECT text FROM earlier WHERE doc_id = ? AND text_sha256 = ?"
    found = came.tables.execute(question, (doc_id, read)).fetchone()
    return found[0] if found else None


def _settle(came: Arrivals, hanging: Hanging, name: str, number: int, record: Annotation | Gold, pairs: Pairs) -> None:
    pair, digest = pairs(record.doc_id, record.text_sha256), came.known_digest(record.doc_id)
    if pair is None or digest is None:
        hanging.strays[name] += 1
        return
    moved, unproven = anchored(record, *pair, digest)
    if moved is None:
        hanging.left.append(_left(name, record, unproven))
    else:
        hanging.carried[name] += 1
    row = (name, number, None if moved is None else encode(moved) + b"\n")
    came.tables.execute("INSERT INTO answer VALUES (?, ?, ?)", row)


def _left(name: str, record: Annotation | Gold, unproven: tuple[Mention, ...]) -> Left:
    annotator = record.annotator if isinstance(record, Annotation) else GOLD
    return Left(name, record.doc_id, annotator, len(unproven), tuple(mention.text for mention in unproven[:WORDS]))


def apply(came: Arrivals, known: Index, doc_ids: Iterable[str], change: Change) -> list[str]:
    """Do what was laid down: the history, then the documents with ``doc_ids`` changed, then the answers to them.

    Return the names of the batches that were written.

    Raises:
        DiskError: the disk refused; running the command again ends where it would have.
    """
    corpus, batches, files = known.corpus, known.batches(doc_ids), _files(came, known.corpus)
    replace_together([*_histories(came, known, files)])
    kept = [path for path in files if any(_after(came, corpus, path))]
    answers = [(path, _filled(_after(came, corpus, path))) for path in kept]
    replace_together([*corpus.rewriting(batches, change), *answers])
    for path in files:
        if path not in kept:
            with explained(path):
                path.unlink(missing_ok=True)
    return batches


def _files(came: Arrivals, corpus: Corpus) -> list[Path]:
    """The files of answers that an answer is carried over in, or leaves."""
    return [corpus.folder / name for (name,) in came.tables.execute("SELECT DISTINCT file FROM answer ORDER BY file")]


def _histories(came: Arrivals, known: Index, files: Iterable[Path]) -> Iterator[tuple[Path, Fill]]:
    corpus = known.corpus
    for name in known.batches(came.doc_ids("changed")):
        path = corpus.articles / name
        yield remembering(corpus.history_file(path, TEXTS), _documents_before(came, path))
    for path in files:
        yield remembering(corpus.history_file(path, TEXTS), _answers_before(came, corpus, path))


def _documents_before(came: Arrivals, path: Path) -> Iterator[bytes]:
    """The lines of documents that are to have other words."""
    for _number, line, document in jsonl.lines(path, Document):
        if came.known_digest(document.doc_id) not in (None, document.text_sha256):
            yield line


def _answers_before(came: Arrivals, corpus: Corpus, path: Path) -> Iterator[bytes]:
    """The lines of answers that are carried over or leave."""
    return (line for line, settled in _settled(came, corpus, path) if settled)


def _after(came: Arrivals, corpus: Corpus, path: Path) -> Iterator[bytes]:
    """The lines of a file of answers as they are to be."""
    for line, settled in _settled(came, corpus, path):
        after = settled[0] if settled else line
        if after is not None:
            yield after


def _settled(came: Arrivals, corpus: Corpus, path: Path) -> Iterator[tuple[bytes, tuple[bytes | None] | None]]:
    """Each line of a file of answers, and what was laid down for it."""
    question, name = "SELECT line FROM answer WHERE file = ? AND number = ?", _name(corpus, path)
    with explained(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        for number, line in enumerate(file, 1):
            yield line, came.tables.execute(question, (name, number)).fetchone()


def _filled(lines: Iterable[bytes]) -> Fill:
    def fill(file: BinaryIO) -> None:
        file.writelines(lines)

    return fill


def _name(corpus: Corpus, path: Path) -> str:
    return path.relative_to(corpus.folder).as_posix()
