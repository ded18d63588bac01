"""Read lines of ``annotations/`` and ``gold/`` as one checked Arrow table.

No object is made for a mention.

Arrow's JSON reader is fast but says little when it refuses a line. When it refuses, or a required
field is missing, the lines are read again as typed records, whose errors name file and line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from sayso.dataset.arrays import BoolArray, encode_words, list_owners
from sayso.dataset.features import arrow_schema, attribute_columns, json_columns
from sayso.errors import InputError, SpanError
from sayso.files import open_file
from sayso.models import DECODE_ERRORS, Annotation, Gold, GoldAnswer, update_line
from sayso.schema.declarations import Attribute, Schema

_BLOCK_BYTES = 4 << 20
_CHECK = "run `sayso check`"
_RESTORE = "restore the line from git, or remove it"
_REQUIRED_FIELDS = ("doc_id", "text_sha256", "campaign", "schema_version")
_ANNOTATION_FIELDS = (
    *("interface", "annotator", "annotator_kind"),
    *("status", "created", "updated"),
)
_MENTION_FIELDS = ("id", "label", "start", "end", "text")
_RELATION_FIELDS = ("type", "head", "tail")
_ITEM_FIELDS = {
    "mentions": _MENTION_FIELDS,
    "relations": _RELATION_FIELDS,
    "declined": _MENTION_FIELDS,
    "declined_relations": _RELATION_FIELDS,
    "kept": ("reason",),
}
_CLOSED_FIELDS = {
    "annotator_kind": {"human", "program"},
    "annotator_role": {"annotator", "adjudicator"},
    "adjudicator_kind": {"human", "program"},
    "decided": {"unanimous", "majority", "adjudicated"},
    "status": {"submitted", "skipped"},
    "started_from": {"nothing", "prediction", "annotation"},
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a source, of which only the document is known.

    ``path`` is the file to name in an error. ``number`` counts from 1; 0 means unknown.
    """

    doc_id: str
    content: bytes
    path: Path
    number: int
    gold: bool

    @property
    def location(self) -> str:
        """``file:line``, for an error."""
        return f"{self.path}:{self.number or self._find_number()}"

    def _find_number(self) -> int:
        with open_file(self.path) as file:
            return next((n for n, line in enumerate(file, 1) if line == self.content), 0)


