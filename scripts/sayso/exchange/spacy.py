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
from sayso.exchange.extras import library
from sayso.exchange.formats import Arriving, Written
from sayso.exchange.grid import grid
from sayso.exchange.readings import EVERYTHING, KEPT, Losses, Marked, Reading, holding, leaving_out, ordered
from sayso.spans import Span

PARTED = "mentions whose edges are not those of tokens"
_DOCUMENTS = 500  # in a file; a DocBin is held in memory as a whole


class SpaCy:
    """Everything but what was kept apart, and mentions that do not stand on whole tokens."""

    suffix = ""
    whole = False
    worded = False

    def fit(self, reading: Reading, losses: Losses) -> Reading:
        """The part of a reading that stands on tokens."""
        reading = holding(reading, EVERYTHING - {KEPT}, losses)
        of_text = grid(reading)
        return ordered(leaving_out(reading, lambda m: None if of_text.place(m) else PARTED, losses))

    def write(self, target: Path, what: Written) -> None:
        """The folder.

        Raises:
            UsageError: spaCy is not installed.
        """
        tokens = library("spacy.tokens", "spacy")
        vocabulary = library("spacy.vocab", "spacy").Vocab
        coming = iter(what.readings)
        for number, first in enumerate(coming):
            bin = tokens.DocBin(attrs=["ORTH", "SPACY"], store_user_data=True)
            vocab = vocabulary()  # it keeps every word that it has met: one for each file
            for reading in (first, *islice(coming, _DOCUMENTS - 1)):
                bin.add(_doc(tokens, vocab, reading))
            bin.to_disk(target / f"{number:05d}.spacy")

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """Not offered.

        Raises:
            UsageError: always.
        """
        raise UsageError("spacy goes out only", remedy="bring readings in as jsonl")


def _doc(tokens: Any, vocab: Any, reading: Reading) -> Any:
    words = list(_words(reading))
    doc = tokens.Doc(vocab, words=[reading.text[s:e] for s, e, _space in words], spaces=[space for *_, space in words])
    first = {start: number for number, (start, _end, _space) in enumerate(words)}
    after = {end: number for number, (_start, end, _space) in enumerate(words, 1)}
    layers: dict[str, list[Any]] = {}
    for m in reading.mentions:
        span = tokens.Span(doc, first[m.start], after[m.end], label=m.label, span_id=m.id)
        layers.setdefault(m.label, []).append(span)
    for label in sorted(layers):
        doc.spans[label] = layers[label]
    doc.user_data.update(_beside(reading))
    return doc


def _words(reading: Reading) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether one space follows) of each word: a token, or the white space that is not such a space."""
    spans = [*grid(reading).tokens, Span(len(reading.text), len(reading.text))]
    at = 0
    for start, end in spans:
        if at < start:
            yield at, start, False
        if start == end:
            break
        space = reading.text.startswith(" ", end)
        yield start, end, space
        at = end + space


def _beside(reading: Reading) -> dict[str, Any]:
    found = {
        "doc_id": reading.doc_id, "about": dict(sorted(reading.about.items())), "note": reading.note,
        "mentions": {m.id: known for m in reading.mentions if (known := _known(m))},
        "relations": [
            [r.type, r.head, r.tail, *([r.decided, *r.votes] if r.decided else [])] for r in reading.relations
        ],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _known(mention: Marked) -> dict[str, Any]:
    known: dict[str, Any] = {"attributes": dict(mention.attributes)} if mention.attributes else {}
    known |= {n: v for n in ("flag", "note", "started_from", "decided") if (v := getattr(mention, n)) is not None}
    return known | ({"votes": list(mention.votes)} if mention.votes else {})


FORMAT = SpaCy()
