"""Train a model from annotations: a span categorizer of spaCy, on a CPU, with no download.

Every run of up to ``LONGEST_MENTION`` words inside a line is judged, so that layers may nest; a
label whose mentions are mostly longer, as claims are, is not learnt. The training split teaches,
the validation split says after each epoch how good the model is, and the best epoch is kept. The
same annotations, seed and libraries give the same model.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sayso.errors import InputError
from sayso.files import (
    convert_os_errors,
    exists,
    hold_lock,
    is_file,
    list_files,
    list_folders,
    make_folder,
    remove,
    write_if_changed,
)
from sayso.models import Document, Mention
from sayso.schema.declarations import Schema
from sayso.suggest import span_model
from sayso.suggest.span_model import CARD_FILE, SPANS_KEY, ModelCard, ModelScores
from sayso.suggest.suggesters import compute_digest
from sayso.suggest.training_data import TrainingData

LONGEST_MENTION = 8  # words of the longest mention that is learnt
MINIMUM_COVERAGE = 0.75  # the share of a label's mentions that must be no longer
MINIMUM_DOCUMENTS, MINIMUM_MENTIONS = 5, 20
DROPOUT, BATCH_SIZE = 0.2, 8
PATIENCE = 8  # epochs without a better one before training ends
TOO_LONG, MISALIGNED, LABEL_NOT_LEARNT = (
    "longer than is learnt",
    "edges that are not those of words",
    "of a label that is not learnt",
)

LabelledDocuments = list[tuple[Document, tuple[Mention, ...]]]
ReportEpoch = Callable[[int, float, float | None], None]


@dataclass
class TrainResult:
    """The trained model; ``excluded`` counts mentions that could not teach, by label and reason."""

    folder: Path
    card: ModelCard
    changed: bool
    documents: int
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)


def train(
    training_data: TrainingData,
    schema: Schema,
    folder: Path,
    *,
    epochs: int,
    seed: int = 0,
    report_epoch: ReportEpoch = lambda *_: None,
) -> TrainResult:
    """Train a model and put it at ``folder``, whole or not at all.

    Raises:
        InputError: too few annotations to learn from.
        UsageError: spaCy is not installed.
    """
    spacy = span_model.import_spacy()
    taught, validation = _load_documents(training_data), _load_documents(training_data.validation)
    excluded: Counter[tuple[str, str]] = Counter()
    language = _common_language(taught)
    labels = _select_labels(taught, training_data, schema, spacy.blank(language))
    pipeline = _build_pipeline(spacy, language, labels)
    examples = list(_build_examples(spacy, pipeline, taught, labels, excluded))
    best = _run_epochs(spacy, pipeline, examples, validation, labels, epochs, seed, report_epoch)
    card = ModelCard(
        readings=training_data.description,
        schema_version=schema.version,
        language=language,
        labels=tuple(labels),
        longest=LONGEST_MENTION,
        seed=seed,
        epochs=epochs,
        best_epoch=best.epoch if best.scores else None,
        spacy=spacy.__version__,
        texts=_list_texts(taught, validation),
        validation=tuple(best.scores),
        validation_documents=len(validation),
    )
    with hold_lock(folder.with_name(f"{folder.name}.lock"), "sayso train"):
        changed = _save_model(pipeline, card, folder)
    return TrainResult(folder, card, changed, len(taught), excluded)


def _list_texts(taught: LabelledDocuments, validation: LabelledDocuments) -> tuple[str, ...]:
    """Return the texts that were seen; what the best epoch was chosen by was seen, too."""
    return tuple(sorted(document.text_sha256 for document, _ in (*taught, *validation)))


def _load_documents(training_data: TrainingData) -> LabelledDocuments:
    return [(document, tuple(record.mentions)) for document, record in training_data]


def _common_language(taught: LabelledDocuments) -> str:
    """Return the language of the texts; ``xx``, which is none, where there are several."""
    found = {document.language.partition("-")[0].lower() for document, _mentions in taught}
    return found.pop() if len(found) == 1 else "xx"


def _select_labels(
    taught: LabelledDocuments, training_data: TrainingData, schema: Schema, blank: Any
) -> list[str]:
    """Return the labels with enough mentions that are short enough, in the schema's order."""
    found: Counter[str] = Counter()
    short: Counter[str] = Counter()
    for mention in (mention for _document, mentions in taught for mention in mentions):
        found[mention.label] += 1
        short[mention.label] += len(blank.make_doc(mention.text)) <= LONGEST_MENTION
    labels = [
        label
        for label in schema.labels
        if short[label] >= max(MINIMUM_MENTIONS, MINIMUM_COVERAGE * found[label])
    ]
    if len(taught) < MINIMUM_DOCUMENTS or not labels:
        raise InputError(
            f"{training_data.description}: {len(taught)} documents of split {training_data.split}"
            f" with {found.total()} mentions,"
            f" and a model needs {MINIMUM_DOCUMENTS} and {MINIMUM_MENTIONS} of a label",
            where=str(training_data.corpus.folder),
            remedy="annotate and adjudicate more; `sayso suggest --with names` learns from fewer",
        )
    return labels


def _build_pipeline(spacy: Any, language: str, labels: Iterable[str]) -> Any:
    pipeline = spacy.blank(language)
    suggester = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1}
    settings = {
        "spans_key": SPANS_KEY,
        "threshold": span_model.THRESHOLD,
        "suggester": {**suggester, "max_size": LONGEST_MENTION},
        "max_positive": None,
    }
    categorizer = pipeline.add_pipe("spancat", config=settings)
    for label in labels:
        categorizer.add_label(label)
    return pipeline


