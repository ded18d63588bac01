"""Values of every kind, answers and relations are in the dataset as they are in the records."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.corpus.items import AnnotationFilter
from sayso.corpus.released import BuiltCorpus
from sayso.corpus.sources import CorpusFiles
from sayso.corpus.views import CorpusVocabulary
from sayso.dataset import arrow_tables, features
from sayso.dataset.annotation_table import AnnotationTable, SourceLine
from sayso.dataset.builder import build
from sayso.errors import InputError
from sayso.models import Annotation, Gold, encode
from sayso.schema.column_names import list_configs
from sayso.schema.declarations import Schema
from tests.dataset.samples import read_rows
from tests.dataset.test_load_dataset import load_in_process
from tests.schema.random_records import Records, records
from tests.schema.small_corpus import make_corpus
from tests.schema.small_schemas import CONTRACTS, EVERY_KIND, QUESTIONS_ONLY, RULINGS, read_schema

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=EVERY_KIND)
def schema(request: pytest.FixtureRequest, tmp_path: Path) -> Schema:
    return read_schema(tmp_path / "own", EVERY_KIND[request.param])


def make_lines(found: Iterable[Annotation | Gold]) -> list[SourceLine]:
    return [
        SourceLine(each.doc_id, encode(each), Path("x.jsonl"), number, isinstance(each, Gold))
        for number, each in enumerate(found, 1)
    ]


def build_rows(found: Records, schema: Schema) -> Rows:
    documents, annotations, gold = found
    ids = [document.doc_id for document in documents]
    lines = make_lines(sorted((*gold, *annotations), key=lambda each: each.doc_id))
    index = [ids.index(line.doc_id) for line in lines]
    table = AnnotationTable(lines, schema)
    tables = arrow_tables.build_tables(documents, table, index, schema)
    return {config: each.rows.to_pylist() for config, each in tables.items()}


def fill(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return a value or None for each name, lists as Arrow gives them."""
    return {name: as_list(values.get(name)) for name in names}


def as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_answers(rows: Rows, found: Records, schema: Schema) -> None:
    """Compare the rows of ``answers`` and the structs with what the records say."""
    documents, annotations, gold = found
    texts = {document.doc_id: document.text for document in documents}
    expected: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    nothing = dict.fromkeys(schema.questions)
    for each in annotations:
        if each.status != "skipped":
            answers = fill(each.answers, schema.questions)
            expected[each.doc_id, each.annotator] = answers, nothing
    for record in gold:
        taken = fill({each.question: each.value for each in record.answers}, schema.questions)
        methods = {each.question: each.decided for each in record.answers}
        if record.interface or record.answers or record.declined_answers:
            expected[record.doc_id, "gold"] = taken, fill(methods, schema.questions)
    read = {
        (row["doc_id"], row["reading"]): (
            {name: row[name] for name in schema.questions},
            row["decided"],
        )
        for row in rows["answers"]
    }
    assert read == expected
    assert all(row["text"] == texts[row["doc_id"]] for row in rows["answers"])
    assert [row["answers"] for row in rows["annotations"]] == [
        fill(each.answers, schema.questions)
        for each in sorted(annotations, key=lambda each: (each.doc_id, each.annotator))
    ]


