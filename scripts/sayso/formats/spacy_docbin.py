"""spaCy: a folder of DocBin files, 00000.spacy on, with a span group for each label.

Tokens are the dataset's own, and the white space between them as spaCy has it, so ``doc.text`` is
the text received. ``doc.user_data`` holds what a span has no place for: ``doc_id``, ``about``,
``note``, the attributes of ``mentions`` by id, ``relations`` as [type, head, tail], then how it was
decided and by whom, where it was, and ``answers`` likewise as [question, value]. ``doc.cats`` has
the answers that are choices, as spaCy's text classifiers take them: ``question.value`` is 1 or 0
for each value of the schema, ``question`` for yes or no.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    ExportContent,
    FormatMention,
    drop_mentions,
)
from sayso.formats.losses import Loss, Losses
from sayso.formats.token_grid import build_grid
from sayso.optional_libraries import import_library
from sayso.schema.declarations import Schema
from sayso.spans import Span

_DOCUMENTS_PER_FILE = 500  # a DocBin is held in memory as a whole


def fit(annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
    """Keep the mentions on whole tokens."""
    grid = build_grid(annotated)
    return drop_mentions(
        annotated, lambda m: None if grid.find_tokens(m) else Loss.MENTION_SPLITS_TOKEN, losses
    )


def write(target: Path, content: ExportContent) -> None:
    """Write the folder.

    Raises:
        UsageError: spaCy is not installed.
    """
    tokens = import_library("spacy.tokens", "spacy", extra="exchange")
    vocabulary = import_library("spacy.vocab", "spacy", extra="exchange").Vocab
    coming = iter(content.documents)
    for number, first in enumerate(coming):
        bin = tokens.DocBin(attrs=["ORTH", "SPACY"], store_user_data=True)
        vocab = vocabulary()  # it keeps every word that it has met: one for each file
        for annotated in (first, *islice(coming, _DOCUMENTS_PER_FILE - 1)):
            doc = _build_doc(tokens, vocab, annotated)
            doc.cats.update(_list_categories(annotated, content.schema))
            bin.add(doc)
        bin.to_disk(target / f"{number:05d}.spacy")


def _build_doc(tokens: Any, vocab: Any, annotated: AnnotatedDocument) -> Any:
    words = list(_split_words(annotated))
    texts = [annotated.text[start:end] for start, end, _space in words]
    doc = tokens.Doc(vocab, words=texts, spaces=[space for *_, space in words])
    first = {start: number for number, (start, _end, _space) in enumerate(words)}
    after = {end: number for number, (_start, end, _space) in enumerate(words, 1)}
    groups: dict[str, list[Any]] = {}
    for m in annotated.mentions:
        span = tokens.Span(doc, first[m.start], after[m.end], label=m.label, span_id=m.id)
        groups.setdefault(m.label, []).append(span)
    for label in sorted(groups):
        doc.spans[label] = groups[label]
    doc.user_data.update(_user_data(annotated))
    return doc


def _list_categories(
    annotated: AnnotatedDocument, schema: Schema | None
) -> Iterator[tuple[str, float]]:
    """Yield a score for each value that an answered question may have."""
    for answer in annotated.answers:
        question = schema and schema.questions.get(answer.question)
        if not question or not question.accepts(answer.value):
            continue
        if question.kind == "boolean":
            yield answer.question, float(answer.value is True)
        given = answer.value if isinstance(answer.value, tuple) else (answer.value,)
        for value in question.values:
            yield f"{answer.question}.{value}", float(value in given)


def _split_words(annotated: AnnotatedDocument) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, True if one space follows) of tokens and of other white space."""
    after = 0
    for start, end in (
        *build_grid(annotated).tokens,
        Span(len(annotated.text), len(annotated.text)),
    ):
        if after < start:
            yield after, start, False
        if start < end:
            space = annotated.text.startswith(" ", end)
            yield start, end, space
            after = end + space


def _user_data(annotated: AnnotatedDocument) -> dict[str, Any]:
    found = {
        "doc_id": annotated.doc_id,
        "about": dict(sorted(annotated.about.items())),
        "note": annotated.note,
        "mentions": {m.id: known for m in annotated.mentions if (known := _mention_data(m))},
        "relations": [
            [r.type, r.head, r.tail, *([r.decided, *r.votes] if r.decided else [])]
            for r in annotated.relations
        ],
        "answers": [
            [a.question, a.value, *([a.decided, *a.votes] if a.decided else [])]
            for a in annotated.answers
        ],
    }
    return {name: value for name, value in found.items() if value}


def _mention_data(mention: FormatMention) -> dict[str, Any]:
    known = {
        name: getattr(mention, name)
        for name in ("attributes", "flag", "note", "started_from", "decided")
    }
    known |= {"votes": list(mention.votes), "amended": list(mention.amended)}
    return {name: value for name, value in known.items() if value not in (None, {}, [])}
