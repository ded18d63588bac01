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
from sayso.corpus.anchoring import SentenceIndex, transfer_record
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import REPLACED_TEXTS, CorpusFiles
from sayso.files import ContentWriter, convert_os_errors, replace_together
from sayso.ingest import near_duplicates
from sayso.ingest.article_index import ArticleIndex
from sayso.ingest.incoming_articles import IncomingArticles
from sayso.models import Annotation, Document, Gold, Mention, encode

MAX_QUOTED_MENTIONS = 3  # mentions that are quoted of an answer that leaves
GOLD_AUTHOR = "gold"  # whose an adjudicated reading is

UpdateDocument = Callable[[Document], Document]
PassagePairs = Callable[[str, str], "tuple[SentenceIndex, SentenceIndex] | None"]


@dataclass(frozen=True)
class WithdrawnAnnotation:
    """An answer that leaves ``file`` for the history, since it is not proven that all of it stands in the new text.

    Attributes:
        annotator: the pseudonym, or ``gold`` for an adjudicated reading.
        unproven: how many mentions are not proven; 0 where there is none, so that the answer is about every word.
        words: what the first of them mark.
    """

    file: str
    doc_id: str
    annotator: str
    unproven_count: int
    unproven_texts: tuple[str, ...]


@dataclass(frozen=True)
class ReplacementPlan:
    """What becomes of answers and gold. Files are named from ``corpus/`` on.

    Attributes:
        carried: how many of a file's stand in the new text now.
        left: those that leave, one by one.
        strays: how many of a file's were given to a text that neither corpus nor history holds; they stay as they are.
    """

    carried_over: Counter[str] = field(default_factory=Counter)
    withdrawn: list[WithdrawnAnnotation] = field(default_factory=list)
    unknown_texts: Counter[str] = field(default_factory=Counter)


def index_incoming_texts(incoming: IncomingArticles, index: ArticleIndex) -> None:
    """Let the index hold the words that known articles are to have: new ones may be copies of these, not of the old."""
    for number, text in incoming.list_changed_texts():
        if not index.has_fingerprint(number):
            index.add_fingerprint(
                number, near_duplicates.hash_bands(near_duplicates.hash_runs(text))
            )
    index.database.execute(
        "UPDATE document SET (text_sha256, text_id) ="
        " (SELECT text_sha256, text_id FROM article WHERE article.doc_id = document.doc_id)"
        " WHERE doc_id IN (SELECT doc_id FROM article WHERE state = 'changed')"
    )


def plan_replacement(
    incoming: IncomingArticles,
    index: ArticleIndex,
    update_document: UpdateDocument,
    advance: Callable[[int], None],
) -> ReplacementPlan:
    """Look at every answer to a document that came, and lay down what becomes of it; nothing is written to the corpus.

    ``change`` gives documents of the corpus as they are to be.

    Raises:
        InputError: a line is not a record.
    """
    _load_earlier_texts(incoming, index.corpus)
    pairs, hanging = _build_passage_pairs(incoming, index, update_document), ReplacementPlan()
    for path, kind in index.corpus.annotation_and_gold_files():
        name = _source_name(index.corpus, path)
        for number, _line, record in jsonl.read_lines(path, kind):
            digest = incoming.incoming_hash(record.doc_id)
            if digest and digest != record.text_sha256:
                _plan_annotation(incoming, hanging, name, number, record, pairs)
            advance(1)
    return hanging


def _load_earlier_texts(incoming: IncomingArticles, corpus: CorpusFiles) -> None:
    """Lay down the earlier texts of the documents that came."""
    for document in corpus.replaced_documents():
        if incoming.incoming_hash(document.doc_id):
            row = (document.doc_id, document.text_sha256, document.text)
            incoming.database.execute("INSERT OR IGNORE INTO earlier VALUES (?, ?, ?)", row)


def _build_passage_pairs(
    incoming: IncomingArticles, index: ArticleIndex, update_document: UpdateDocument
) -> PassagePairs:
    @lru_cache(maxsize=1)  # answers to one document stand side by side
    def pair(doc_id: str, read: str) -> tuple[SentenceIndex, SentenceIndex] | None:
        """The text that an answer was given to, if anybody knows it, and the one that its document is to have."""
        document = index.read_document(doc_id)
        newer = update_document(document)
        older = (
            document.text
            if document.text_sha256 == read
            else _find_earlier_text(incoming, doc_id, read)
        )
        return (
            None
            if older is None
            else (SentenceIndex(older, newer.language), SentenceIndex(newer.text, newer.language))
        )

    return pair


def _find_earlier_text(incoming: IncomingArticles, doc_id: str, read: str) -> str | None:
    question = "SELECT text FROM earlier WHERE doc_id = ? AND text_sha256 = ?"
    found = incoming.database.execute(question, (doc_id, read)).fetchone()
    return found[0] if found else None