class AnnotationTable:
    """Annotations and gold read from lines: row ``n`` of ``table`` is from ``lines[n]``."""

    def __init__(self, lines: Sequence[SourceLine], schema: Schema) -> None:
        """Read and check ``lines``.

        Raises:
            InputError: a line is broken, or has what the schema does not declare.
        """
        self.lines = lines
        self._schema = schema
        self.table = self._read()
        self._check_passes()
        self._check_labels()
        self._check_attributes()
        self._check_answers()

    def raise_error(
        self, row: int, message: str, *, item: str = "", remedy: str, is_span_error: bool = False
    ) -> NoReturn:
        """Raise an error that names file, line and document of a row."""
        line = self.lines[row]
        where = f"{line.location} document {line.doc_id}{item and ' '}{item}"
        raise (SpanError if is_span_error else InputError)(message, where=where, remedy=remedy)

    def _read(self) -> pa.Table:
        schema = arrow_schema(json_columns(self._schema))
        if not self.lines:
            return schema.empty_table().combine_chunks()
        content = b"".join(map(_prepare_line, self.lines))
        block = max(_BLOCK_BYTES, 2 * max(len(line.content) for line in self.lines))
        try:
            table = pyarrow.json.read_json(
                io.BytesIO(content),
                read_options=pyarrow.json.ReadOptions(block_size=block),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=schema, unexpected_field_behavior="error"
                ),
            ).combine_chunks()
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            self._raise_first_error(str(error))
        if table.num_rows != len(self.lines):
            self._raise_first_error("more than one record on a line")
        if self._has_missing_fields(table) or _has_unknown_values(table):
            self._raise_first_error("a field is missing, null or outside its values")
        return table

    def _has_missing_fields(self, table: pa.Table) -> bool:
        gold = pa.array([line.gold for line in self.lines])
        parts = [  # selected before they are filtered, since mentions are costly to copy
            table.select(_REQUIRED_FIELDS),
            table.select(_ANNOTATION_FIELDS).filter(pc.invert(gold)),
            table.select(["adjudicated"]).filter(gold),
        ]
        if any(column.null_count for part in parts for column in part.columns):
            return True
        items = {name: _flatten_lists(table, name) for name in _ITEM_FIELDS}
        return any(
            items[name].null_count or any(items[name].field(each).null_count for each in fields)
            for name, fields in _ITEM_FIELDS.items()
        )

    def _raise_first_error(self, fallback: str) -> NoReturn:
        """Parse the lines one by one to find the broken one, and raise its error."""
        for row, line in enumerate(self.lines):
            try:
                record: Any = msgspec.json.decode(
                    line.content, type=Gold if line.gold else Annotation
                )
            except DECODE_ERRORS as error:
                raise InputError(str(error), where=line.location, remedy=_RESTORE) from error
            except SpanError as error:
                where = f"{line.location} {error.where}"
                raise SpanError(error.what, where=where, remedy=_RESTORE) from error
            self._check_record_attributes(row, record)
        raise InputError(fallback, where=str(self.lines[0].path), remedy=_CHECK)

    def _check_record_attributes(self, row: int, record: Annotation | Gold) -> None:
        for mention in record.mentions:
            label = self._schema.labels.get(mention.label)
            for name, value in mention.attributes.items():
                attribute = label.attributes.get(name) if label else None
                if attribute is None or not attribute.accepts(value):
                    self._raise_attribute_error(row, mention.id, mention.label, name, value)
        if isinstance(record, Annotation):
            answers = list(record.answers.items())
        else:
            if repeated := record.repeated_questions:
                self.raise_error(row, f"two answers to {repeated[0]!r}", remedy=_CHECK)
            answers = [
                (each.question, each.value) for each in (*record.answers, *record.declined_answers)
            ]
        for name, value in answers:
            if name not in self._schema.questions or not self._schema.questions[name].accepts(
                value
            ):
                self._raise_answer_error(row, name, value)

    def _raise_answer_error(self, row: int, question: str, value: object) -> NoReturn:
        message = f"the schema has no question {question!r} with the answer {value!r}"
        self.raise_error(row, message, remedy=_CHECK)

    def _raise_attribute_error(
        self, row: int, mention: str, label: str, name: str, value: object
    ) -> NoReturn:
        self.raise_error(
            row,
            f"the schema has no attribute {name!r} with the value {value!r} for label {label!r}",
            item=f"mention {mention}",
            remedy=_CHECK,
        )

    def _check_passes(self) -> None:
        for name in self.table["interface"].unique().drop_null().to_pylist():
            if name not in self._schema.interfaces:
                row = pc.index(self.table["interface"], name).as_py()
                self.raise_error(row, f"the schema has no pass {name!r}", remedy=_CHECK)

    def _check_labels(self) -> None:
        labels = _flatten_lists(self.table, "mentions").field("label")
        for label in labels.unique().to_pylist():
            if label not in self._schema.labels:
                row, mention = self._find_first_mention(pc.equal(labels, label))
                message = f"the schema has no label {label!r}"
                self.raise_error(row, message, item=f"mention {mention}", remedy=_CHECK)

    def _check_attributes(self) -> None:
        """Check that labels have the attributes, and attributes the values, of mentions."""
        mentions = _flatten_lists(self.table, "mentions")
        labels = mentions.field("label")
        for label, declared in self._schema.labels.items():
            numbers = np.flatnonzero(np.asarray(pc.equal(labels, label)))
            attributes = mentions.field("attributes").take(pa.array(numbers))
            for name in attribute_columns(self._schema):
                values = pc.struct_field(attributes, name)
                refused = _find_refused(declared.attributes.get(name), values)
                if refused.any():
                    first = int(np.argmax(refused))
                    row, mention = self._find_mention(int(numbers[first]))
                    self._raise_attribute_error(row, mention, label, name, values[first].as_py())

    def _check_answers(self) -> None:
        """Check the answers to questions about the document, also those that gold declined."""
        for name, question in self._schema.questions.items():
            given = pc.struct_field(self.table["answers"].combine_chunks(), name)
            rows = np.arange(len(given))
            lists = pc.struct_field(self.table["declined_answers"].combine_chunks(), name)
            for values, row in (
                (given, rows),
                (lists.flatten().field("value"), list_owners(lists)),
            ):
                refused = _find_refused(question, values)
                if refused.any():
                    first = int(np.argmax(refused))
                    self._raise_answer_error(int(row[first]), name, values[first].as_py())

    def _find_first_mention(self, mask: pa.Array) -> tuple[int, str]:
        """Return row and id of the first mention for which ``mask`` is true."""
        return self._find_mention(pc.index(mask, True).as_py())

    def _find_mention(self, number: int) -> tuple[int, str]:
        """Return row and id of a mention by its number among all."""
        lists = self.table["mentions"].combine_chunks()
        mention_id = lists.flatten().field("id")[number].as_py()
        return lists.value_parent_indices()[number].as_py(), mention_id


