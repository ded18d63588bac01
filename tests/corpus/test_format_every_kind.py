"""`sayso format` and `sayso check` on symmetric relations and the answers of gold."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from sayso import jsonl
from sayso.checks import check_gold, check_sources
from sayso.corpus.canonical_order import format_sources
from sayso.corpus.sources import CorpusFiles
from sayso.models import GoldAnswer, Relation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.schema.small_corpus import TEXT, make_corpus
from tests.schema.small_schemas import CONTRACTS


def turn(relation: Relation) -> Relation:
    if relation.type != "kin":
        return relation
    return replace(relation, head=relation.tail, tail=relation.head)


def test_format_turns_symmetric_relations_and_sorts_the_answers_of_gold(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, CONTRACTS)
    corpus, schema = CorpusFiles(checkout.root), load_schema(tmp_path / SCHEMA_FILE)
    paths = [*corpus.annotation_files(), *corpus.gold_files()]
    before = {path: path.read_bytes() for path in paths}
    gold = [
        replace(
            each,
            answers=each.answers[::-1],
            declined_answers=each.declined_answers[::-1],
            relations=tuple(map(turn, each.relations)),
        )
        for each in corpus.gold()
    ]
    found = {path: list(jsonl.read(path, type_of)) for path, type_of in
             corpus.annotation_and_gold_files()}  # fmt: skip
    for path, records in found.items():
        turned = [replace(each, relations=tuple(map(turn, each.relations))) for each in records]
        jsonl.write(path, gold if path in corpus.gold_files() else turned)
    messages = [each.message for each in check_sources(corpus, schema)]
    assert messages.count("relations are not in canonical order") == 3  # ann-2 has no such relation
    assert "answers are not in canonical order" in messages
    assert "declined answers are not in canonical order" in messages
    assert len(format_sources(checkout)) == 2
    assert {path: path.read_bytes() for path in paths} == before
    assert not list(check_sources(corpus, schema))
    assert not format_sources(checkout)


def test_check_finds_repeated_and_unknown_answers_of_gold(tmp_path: Path) -> None:
    corpus = CorpusFiles(make_corpus(tmp_path, CONTRACTS).root)
    schema = load_schema(tmp_path / SCHEMA_FILE)
    gold = next(iter(corpus.gold()))
    first = gold.answers[0]
    unknown = GoldAnswer(question="court", value="x", decided="majority")
    wrong = replace(
        gold,
        answers=(first, first, *gold.answers[1:]),
        declined_answers=(replace(first, value="canon"), unknown),
    )
    found = {finding.check: finding.message for finding in check_gold(wrong, TEXT, schema)}
    assert found == {
        "repeated-answer": "two answers to 'topic'",
        "unknown-value": "the declined answer to 'topic' is 'canon'",
        "unknown-question": "'court' is declined with 'x'",
    }