def check_mentions(rows: Rows, found: Records, schema: Schema) -> None:
    """Compare the rows of mentions, relations and frames with what the records say."""
    _documents, annotations, gold = found
    given_ones: list[Annotation | Gold] = [
        *gold,
        *(each for each in annotations if each.status != "skipped"),
    ]
    key = ("doc_id", "reading", "mention_id")
    by_id = {tuple(row[name] for name in key): row for row in rows["mentions"]}
    frames = {(row["doc_id"], row["reading"], row["person_id"]): row for row in rows["persons"]}
    relations = []
    for record in given_ones:
        reading = "gold" if isinstance(record, Gold) else record.annotator
        mentions = {mention.id: mention for mention in record.mentions}
        for mention in record.mentions:
            row = by_id.pop((record.doc_id, reading, mention.id))
            for label, declared in schema.labels.items():
                given_here = mention.attributes if label == mention.label else {}
                for name in declared.attributes:
                    assert row[f"{label.lower()}_{name}"] == as_list(given_here.get(name))
        for each in record.relations:
            ends = [mentions[each.head].attributes, mentions[each.tail].attributes]
            relations.append((record.doc_id, reading, each.type, each.head, each.tail, ends))
        for mention in (each for each in record.mentions if each.label == "Person"):
            row = frames.pop((record.doc_id, reading, mention.id))
            kin = {r.tail for r in record.relations if (r.type, r.head) == ("kin", mention.id)}
            kin |= {r.head for r in record.relations if (r.type, r.tail) == ("kin", mention.id)}
            assert [each["id"] for each in row["kins"]] == [
                each.id for each in record.mentions if each.id in kin
            ]
            assert all(each["label"] == mentions[each["id"]].label for each in row["kins"])
            assert row["roles"] == as_list(mention.attributes.get("roles"))
    assert not by_id and not frames
    names = features.attribute_columns(schema)
    assert sorted(
        [row["doc_id"], row["reading"], row["type"], row["head_id"], row["tail_id"]]
        for row in rows["relations"]
    ) == sorted([*each[:5]] for each in relations)
    ends_of = {tuple(each[:5]): each[5] for each in relations}
    for row in rows["relations"]:
        head, tail = ends_of[
            row["doc_id"], row["reading"], row["type"], row["head_id"], row["tail_id"]
        ]
        # a struct of nothing may be null
        assert (row["head_attributes"] or fill({}, names)) == fill(head, names)
        assert (row["tail_attributes"] or fill({}, names)) == fill(tail, names)