def _find_refused(attribute: Attribute | None, values: pa.Array) -> BoolArray:
    """Mark the values that an attribute does not allow; one that is not declared allows none."""
    given: BoolArray = np.asarray(values.is_valid())
    if attribute is None or not given.any():
        return given
    if attribute.kind == "choices":
        return given & _find_refused_lists(attribute, values)
    if not attribute.is_closed and attribute.kind != "date":
        return np.zeros(len(values), dtype=np.bool_)  # of its column's type is all that is asked
    accepted = [each for each in values.unique().to_pylist() if attribute.accepts(each)]
    allowed: BoolArray = np.asarray(pc.is_in(values, value_set=pa.array(accepted, pa.string())))
    return given & ~allowed


def _find_refused_lists(attribute: Attribute, values: pa.ListArray) -> BoolArray:
    """Mark lists that are empty, or not of distinct values of the schema in its order."""
    owner = list_owners(values)
    place = encode_words(values.flatten(), list(attribute.values))
    wrong = place < 0
    wrong[1:] |= (owner[1:] == owner[:-1]) & (place[1:] <= place[:-1])
    refused: BoolArray = np.bincount(owner, minlength=len(values)) == 0
    refused[owner[wrong]] = True
    return refused


def _flatten_lists(table: pa.Table, column: str) -> pa.StructArray:
    return table[column].combine_chunks().flatten()


def _has_unknown_values(table: pa.Table) -> bool:
    return any(
        set(table[column].unique().to_pylist()) - values - {None}
        for column, values in _CLOSED_FIELDS.items()
    )


def _prepare_line(line: SourceLine) -> bytes:
    """Return the updated line as its columns have it.

    Each kept item, which may be any JSON, is a string of JSON, and gold's answers are by question.
    """
    content = update_line(line.content)
    content = content if content.endswith(b"\n") else content + b"\n"
    has_answers = line.gold and b'answers"' in content
    if b'"kept"' not in content and not has_answers:
        return content
    try:
        record = msgspec.json.decode(content)
        for kept in record.get("kept", ()):
            if "item" in kept:
                kept["item"] = msgspec.json.encode(kept["item"], order="sorted").decode()
        if has_answers:
            record = _nest_answers(record)
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return b"[]\n"  # Arrow refuses it, and then the line is named
    except RecursionError as error:  # Arrow's own parser would crash
        raise InputError("nested without end", where=line.location, remedy=_RESTORE) from error
    return msgspec.json.encode(record) + b"\n"


def _nest_answers(record: dict[str, Any]) -> dict[str, Any]:
    """Return a line of gold with its answers, decisions and declined answers by question.

    Raises:
        ValidationError: an answer is broken.
        LookupError: there are two answers to one question.
    """
    given, declined = (
        msgspec.convert(record.pop(name, []), tuple[GoldAnswer, ...])
        for name in ("answers", "declined_answers")
    )
    answers = {each.question: each.value for each in given}
    if len(answers) < len(given):
        raise LookupError("two answers to one question")
    return {
        **record,
        "answers": answers,
        "answer_decisions": {
            each.question: {"decided": each.decided, "votes": each.votes} for each in given
        },
        "declined_answers": {
            question: [
                {"value": each.value, "decided": each.decided, "votes": each.votes}
                for each in declined
                if each.question == question
            ]
            for question in dict.fromkeys(each.question for each in declined)
        },
    }
