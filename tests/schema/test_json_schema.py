"""The JSON Schema of the records, read by another library's validator."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sayso.models import (
    Annotation,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    Record,
    Relation,
    encode,
)
from sayso.schema.json_schema import RECORD_TYPES, build_json_schema
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, SPANS_ONLY, read_schema

ROOT = Path(__file__).parents[2]

Line = dict[str, Any]


def make_validator(record: str) -> Draft202012Validator:
    schema = json.loads(
        (ROOT / "schema" / "records" / f"{record}.schema.json").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def corpus_lines(folder: str) -> list[Line]:
    files = sorted((ROOT / "corpus" / folder).rglob("*.jsonl"))
    return [
        json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ]


@pytest.mark.parametrize(
    ("record", "folder"), [("document", "articles"), ("annotation", "annotations")]
)
def test_the_committed_corpus_is_valid(record: str, folder: str) -> None:
    committed = corpus_lines(folder)
    assert committed
    for line in committed:
        make_validator(record).validate(line)


MENTIONS = (
    Mention(
        id="m1",
        label="Claim",
        start=0,
        end=3,
        text="abc",
        attributes={"type": "harm"},
        flag="unsure",
        note="why?",
    ),
    Mention(
        id="m2",
        label="Count",
        start=0,
        end=1,
        text="a",
        attributes={"kind": "exact", "lower": 1, "upper": 1},
    ),
)
COMMON = {"doc_id": "a", "text_sha256": "0" * 64, "campaign": "c", "schema_version": "1.0.0"}
ANNOTATION = Annotation(
    **COMMON,  # type: ignore[arg-type]
    interface="all",
    annotator="ann-1",
    annotator_kind="human",
    status="submitted",
    created="2025-11-02T10:00:00Z",
    updated="2025-11-02T10:00:00Z",
    mentions=MENTIONS,
    relations=(Relation(type="quantity", head="m1", tail="m2"),),
)
VALID: Line = json.loads(encode(ANNOTATION))

Change = Callable[[Line], object]
WRONG: dict[str, Change] = {
    "unknown label": lambda line: line["mentions"][0].update(label="Person"),
    "unknown value": lambda line: line["mentions"][0]["attributes"].update(type="rumour"),
    "unknown attribute": lambda line: line["mentions"][0]["attributes"].update(mood="grim"),
    "attribute of another label": lambda line: line["mentions"][0]["attributes"].update(
        kind="exact"
    ),
    "number that is not whole": lambda line: line["mentions"][1]["attributes"].update(lower=1.5),
    "number in words": lambda line: line["mentions"][1]["attributes"].update(lower="one"),
    "unknown flag": lambda line: line["mentions"][0].update(flag="maybe"),
    "unknown relation": lambda line: line["relations"][0].update(type="causes"),
    "unknown interface": lambda line: line.update(interface="second"),
    "unknown field": lambda line: line.update(email="a@example.org"),
    "unknown status": lambda line: line.update(status="draft"),
    "negative offset": lambda line: line["mentions"][0].update(start=-1),
    "annotator by address": lambda line: line.update(annotator="a@example.org"),
}


def test_a_record_as_it_is_written_is_valid() -> None:
    make_validator("annotation").validate(VALID)


@pytest.mark.parametrize("name", WRONG)
def test_words_that_nobody_declared_are_refused(name: str) -> None:
    line = copy.deepcopy(VALID)
    WRONG[name](line)
    assert list(make_validator("annotation").iter_errors(line))


def test_gold_may_use_the_same_names_only() -> None:
    mention = {
        "id": "m1",
        "label": "Cue",
        "start": 0,
        "end": 3,
        "text": "abc",
        "decided": "majority",
        "votes": ["ann-1"],
    }
    gold = Gold(
        **COMMON,  # type: ignore[arg-type]
        adjudicated="2025-11-02",
        annotators=("ann-1",),
        mentions=(GoldMention(**mention),),  # type: ignore[arg-type]
        relations=(GoldRelation(type="cue", head="m1", tail="m1", decided="unanimous"),),
    )
    line = json.loads(encode(gold))
    make_validator("gold").validate(line)
    line["mentions"][0]["attributes"] = {"stance": "warm"}
    assert list(make_validator("gold").iter_errors(line))


@pytest.mark.parametrize("text", [CONTRACTS, QUESTIONS_ONLY, SPANS_ONLY])
@pytest.mark.parametrize("record", RECORD_TYPES)
def test_any_schema_gives_a_valid_one(text: str, record: type[Record], tmp_path: Path) -> None:
    made = build_json_schema(record, read_schema(tmp_path, text))
    Draft202012Validator.check_schema(made)


def test_answers_and_values_have_their_kinds(tmp_path: Path) -> None:
    made = build_json_schema(Annotation, read_schema(tmp_path, CONTRACTS))
    validator = Draft202012Validator(made, format_checker=Draft202012Validator.FORMAT_CHECKER)
    line = {**copy.deepcopy(VALID), "interface": "all", "relations": []}
    mention = {"id": "m1", "label": "Person", "start": 0, "end": 3, "text": "Ann"}
    roles: dict[str, object] = {"roles": ["plaintiff", "witness"], "minor": True}
    line["mentions"] = [{**mention, "attributes": roles}]
    line["answers"] = {"areas": ["civil"], "costs": 12.5, "ruled_on": "2024-02-29"}
    assert [*validator.iter_errors(line)] == []
    for name, wrong in [
        ("areas", []),
        ("areas", ["civil", "civil"]),
        ("areas", "civil"),
        ("costs", "12.5"),
        ("ruled_on", "2023-02-29"),
        ("court", "x"),
    ]:
        assert [*validator.iter_errors({**line, "answers": {name: wrong}})], name
