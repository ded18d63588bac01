"""Tables for a spreadsheet or pandas: a row for each mention, relation, answer and document.

Cells are as they are, line ends and all, quoted where they must be, but for one thing: a text that
a spreadsheet would run as a formula has an apostrophe before it (`sayso.escaping.escape_formula`),
which ``restore_formula`` takes away again. An empty cell is an absent value. A column
``Label.attribute`` holds an attribute; several values have commas between them. Read them with
``keep_default_na=False``, or the word NA becomes a hole. They only go out: a spreadsheet turns
words into numbers and dates before it gives them back.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sayso.escaping import escape_formula
from sayso.formats.annotated_documents import METADATA_FIELDS, AnnotatedDocument, ExportContent
from sayso.models import AttributeValue, format_value

_MENTION_COLUMNS = ("doc_id", "id", "label", "start", "end", "text")
_EXTRA_COLUMNS = ("flag", "note", "started_from", "decided", "votes", "amended")
_ANSWER_COLUMNS = ("doc_id", "question", "value", "decided", "votes")
_RELATION_COLUMNS = ("doc_id", "type", "head", "tail", "decided", "votes")


def write(target: Path, content: ExportContent) -> None:
    """Write the tables into a folder."""
    attributes = [
        f"{label}.{name}"
        for label in content.vocabulary.labels
        for name in sorted(content.vocabulary.attributes[label])
    ]
    with ExitStack() as files:
        mentions = CsvTable(
            files, target / "mentions.csv", (*_MENTION_COLUMNS, *attributes, *_EXTRA_COLUMNS)
        )
        relations = CsvTable(files, target / "relations.csv", _RELATION_COLUMNS)
        answers = CsvTable(files, target / "answers.csv", _ANSWER_COLUMNS)
        texts = CsvTable(
            files, target / "documents.csv", ("doc_id", "text", "note", *METADATA_FIELDS)
        )
        for each in content.documents:
            mentions.writerows(_mention_rows(each, attributes))
            relations.writerows(
                (each.doc_id, r.type, r.head, r.tail, r.decided, " ".join(r.votes))
                for r in each.relations
            )
            answers.writerows(
                (each.doc_id, a.question, _cell(a.value), a.decided, " ".join(a.votes))
                for a in each.answers
            )
            about = map(each.about.get, METADATA_FIELDS)
            texts.writerows([(each.doc_id, each.text, each.note, *about)])


class CsvTable:
    """A CSV file whose cells no spreadsheet runs as formulas."""

    def __init__(self, files: ExitStack, path: Path, header: Iterable[str]) -> None:
        file = files.enter_context(path.open("w", encoding="utf-8", newline=""))
        self._writer = csv.writer(file, lineterminator="\n")
        self.writerows([header])

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write rows, formulas in them escaped."""
        self._writer.writerows(map(escape_formula, row) for row in rows)


def _cell(value: AttributeValue) -> object:
    return format_value(value) if isinstance(value, bool | tuple) else value


def _mention_rows(
    annotated: AnnotatedDocument, attributes: list[str]
) -> Iterator[tuple[object, ...]]:
    for m in annotated.mentions:
        values = {f"{m.label}.{name}": _cell(value) for name, value in m.attributes.items()}
        names = (" ".join(m.votes), " ".join(m.amended))
        extra = (m.flag, m.note, m.started_from, m.decided, *names)
        yield (
            annotated.doc_id,
            m.id,
            m.label,
            m.start,
            m.end,
            m.text,
            *map(values.get, attributes),
            *extra,
        )
