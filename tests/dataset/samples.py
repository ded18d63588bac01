"""Small corpora for the tests of the dataset, and what a build left on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.dataset import arrow_tables, features
from sayso.dataset.annotation_table import AnnotationTable, SourceLine
from sayso.models import (
    Annotation,
    DecisionMethod,
    Document,
    Gold,
    GoldMention,
    Mention,
    Relation,
    encode,
    sha256,
)
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from tests.conftest import REPOSITORY

SCHEMA: Schema = schemas.load_schema(REPOSITORY / "schema" / "schema.yaml")


def make_document(doc_id: str, text: str, **fields: Any) -> Document:
    """A document of which little is known."""
    known = {
        "language": "en",
        "license": "unknown",
        "source_name": "x.txt",
        "split": "train",
        "ingested": "2025-11-01",
    }
    return Document(doc_id=doc_id, text=text, text_sha256=sha256(text), **{**known, **fields})


def make_mention(name: str, label: str, text: str, start: int, end: int, **fields: Any) -> Mention:
    """A mention of a slice, with the required attributes of its label."""
    required = {
        key: next(iter(attribute.values))
        for key, attribute in SCHEMA.labels[label].attributes.items()
        if attribute.required
    }
    attributes = {**required, **fields.pop("attributes", {})}
    return Mention(
        id=name,
        label=label,
        start=start,
        end=end,
        text=text[start:end],
        attributes=attributes,
        **fields,
    )


def make_gold_mention(mention: Mention, decided: DecisionMethod, **fields: Any) -> GoldMention:
    """Return a mention as gold, without its flag, note and origin."""
    return GoldMention(
        id=mention.id,
        label=mention.label,
        start=mention.start,
        end=mention.end,
        text=mention.text,
        attributes=mention.attributes,
        decided=decided,
        **fields,
    )


def make_annotation(of: Document, *mentions: Mention, **fields: Any) -> Annotation:
    """An answer to a document."""
    usual = {
        "campaign": "trial",
        "interface": "all",
        "annotator": "ann-1",
        "annotator_kind": "human",
        "schema_version": SCHEMA.version,
        "status": "submitted",
        "created": "2025-11-02",
        "updated": "2025-11-02",
    }
    return Annotation(
        doc_id=of.doc_id, text_sha256=of.text_sha256, mentions=mentions, **{**usual, **fields}
    )


def make_relation(kind: str, head: str, tail: str) -> Relation:
    """An arrow."""
    return Relation(type=kind, head=head, tail=tail)


def build_rows(
    documents: list[Document], answers: Iterable[Annotation | Gold]
) -> dict[str, list[dict[str, Any]]]:
    """The rows of every configuration, as Python values."""
    ids = [each.doc_id for each in documents]
    given = sorted(answers, key=lambda each: ids.index(each.doc_id))
    lines = [
        SourceLine(
            each.doc_id, encode(each) + b"\n", Path("answers.jsonl"), number, isinstance(each, Gold)
        )
        for number, each in enumerate(given, 1)
    ]
    found = arrow_tables.build_tables(
        documents,
        AnnotationTable(lines, SCHEMA),
        [ids.index(each.doc_id) for each in given],
        SCHEMA,
    )
    for config, table in found.items():
        plain = pa.schema([(each.name, _decode_type(each.type)) for each in table.rows.schema])
        assert plain.equals(features.arrow_schema(features.config_columns(SCHEMA)[config])), config
    return {config: table.rows.to_pylist() for config, table in found.items()}


def _decode_type(kind: pa.DataType) -> pa.DataType:
    """The type without dictionaries, which are a matter of memory only."""
    if pa.types.is_dictionary(kind):
        return _decode_type(kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", _decode_type(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, _decode_type(each.type)) for each in kind])
    return kind


def write_corpus(
    root: Path, documents: Iterable[Document], answers: Iterable[Annotation] = (), *, batch: int = 0
) -> None:
    """Write sources as ingest and pull do."""
    corpus = CorpusFiles(root)
    jsonl.write(corpus.batch_file(batch), sorted(documents, key=lambda each: each.doc_id))
    answers = list(answers)
    for key in {(each.campaign, each.annotator) for each in answers}:
        mine = [each for each in answers if (each.campaign, each.annotator) == key]
        corpus.write_annotations(*key, sorted(mine, key=annotation_sort_key))


def digest_files(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a build, by name."""
    corpus = CorpusFiles(root)
    found = [
        *corpus.folder.glob("*"),
        *(corpus.folder / "plots").glob("*"),
        *corpus.data_folder.rglob("*"),
    ]
    return {
        path.relative_to(corpus.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.is_file()
    }


def read_rows(root: Path, config: str) -> list[dict[str, Any]]:
    """The rows of a configuration as they stand on disk."""
    paths = sorted((root / "corpus" / "data" / config).glob("*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def read_file_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of one file."""
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def read_header(root: Path) -> dict[str, Any]:
    """The head of the card."""
    text = (root / "corpus" / "README.md").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found
