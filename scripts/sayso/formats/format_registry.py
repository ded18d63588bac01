"""The registry of outside formats: commands, manual, tests and benchmarks follow from it.

To add a format, write a module in this package that has ``write`` (see ``FormatWriter``), ``read``
(see ``FormatReader``) or both, and ``fit`` where ``cannot_hold`` alone does not say what has to go;
declare it in ``FORMATS``. The tests in ``tests/formats`` then name what is missing. Nothing heavy
is imported here: help pages read this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from sayso.errors import UsageError
from sayso.formats.losses import Loss, Losses

if TYPE_CHECKING:
    from sayso.formats.annotated_documents import AnnotatedDocument, ExportContent
    from sayso.schema.declarations import Schema
    from sayso.settings import Checkout


@dataclass
class ImportContext:
    """Instructions to read a file, and counts of the trouble in it.

    Attributes:
        fields: the names that a record of theirs has for our fields.
        labels: our label, relation type or question for each of theirs that has another name; ""
            excludes it.
        fills_defaults: False where the reader has filled in the defaults of the schema.
        losses: things that we have no place for, counted by description.
        notices: other things that a curator should hear of, counted by description.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    schema: Schema | None = None
    pass_name: str = ""
    checkout: Checkout | None = None
    fills_defaults: bool = True
    losses: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)


class FormatWriter(Protocol):
    """The functions of a module whose format goes out. ``fit`` is optional."""

    def write(self, target: Path, content: ExportContent) -> None:
        """Write documents that fit to ``target``: a new file, or an empty folder."""


class FormatReader(Protocol):
    """The functions of a module whose format comes in."""

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Read a file or folder. Offsets that are not given are refused, never guessed."""


@dataclass(frozen=True)
class Format:
    """One outside format.

    Attributes:
        module: of this package.
        exports, imports: True where the module has ``write``, and ``read``.
        suffix: of its file; "" where the format is a folder.
        cannot_hold: kinds that it never holds; they are dropped before ``fit``.
        may_lose: kinds that it loses where a text or a name does not suit it; ``fit`` drops them.
        needs_vocabulary: True if all labels and values in use have to be known before the first
            document is written.
    """

    name: str
    module: str
    description: str
    exports: bool = False
    imports: bool = False
    suffix: str = ""
    cannot_hold: frozenset[Loss] = frozenset()
    may_lose: frozenset[Loss] = frozenset()
    needs_vocabulary: bool = False
    alias_of: str = ""

    @property
    def holds_everything(self) -> bool:
        """True if nothing has to be counted before it is written."""
        return not (self.cannot_hold or self.may_lose)

    def load(self) -> Any:
        """Import the module."""
        return import_module(f"sayso.formats.{self.module}")

    def writer(self) -> FormatWriter:
        """Return the module as a writer."""
        return cast("FormatWriter", self.load())

    def reader(self) -> FormatReader:
        """Return the module as a reader."""
        return cast("FormatReader", self.load())

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Read a file or folder, each document in canonical order."""
        from sayso.formats.annotated_documents import sort_document

        return map(sort_document, self.reader().read(path, context))

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument | None:
        """Return the part of a document that the format holds, sorted; None if nothing of it.

        What is dropped is counted in ``losses``. A document that fits is returned as it is.
        """
        from sayso.formats.annotated_documents import drop_unheld, sort_document

        held: AnnotatedDocument | None = drop_unheld(annotated, self.cannot_hold, losses)
        if hasattr(self.load(), "fit"):
            held = self.load().fit(held, losses)
        return held and sort_document(held)


