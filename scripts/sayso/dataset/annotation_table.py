"""Read lines of ``annotations/`` and ``gold/`` as one checked Arrow table.

No object is made for a mention.

Arrow's JSON reader is fast but says little when it refuses a line. When it refuses, or a required
field is missing, the lines are read again as typed records, whose errors name file and line.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from sayso.dataset.features import arrow_schema, attribute_columns, json_columns
from sayso.errors import InputError, SpanError
from sayso.files import open_file
from sayso.models import DECODE_ERRORS, Annotation, Gold, update_line
from sayso.schema.declarations import Schema

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
        """Check that labels have the attributes, and closed attributes the values, of mentions."""
        mentions = _flatten_lists(self.table, "mentions")
        labels, structs = mentions.field("label"), mentions.field("attributes")
        for name in attribute_columns(self._schema):
            values = pc.struct_field(structs, name)
            closed = any(
                name in label.attributes and label.attributes[name].is_closed
                for label in self._schema.labels.values()
            )
            for label, value in _find_label_value_pairs(labels, values, closed):
                attribute = self._schema.labels[label].attributes.get(name)
                if attribute is None or (attribute.is_closed and value not in attribute.values):
                    matches = pc.equal(values, value) if value is not None else values.is_valid()
                    row, mention = self._find_first_mention(
                        pc.and_(pc.equal(labels, label), matches)
                    )
                    self._raise_attribute_error(row, mention, label, name, value)

    def _find_first_mention(self, mask: pa.Array) -> tuple[int, str]:
        """Return row and id of the first mention for which ``mask`` is true."""
        index = pc.index(mask, True).as_py()
        lists = self.table["mentions"].combine_chunks()
        mention_id = lists.flatten().field("id")[index].as_py()
        return lists.value_parent_indices()[index].as_py(), mention_id


def _find_label_value_pairs(
    labels: pa.StringArray, values: pa.Array, closed: bool
) -> Iterator[tuple[str, str | None]]:
    """Yield each label that has a value: once for each value if ``closed``, else with None."""
    if values.null_count == len(values):
        return
    label = labels.dictionary_encode()
    codes = np.asarray(label.indices)[np.asarray(values.is_valid())]
    if not closed:
        yield from ((label.dictionary[int(code)].as_py(), None) for code in np.unique(codes))
        return
    value = values.drop_null().dictionary_encode()
    size = len(value.dictionary)
    for pair in np.flatnonzero(np.bincount(codes * size + np.asarray(value.indices))):
        yield (
            label.dictionary[int(pair) // size].as_py(),
            value.dictionary[int(pair) % size].as_py(),
        )


def _flatten_lists(table: pa.Table, column: str) -> pa.StructArray:
    return table[column].combine_chunks().flatten()


def _has_unknown_values(table: pa.Table) -> bool:
    return any(
        set(table[column].unique().to_pylist()) - values - {None}
        for column, values in _CLOSED_FIELDS.items()
    )


def _prepare_line(line: SourceLine) -> bytes:
    """Return the updated line with each kept item, which may be any JSON, as a string of JSON."""
    content = update_line(line.content)
    content = content if content.endswith(b"\n") else content + b"\n"
    if b'"kept"' not in content:
        return content
    try:
        record = msgspec.json.decode(content)
        for kept in record["kept"]:
            if "item" in kept:
                kept["item"] = msgspec.json.encode(kept["item"], order="sorted").decode()
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        return content  # Arrow refuses it too, and then the line is named
    except RecursionError as error:  # Arrow's own parser would crash
        raise InputError("nested without end", where=line.location, remedy=_RESTORE) from error
    return msgspec.json.encode(record) + b"\n"
