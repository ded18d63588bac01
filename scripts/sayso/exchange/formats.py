"""What a format is, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sayso.errors import UsageError
from sayso.exchange.readings import Losses, Reading, Words
from sayso.schema import Schema
from sayso.settings import Instance


@dataclass(frozen=True)
class Written:
    """What is to be written: the readings, as often as they are asked for, and the words that they use."""

    readings: Iterable[Reading]
    words: Words


@dataclass
class Arriving:
    """How something is to be read, and what was met in it.

    Attributes:
        fields: where a record of theirs has what; by our names.
        labels: which of our labels theirs are, where they are not the same.
        schema, instance: ours, for a format that is read by them.
        lost: things that we have no place for, counted.
        noticed: other things that a curator should hear of, counted.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    schema: Schema | None = None
    instance: Instance | None = None
    lost: Losses = field(default_factory=Losses)
    noticed: Losses = field(default_factory=Losses)


class Format(Protocol):
    """One outside format.

    Attributes:
        suffix: its file's, and empty where it is a folder.
        whole: whether it holds everything, so that nothing has to be counted before it is written.
        worded: whether all words that are used have to be known before it is written.
    """

    suffix: str
    whole: bool
    worded: bool

    def fit(self, reading: Reading, losses: Losses) -> Reading | None:
        """The part of a reading that the format holds, in canonical order; the rest is counted. None: nothing of it."""

    def write(self, target: Path, what: Written) -> None:
        """Write readings that ``fit`` gave to ``target``, which is not there yet."""

    def read(self, path: Path, how: Arriving) -> Iterator[Reading]:
        """Read them again; what they say without offsets is refused, never guessed."""


OUT = {
    "brat": "brat standoff: a folder of .txt and .ann",
    "conll": "CoNLL-U Plus: a token a line, a BIO column for each label",
    "csv": "tables for a spreadsheet: mentions.csv, relations.csv, documents.csv",
    "jsonl": "JSON Lines: a document and its reading a line, with everything",
    "spacy": "spaCy DocBin files with a span group for each label",
    "w3c": "Web Annotation (JSON-LD), a page for each document",
    "webanno": "UIMA CAS XMI, as INCEpTION, WebAnno and DKPro take it",
}
"""Formats that go out, with what they are."""

IN = {
    "brat": "brat standoff: a folder of .txt and .ann",
    "conll": "CoNLL-U (Plus) with # text, a BIO column for each layer",
    "jsonl": "JSON Lines: a document and its reading a line",
    "labelstudio": "Label Studio's own JSON export",
    "webanno": "UIMA CAS XMI with its TypeSystem.xml, a folder or a zip",
    "xmi": "another name for webanno",
}
"""Formats that come in, with what they are."""


def named(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in {*OUT, *IN}:
        raise UsageError(f"no format {name!r}", remedy=f"choose one of {', '.join(sorted({*OUT, *IN}))}")
    found: Format = import_module(f"sayso.exchange.{'webanno' if name == 'xmi' else name}").FORMAT
    return found
