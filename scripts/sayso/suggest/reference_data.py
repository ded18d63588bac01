"""What predictions are measured against: gold, or a file, ours or somebody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from sayso import jsonl, spans
from sayso.corpus.old_items import AnnotationFilter, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SaysoError
from sayso.files import convert_os_errors
from sayso.models import Annotation, AttributeValue, Document, Gold, Mention, sha256
from sayso.schema.declarations import Schema

DUPLICATE = "stands twice"
UNKNOWN_LABEL = "has no label of the schema, by --map or by itself"
EXCLUDED_BY_MAP = "is left out by --map"


class _ReferenceSpan(Struct, frozen=True):
    """A mention of somebody's file; whatever else it holds is passed over."""

    label: str
    start: int
    end: int
    id: str = ""
    text: str | None = None
    attributes: dict[str, AttributeValue] = {}


class _ReferenceLine(Struct, frozen=True):
    """A document of somebody's file, with its text, or with the hash of a text that the corpus has."""

    doc_id: str
    text: str | None = None
    text_sha256: str | None = None
    language: str = "en"
    mentions: tuple[_ReferenceSpan, ...] = ()
    spans: tuple[_ReferenceSpan, ...] = ()
    interface: str | None = None
    status: str = ""


class ReferenceDocument(NamedTuple):
    """A document, the mentions that are held to be right, and the labels that anybody looked for."""

    document: Document
    mentions: tuple[Mention, ...]
    labels_sought: frozenset[str]


@dataclass
class Reference:
    """Documents with the mentions that are held to be right.

    Attributes:
        renamed: labels of a file, by the schema's; an empty one is left out.
        told: for people, what it is.
        left_out: mentions that are not compared, by label and reason, counted as they are read.
    """

    corpus: CorpusFiles
    schema: Schema
    file: Path | None = None
    campaign: str | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def description(self) -> str:
        """What it is, for people."""
        return str(self.file) if self.file else "gold"

    def __iter__(self) -> Iterator[ReferenceDocument]:
        """Documents with their mentions, lazily.

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
        choice = AnnotationFilter(
            frozenset({self.campaign} if self.campaign else ()), gold_only=True
        )
        for document, readings in iterate_items(self.corpus, choice):
            if readings:
                yield max(
                    (self._convert_gold(document, reading.record) for reading in readings),
                    key=_coverage,
                )

    def _convert_gold(self, document: Document, record: Annotation | Gold) -> ReferenceDocument:
        return ReferenceDocument(
            document, self._select_mentions(record.mentions), self._labels_of_pass(record.interface)
        )

    def _labels_of_pass(self, interface: str | None) -> frozenset[str]:
        """What the pass shows; all that there is where it is not known."""
        known = interface is not None and interface in self.schema.interfaces
        return frozenset(
            self.schema.labels_of_pass(interface) if known and interface else self.schema.labels
        )

    def _read_file(self, path: Path) -> Iterator[ReferenceDocument]:
        """Lines with a text as they come; the texts of the others are looked up in the corpus, in its order."""
        without: dict[str, tuple[str, _ReferenceLine]] = {}
        with convert_os_errors(path), path.open("rb") as file:
            for number, raw in jsonl.read_objects(file, str(path)):
                where = f"{path}:{number}"
                line = _parse_line(raw, where)
                if line.text is not None:
                    yield self._convert_line(line, _build_document(line), where)
                elif line.status != "skipped":
                    without[line.doc_id] = (where, line)
        for document in self.corpus.documents() if without else ():
            if found := without.pop(document.doc_id, None):
                where, line = found
                if line.text_sha256 != document.text_sha256:
                    raise InputError(
                        f"made for another text of {line.doc_id}",
                        where=where,
                        remedy="leave the line out",
                    )
                yield self._convert_line(line, document, where)
        for where, line in without.values():
            raise InputError(
                f"no text, and no document {line.doc_id} in the corpus",
                where=where,
                remedy="give each line its text",
            )

    def _convert_line(
        self, line: _ReferenceLine, document: Document, where: str
    ) -> ReferenceDocument:
        found = [*line.mentions, *line.spans]
        try:
            mentions = self._select_mentions(
                [_build_mention(n, one, document.text) for n, one in enumerate(found)]
            )
            return ReferenceDocument(document, mentions, self._labels_of_pass(line.interface))
        except SaysoError as error:
            place = f"{where} {error.where}".strip()
            raise type(error)(
                error.what, where=place, remedy=error.remedy or "mend the line"
            ) from error

    def _select_mentions(
        self, mentions: tuple[Mention, ...] | list[Mention]
    ) -> tuple[Mention, ...]:
        """Those that are compared, in the schema's words, each place and label once."""
        kept: dict[tuple[str, int, int], Mention] = {}
        for mention in mentions:
            label = self.label_map.get(mention.label, mention.label)
            if not label or label not in self.schema.labels:
                self.excluded[mention.label, UNKNOWN_LABEL if label else EXCLUDED_BY_MAP] += 1
            elif (label, mention.start, mention.end) in kept:
                self.excluded[mention.label, DUPLICATE] += 1
            else:
                kept[label, mention.start, mention.end] = msgspec.structs.replace(
                    mention, label=label
                )
        return tuple(kept.values())


def _coverage(right: ReferenceDocument) -> tuple[int, int]:
    return len(right.labels_sought), len(right.mentions)


def _parse_line(raw: dict[str, Any], where: str) -> _ReferenceLine:
    try:
        return msgspec.convert(raw, _ReferenceLine)
    except msgspec.ValidationError as error:
        raise InputError(
            str(error), where=where, remedy="give doc_id, text and spans or mentions"
        ) from error


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


def _build_mention(number: int, one: _ReferenceSpan, text: str) -> Mention:
    span = spans.Span(one.start, one.end)
    words = spans.slice_text(span, text, one.text)
    return Mention(
        id=one.id or str(number),
        label=one.label,
        start=span.start,
        end=span.end,
        text=words,
        attributes=one.attributes,
    )


def parse_reference_map(pairs: tuple[str, ...], schema: Schema) -> dict[str, str]:
    """Labels of somebody's file by ``THEIRS=OURS``; an empty OURS leaves theirs out.

    Raises:
        InputError: it is not of that form, or OURS is no label of the schema.
    """
    found: dict[str, str] = {}
    for one in pairs:
        theirs, equals, ours = one.partition("=")
        if not theirs or not equals or (ours and ours not in schema.labels):
            raise InputError(
                f"--map {one}",
                remedy=f"write THEIRS=OURS, OURS one of {', '.join(schema.labels)} or nothing",
            )
        found[theirs] = ours
    return found
