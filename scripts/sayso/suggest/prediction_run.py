"""Ask the suggesters about every document and write their predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.files import is_file
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.suggest.prediction_records import (
    ANNOTATOR,
    DiscardedCount,
    PredictedMention,
    Prediction,
    SuggesterVersion,
    compute_uncertainty,
)
from sayso.suggest.suggesters import Suggester
from sayso.suggest.suggestion_conflicts import SuggestionCandidate, resolve_conflicts
from sayso.suggest.word_tokens import is_english


@dataclass(frozen=True)
class SuggestOptions:
    """The documents to predict, all if none is named; ``only_new``: without an annotation."""

    documents: frozenset[str] = frozenset()
    only_new: bool = False


@dataclass
class SuggestResult:
    """Counts of what was predicted.

    Attributes:
        made: documents whose line was made, and ``kept`` those whose line was there already.
        not_english: documents in other languages, which some suggesters pass over.
        learnt_from: documents whose own annotation a suggester had learnt from.
        mentions: counts by suggester and label.
        discarded: suggestions that were not taken, by suggester, label and reason.
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
        for each in prediction.gave_way:
            self.discarded[each.by, each.label, each.reason] += each.count


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
    """Write a prediction for each of the documents to ``out``. A second run changes nothing.

    Raises:
        InputError: a suggestion does not fit, a document is not there, or ``out`` holds something
            else.
    """
    result = SuggestResult()
    existing = _ExistingPredictions(out)
    versions = _suggester_versions(suggesters)

    def predict() -> Iterator[Prediction]:
        for document in _select_documents(corpus, options):
            prediction = existing.find_reusable(document, versions, schema)
            if prediction:
                result.kept += 1
            else:
                result.made += 1
                prediction = predict_document(document, schema, suggesters)
            result.not_english += not is_english(document)
            result.add_prediction(prediction)
            advance(1)
            yield prediction

    if dry_run:
        for _prediction in predict():
            pass
    else:
        result.changed = jsonl.write(out, predict())
    return result


def _select_documents(corpus: CorpusFiles, options: SuggestOptions) -> Iterator[Document]:
    for item in corpus.items(AnnotationFilter(documents=options.documents)):
        if not (options.only_new and item.all_annotations):
            yield item.document


def predict_document(
    document: Document, schema: Schema, suggesters: Sequence[Suggester]
) -> Prediction:
    """Return what the suggesters predict for one document, without conflicts.

    Raises:
        InputError: a suggestion does not fit the document or the schema.
    """
    discarded: Counter[tuple[str, str, str]] = Counter()
    candidates = [
        SuggestionCandidate(rank, suggester.name, mention)
        for rank, suggester in enumerate(suggesters)
        for mention in suggester.suggest_validated(document, schema)
    ]
    kept = resolve_conflicts(candidates, discarded, schema)
    return Prediction(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        annotator=ANNOTATOR,
        annotator_kind="program",
        schema_version=schema.version,
        made_with=_suggester_versions(suggesters),
        seen_by=tuple(each.name for each in suggesters if document.text_sha256 in each.learnt_from),
        uncertainty=compute_uncertainty(each.mention.score for each in kept),
        mentions=tuple(_build_mention(each, document.text) for each in kept),
        gave_way=tuple(
            DiscardedCount(by=by, label=label, reason=reason, count=count)
            for (by, label, reason), count in sorted(discarded.items())
        ),
    )


def _suggester_versions(suggesters: Sequence[Suggester]) -> tuple[SuggesterVersion, ...]:
    return tuple(
        SuggesterVersion(
            suggester=each.name,
            digest=each.version_digest,
            learns=None if each.learns is None else tuple(sorted(each.learns)),
        )
        for each in suggesters
    )


def _build_mention(candidate: SuggestionCandidate, text: str) -> PredictedMention:
    found, (start, end) = candidate.mention, candidate.span
    return PredictedMention(
        id=f"{found.label}_{start}_{end}",
        label=found.label,
        start=start,
        end=end,
        text=text[start:end],
        attributes=found.attributes,
        by=candidate.by,
        score=found.score,
    )


class _ExistingPredictions:
    """The lines that are there, in order of doc_id, each read when its document comes."""

    def __init__(self, path: Path) -> None:
        self._coming = _read_predictions(path)
        self._next = next(self._coming, None)

    def find_reusable(
        self, document: Document, versions: tuple[SuggesterVersion, ...], schema: Schema
    ) -> Prediction | None:
        """Return the document's line, if it would be made just so again."""
        while self._next and self._next.doc_id < document.doc_id:
            self._next = next(self._coming, None)
        found = self._next
        if not found or not all(each.digest for each in versions):
            return None
        made_for = (found.doc_id, found.text_sha256, found.made_with, found.schema_version)
        wanted = (document.doc_id, document.text_sha256, versions, schema.version)
        return found if made_for == wanted else None


def _read_predictions(path: Path) -> Iterator[Prediction]:
    try:
        yield from jsonl.read(path, Prediction) if is_file(path) else ()
    except InputError as error:
        raise InputError(
            f"not predictions of `sayso suggest`: {error.what}",
            where=error.where,
            remedy="remove the file, or name another with --out",
        ) from error


def summarize_counts(
    result: SuggestResult, suggesters: Iterable[Suggester]
) -> list[tuple[str, str, int, int]]:
    """Return (suggester, label, mentions, discarded), in the order of the suggesters."""
    discarded: Counter[tuple[str, str]] = Counter()
    for (by, label, _reason), count in result.discarded.items():
        discarded[by, label] += count
    return [
        (each.name, label, result.mentions[each.name, label], discarded[each.name, label])
        for each in suggesters
        for by, label in sorted({*result.mentions, *discarded})
        if by == each.name
    ]
