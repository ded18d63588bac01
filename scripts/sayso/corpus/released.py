"""Documents and annotations out of built data: a release folder or a loaded dataset.

Rows become the records that a checkout's JSON Lines hold, so that everything above reads both
alike. Where a licence withheld a text, the document's text is empty and the words of a mention are
as many `WITHHELD` characters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.views import CorpusVocabulary
from sayso.errors import InputError
from sayso.files import convert_os_errors, list_files
from sayso.models import Annotation, Document, Gold

AnnotationOrGoldT = TypeVar("AnnotationOrGoldT", Annotation, Gold)
Row = dict[str, Any]
Rows = Callable[[], Iterator[Row]]
WITHHELD = "\N{FULL BLOCK}"
_ROWS = 128


class BuiltCorpus:
    """Built data as items. Rows come in order of doc_id.

    Attributes:
        vocabulary: the names that occur in the data.
    """

    def __init__(
        self, documents: Rows, records: Rows, vocabulary: Callable[[], CorpusVocabulary]
    ) -> None:
        self._documents = documents
        self._records = records
        self.find_vocabulary = vocabulary

    def items(self, chosen: AnnotationFilter) -> Iterator[Item]:
        """Yield every document with the records that the filter accepts, lazily.

        Raises:
            InputError: a row is not a record.
        """
        records = groupby(self._records(), key=itemgetter("doc_id"))
        doc_id, rows = next(records, ("", iter(())))
        for _doc_id, same in groupby(self._documents(), key=itemgetter("doc_id")):
            document = _read_document(next(same))
            mine: list[Annotation | Gold] = []
            while doc_id and doc_id <= document.doc_id:
                mine += filter(chosen.accepts, _read_records(rows))
                doc_id, rows = next(records, ("", iter(())))
            if not chosen.documents or document.doc_id in chosen.documents:
                gold = tuple(each for each in mine if isinstance(each, Gold))
                yield Item(
                    document, gold, tuple(each for each in mine if isinstance(each, Annotation))
                )


def open_release(folder: Path) -> BuiltCorpus:
    """Return the built data of a folder that holds ``data/<configuration>/*.parquet``.

    Raises:
        InputError: the data of articles is missing.
    """
    files = {
        name: list_files(folder / "data" / name, "*.parquet")
        for name in ("articles", "gold", "annotations")
    }
    if not files["articles"]:
        raise InputError(
            "no data/articles/*.parquet here",
            where=str(folder),
            remedy="name a checkout or a release folder",
        )
    recorded = [*files["gold"], *files["annotations"]]
    return BuiltCorpus(
        partial(_read_files, files["articles"]),
        partial(_read_files, recorded),
        partial(_names_in_files, recorded),
    )


def open_dataset(loaded: Any) -> BuiltCorpus:
    """Return a loaded ``DatasetDict``: configuration ``gold``, ``annotations`` or ``articles``.

    ``annotations`` alone has no texts, so its documents have none.

    Raises:
        InputError: it is of another configuration.
    """
    splits = list(loaded.values()) if hasattr(loaded, "values") else [loaded]
    columns = set(splits[0].column_names) if splits else set()
    rows = partial(_read_splits, splits)
    if not {"doc_id", "text_sha256"} <= columns:
        raise InputError(
            f"no documents in the columns {', '.join(sorted(columns))}",
            remedy='load the configuration "gold" or "annotations"',
        )
    records: Rows = rows if "mentions" in columns else partial(iter, ())
    return BuiltCorpus(rows, records, partial(_names_in_splits, splits))


def _read_files(paths: Iterable[Path]) -> Iterator[Row]:
    return heapq.merge(*map(_read_file, paths), key=itemgetter("doc_id"))


def _read_file(path: Path) -> Iterator[Row]:
    import pyarrow.parquet as pq  # a tenth of a second that a checkout does not need

    with convert_os_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            yield from batch.to_pylist()


def _read_splits(splits: Iterable[Any]) -> Iterator[Row]:
    def read(split: Any) -> Iterator[Row]:
        doc_ids = list(split["doc_id"])
        yield from (split[at] for at in sorted(range(len(doc_ids)), key=doc_ids.__getitem__))

    return heapq.merge(*map(read, splits), key=itemgetter("doc_id"))


def _names_in_files(paths: Iterable[Path]) -> CorpusVocabulary:
    import pyarrow.parquet as pq

    names = _Names()
    for path in paths:
        with convert_os_errors(path), pq.ParquetFile(path) as file:
            names.attributes.update(_attribute_names(file.schema_arrow.field("mentions").type))
            for batch in file.iter_batches(
                columns=["mentions.list.element.label", "relations.list.element.type"]
            ):
                names.add(batch)
    return names.vocabulary()


def _names_in_splits(splits: Iterable[Any]) -> CorpusVocabulary:
    names = _Names()
    for split in splits:
        table = split.data.table
        if "mentions" in table.column_names:
            names.attributes.update(_attribute_names(table.schema.field("mentions").type))
            names.add(table)
    return names.vocabulary()


class _Names:
    """Names as they occur. Data does not tell which attribute belongs to which label."""

    def __init__(self) -> None:
        self.labels: set[str] = set()
        self.attributes: set[str] = set()
        self.relations: set[str] = set()

    def add(self, table: Any) -> None:
        """Add the labels and relations of an Arrow table or batch."""
        import pyarrow.compute as pc

        for column, field, names in (
            ("mentions", "label", self.labels),
            ("relations", "type", self.relations),
        ):
            found = pc.struct_field(
                pc.list_flatten(table.column(column)), [_index_of(table, column, field)]
            )
            names.update(pc.unique(found.cast("string")).to_pylist())

    def vocabulary(self) -> CorpusVocabulary:
        attributes = frozenset(self.attributes)
        return CorpusVocabulary(
            dict.fromkeys(sorted(self.labels), attributes), frozenset(self.relations)
        )


def _index_of(table: Any, column: str, field: str) -> int:
    return int(table.schema.field(column).type.value_type.get_field_index(field))


def _attribute_names(mentions: Any) -> set[str]:
    at = mentions.value_type.get_field_index("attributes")
    if at < 0:
        return set()
    attributes = mentions.value_type.field(at).type
    return {attributes.field(number).name for number in range(attributes.num_fields)}


def _read_document(row: Row) -> Document:
    """Return a document; of a configuration without its text or metadata, these are empty."""
    optional = ("title", "outlet", "url", "published")
    required: Row = {
        name: row.get(name) or "" for name in Document.__struct_fields__ if name not in optional
    }
    return Document(**required | {name: row.get(name) for name in optional})


def _read_records(rows: Iterable[Row]) -> Iterator[Annotation | Gold]:
    for row in rows:
        if "adjudicated" not in row:
            yield _convert(row, Annotation)
        elif row["adjudicated"]:
            adjudicated = {"adjudicated": row["adjudicated_on"]}
            yield _convert({**row, **adjudicated, **_list_answers(row)}, Gold)


def _list_answers(row: Row) -> Row:
    """Return the fields of gold's answers, which built data has by question."""
    decisions = row.get("answer_decisions") or {}
    taken = _without_nulls(row.get("answers") or {})
    declined = row.get("declined_answers") or {}
    return {
        "answers": [
            {"question": name, "value": value, **decisions[name]} for name, value in taken.items()
        ],
        "declined_answers": [
            {"question": name, **each} for name, found in declined.items() for each in found or ()
        ],
    }


def _convert(row: Row, record_type: type[AnnotationOrGoldT]) -> AnnotationOrGoldT:
    fields: Row = {
        name: _without_nulls(row[name])
        for name in record_type.__struct_fields__
        if row.get(name) is not None
    }
    for mention in (*fields["mentions"], *fields.get("declined", ())):
        mention.setdefault("text", WITHHELD * (mention["end"] - mention["start"]))
    for item in fields.get("kept", ()):
        item["item"] = msgspec.json.decode(item.get("item", "null"))
    try:
        return msgspec.convert(fields, record_type)
    except msgspec.ValidationError as error:
        raise InputError(
            str(error),
            where=f"document {row['doc_id']}",
            remedy="load data that `sayso build` wrote",
        ) from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
