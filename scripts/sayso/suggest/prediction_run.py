"""Ask the suggesters about every document and write what they say; a line that would be the same is kept as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.suggest import prediction_records
from sayso.suggest.prediction_records import (
    DiscardedCount,
    PredictedMention,
    Prediction,
    SuggesterVersion,
)
from sayso.suggest.suggesters import Suggester
from sayso.suggest.suggestion_conflicts import SuggestionCandidate, resolve_conflicts

ENGLISH = "en"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class SuggestOptions:
    """Which documents; ``only_new`` are those that nobody has answered. No documents named are all."""

    documents: frozenset[str] = frozenset()
    only_new: bool = False


@dataclass
class SuggestResult:
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
    not_english: int = 0
    learnt_from: int = 0
    mentions: Counter[tuple[str, str]] = field(default_factory=Counter)
    discarded: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add_prediction(self, prediction: Prediction) -> None:
        """Count one document's."""
        self.learnt_from += bool(prediction.seen_by)
        self.mentions.update((mention.by, mention.label) for mention in prediction.mentions)
        for one in prediction.gave_way:
            self.discarded[one.by, one.label, one.reason] += one.count


def write_predictions(
    corpus: CorpusFiles,
    schema: Schema,
    suggesters: Sequence[Suggester],
    options: SuggestOptions,
    out: Path,
    *,
    dry_run: bool = False,
    advance: Advance = lambda _: None,
) -> SuggestResult:
    """Write a prediction for each wanted document to ``out``; twice is once.

    Raises:
        InputError: a suggester's answer does not fit, a document is not there, or ``out`` holds something else.
    """
    outcome = SuggestResult()
    coming = _predict_all(corpus, schema, suggesters, options, out, outcome, advance)
    if dry_run:
        for _prediction in coming:
            pass
    else:
        outcome.changed = jsonl.write(out, coming)
    return outcome


def _predict_all(
    corpus: CorpusFiles,
    schema: Schema,
    suggesters: Sequence[Suggester],
    options: SuggestOptions,
    out: Path,
    result: SuggestResult,
    advance: Advance,
) -> Iterator[Prediction]:
    made_with = _suggester_versions(suggesters)
    before = _ExistingPredictions(out)
    for document in _select_documents(corpus, options):
        prediction = before.find_reusable(document, made_with, schema)
        if prediction:
            result.kept += 1
        else:
            result.made += 1
            prediction = predict_document(document, schema, suggesters)
        result.not_english += document.language.partition("-")[0].lower() != ENGLISH
        result.add_prediction(prediction)
        advance(1)
        yield prediction


def predict_document(
    document: Document, schema: Schema, suggesters: Sequence[Suggester]
) -> Prediction:
    """What the suggesters say of one document, settled into one reading.

    Raises:
        InputError: what one of them says does not fit the document or the schema.
    """
    given_way: Counter[tuple[str, str, str]] = Counter()
    candidates = [
        SuggestionCandidate(turn, suggester.name, mention)
        for turn, suggester in enumerate(suggesters)
        for mention in suggester.suggest_validated(document, schema)
    ]
    kept = resolve_conflicts(candidates, given_way)
    return Prediction(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        annotator=prediction_records.ANNOTATOR,
        annotator_kind="program",
        schema_version=schema.version,
        made_with=_suggester_versions(suggesters),
        seen_by=tuple(
            suggester.name
            for suggester in suggesters
            if document.text_sha256 in suggester.learnt_from
        ),
        uncertainty=prediction_records.compute_uncertainty(one.mention.score for one in kept),
        mentions=tuple(_build_mention(one, document.text) for one in kept),
        gave_way=tuple(
            DiscardedCount(by=by, label=label, reason=reason, count=count)
            for (by, label, reason), count in sorted(given_way.items())
        ),
    )


def _suggester_versions(suggesters: Sequence[Suggester]) -> tuple[SuggesterVersion, ...]:
    return tuple(
        SuggesterVersion(suggester=suggester.name, digest=suggester.version_digest)
        for suggester in suggesters
    )


def _build_mention(one: SuggestionCandidate, text: str) -> PredictedMention:
    found = one.mention
    return PredictedMention(
        id=f"{found.label}_{found.start}_{found.end}",
        label=found.label,
        start=found.start,
        end=found.end,
        text=text[found.start : found.end],
        attributes=found.attributes,
        by=one.by,
        score=found.score,
    )


def _select_documents(corpus: CorpusFiles, options: SuggestOptions) -> Iterator[Document]:
    answered = (
        {answer.doc_id for answer in corpus.annotations()} if options.only_new else frozenset()
    )
    missing = set(options.documents)
    for document in corpus.documents():
        missing.discard(document.doc_id)
        if document.doc_id not in answered and (
            not options.documents or document.doc_id in options.documents
        ):
            yield document
    if missing:
        raise InputError(
            f"no document {', '.join(sorted(missing))} in the corpus",
            where=str(corpus.articles_folder),
            remedy="run `sayso ingest` first",
        )


class _ExistingPredictions:
    """The lines that are there, in order of document, each read when its document comes."""

    def __init__(self, path: Path) -> None:
        self._coming = _read_predictions(path)
        self._next = next(self._coming, None)

    def find_reusable(
        self, document: Document, versions: tuple[SuggesterVersion, ...], schema: Schema
    ) -> Prediction | None:
        """The document's line, if it would be made just so again."""
        while self._next and self._next.doc_id < document.doc_id:
            self._next = next(self._coming, None)
        found = self._next
        if not found or found.doc_id != document.doc_id or not all(one.digest for one in versions):
            return None
        same = (found.text_sha256, found.made_with, found.schema_version) == (
            document.text_sha256,
            versions,
            schema.version,
        )
        return found if same else None


def _read_predictions(path: Path) -> Iterator[Prediction]:
    if not path.is_file():
        return
    try:
        yield from jsonl.read(path, Prediction)
    except InputError as error:
        raise InputError(
            f"not predictions of `sayso suggest`: {error.what}",
            where=error.where,
            remedy="remove the file, or name another with --out",
        ) from error


def summarize_counts(
    result: SuggestResult, suggesters: Iterable[Suggester]
) -> list[tuple[str, str, int, int]]:
    """(suggester, label, mentions, how many gave way), in the order of the suggesters."""
    rows = []
    for suggester in suggesters:
        gone = Counter[str]()
        for (by, label, _reason), count in result.discarded.items():
            if by == suggester.name:
                gone[label] += count
        made = {
            label: count for (by, label), count in result.mentions.items() if by == suggester.name
        }
        rows += [
            (suggester.name, label, made.get(label, 0), gone[label])
            for label in sorted({*made, *gone})
        ]
    return rows
