"""spaCy: a folder of DocBin files, 00000.spacy on, with a span group for each label.

Tokens are the dataset's own, and the white space between them as spaCy has it, so ``doc.text`` is the text received.
``doc.user_data`` holds what a span has no place for: ``doc_id``, ``about``, ``note``, the attributes of ``mentions`` by
id, and ``relations`` as [type, head, tail], then how it was decided and by whom, where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sayso.errors import UsageError
from sayso.formats.annotated_documents import (
    ALL_CONTENT,
    KEPT_PARTS,
    AnnotatedDocument,
    FormatMention,
    Losses,
    drop_mentions,
    drop_unheld,
    sort_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext
from sayso.formats.optional_libraries import import_library
from sayso.formats.token_grid import build_grid
from sayso.spans import Span

SPLITS_TOKEN = "mentions whose edges are not those of tokens"
_DOCUMENTS_PER_FILE = 500  # in a file; a DocBin is held in memory as a whole


class SpacyFormat:
    """Everything but what was kept apart, and mentions that do not stand on whole tokens."""

    suffix = ""
    holds_everything = False
    needs_vocabulary = False

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """The part of a reading that stands on tokens."""
        annotated = drop_unheld(annotated, ALL_CONTENT - {KEPT_PARTS}, losses)
        of_text = build_grid(annotated)
        return sort_document(
            drop_mentions(
                annotated, lambda m: None if of_text.find_tokens(m) else SPLITS_TOKEN, losses
            )
        )

    def write(self, target: Path, content: ExportContent) -> None:
        """The folder.

        Raises:
            UsageError: spaCy is not installed.
        """
        tokens = import_library("spacy.tokens", "spacy")
        vocabulary = import_library("spacy.vocab", "spacy").Vocab
        coming = iter(content.documents)
        for number, first in enumerate(coming):
            bin = tokens.DocBin(attrs=["ORTH", "SPACY"], store_user_data=True)
            vocab = vocabulary()  # it keeps every word that it has met: one for each file
            for reading in (first, *islice(coming, _DOCUMENTS_PER_FILE - 1)):
                bin.add(_build_doc(tokens, vocab, reading))
            bin.to_disk(target / f"{number:05d}.spacy")

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("spacy goes out only", remedy="bring readings in as jsonl")


def _build_doc(tokens: Any, vocab: Any, reading: AnnotatedDocument) -> Any:
    words = list(_split_words(reading))
    doc = tokens.Doc(
        vocab,
        words=[reading.text[s:e] for s, e, _space in words],
        spaces=[space for *_, space in words],
    )
    first = {start: number for number, (start, _end, _space) in enumerate(words)}
    after = {end: number for number, (_start, end, _space) in enumerate(words, 1)}
    layers: dict[str, list[Any]] = {}
    for m in reading.mentions:
        span = tokens.Span(doc, first[m.start], after[m.end], label=m.label, span_id=m.id)
        layers.setdefault(m.label, []).append(span)
    for label in sorted(layers):
        doc.spans[label] = layers[label]
    doc.user_data.update(_user_data(reading))
    return doc


def _split_words(reading: AnnotatedDocument) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether one space follows) of each word: a token, or the white space that is not such a space."""
    spans = [*build_grid(reading).tokens, Span(len(reading.text), len(reading.text))]
    at = 0
    for start, end in spans:
        if at < start:
            yield at, start, False
        if start == end:
            break
        space = reading.text.startswith(" ", end)
        yield start, end, space
        at = end + space


def _user_data(reading: AnnotatedDocument) -> dict[str, Any]:
    found = {
        "doc_id": reading.doc_id,
        "about": dict(sorted(reading.about.items())),
        "note": reading.note,
        "mentions": {m.id: known for m in reading.mentions if (known := _mention_data(m))},
        "relations": [
            [r.type, r.head, r.tail, *([r.decided, *r.votes] if r.decided else [])]
            for r in reading.relations
        ],
    }
    return {name: value for name, value in found.items() if value}


def _mention_data(mention: FormatMention) -> dict[str, Any]:
    known: dict[str, Any] = {"attributes": dict(mention.attributes)} if mention.attributes else {}
    known |= {
        n: v
        for n in ("flag", "note", "started_from", "decided")
        if (v := getattr(mention, n)) is not None
    }
    return known | ({"votes": list(mention.votes)} if mention.votes else {})


FORMAT = SpacyFormat()