def _build_examples(
    spacy: Any,
    pipeline: Any,
    taught: LabelledDocuments,
    labels: Sequence[str],
    excluded: Counter[tuple[str, str]],
) -> Iterator[Any]:
    """Yield a line of a text each, with the mentions in it."""
    for document, mentions in taught:
        excluded.update((m.label, LABEL_NOT_LEARNT) for m in mentions if m.label not in labels)
        learnt = [mention for mention in mentions if mention.label in labels]
        for start, line in span_model.split_lines(document.text):
            mine = [mention for mention in learnt if start <= mention.start < start + len(line)]
            reference = pipeline.make_doc(line)
            spans = [_align_mention(reference, mention, start, excluded) for mention in mine]
            reference.spans[SPANS_KEY] = [span for span in spans if span]
            yield spacy.training.Example(pipeline.make_doc(line), reference)


def _align_mention(
    doc: Any, mention: Mention, start: int, excluded: Counter[tuple[str, str]]
) -> Any:
    span = doc.char_span(mention.start - start, mention.end - start, mention.label)
    if span is None or len(span) > LONGEST_MENTION:
        excluded[mention.label, MISALIGNED if span is None else TOO_LONG] += 1
        return None
    return span


class _BestEpoch:
    """The best epoch so far; the last one where nothing can be measured."""

    def __init__(self) -> None:
        self.epoch, self.f1, self.content = 0, -1.0, b""
        self.scores: list[ModelScores] = []

    def consider(self, epoch: int, scores: list[ModelScores], pipeline: Any) -> None:
        f1 = (scores[-1].f1 or 0.0) if scores else -1.0
        if f1 > self.f1 or not scores:
            self.epoch, self.f1, self.scores, self.content = epoch, f1, scores, pipeline.to_bytes()

    def is_exhausted(self, epoch: int) -> bool:
        return self.f1 > 0 and epoch - self.epoch >= PATIENCE


def _run_epochs(
    spacy: Any,
    pipeline: Any,
    examples: list[Any],
    validation: LabelledDocuments,
    labels: Sequence[str],
    epochs: int,
    seed: int,
    report_epoch: ReportEpoch,
) -> _BestEpoch:
    """Train, and leave the pipeline as it was in the best epoch."""
    spacy.util.fix_random_seed(seed)
    optimizer = pipeline.initialize(lambda: examples)
    shuffling, best = random.Random(seed), _BestEpoch()  # noqa: S311 - an order, not a secret
    for epoch in range(1, epochs + 1):
        shuffling.shuffle(examples)
        losses: dict[str, float] = {}
        for batch in spacy.util.minibatch(examples, BATCH_SIZE):
            pipeline.update(batch, sgd=optimizer, drop=DROPOUT, losses=losses)
        with pipeline.use_params(optimizer.averages):
            scores = _score_validation(pipeline, validation, labels)
            report_epoch(epoch, losses["spancat"], scores[-1].f1 if scores else None)
            best.consider(epoch, scores, pipeline)
        if best.is_exhausted(epoch):
            break
    pipeline.from_bytes(best.content)
    return best


def _score_validation(
    pipeline: Any, validation: LabelledDocuments, labels: Sequence[str]
) -> list[ModelScores]:
    """Score exact spans on the validation split, by label, then all together."""
    matched: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for document, mentions in validation:
        mine = {(m.label, m.start, m.end) for m in mentions if m.label in labels}
        theirs = {(m.label, m.start, m.end) for m in span_model.suggest_spans(pipeline, document)}
        for counts, spans in ((expected, mine), (predicted, theirs), (matched, mine & theirs)):
            counts.update(label for label, _start, _end in spans)
    rows = [(label, matched[label], predicted[label], expected[label]) for label in labels]
    rows.append(("all", matched.total(), predicted.total(), expected.total()))
    scores = [
        ModelScores(name, _ratio(m, p), _ratio(m, e), _ratio(2 * m, p + e))
        for name, m, p, e in rows
    ]
    return scores if validation else []


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _save_model(pipeline: Any, card: ModelCard, folder: Path) -> bool:
    """Write the model under a name that its content gives, then let ``folder`` lead there.

    ``folder`` is a link, and a link changes in one step: a reader sees the old model or the new
    one.
    """
    with convert_os_errors(folder):
        make_folder(folder.parent)
        partial = folder.parent / f"{folder.name}.partial"
        remove(partial)
        pipeline.to_disk(partial)
        encoded = msgspec.json.format(msgspec.json.encode(card), indent=1)
        write_if_changed(partial / CARD_FILE, encoded)
        files = list_files(partial, "**/*")
        name = f"{folder.name}-{compute_digest(*files)}"
        if folder.is_symlink() and folder.readlink() == Path(name):
            remove(partial)
            return False
        remove(folder.with_name(name))
        partial.rename(folder.with_name(name))
        _point_link(folder, name)
    return True


def _point_link(folder: Path, name: str) -> None:
    if exists(folder) and not folder.is_symlink():
        raise InputError(
            "there is something else",
            where=str(folder),
            remedy="remove it, or name another folder with --out",
        )
    link = folder.with_name(f"{folder.name}.link")
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(folder)
    for old in list_folders(folder.parent):
        if old.name.startswith(f"{folder.name}-") and old.name != name and is_file(old / CARD_FILE):
            remove(old)