@given(data=st.data())
@settings(max_examples=4)
@pytest.mark.parametrize("name", EVERY_KIND)
def test_rows_say_what_the_records_say(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A release that is read back gives the same records, too."""
    schema = read_schema(tmp_path_factory.mktemp("own"), EVERY_KIND[name])
    found = data.draw(records(schema))
    rows = build_rows(found, schema)
    assert list(rows) == list(list_configs(schema))
    check_answers(rows, found, schema)
    if schema.labels:
        check_mentions(rows, found, schema)
    recorded = sorted((*rows["gold"], *rows["annotations"]), key=lambda row: row["doc_id"])
    built = BuiltCorpus(
        partial(iter, rows["articles"]),
        partial(iter, recorded),
        partial(CorpusVocabulary.from_schema, schema),
    )
    items = list(built.items(AnnotationFilter()))
    documents, annotations, gold = found
    assert [item.document for item in items] == documents
    assert [each for item in items for each in item.gold] == gold
    by_place = sorted(annotations, key=lambda each: (each.doc_id, each.annotator))
    assert [each for item in items for each in item.all_annotations] == by_place


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_KIND)
def test_datasets_loads_every_value(name: str, tmp_path: Path) -> None:
    """`load_dataset(corpus, "answers", split="train")` is what a text classifier trains on."""
    checkout = make_corpus(tmp_path / "project", EVERY_KIND[name])
    schema = read_schema(tmp_path / "own", EVERY_KIND[name])
    build(checkout)
    loaded = load_in_process(sys.executable, checkout.root / "corpus", tmp_path / "cache")
    rows: Rows = {config: loaded[f"{config}/train"] for config in list_configs(schema)}
    corpus = CorpusFiles(checkout.root)
    found = list(corpus.documents()), list(corpus.annotations()), list(corpus.gold())
    check_answers(rows, found, schema)
    if schema.labels:
        check_mentions(rows, found, schema)
    for config in list_configs(schema):
        assert rows[config] == read_rows(checkout.root, config)


def answer_line(**fields: Any) -> SourceLine:
    base = {
        "doc_id": "d0",
        "text_sha256": "0" * 64,
        "campaign": "pilot",
        "interface": "all",
        "annotator": "ann-1",
        "annotator_kind": "human",
        "schema_version": "1.0.0",
        "status": "submitted",
        "created": "2025-11-01",
        "updated": "2025-11-01",
    }
    return SourceLine("d0", encode({**base, **fields}), Path("x.jsonl"), 1, False)


def gold_line(**fields: Any) -> SourceLine:
    base = {
        "doc_id": "d0",
        "text_sha256": "0" * 64,
        "campaign": "pilot",
        "schema_version": "1.0.0",
        "adjudicated": "2025-11-02",
        "annotators": [],
    }
    return SourceLine("d0", encode({**base, **fields}), Path("x.jsonl"), 1, True)


def gold_answer(value: Any, **fields: Any) -> dict[str, Any]:
    return {"question": "topic", "value": value, "decided": "majority", **fields}


REFUSED = [
    ("areas", ["civil", "canon"]),
    ("areas", ["tax", "civil"]),
    ("areas", ["tax", "tax"]),
    ("areas", []),
    ("areas", "civil"),
    ("topic", "tax"),
    ("urgent", "yes"),
    ("ruled_on", "2025-02-29"),
    ("ruled_on", "20250228"),
    ("costs", "3"),
    ("hearings", 2.5),
    ("hearings", 2**63),
    ("court", "x"),
]


@pytest.mark.parametrize(("question", "value"), REFUSED)
def test_an_answer_that_no_question_allows_stops_the_build(
    question: str, value: Any, tmp_path: Path
) -> None:
    schema = read_schema(tmp_path, CONTRACTS)
    with pytest.raises(InputError) as caught:
        AnnotationTable([answer_line(answers={question: value})], schema)
    assert "x.jsonl:1" in str(caught.value.where)


@pytest.mark.parametrize(
    ("label", "name", "value"),
    [
        ("Person", "roles", ["witness", "plaintiff"]),
        ("Person", "roles", ["judge"]),
        ("Person", "roles", []),
        ("Person", "born", "1990-02-30"),
        ("Person", "form", "ag"),
        ("Company", "form", "kg"),
        ("Payment", "due", "soon"),
        ("Payment", "amount", "12"),
        ("Company", "minor", False),
    ],
)
def test_a_value_that_no_attribute_allows_stops_the_build(
    label: str, name: str, value: Any, tmp_path: Path
) -> None:
    schema = read_schema(tmp_path, CONTRACTS)
    good = {"id": "a", "label": "Person", "start": 0, "end": 1, "text": "A"}
    bad = {**good, "id": "b", "label": label, "attributes": {name: value}}
    with pytest.raises(InputError, match=f"no attribute '{name}'") as caught:
        AnnotationTable([answer_line(), answer_line(mentions=[good, bad])], schema)
    assert "mention b" in str(caught.value.where)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"answers": [gold_answer("rent"), gold_answer("labour")]}, "two answers to 'topic'"),
        ({"answers": [gold_answer("tax")]}, "no question 'topic' with the answer 'tax'"),
        ({"declined_answers": [gold_answer("tax")]}, "no question 'topic' with the answer 'tax'"),
        ({"answers": [gold_answer("rent", decided="guessed")]}, "guessed"),
        ({"answers": [{"question": "topic", "decided": "majority"}]}, "value"),
        ({"answers": {"topic": "rent"}}, "array"),
    ],
)
def test_a_broken_answer_of_gold_stops_the_build(
    fields: dict[str, Any], message: str, tmp_path: Path
) -> None:
    for text in (CONTRACTS, QUESTIONS_ONLY):
        schema = read_schema(tmp_path, text)
        with pytest.raises(InputError) as caught:
            AnnotationTable([gold_line(**fields)], schema)
        assert message in str(caught.value), caught.value


def test_answers_without_a_question_in_the_schema_stop_the_build(tmp_path: Path) -> None:
    schema = read_schema(tmp_path, RULINGS)
    for line in (answer_line(answers={"topic": "rent"}), gold_line(answers=[gold_answer("rent")])):
        with pytest.raises(InputError, match="no question 'topic'"):
            AnnotationTable([line], schema)
