"""The file of gold: what stands there stays unless something better comes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.adjudication.documents import Wanted, cases, passes
from sayso.adjudication.writing import Outcome, gold_file, settled, write
from sayso.checks.corpus import corpus_findings
from sayso.errors import InputError, UsageError
from sayso.records import Annotation, Document, Gold, Mention, sha256
from sayso.settings import Instance
from sayso.store import Corpus
from sayso.studio.adjudication.pull import by_rule
from tests.adjudication.made import SCHEMA, TEXT, answer, mention

MAYOR, EDGE, EXPERT = mention("The mayor"), mention("mayor"), mention("The mayor", type="expert")


@pytest.fixture
def corpus(instance: Instance) -> Corpus:
    """Three documents with one text."""
    found = Corpus(instance.root)
    documents = [
        Document(doc_id=f"d{n}", text=TEXT, text_sha256=sha256(TEXT), language="en", license="unknown",
                 source_name=f"d{n}.txt", split="train", ingested="2026-01-01")
        for n in range(3)
    ]  # fmt: skip
    jsonl.write(found.batch(0), documents)
    return found


def give(corpus: Corpus, annotator: str, readings: dict[str, Iterable[Mention]], **fields: Any) -> None:
    """One annotator's answers, by document, to one pass; what they gave to others stays."""
    path = corpus.annotation_file("trial", annotator)
    before = list(jsonl.read(path, Annotation)) if path.exists() else []
    new = [
        msgspec.structs.replace(answer(annotator, *marks, **fields), doc_id=name) for name, marks in readings.items()
    ]
    both = sorted([*before, *new], key=lambda each: (each.doc_id, each.interface))
    corpus.write_annotations("trial", annotator, both)


def gold(corpus: Corpus) -> list[Gold]:
    path = gold_file(corpus, "trial")
    return list(jsonl.read(path, Gold)) if path.exists() else []


def errors(corpus: Corpus) -> list[str]:
    return [str(found) for found in corpus_findings(corpus, SCHEMA) if found.severity == "error"]


def rule(corpus: Corpus, instance: Instance, interface: str | None = None, **asked: Any) -> dict[str, Outcome]:
    return {each.interface: each for each in by_rule(instance, "trial", interface, **asked)}


def pull(corpus: Corpus, interface: str = "names", campaign: str = "trial") -> Outcome:
    """What a pull does that finds no project."""
    coming = cases(corpus, SCHEMA, Wanted(campaign, interface))
    return write(corpus, SCHEMA, Outcome(campaign, interface), coming, settled)


def test_documents_stand_in_order_and_those_with_one_answer_are_left(corpus: Corpus, instance: Instance) -> None:
    give(corpus, "ann-1", {"d0": [MAYOR], "d1": [MAYOR], "d2": [MAYOR]})
    give(corpus, "ann-2", {"d0": [MAYOR], "d2": [EXPERT]})
    found = rule(corpus, instance)["names"]
    assert found.documents == {"unanimous": 1, "few": 1, "majority": 1} and found.written == 2
    assert [record.doc_id for record in gold(corpus)] == ["d0", "d2"]
    split = gold(corpus)[1]
    assert split.mentions == () and [m.id for m in split.declined] == ["Actor-0-9", "Actor-0-9-2"]
    assert found.undecided == 1
    assert rule(corpus, instance)["names"].written == 0 and errors(corpus) == []
    assert rule(corpus, instance, fewest=3)["names"].documents == {"few": 3} and len(gold(corpus)) == 2


def test_programs_count_only_where_they_are_asked_for(corpus: Corpus, instance: Instance) -> None:
    give(corpus, "ann-1", {"d0": [MAYOR]})
    give(corpus, "draft", {"d0": [MAYOR]}, annotator_kind="program")
    assert rule(corpus, instance)["names"].documents == {"few": 1}
    found = rule(corpus, instance, kinds=frozenset({"human", "program"}))["names"]
    assert found.documents == {"unanimous": 1} and gold(corpus)[0].annotators == ("ann-1", "draft")


