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
from sayso.files import explained
from sayso.records import Document
from sayso.settings import Instance
from sayso.suggest.suggesters import Suggested, Suggester, digest

NAME = "model"
SPANS = "sayso"  # the key of the group of spans that spaCy fills
CARD = "sayso.json"
LIKELY = 0.5  # the probability from which on a mention is suggested


class Scores(Struct, frozen=True):
    """Of one label on one split, exact spans; None where it is undefined."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None


class Card(Struct, frozen=True, kw_only=True):
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
    validation: tuple[Scores, ...]
    validation_documents: int


def place(instance: Instance) -> Path:
    """Where the model is unless somebody says otherwise."""
    return instance.private / "models" / NAME


def card(folder: Path) -> Card:
    """What the model in a folder says of itself.

    Raises:
        UsageError: there is no model.
        InputError: the folder holds something else.
    """
    path = folder / CARD
    if not path.is_file():
        raise UsageError(
            "no model there", where=str(folder), remedy="run `sayso train` first, or name one as model:FOLDER"
        )
    with explained(path):
        content = path.read_bytes()
    try:
        return msgspec.json.decode(content, type=Card)
    except msgspec.MsgspecError as error:
        raise InputError(str(error), where=str(path), remedy="run `sayso train` again") from error


def suggester(folder: Path) -> Suggester:
    """The model in a folder as a suggester.

    Raises:
        UsageError: there is no model, or spaCy is not installed.
        InputError: spaCy cannot read it.
    """
    known, spacy = card(folder), library()
    try:
        pipeline = spacy.load(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"spaCy cannot read the model: {error}", where=str(folder),
                         remedy="run `sayso train` again") from error  # fmt: skip
    made_with = digest(Path(__file__), *sorted(path for path in folder.rglob("*") if path.is_file()))
    return Suggester(NAME, partial(suggest, pipeline), made_with, frozenset(known.texts))


def library() -> Any:
    """spaCy.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import spacy
    except ModuleNotFoundError as error:
        raise UsageError("spaCy is not installed", where=f"suggester {NAME}",
                         remedy="pip install 'sayso[suggest]'") from error  # fmt: skip
    return spacy


def passages(text: str) -> Iterator[tuple[int, str]]:
    """(first code point, line) of each line that holds words: no mention goes on into another line."""
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            yield start, line
        start += len(line)


def suggest(pipeline: Any, document: Document) -> Iterator[Suggested]:
    """Every mention that is more likely than not."""
    starts, found = zip(*passages(document.text), strict=True) if document.text.strip() else ((), ())
    for start, doc in zip(starts, pipeline.pipe(found), strict=True):
        group = doc.spans[SPANS]
        for span, score in zip(group, group.attrs["scores"], strict=True):
            words = span.text
            if score >= LIKELY and words == words.strip():
                yield Suggested(span.label_, start + span.start_char, start + span.end_char, {}, round(float(score), 4))
