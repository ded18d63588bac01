"""The mentions that predictions are measured against: gold, or a file, ours or somebody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors, open_file
from sayso.models import AttributeValue, Document, Mention, sha256
from sayso.schema.declarations import Schema
from sayso.spans import Span, slice_text

DUPLICATE = "is there twice"
UNKNOWN_LABEL = "has no label of the schema, by --map or by itself"
EXCLUDED_BY_MAP = "is excluded by --map"
_GOLD = AnnotationFilter(kinds=frozenset({"gold"}))


class _ReferenceSpan(Struct, frozen=True):
    """A mention of somebody's file; whatever else it holds is passed over."""

    label: str
    start: int
    end: int
    id: str = ""
    text: str | None = None
    attributes: dict[str, AttributeValue] = {}


class _ReferenceLine(Struct, frozen=True):
    """A document of somebody's file, with its text, or with the hash of one of the corpus."""

    doc_id: str
    text: str | None = None
    text_sha256: str | None = None
    language: str = "en"
    mentions: tuple[_ReferenceSpan, ...] = ()
    spans: tuple[_ReferenceSpan, ...] = ()
    interface: str | None = None
    status: str = ""


class ReferenceDocument(NamedTuple):
    """A document, the mentions held to be right, and the labels that anybody looked for."""

    document: Document
    mentions: tuple[Mention, ...]
    labels_sought: frozenset[str]


@dataclass
class Reference:
    """Documents with the mentions that are held to be right.

    Attributes:
        file: of somebody; None for the gold that ``chosen`` accepts.
        label_map: our label for each of a file's that has another name; "" excludes it.
        excluded: mentions that are not compared, by label and reason, counted as they are read.
    """

    corpus: CorpusFiles
    schema: Schema
    file: Path | None = None
    chosen: AnnotationFilter = _GOLD
    label_map: Mapping[str, str] = field(default_factory=dict)
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def description(self) -> str:
        """A name of it for people."""
        return str(self.file) if self.file else "gold"

    def __iter__(self) -> Iterator[ReferenceDocument]:
        """Yield documents with their mentions, lazily.

        Raises:
            InputError: nothing is adjudicated, or a line of the file does not fit.
            SpanError: an offset is not inside its text.
        """
        self.excluded.clear()
        return self._read_file(self.file) if self.file else self._read_gold()

    def _read_gold(self) -> Iterator[ReferenceDocument]:
        if not self.corpus.gold_files():
            raise InputError(
                "nothing is adjudicated, so there is nothing to measure against",
                where=str(self.corpus.folder / "gold"),
                remedy="`sayso adjudicate push` begins it, or name a file with --against",
            )
        for item in self.corpus.items(self.chosen):
            found = [
                self._build(item.document, record.mentions, record.interface)
                for record in item.gold
            ]
            if found:
                yield max(found, key=lambda each: (len(each.labels_sought), len(each.mentions)))

    def _build(
        self, document: Document, mentions: Iterable[Mention], pass_name: str | None
    ) -> ReferenceDocument:
        """Return a document with the mentions to compare and the labels of the pass."""
        known = pass_name is not None and pass_name in self.schema.interfaces
        sought = self.schema.labels_of_pass(pass_name or "") if known else self.schema.labels
        return ReferenceDocument(document, self._select_mentions(mentions), frozenset(sought))

    def _read_file(self, path: Path) -> Iterator[ReferenceDocument]:
        """Yield lines with a text as they come, then those whose text is in the corpus."""
        without: dict[str, tuple[str, _ReferenceLine]] = {}
        with convert_os_errors(path), open_file(path) as file:
            for number, raw in jsonl.read_objects(file, str(path)):
                location = f"{path}:{number}"
                line = _parse_line(raw, location)
                if line.text is not None:
                    yield self._convert_line(line, _build_document(line), location)
                elif line.status != "skipped":
                    without[line.doc_id] = (location, line)
        for document in self.corpus.documents() if without else ():
            if found := without.pop(document.doc_id, None):
                location, line = found
                if line.text_sha256 != document.text_sha256:
                    what = f"made for another text of {line.doc_id}"
                    raise InputError(what, where=location, remedy="leave the line out")
                yield self._convert_line(line, document, location)
        for location, line in without.values():
            what = f"no text, and no document {line.doc_id} in the corpus"
            raise InputError(what, where=location, remedy="give each line its text")

    def _convert_line(
        self, line: _ReferenceLine, document: Document, location: str
    ) -> ReferenceDocument:
        try:
            mentions = [
                _build_mention(number, each, document.text)
                for number, each in enumerate((*line.mentions, *line.spans))
            ]
            return self._build(document, mentions, line.interface)
        except SaysoError as error:
            where = f"{location} {error.where}".strip()
            remedy = error.remedy or "correct the line"
            raise type(error)(error.what, where=where, remedy=remedy) from error

    def _select_mentions(self, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
        """Return those to compare, in the schema's labels, each span and label once."""
        kept: dict[tuple[str, int, int], Mention] = {}
        for mention in mentions:
            label = self.label_map.get(mention.label, mention.label)
            key = (label, mention.start, mention.end)
            if label not in self.schema.labels or key in kept:
                known = DUPLICATE if key in kept else UNKNOWN_LABEL
                self.excluded[mention.label, known if label else EXCLUDED_BY_MAP] += 1
            else:
                kept[key] = msgspec.structs.replace(mention, label=label)
        return tuple(kept.values())


def _parse_line(raw: dict[str, Any], location: str) -> _ReferenceLine:
    try:
        return msgspec.convert(raw, _ReferenceLine)
    except msgspec.ValidationError as error:
        remedy = "give doc_id, text and spans or mentions"
        raise InputError(str(error), where=location, remedy=remedy) from error


def _build_document(line: _ReferenceLine) -> Document:
    text = line.text or ""
    return Document(
        doc_id=line.doc_id,
        language=line.language,
        license="unknown",
        source_name=line.doc_id,
        split="test",
        ingested="",
        text_sha256=sha256(text),
        text=text,
    )


def _build_mention(number: int, theirs: _ReferenceSpan, text: str) -> Mention:
    span = Span(theirs.start, theirs.end)
    return Mention(
        id=theirs.id or str(number),
        label=theirs.label,
        start=span.start,
        end=span.end,
        text=slice_text(span, text, theirs.text),
        attributes=theirs.attributes,
    )