_ALL = (
    Format(
        "brat",
        "brat",
        "brat standoff: a folder of .txt and .ann",
        exports=True,
        imports=True,
        needs_vocabulary=True,
        cannot_hold=frozenset({Loss.UNKNOWN_ITEMS}),
        may_lose=frozenset(
            {
                Loss.ATTRIBUTES,
                Loss.FLAGS,
                Loss.MENTION_NOTES,
                Loss.DECISIONS,
                Loss.LABEL_NOT_BRAT,
                Loss.MENTION_BREAK_AT_EDGE,
                Loss.RELATION_NOT_BRAT,
                Loss.RELATION_LOOSE,
            }
        ),
    ),
    Format(
        "conll",
        "conll",
        "CoNLL-U Plus: a token a line, a BIO column for each label; in with `# text`",
        exports=True,
        imports=True,
        suffix=".conllup",
        needs_vocabulary=True,
        cannot_hold=frozenset(
            {
                Loss.ATTRIBUTES,
                Loss.FLAGS,
                Loss.MENTION_NOTES,
                Loss.STARTED_FROM,
                Loss.DECISIONS,
                Loss.RELATIONS,
                Loss.UNKNOWN_ITEMS,
            }
        ),
        may_lose=frozenset(
            {
                Loss.MENTION_SPLITS_TOKEN,
                Loss.MENTION_CROSSES_SENTENCE,
                Loss.MENTION_OVERLAPS_LABEL,
                Loss.LABEL_NOT_COLUMN,
            }
        ),
    ),
    Format(
        "csv",
        "csv_tables",
        "tables for a spreadsheet: mentions, relations, answers and documents",
        exports=True,
        needs_vocabulary=True,
        cannot_hold=frozenset({Loss.UNKNOWN_ITEMS}),
    ),
    Format(
        "jsonl",
        "json_lines",
        "JSON Lines: a document with its annotation a line, with everything",
        exports=True,
        imports=True,
        suffix=".jsonl",
    ),
    Format("labelstudio", "labelstudio_export", "Label Studio's own JSON export", imports=True),
    Format(
        "spacy",
        "spacy_docbin",
        "spaCy DocBin files with a span group for each label",
        exports=True,
        cannot_hold=frozenset({Loss.UNKNOWN_ITEMS}),
        may_lose=frozenset({Loss.MENTION_SPLITS_TOKEN, Loss.RELATION_LOOSE}),
    ),
    Format(
        "w3c",
        "web_annotation",
        "Web Annotation (JSON-LD): a page for each document",
        exports=True,
        cannot_hold=frozenset({Loss.UNKNOWN_ITEMS}),
    ),
    Format(
        "webanno",
        "uima_xmi",
        "UIMA CAS XMI with its TypeSystem.xml, as INCEpTION, WebAnno and DKPro take it",
        exports=True,
        imports=True,
        needs_vocabulary=True,
        cannot_hold=frozenset({Loss.UNKNOWN_ITEMS}),
        may_lose=frozenset(
            {
                Loss.DOCUMENT_NOT_XML,
                Loss.ANSWERS,
                Loss.LABEL_NOT_XML,
                Loss.ATTRIBUTES,
                Loss.MENTION_NOTES,
                Loss.RELATION_LOOSE,
            }
        ),
    ),
    Format("xmi", "uima_xmi", "another name for webanno", imports=True, alias_of="webanno"),
)
FORMATS = {each.name: each for each in _ALL}
EXPORT_FORMATS = {name: each for name, each in FORMATS.items() if each.exports}
IMPORT_FORMATS = {name: each for name, each in FORMATS.items() if each.imports}


def find_format(name: str, among: Mapping[str, Format] = FORMATS) -> Format:
    """Return the format of that name.

    Raises:
        UsageError: there is none among those.
    """
    if name not in among:
        raise UsageError(f"no format {name!r} here", remedy=f"choose one of {', '.join(among)}")
    return among[name]


def formats_table() -> str:
    """Return the table of the manual: Markdown, a row for each format."""
    lines = [
        "| Format | Out | In | What it is | Never holds | May lose |",
        "|---|---|---|---|---|---|",
    ]
    for each in _ALL:
        never, sometimes = (
            "; ".join(loss.description for loss in Loss if loss in losses) or "-"
            for losses in (each.cannot_hold, each.may_lose)
        )
        marks = ["yes" if there else "-" for there in (each.exports, each.imports)]
        lines.append(
            f"| `{each.name}` | {' | '.join(marks)} | {each.description} | {never} | {sometimes} |"
        )
    return "".join(f"{line}\n" for line in lines)
