"""Ask the suggesters about every document and write what they say; a line that would be the same is kept as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sayso import jsonl
from sayso.errors import InputError
from sayso.records import Document
from sayso.schema import Schema
from sayso.store import Corpus
from sayso.suggest import predictions
from sayso.suggest.predictions import GaveWay, MadeWith, PredictedMention, Prediction
from sayso.suggest.settling import Candidate, settled
from sayso.suggest.suggesters import Suggester

ENGLISH = "en"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Wanted:
    """Which documents; ``only_new`` are those that nobody has answered. No documents named are all."""

    documents: frozenset[str] = frozenset()
    only_new: bool = False


@dataclass
class Outcome:
    """What was suggested.

    Attributes:
        made: documents whose line was made, and ``kept`` those whose line was there already.
        mentions: how many, by suggester and label.
        gave_way: suggestions that were not taken, by suggester, label and reason.
        seen: documents whose own reading a suggester had learnt from.
        foreign: documents that are not in English, which the built-in tables do not read.
    """

    made: int = 0
    kept: int = 0
    changed: bool = False
    foreign: int = 0
    seen: int = 0
    mentions: Counter[tuple[str, str]] = field(default_factory=Counter)
    gave_way: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def take(self, prediction: Prediction) -> None:
        """Count one document's."""
        self.seen += bool(prediction.seen_by)
        self.mentions.update((mention.by, mention.label) for mention in prediction.mentions)
        for one in prediction.gave_way:
            self.gave_way[one.by, one.label, one.reason] += one.count


def suggest(
    corpus: Corpus, schema: Schema, asked: Sequence[Suggester], wanted: Wanted, out: Path, *,
    dry_run: bool = False, advance: Advance = lambda _: None,
) -> Outcome:  # fmt: skip
    """Write a prediction for each wanted document to ``out``; twice is once.

    Raises:
        InputError: a suggester's answer does not fit, a document is not there, or ``out`` holds something else.
    """
    outcome = Outcome()
    coming = _all(corpus, schema, asked, wanted, out, outcome, advance)
    if dry_run:
        for _prediction in coming:
            pass
    else:
        outcome.changed = jsonl.write(out, coming)
    return outcome


def _all(
    corpus: Corpus, schema: Schema, asked: Sequence[Suggester], wanted: Wanted, out: Path, outcome: Outcome,
    advance: Advance,
) -> Iterator[Prediction]:  # fmt: skip
    made_with = _made_with(asked)
    before = _Before(out)
    for document in _documents(corpus, wanted):
        prediction = before.of(document, made_with, schema)
        if prediction:
            outcome.kept += 1
        else:
            outcome.made += 1
            prediction = predicted(document, schema, asked)
        outcome.foreign += document.language.partition("-")[0].lower() != ENGLISH
        outcome.take(prediction)
        advance(1)
        yield prediction


def predicted(document: Document, schema: Schema, asked: Sequence[Suggester]) -> Prediction:
    """What the suggesters say of one document, settled into one reading.

    Raises:
        InputError: what one of them says does not fit the document or the schema.
    """
    given_way: Counter[tuple[str, str, str]] = Counter()
    candidates = [
        Candidate(turn, suggester.name, mention)
        for turn, suggester in enumerate(asked)
        for mention in suggester.checked(document, schema)
    ]
    kept = settled(candidates, given_way)
    return Prediction(
        doc_id=document.doc_id, text_sha256=document.text_sha256, annotator=predictions.ANNOTATOR,
        annotator_kind="program", schema_version=schema.version,
        made_with=_made_with(asked),
        seen_by=tuple(suggester.name for suggester in asked if document.text_sha256 in suggester.learnt_from),
        uncertainty=predictions.uncertainty(one.mention.score for one in kept),
        mentions=tuple(_mention(one, document.text) for one in kept),
        gave_way=tuple(GaveWay(by=by, label=label, reason=reason, count=count)
                       for (by, label, reason), count in sorted(given_way.items())),
    )  # fmt: skip


def _made_with(asked: Sequence[Suggester]) -> tuple[MadeWith, ...]:
    return tuple(MadeWith(suggester=suggester.name, digest=suggester.made_with) for suggester in asked)


def _mention(one: Candidate, text: str) -> PredictedMention:
    found = one.mention
    return PredictedMention(
        id=f"{found.label}_{found.start}_{found.end}", label=found.label, start=found.start, end=found.end,
        text=text[found.start : found.end], attributes=found.attributes, by=one.by, score=found.score,
    )  # fmt: skip


def _documents(corpus: Corpus, wanted: Wanted) -> Iterator[Document]:
    answered = {answer.doc_id for answer in corpus.annotations()} if wanted.only_new else frozenset()
    missing = set(wanted.documents)
    for document in corpus.documents():
        missing.discard(document.doc_id)
        if document.doc_id not in answered and (not wanted.documents or document.doc_id in wanted.documents):
            yield document
    if missing:
        raise InputError(f"no document {', '.join(sorted(missing))} in the corpus", where=str(corpus.articles),
                         remedy="run `sayso ingest` first")  # fmt: skip


class _Before:
    """The lines that are there, in order of document, each read when its document comes."""

    def __init__(self, path: Path) -> None:
        self._coming = _lines(path)
        self._next = next(self._coming, None)

    def of(self, document: Document, made_with: tuple[MadeWith, ...], schema: Schema) -> Prediction | None:
        """The document's line, if it would be made just so again."""
        while self._next and self._next.doc_id < document.doc_id:
            self._next = next(self._coming, None)
        found = self._next
        if not found or found.doc_id != document.doc_id or not all(one.digest for one in made_with):
            return None
        same = (found.text_sha256, found.made_with, found.schema_version) == (
            document.text_sha256, made_with, schema.version)  # fmt: skip
        return found if same else None


def _lines(path: Path) -> Iterator[Prediction]:
    if not path.is_file():
        return
    try:
        yield from jsonl.read(path, Prediction)
    except InputError as error:
        raise InputError(f"not predictions of `sayso suggest`: {error.what}", where=error.where,
                         remedy="remove the file, or name another with --out") from error  # fmt: skip


def counted(outcome: Outcome, asked: Iterable[Suggester]) -> list[tuple[str, str, int, int]]:
    """(suggester, label, mentions, how many gave way), in the order of the suggesters."""
    rows = []
    for suggester in asked:
        gone = Counter[str]()
        for (by, label, _reason), count in outcome.gave_way.items():
            if by == suggester.name:
                gone[label] += count
        made = {label: count for (by, label), count in outcome.mentions.items() if by == suggester.name}
        rows += [(suggester.name, label, made.get(label, 0), gone[label]) for label in sorted({*made, *gone})]
    return rows
