"""Lines of ``annotations/`` and ``gold/`` → one checked Arrow table, without an object for each mention.

The JSON reader of Arrow is fast and says little when it refuses. So it reads; what it refuses, or what lacks a field
that must be there, is read again as typed records, and their error names file and line.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from sayso.dataset import features
from sayso.errors import InputError, SpanError
from sayso.models import Annotation, Gold
from sayso.schema.declarations import Schema

_BLOCK_BYTES = 4 << 20
_RESTORE = "restore the line from git, or remove it"
_REQUIRED_FIELDS = ("doc_id", "text_sha256", "campaign", "schema_version")
_ANNOTATION_FIELDS = ("interface", "annotator", "annotator_kind", "status", "created", "updated")
_MENTION_FIELDS, _RELATION_FIELDS = (
    ("id", "label", "start", "end", "text"),
    ("type", "head", "tail"),
)
_ITEM_FIELDS = {
    "mentions": _MENTION_FIELDS,
    "relations": _RELATION_FIELDS,
    "declined": _MENTION_FIELDS,
    "declined_relations": _RELATION_FIELDS,
    "kept": ("reason",),
}
_CLOSED_FIELDS = {
    "annotator_kind": {"human", "program", "adjudicator"},
    "status": {"submitted", "skipped"},
    "started_from": {"nothing", "prediction", "annotation"},
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a source, unread but for its document.

    ``path`` is the file to name in an error; ``number`` counts from 1, and 0 means that it must be looked for.
    """

    doc_id: str
    content: bytes
    path: Path
    number: int
    gold: bool

    @property
    def location(self) -> str:
        """File and line, for an error."""
        return f"{self.path}:{self.number or _find_line_number(self.path, self.content)}"


def _find_line_number(path: Path, content: bytes) -> int:
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if line == content), 0)


class AnnotationTable:
    """Answers read from lines, each with the line that it came from."""

    def __init__(self, lines: Sequence[SourceLine], schema: Schema) -> None:
        """Read and check ``lines``.

        Raises:
            InputError: a line is broken, or holds what the schema does not declare; names file and line.
        """
        self.lines = lines
        self._schema = schema
        self.table = self._read()
        self._check_passes()
        self._check_labels()
        self._check_attributes()

    def raise_error(
        self, row: int, message: str, *, item: str = "", remedy: str, is_span_error: bool = False
    ) -> NoReturn:
        """Raise with file, line and document of an answer."""
        line = self.lines[row]
        where = f"{line.location} document {line.doc_id}{item and ' '}{item}"
        raise (SpanError if is_span_error else InputError)(message, where=where, remedy=remedy)

    def _read(self) -> pa.Table:
        expected = features.arrow_schema(features.json_columns(self._schema))
        content = b"".join(_encode_kept_items(line) for line in self.lines)
        block = max(_BLOCK_BYTES, 2 * max((len(line.content) for line in self.lines), default=0))
        try:
            table = (
                pyarrow.json.read_json(
                    io.BytesIO(content),
                    read_options=pyarrow.json.ReadOptions(block_size=block),
                    parse_options=pyarrow.json.ParseOptions(
                        explicit_schema=expected, unexpected_field_behavior="error"
                    ),
                )
                if self.lines
                else expected.empty_table()
            )
            table = table.combine_chunks()
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            self._raise_first_error(str(error))
        if table.num_rows != len(self.lines):
            self._raise_first_error("more than one record on a line")
        if _has_missing_fields(table, [line.gold for line in self.lines]) or _has_unknown_values(
            table
        ):
            self._raise_first_error("a field is missing, null or outside its values")
        return table

    def _raise_first_error(self, fallback: str) -> NoReturn:
        """Read one by one to find the line that is wrong, and raise."""
        for row, line in enumerate(self.lines):
            try:
                record: Any = msgspec.json.decode(
                    line.content, type=Gold if line.gold else Annotation
                )
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InputError(str(error), where=line.location, remedy=_RESTORE) from error
            except SpanError as error:
                raise SpanError(
                    error.what, where=f"{line.location} {error.where}", remedy=_RESTORE
                ) from error
            self._check_record_attributes(row, record)
        raise InputError(fallback, where=str(self.lines[0].path), remedy="run `sayso check`")

    def _check_record_attributes(self, row: int, record: Annotation | Gold) -> None:
        for mention in record.mentions:
            declared = self._schema.labels.get(mention.label)
            for name, value in mention.attributes.items():
                attribute = declared.attributes.get(name) if declared else None
                if attribute is None or (attribute.kind == "integer") != isinstance(value, int):
                    self._raise_attribute_error(row, mention.id, mention.label, name, value)

    def _raise_attribute_error(
        self, row: int, mention: str, label: str, name: str, value: object
    ) -> NoReturn:
        what = f"the schema knows no attribute {name!r} with the value {value!r} of a mention labelled {label!r}"
        self.raise_error(row, what, item=f"mention {mention}", remedy="run `sayso check`")

    def _check_passes(self) -> None:
        for name in self.table["interface"].unique().drop_null().to_pylist():
            if name not in self._schema.interfaces:
                row = pc.index(self.table["interface"], name).as_py()
                self.raise_error(
                    row, f"the schema knows no interface {name!r}", remedy="run `sayso check`"
                )

    def _check_labels(self) -> None:
        labels = _flatten_lists(self.table, "mentions").field("label")
        for label in labels.unique().to_pylist():
            if label not in self._schema.labels:
                row, mention = self._find_first_mention(pc.equal(labels, label))
                self.raise_error(
                    row,
                    f"the schema knows no label {label!r}",
                    item=f"mention {mention}",
                    remedy="run `sayso check`",
                )

    def _check_attributes(self) -> None:
        """Closed values are closed, and no mention carries an attribute that its label does not have."""
        mentions = _flatten_lists(self.table, "mentions")
        labels, held = mentions.field("label"), mentions.field("attributes")
        for name in features.attribute_columns(self._schema):
            values = pc.struct_field(held, name)
            for label, value in _find_label_value_pairs(
                labels, values, _is_closed(self._schema, name)
            ):
                attribute = self._schema.labels[label].attributes.get(name)
                if attribute is None or (attribute.is_closed and value not in attribute.values):
                    here = pc.equal(values, value) if value is not None else values.is_valid()
                    row, mention = self._find_first_mention(pc.and_(pc.equal(labels, label), here))
                    self._raise_attribute_error(row, mention, label, name, value)

    def _find_first_mention(self, mask: pa.Array) -> tuple[int, str]:
        """Row and id of the first mention that ``mask`` marks."""
        place = pc.index(mask, True).as_py()
        lists = self.table["mentions"].combine_chunks()
        return lists.value_parent_indices()[place].as_py(), lists.flatten().field("id")[
            place
        ].as_py()


