"""A model that was trained here: a span categorizer of spaCy, mentions with probabilities.

The model is a folder that spaCy alone can load, too: ``spacy.load``. Beside spaCy's own files it
has ``sayso.json``, which says what it learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors, is_file, list_files, read_file
from sayso.models import DECODE_ERRORS, Document
from sayso.optional_libraries import import_library
from sayso.settings import Checkout
from sayso.suggest.suggesters import Suggester, SuggesterRequest, Suggestion

SPANS_KEY = "sayso"  # the key of the group of spans that spaCy fills
CARD_FILE = "sayso.json"
THRESHOLD = 0.5  # the probability from which on a mention is suggested


class ModelScores(Struct, frozen=True):
    """Scores of one label on one split, exact spans; None where they are undefined."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None


class ModelCard(Struct, frozen=True, kw_only=True):
    """A model and its origin; ``texts`` are the SHA-256 of the texts."""

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
    """Return the model's folder, which need not exist."""
    return checkout.private / "models" / "model"


def read_card(folder: Path) -> ModelCard:
    """Read the card of the model in a folder.

    Raises:
        UsageError: there is no model.
        InputError: the folder holds something else.
    """
    path = folder / CARD_FILE
    if not is_file(path):
        remedy = "run `sayso train` first, or name one as model:FOLDER"
        raise UsageError("no model there", where=str(folder), remedy=remedy)
    with convert_os_errors(path):
        content = read_file(path)
    try:
        return msgspec.json.decode(content, type=ModelCard)
    except DECODE_ERRORS as error:
        raise InputError(str(error), where=str(path), remedy="run `sayso train` again") from error


def build_suggester(request: SuggesterRequest) -> Suggester:
    """Return the model in the folder that the argument names, or else in the default one.

    Raises:
        UsageError: there is no model, or spaCy is not installed.
        InputError: spaCy cannot read it.
    """
    folder = Path(request.argument) if request.argument else default_model_folder(request.checkout)
    card, spacy = read_card(folder), import_spacy()
    try:
        pipeline = spacy.load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"spaCy cannot read the model: {error}",
            where=str(folder),
            remedy="run `sayso train` again",
        ) from error
    files = list_files(folder, "**/*")
    suggest = partial(suggest_spans, pipeline)
    return request.suggester(suggest, *files, learnt_from=card.texts, learns=card.labels)


def import_spacy() -> Any:
    """Import spaCy.

    Raises:
        UsageError: it is not installed.
    """
    return import_library("spacy", "suggester model", extra="suggest")


def split_lines(text: str) -> list[tuple[int, str]]:
    """Return (first code point, line) of each line that has words."""
    found, start = [], 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            found.append((start, line))
        start += len(line)
    return found


def suggest_spans(pipeline: Any, document: Document) -> Iterator[Suggestion]:
    """Yield every mention that is more likely than not."""
    lines = split_lines(document.text)
    docs = pipeline.pipe(line for _start, line in lines)
    for (start, _line), doc in zip(lines, docs, strict=True):
        group = doc.spans[SPANS_KEY]
        for span, score in zip(group, group.attrs["scores"], strict=True):
            if score >= THRESHOLD and span.text == span.text.strip():
                first, last = start + span.start_char, start + span.end_char
                yield Suggestion(span.label_, first, last, {}, round(float(score), 4))
