"""Documents, each with the readings of it: what was adjudicated first, then every answer that was chosen."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from sayso import jsonl
from sayso.errors import InputError, SpanError
from sayso.records import Annotation, Document, Gold, Relation
from sayso.store import Corpus

GOLD = "gold"
_REMEDY = "run `sayso check`"


class Reader(NamedTuple):
    """Whose reading it is. ``name`` is a pseudonym, or ``gold``; ``interface`` is empty for gold."""

    name: str
    kind: str
    campaign: str
    interface: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer or one adjudicated record, and where it stands for an error."""

    record: Annotation | Gold
    where: str

    @property
    def doc_id(self) -> str:
        """The document that it is a reading of."""
        return self.record.doc_id

    @property
    def reader(self) -> Reader:
        """Whose it is."""
        record = self.record
        if isinstance(record, Gold):
            return Reader(GOLD, GOLD, record.campaign, "")
        return Reader(record.annotator, record.annotator_kind, record.campaign, record.interface)

    @property
    def skipped(self) -> bool:
        """Whether the annotator passed the document over, so that nothing marked is no answer."""
        return isinstance(self.record, Annotation) and self.record.status == "skipped"


@dataclass(frozen=True)
class Choice:
    """Which readings are wanted; empty is all of them.

    Attributes:
        gold: adjudicated readings, and no annotator's but those named.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    gold: bool = False

    def files(self, corpus: Corpus) -> list[tuple[Path, type[Annotation] | type[Gold]]]:
        """The files to read, gold first.

        Raises:
            InputError: something was chosen and there is no file of it.
        """
        gold = corpus.gold_files() if self.gold or not self.annotators else []
        answers = corpus.annotation_files() if self.annotators or not self.gold else []
        mine = [path for path in answers if self._fits(path)]
        missing = sorted((self.annotators - {p.stem for p in mine}) | self.campaigns.difference(_campaigns(corpus)))
        if missing or (self.gold and not gold):
            what = f"nothing of {', '.join(missing)}" if missing else "nothing is adjudicated"
            raise InputError(what, where=str(corpus.folder), remedy="choose among what `sayso report` shows")
        return [*((path, Gold) for path in gold), *((path, Annotation) for path in mine)]

    def _fits(self, path: Path) -> bool:
        return (not self.annotators or path.stem in self.annotators) and (
            not self.campaigns or path.parent.name in self.campaigns
        )

    def wants(self, reading: Reading) -> bool:
        """Whether the campaign is one that was asked for; a file of gold may hold several."""
        return not self.campaigns or reading.record.campaign in self.campaigns


def _campaigns(corpus: Corpus) -> set[str]:
    return {*corpus.campaigns(), *(path.stem for path in corpus.gold_files())}


def side_by_side(corpus: Corpus, choice: Choice) -> Iterator[tuple[Document, list[Reading]]]:
    """Every document in order of doc_id with the chosen readings of it, lazily once the choice is known to fit.

    Raises:
        InputError: a reading's document is not there, or it was made for another text.
        SpanError: a mention is not the slice of its text that it says it is.
    """
    return _merged(corpus, filter(choice.wants, _in_order(choice.files(corpus))))


def of_files(corpus: Corpus, files: Iterable[Path]) -> Iterator[tuple[Document, list[Reading]]]:
    """The same of files of annotations that lie anywhere, each in order of doc_id, whoever's they are.

    Raises:
        InputError, SpanError: as ``side_by_side``.
    """
    return _merged(corpus, _in_order((path, Annotation) for path in files))


def _in_order(files: Iterable[tuple[Path, type[Annotation] | type[Gold]]]) -> Iterator[Reading]:
    return heapq.merge(*(_readings(path, record) for path, record in files), key=attrgetter("doc_id"))


def _merged(corpus: Corpus, coming: Iterator[Reading]) -> Iterator[tuple[Document, list[Reading]]]:
    reading = next(coming, None)
    for document in corpus.documents():
        mine: list[Reading] = []
        while reading and reading.doc_id <= document.doc_id:
            _check(reading, document)
            mine.append(reading)
            reading = next(coming, None)
        yield document, mine
    if reading:
        raise _homeless(reading)


def _readings(path: Path, record: type[Annotation] | type[Gold]) -> Iterator[Reading]:
    last = ""
    for number, read in jsonl.numbered(path, record):
        reading = Reading(read, f"{path}:{number}")
        if reading.doc_id < last:
            raise InputError(f"document {reading.doc_id} stands after {last}", where=reading.where,
                             remedy="pull the file again, or put its lines in order of doc_id")  # fmt: skip
        last = reading.doc_id
        yield reading


def _homeless(reading: Reading) -> InputError:
    return InputError(f"a reading of document {reading.doc_id}, which is not there", where=reading.where,
                      remedy="ingest the article, or remove the line")  # fmt: skip


def _check(reading: Reading, document: Document) -> None:
    """Offsets are drawn as they stand, so they must be this text's."""
    if reading.doc_id != document.doc_id:
        raise _homeless(reading)
    record, text = reading.record, document.text
    if record.text_sha256 != document.text_sha256:
        raise InputError(f"made for another text of {document.doc_id}", where=reading.where, remedy=_REMEDY)
    declined = record.declined if isinstance(record, Gold) else ()
    for mention in (*record.mentions, *declined):
        if text[mention.start : mention.end] != mention.text:
            raise SpanError(f"mention {mention.id} [{mention.start}, {mention.end}) is not what stands there",
                            where=f"{reading.where} document {document.doc_id}", remedy=_REMEDY)  # fmt: skip
    _check_ends(reading, record.relations, {mention.id for mention in record.mentions})
    if isinstance(record, Gold):
        _check_ends(reading, record.declined_relations, {mention.id for mention in (*record.mentions, *declined)})


def _check_ends(reading: Reading, relations: Iterable[Relation], ids: Iterable[str]) -> None:
    for relation in relations:
        for end in (relation.head, relation.tail):
            if end not in ids:
                raise InputError(f"relation {relation.type} {relation.head} → {relation.tail}: no mention {end!r}",
                                 where=reading.where, remedy=_REMEDY)  # fmt: skip