def _plan_annotation(
    incoming: IncomingArticles,
    plan: ReplacementPlan,
    name: str,
    number: int,
    record: Annotation | Gold,
    pairs: PassagePairs,
) -> None:
    pair, digest = pairs(record.doc_id, record.text_sha256), incoming.incoming_hash(record.doc_id)
    if pair is None or digest is None:
        plan.unknown_texts[name] += 1
        return
    moved, unproven = transfer_record(record, *pair, digest)
    if moved is None:
        plan.withdrawn.append(_build_withdrawn(name, record, unproven))
    else:
        plan.carried_over[name] += 1
    row = (name, number, None if moved is None else encode(moved) + b"\n")
    incoming.database.execute("INSERT INTO answer VALUES (?, ?, ?)", row)


def _build_withdrawn(
    name: str, record: Annotation | Gold, unproven: tuple[Mention, ...]
) -> WithdrawnAnnotation:
    annotator = record.annotator if isinstance(record, Annotation) else GOLD_AUTHOR
    return WithdrawnAnnotation(
        name,
        record.doc_id,
        annotator,
        len(unproven),
        tuple(mention.text for mention in unproven[:MAX_QUOTED_MENTIONS]),
    )


def apply_replacement(
    incoming: IncomingArticles,
    index: ArticleIndex,
    doc_ids: Iterable[str],
    update_document: UpdateDocument,
) -> list[str]:
    """Do what was laid down: the history, then the documents with ``list_doc_ids`` changed, then the answers to them.

    Return the names of the batches that were written.

    Raises:
        DiskError: the disk refused; running the command again ends where it would have.
    """
    corpus, batches, files = (
        index.corpus,
        index.list_batches(doc_ids),
        _list_changed_files(incoming, index.corpus),
    )
    replace_together([*_history_files(incoming, index, files)])
    kept = [path for path in files if any(_updated_lines(incoming, corpus, path))]
    answers = [(path, _lines_writer(_updated_lines(incoming, corpus, path))) for path in kept]
    replace_together([*corpus.rewrite_batches(batches, update_document), *answers])
    for path in files:
        if path not in kept:
            with convert_os_errors(path):
                path.unlink(missing_ok=True)
    return batches


def _list_changed_files(incoming: IncomingArticles, corpus: CorpusFiles) -> list[Path]:
    """The files of answers that an answer is carried over in, or leaves."""
    return [
        corpus.folder / name
        for (name,) in incoming.database.execute("SELECT DISTINCT file FROM answer ORDER BY file")
    ]


def _history_files(
    incoming: IncomingArticles, index: ArticleIndex, files: Iterable[Path]
) -> Iterator[tuple[Path, ContentWriter]]:
    corpus = index.corpus
    for name in index.list_batches(incoming.list_doc_ids("changed")):
        path = corpus.articles_folder / name
        yield prepare_history(
            corpus.history_file(path, REPLACED_TEXTS), _replaced_document_lines(incoming, path)
        )
    for path in files:
        yield prepare_history(
            corpus.history_file(path, REPLACED_TEXTS),
            _replaced_annotation_lines(incoming, corpus, path),
        )


def _replaced_document_lines(incoming: IncomingArticles, path: Path) -> Iterator[bytes]:
    """The lines of documents that are to have other words."""
    for _number, line, document in jsonl.read_lines(path, Document):
        if incoming.incoming_hash(document.doc_id) not in (None, document.text_sha256):
            yield line


def _replaced_annotation_lines(
    incoming: IncomingArticles, corpus: CorpusFiles, path: Path
) -> Iterator[bytes]:
    """The lines of answers that are carried over or leave."""
    return (line for line, settled in _planned_lines(incoming, corpus, path) if settled)


def _updated_lines(incoming: IncomingArticles, corpus: CorpusFiles, path: Path) -> Iterator[bytes]:
    """The lines of a file of answers as they are to be."""
    for line, settled in _planned_lines(incoming, corpus, path):
        after = settled[0] if settled else line
        if after is not None:
            yield after


def _planned_lines(
    incoming: IncomingArticles, corpus: CorpusFiles, path: Path
) -> Iterator[tuple[bytes, tuple[bytes | None] | None]]:
    """Each line of a file of answers, and what was laid down for it."""
    question, name = (
        "SELECT line FROM answer WHERE file = ? AND number = ?",
        _source_name(corpus, path),
    )
    with convert_os_errors(path), open(path, "rb", buffering=1 << 20) as file:  # noqa: PTH123 - the buffer is the point
        for number, line in enumerate(file, 1):
            yield line, incoming.database.execute(question, (name, number)).fetchone()


def _lines_writer(lines: Iterable[bytes]) -> ContentWriter:
    def fill(file: BinaryIO) -> None:
        file.writelines(lines)

    return fill


def _source_name(corpus: CorpusFiles, path: Path) -> str:
    return path.relative_to(corpus.folder).as_posix()
