"""A model that was trained here, asked for mentions: a span categorizer of spaCy, each mention with its probability.

The model is a folder that spaCy alone can load, too: ``spacy.load``. Beside spaCy's own files it has ``sayso.json``,
which says what it learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors
from sayso.models import Document
from sayso.settings import Checkout
from sayso.suggest.suggesters import Suggester, Suggestion, compute_digest

NAME = "model"
SPANS_KEY = "sayso"  # the key of the group of spans that spaCy fills
CARD_FILE = "sayso.json"
THRESHOLD = 0.5  # the probability from which on a mention is suggested


class ModelScores(Struct, frozen=True):
    """Of one label on one split, exact spans; None where it is undefined."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None


class ModelCard(Struct, frozen=True, kw_only=True):
    """What a model is and what it learnt from; ``texts`` are the SHA-256 of the texts."""

    readings: str
    schema_version: str
    language: str
    labels: tuple[str, ...]
    longest: int
    seed: int
    epochs: int
    best_epoch: int | None
    spacy: str
    texts: tuple[str, ...]
    validation: tuple[ModelScores, ...]
    validation_documents: int


def default_model_folder(checkout: Checkout) -> Path:
    """Where the model is unless somebody says otherwise."""
    return checkout.private / "models" / NAME


def read_card(folder: Path) -> ModelCard:
    """What the model in a folder says of itself.

    Raises:
        UsageError: there is no model.
        InputError: the folder holds something else.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise UsageError(
            "no model there",
            where=str(folder),
            remedy="run `sayso train` first, or name one as model:FOLDER",
        )
    with convert_os_errors(path):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=ModelCard)
    except msgspec.MsgspecError as error:
        raise InputError(str(error), where=str(path), remedy="run `sayso train` again") from error


def build_model_suggester(folder: Path) -> Suggester:
    """The model in a folder as a suggester.

    Raises:
        UsageError: there is no model, or spaCy is not installed.
        InputError: spaCy cannot read it.
    """
    known, spacy = read_card(folder), import_spacy()
    try:
        pipeline = spacy.load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"spaCy cannot read the model: {error}",
            where=str(folder),
            remedy="run `sayso train` again",
        ) from error
    made_with = compute_digest(
        Path(__file__), *sorted(path for path in folder.rglob("*") if path.is_file())
    )
    return Suggester(NAME, partial(suggest_spans, pipeline), made_with, frozenset(known.texts))


def import_spacy() -> Any:
    """spaCy.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import spacy
    except ModuleNotFoundError as error:
        raise UsageError(
            "spaCy is not installed",
            where=f"suggester {NAME}",
            remedy="pip install 'sayso[suggest]'",
        ) from error
    return spacy


def split_lines(text: str) -> Iterator[tuple[int, str]]:
    """(first code point, line) of each line that holds words: no mention goes on into another line."""
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield start, line
        start += len(line)


def suggest_spans(pipeline: Any, document: Document) -> Iterator[Suggestion]:
    """Every mention that is more likely than not."""
    starts, found = (
        zip(*split_lines(document.text), strict=True) if document.text.strip() else ((), ())
    )
    for start, doc in zip(starts, pipeline.pipe(found), strict=True):
        group = doc.spans[SPANS_KEY]
        for span, score in zip(group, group.attrs["scores"], strict=True):
            words = span.text
            if score >= THRESHOLD and words == words.strip():
                yield Suggestion(
                    span.label_,
                    start + span.start_char,
                    start + span.end_char,
                    {},
                    round(float(score), 4),
                )