def test_a_pass_that_shows_more_takes_the_place_and_never_the_other_way(corpus: Corpus, instance: Instance) -> None:
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d0": [MAYOR], "d1": [MAYOR]})
        give(corpus, name, {"d0": [MAYOR, EXPERT]}, interface="all")
    assert passes(corpus, SCHEMA, "trial", None) == ["names", "all"]
    assert pull(corpus).documents == {"unanimous": 2}
    assert [record.interface for record in gold(corpus)] == ["names", "names"]
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d2": [EDGE]}, interface="all")
    assert rule(corpus, instance, "all")["all"].documents["unanimous"] == 1
    assert [(record.doc_id, record.interface) for record in gold(corpus)] == [
        ("d0", "all"), ("d1", "names"), ("d2", "all"),
    ]  # fmt: skip
    before = gold_file(corpus, "trial").read_bytes()
    assert pull(corpus).documents == {"narrower": 1, "unanimous": 1}
    assert gold_file(corpus, "trial").read_bytes() == before


def test_what_an_adjudicator_decided_is_not_outvoted(corpus: Corpus, instance: Instance) -> None:
    give(corpus, "ann-1", {"d0": [MAYOR]})
    give(corpus, "ann-2", {"d0": [EDGE]})
    rule(corpus, instance)
    (record,) = gold(corpus)
    decided = msgspec.structs.replace(record, adjudicator="adj-1", adjudicated="2026-05-01")
    jsonl.write(gold_file(corpus, "trial"), [decided])
    assert rule(corpus, instance)["names"].documents == {"kept": 1}
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d0": [MAYOR]}, interface="all")
    assert rule(corpus, instance, "all")["all"].documents == {"kept": 1}
    assert gold(corpus) == [decided]


@pytest.mark.parametrize(
    ("interface", "campaign", "kind"), [(None, "trial", "foreign"), ("names", "other", "elsewhere")]
)
def test_gold_that_was_not_made_here_stays(
    corpus: Corpus, instance: Instance, interface: str | None, campaign: str, kind: str
) -> None:
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d0": [MAYOR]})
    theirs = Gold(doc_id="d0", text_sha256=sha256(TEXT), campaign=campaign, interface=interface,
                  schema_version=SCHEMA.version, adjudicated="2026", annotators=("ann-1",))  # fmt: skip
    jsonl.write(gold_file(corpus, campaign), [theirs])
    found = pull(corpus)
    assert found.documents == {kind: 1} and found.written == 0
    assert [record for path in corpus.gold_files() for record in jsonl.read(path, Gold)] == [theirs]


def test_what_breaks_a_rule_is_told_and_not_written(corpus: Corpus, instance: Instance) -> None:
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d0": [MAYOR, EDGE], "d1": [MAYOR]})
    found = pull(corpus)
    assert found.documents == {"broken": 1, "unanimous": 1}
    assert [(each.check, each.doc_id) for each in found.findings] == [("same-label-overlap", "d0")]
    assert [record.doc_id for record in gold(corpus)] == ["d1"]
    by_majority = rule(corpus, instance)["names"]
    assert by_majority.documents == {"majority": 1, "unanimous": 1}, "neither of the two is taken"
    assert gold(corpus)[0].mentions == () and {m.text for m in gold(corpus)[0].declined} == {"mayor", "The mayor"}


def test_words_of_another_schema_are_left_alone(corpus: Corpus) -> None:
    for name in ("ann-1", "ann-2"):
        give(corpus, name, {"d0": [MAYOR]}, schema_version="9.0.0")
    found = pull(corpus)
    assert found.documents == {"outdated": 1} and gold(corpus) == [] and not gold_file(corpus, "trial").exists()


def test_nobody_has_answered(corpus: Corpus, instance: Instance, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no answers of campaign trial; run `sayso pull` first"):
        rule(corpus, instance)
    give(corpus, "ann-1", {"d0": [MAYOR]})
    with pytest.raises(InputError, match="no interface 'everything'"):
        rule(corpus, instance, "everything")
