"""What a format is, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sayso.errors import UsageError
from sayso.formats.annotated_documents import AnnotatedDocument, Losses, Vocabulary
from sayso.schema.declarations import Schema
from sayso.settings import Checkout


@dataclass(frozen=True)
class ExportContent:
    """What is to be written: the readings, as often as they are asked for, and the words that they use."""

    documents: Iterable[AnnotatedDocument]
    vocabulary: Vocabulary


@dataclass
class ImportContext:
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
    checkout: Checkout | None = None
    losses: Losses = field(default_factory=Losses)
    notices: Losses = field(default_factory=Losses)


class Format(Protocol):
    """One outside format.

    Attributes:
        suffix: its file's, and empty where it is a folder.
        whole: whether it holds everything, so that nothing has to be counted before it is written.
        worded: whether all words that are used have to be known before it is written.
    """

    suffix: str
    holds_everything: bool
    needs_vocabulary: bool

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument | None:
        """The part of a reading that the format holds, in canonical order; the rest is counted. None: nothing of it."""

    def write(self, target: Path, content: ExportContent) -> None:
        """Write readings that ``fit`` gave to ``target``, which is not there yet."""

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Read them again; what they say without offsets is refused, never guessed."""


EXPORT_FORMATS = {
    "brat": "brat standoff: a folder of .txt and .ann",
    "conll": "CoNLL-U Plus: a token a line, a BIO column for each label",
    "csv": "tables for a spreadsheet: mentions.csv, relations.csv, documents.csv",
    "jsonl": "JSON Lines: a document and its reading a line, with everything",
    "spacy": "spaCy DocBin files with a span group for each label",
    "w3c": "Web Annotation (JSON-LD), a page for each document",
    "webanno": "UIMA CAS XMI, as INCEpTION, WebAnno and DKPro take it",
}
"""Formats that go out, with what they are."""

IMPORT_FORMATS = {
    "brat": "brat standoff: a folder of .txt and .ann",
    "conll": "CoNLL-U (Plus) with # text, a BIO column for each layer",
    "jsonl": "JSON Lines: a document and its reading a line",
    "labelstudio": "Label Studio's own JSON export",
    "webanno": "UIMA CAS XMI with its TypeSystem.xml, a folder or a zip",
    "xmi": "another name for webanno",
}
"""Formats that come in, with what they are."""


_MODULES = {
    "csv": "csv_tables",
    "jsonl": "json_lines",
    "labelstudio": "labelstudio_export",
    "spacy": "spacy_docbin",
    "w3c": "web_annotation",
    "webanno": "uima_xmi",
    "xmi": "uima_xmi",
}


def find_format(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in {*EXPORT_FORMATS, *IMPORT_FORMATS}:
        raise UsageError(
            f"no format {name!r}",
            remedy=f"choose one of {', '.join(sorted({*EXPORT_FORMATS, *IMPORT_FORMATS}))}",
        )
    found: Format = import_module(f"sayso.formats.{_MODULES.get(name, name)}").FORMAT
    return found