def _find_label_value_pairs(
    labels: pa.StringArray, values: pa.Array, closed: bool
) -> Iterator[tuple[str, str | None]]:
    """Each label that has a value, with each of its values; with None for them all unless the values are ``closed``."""
    if values.null_count == len(values):
        return
    label = labels.dictionary_encode()
    number = np.asarray(label.indices)[np.asarray(values.is_valid())]
    if not closed:
        yield from ((label.dictionary[int(each)].as_py(), None) for each in np.unique(number))
        return
    value = values.drop_null().dictionary_encode()
    size = len(value.dictionary)
    for pair in np.flatnonzero(np.bincount(number * size + np.asarray(value.indices))):
        yield (
            label.dictionary[int(pair) // size].as_py(),
            value.dictionary[int(pair) % size].as_py(),
        )


def _is_closed(schema: Schema, name: str) -> bool:
    return any(
        name in label.attributes and label.attributes[name].is_closed
        for label in schema.labels.values()
    )


def _flatten_lists(table: pa.Table, column: str) -> pa.StructArray:
    return table[column].combine_chunks().flatten()


def _has_missing_fields(table: pa.Table, gold: Sequence[bool]) -> bool:
    """Whether a field that must be there is null somewhere."""
    wanted = [
        name
        for name in (*_REQUIRED_FIELDS, *(() if any(gold) else _ANNOTATION_FIELDS))
        if table[name].null_count
    ]
    if any(gold):
        plain = table.filter(pa.array([not each for each in gold]))
        decided = table.filter(pa.array(gold))
        wanted += [name for name in _ANNOTATION_FIELDS if plain[name].null_count]
        wanted += ["adjudicated"] if decided["adjudicated"].null_count else []
    for column, fields in _ITEM_FIELDS.items():
        items = _flatten_lists(table, column)
        wanted += (
            [column]
            if items.null_count
            else [name for name in fields if items.field(name).null_count]
        )
    return bool(wanted)


def _has_unknown_values(table: pa.Table) -> bool:
    return any(
        set(table[column].unique().to_pylist()) - words - {None}
        for column, words in _CLOSED_FIELDS.items()
    )


def _encode_kept_items(line: SourceLine) -> bytes:
    """The line with each kept item, which may be any JSON, as a string that holds it."""
    content = line.content if line.content.endswith(b"\n") else line.content + b"\n"
    if b'"kept"' not in content:
        return content
    try:
        record = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content  # the reader will refuse it too, and then the line is named
    for item in _iterate_objects(record.get("kept")) if isinstance(record, dict) else ():
        if "item" in item:
            item["item"] = msgspec.json.encode(item["item"], order="sorted").decode()
    return msgspec.json.encode(record) + b"\n"


def _iterate_objects(value: object) -> Iterable[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
