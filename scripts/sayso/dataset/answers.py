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
from sayso.records import Annotation, Gold
from sayso.schema import Schema

_BLOCK = 4 << 20
_RESTORE = "restore the line from git, or remove it"
_ALWAYS = ("doc_id", "text_sha256", "campaign", "schema_version")
_OF_ANNOTATIONS = ("interface", "annotator", "annotator_kind", "status", "created", "updated")
_MARKED, _DRAWN = ("id", "label", "start", "end", "text"), ("type", "head", "tail")
_OF_ITEMS = {"mentions": _MARKED, "relations": _DRAWN, "declined": _MARKED, "declined_relations": _DRAWN,
             "kept": ("reason",)}  # fmt: skip
_CLOSED = {"annotator_kind": {"human", "program", "adjudicator"}, "status": {"submitted", "skipped"},
           "started_from": {"nothing", "prediction", "annotation"}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a source, unread but for its document.

    ``path`` is the file to name in an error; ``number`` counts from 1, and 0 means that it must be looked for.
    """

    doc_id: str
    content: bytes
    path: Path
    number: int
    gold: bool

    @property
    def where(self) -> str:
        """File and line, for an error."""
        return f"{self.path}:{self.number or _line_number(self.path, self.content)}"


def _line_number(path: Path, content: bytes) -> int:
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if line == content), 0)


class Answers:
    """Answers read from lines, each with the line that it came from."""

    def __init__(self, lines: Sequence[Line], schema: Schema) -> None:
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

    def refuse(self, row: int, what: str, *, place: str = "", remedy: str, span: bool = False) -> NoReturn:
        """Raise with file, line and document of an answer."""
        line = self.lines[row]
        where = f"{line.where} document {line.doc_id}{place and ' '}{place}"
        raise (SpanError if span else InputError)(what, where=where, remedy=remedy)

    def _read(self) -> pa.Table:
        expected = features.arrow_schema(features.received(self._schema))
        content = b"".join(_with_kept_as_text(line) for line in self.lines)
        block = max(_BLOCK, 2 * max((len(line.content) for line in self.lines), default=0))
        try:
            table = pyarrow.json.read_json(
                io.BytesIO(content),
                read_options=pyarrow.json.ReadOptions(block_size=block),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=expected, unexpected_field_behavior="error"
                ),
            ) if self.lines else expected.empty_table()  # fmt: skip
            table = table.combine_chunks()
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            self._explain(str(error))
        if table.num_rows != len(self.lines):
            self._explain("more than one record on a line")
        if _incomplete(table, [line.gold for line in self.lines]) or _unknown_words(table):
            self._explain("a field is missing, null or outside its values")
        return table

    def _explain(self, fallback: str) -> NoReturn:
        """Read one by one to find the line that is wrong, and raise."""
        for row, line in enumerate(self.lines):
            try:
                record: Any = msgspec.json.decode(line.content, type=Gold if line.gold else Annotation)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InputError(str(error), where=line.where, remedy=_RESTORE) from error
            except SpanError as error:
                raise SpanError(error.what, where=f"{line.where} {error.where}", remedy=_RESTORE) from error
            self._check_record(row, record)
        raise InputError(fallback, where=str(self.lines[0].path), remedy="run `sayso check`")

    def _check_record(self, row: int, record: Annotation | Gold) -> None:
        for mention in record.mentions:
            declared = self._schema.labels.get(mention.label)
            for name, value in mention.attributes.items():
                attribute = declared.attributes.get(name) if declared else None
                if attribute is None or (attribute.kind == "integer") != isinstance(value, int):
                    self._refuse_attribute(row, mention.id, mention.label, name, value)

    def _refuse_attribute(self, row: int, mention: str, label: str, name: str, value: object) -> NoReturn:
        what = f"the schema knows no attribute {name!r} with the value {value!r} of a mention labelled {label!r}"
        self.refuse(row, what, place=f"mention {mention}", remedy="run `sayso check`")

    def _check_passes(self) -> None:
        for name in self.table["interface"].unique().drop_null().to_pylist():
            if name not in self._schema.interfaces:
                row = pc.index(self.table["interface"], name).as_py()
                self.refuse(row, f"the schema knows no interface {name!r}", remedy="run `sayso check`")

    def _check_labels(self) -> None:
        labels = _items(self.table, "mentions").field("label")
        for label in labels.unique().to_pylist():
            if label not in self._schema.labels:
                row, mention = self._first(pc.equal(labels, label))
                self.refuse(
                    row, f"the schema knows no label {label!r}", place=f"mention {mention}", remedy="run `sayso check`"
                )

    def _check_attributes(self) -> None:
        """Closed values are closed, and no mention carries an attribute that its label does not have."""
        mentions = _items(self.table, "mentions")
        labels, held = mentions.field("label"), mentions.field("attributes")
        for name in features.attributes(self._schema):
            values = pc.struct_field(held, name)
            for label, value in _pairs(labels, values, _closed(self._schema, name)):
                attribute = self._schema.labels[label].attributes.get(name)
                if attribute is None or (attribute.closed and value not in attribute.values):
                    here = pc.equal(values, value) if value is not None else values.is_valid()
                    row, mention = self._first(pc.and_(pc.equal(labels, label), here))
                    self._refuse_attribute(row, mention, label, name, value)

    def _first(self, mask: pa.Array) -> tuple[int, str]:
        """Row and id of the first mention that ``mask`` marks."""
        place = pc.index(mask, True).as_py()
        lists = self.table["mentions"].combine_chunks()
        return lists.value_parent_indices()[place].as_py(), lists.flatten().field("id")[place].as_py()


def _pairs(labels: pa.StringArray, values: pa.Array, closed: bool) -> Iterator[tuple[str, str | None]]:
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
        yield label.dictionary[int(pair) // size].as_py(), value.dictionary[int(pair) % size].as_py()


def _closed(schema: Schema, name: str) -> bool:
    return any(name in label.attributes and label.attributes[name].closed for label in schema.labels.values())


def _items(table: pa.Table, column: str) -> pa.StructArray:
    return table[column].combine_chunks().flatten()


def _incomplete(table: pa.Table, gold: Sequence[bool]) -> bool:
    """Whether a field that must be there is null somewhere."""
    wanted = [name for name in (*_ALWAYS, *(() if any(gold) else _OF_ANNOTATIONS)) if table[name].null_count]
    if any(gold):
        plain = table.filter(pa.array([not each for each in gold]))
        decided = table.filter(pa.array(gold))
        wanted += [name for name in _OF_ANNOTATIONS if plain[name].null_count]
        wanted += ["adjudicated"] if decided["adjudicated"].null_count else []
    for column, fields in _OF_ITEMS.items():
        items = _items(table, column)
        wanted += [column] if items.null_count else [name for name in fields if items.field(name).null_count]
    return bool(wanted)


def _unknown_words(table: pa.Table) -> bool:
    return any(
        set(table[column].unique().to_pylist()) - words - {None} for column, words in _CLOSED.items()
    )  # fmt: skip


def _with_kept_as_text(line: Line) -> bytes:
    """The line with each kept item, which may be any JSON, as a string that holds it."""
    content = line.content if line.content.endswith(b"\n") else line.content + b"\n"
    if b'"kept"' not in content:
        return content
    try:
        record = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content  # the reader will refuse it too, and then the line is named
    for item in _objects(record.get("kept")) if isinstance(record, dict) else ():
        if "item" in item:
            item["item"] = msgspec.json.encode(item["item"], order="sorted").decode()
    return msgspec.json.encode(record) + b"\n"


def _objects(value: object) -> Iterable[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
