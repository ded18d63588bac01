"""Tables for a spreadsheet or pandas: a mention a row, a relation a row, a document a row.

Cells are as they are, line ends and all, quoted where they must be; an empty cell is an absent value. A column
``Label.attribute`` holds an attribute. Read them with ``keep_default_na=False``, or the word NA becomes a hole.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sayso.errors import UsageError
from sayso.formats.annotated_documents import (
    ALL_CONTENT,
    KEPT_PARTS,
    AnnotatedDocument,
    Losses,
    Vocabulary,
    drop_unheld,
    sort_document,
)
from sayso.formats.format_registry import ExportContent, ImportContext

_MENTION_COLUMNS = ("doc_id", "id", "label", "start", "end", "text")
_EXTRA_COLUMNS = ("flag", "note", "started_from", "decided", "votes")
_RELATION_COLUMNS = ("doc_id", "type", "head", "tail", "decided", "votes")
_METADATA_COLUMNS = (
    "title",
    "outlet",
    "url",
    "published",
    "language",
    "license",
    "source_name",
    "split",
    "ingested",
    "text_sha256",
    "campaign",
    "interface",
    "annotator",
    "annotator_kind",
    "schema_version",
    "guidelines_version",
    "status",
    "created",
    "updated",
    "lead_time_seconds",
    "started_from",
    "text_read",
    "origin",
    "adjudicated",
    "adjudicator",
    "annotators",
)


class CsvFormat:
    """Everything but what was kept apart, which has no columns."""

    suffix = ""
    holds_everything = False
    needs_vocabulary = True

    def fit(self, annotated: AnnotatedDocument, losses: Losses) -> AnnotatedDocument:
        """All but what was kept apart."""
        return sort_document(drop_unheld(annotated, ALL_CONTENT - {KEPT_PARTS}, losses))

    def write(self, target: Path, content: ExportContent) -> None:
        """The three tables."""
        attributes = _attribute_columns(content.vocabulary)
        with ExitStack() as files:
            mentions = _open_table(
                files, target / "mentions.csv", (*_MENTION_COLUMNS, *attributes, *_EXTRA_COLUMNS)
            )
            relations = _open_table(files, target / "relations.csv", _RELATION_COLUMNS)
            documents = _open_table(
                files, target / "documents.csv", ("doc_id", "text", "note", *_METADATA_COLUMNS)
            )
            for reading in content.documents:
                mentions.writerows(_mention_rows(reading, attributes))
                relations.writerows(
                    (reading.doc_id, r.type, r.head, r.tail, r.decided, " ".join(r.votes))
                    for r in reading.relations
                )
                documents.writerow(
                    (
                        reading.doc_id,
                        reading.text,
                        reading.note,
                        *map(reading.about.get, _METADATA_COLUMNS),
                    )
                )

    def read(self, path: Path, context: ImportContext) -> Iterator[AnnotatedDocument]:
        """Not offered: a spreadsheet turns words into numbers and dates before it gives them back.

        Raises:
            UsageError: always.
        """
        raise UsageError("csv goes out only", remedy="bring readings in as jsonl")


def _open_table(files: ExitStack, path: Path, header: Iterable[str]) -> Any:
    writer = csv.writer(
        files.enter_context(path.open("w", encoding="utf-8", newline="")), lineterminator="\n"
    )
    writer.writerow(header)
    return writer


def _attribute_columns(words: Vocabulary) -> list[str]:
    return [f"{label}.{name}" for label in words.labels for name in sorted(words.attributes[label])]


def _mention_rows(reading: AnnotatedDocument, columns: list[str]) -> Iterator[tuple[object, ...]]:
    for m in reading.mentions:
        values = {f"{m.label}.{name}": value for name, value in m.attributes.items()}
        extra = (m.flag, m.note, m.started_from, m.decided, " ".join(m.votes))
        yield (
            reading.doc_id,
            m.id,
            m.label,
            m.start,
            m.end,
            m.text,
            *map(values.get, columns),
            *extra,
        )


FORMAT = CsvFormat()
