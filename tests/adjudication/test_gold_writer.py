"""The file of gold: what stands there stays unless something better comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from sayso import jsonl
from sayso.adjudication.adjudication_cases import (
    AdjudicationRequest,
    iterate_adjudication_cases,
    select_passes,
)
from sayso.adjudication.gold_writer import (
    GoldWriteResult,
    gold_path,
    resolve_adjudicated,
    write_gold,
)
from sayso.checks.corpus_checks import check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.labelstudio.adjudication.gold_pull import pull_gold
from sayso.models import Annotation, Document, Gold, Mention, sha256
from sayso.settings import Checkout
from tests.adjudication.sample_annotations import SCHEMA, TEXT, make_annotation, make_mention

MAYOR, EDGE, EXPERT = (
    make_mention("The mayor"),
    make_mention("mayor"),
    make_mention("The mayor", type="expert"),
)


@pytest.fixture
def corpus(checkout: Checkout) -> CorpusFiles:
    """Three documents with one text."""
    found = CorpusFiles(checkout.root)
    documents = [
        Document(
            doc_id=f"d{n}",
            text=TEXT,
            text_sha256=sha256(TEXT),
            language="en",
            license="unknown",
            source_name=f"d{n}.txt",
            split="train",
            ingested="2026-01-01",
        )
        for n in range(3)
    ]
    jsonl.write(found.batch_file(0), documents)
    return found


def add_annotations(
    corpus: CorpusFiles,
    annotator: str,
    mentions_by_document: dict[str, Iterable[Mention]],
    **fields: Any,
) -> None:
    """One annotator's annotations, by document, to one pass; what they gave to others stays."""
    path = corpus.annotation_file("trial", annotator)
    before = list(jsonl.read(path, Annotation)) if path.exists() else []
    new = [
        msgspec.structs.replace(make_annotation(annotator, *marks, **fields), doc_id=name)
        for name, marks in mentions_by_document.items()
    ]
    both = sorted([*before, *new], key=lambda each: (each.doc_id, each.interface))
    corpus.write_annotations("trial", annotator, both)


def read_gold(corpus: CorpusFiles) -> list[Gold]:
    path = gold_path(corpus, "trial")
    return list(jsonl.read(path, Gold)) if path.exists() else []


def corpus_errors(corpus: CorpusFiles) -> list[str]:
    return [str(found) for found in check_sources(corpus, SCHEMA) if found.severity == "error"]


def decide_by_rule(
    checkout: Checkout, pass_name: str | None = None, **options: Any
) -> dict[str, GoldWriteResult]:
    results = pull_gold(checkout, None, "trial", pass_name, **options)
    return {each.pass_name: each for each in results}


def pull_without_project(
    corpus: CorpusFiles, pass_name: str = "names", campaign: str = "trial"
) -> GoldWriteResult:
    """Do what a pull does that finds no project."""
    cases = iterate_adjudication_cases(corpus, SCHEMA, AdjudicationRequest(campaign, pass_name))
    return write_gold(
        corpus, SCHEMA, GoldWriteResult(campaign, pass_name), cases, resolve_adjudicated
    )


def test_documents_are_in_order_and_those_with_one_annotator_unchanged(
    corpus: CorpusFiles, checkout: Checkout
) -> None:
    add_annotations(corpus, "ann-1", {"d0": [MAYOR], "d1": [MAYOR], "d2": [MAYOR]})
    add_annotations(corpus, "ann-2", {"d0": [MAYOR], "d2": [EXPERT]})
    found = decide_by_rule(checkout)["names"]
    assert found.documents == {"unanimous": 1, "few": 1, "majority": 1} and found.changed == 2
    assert [record.doc_id for record in read_gold(corpus)] == ["d0", "d2"]
    split = read_gold(corpus)[1]
    assert split.mentions == () and [m.id for m in split.declined] == ["Actor-0-9", "Actor-0-9-2"]
    assert found.undecided == 1
    assert decide_by_rule(checkout)["names"].changed == 0 and corpus_errors(corpus) == []
    assert (
        decide_by_rule(checkout, min_annotators=3)["names"].documents == {"few": 3}
        and len(read_gold(corpus)) == 2
    )


def test_programs_count_only_where_they_are_asked_for(
    corpus: CorpusFiles, checkout: Checkout
) -> None:
    add_annotations(corpus, "ann-1", {"d0": [MAYOR]})
    add_annotations(corpus, "draft", {"d0": [MAYOR]}, annotator_kind="program")
    assert decide_by_rule(checkout)["names"].documents == {"few": 1}
    found = decide_by_rule(checkout, annotator_kinds=frozenset({"human", "program"}))["names"]
    assert found.documents == {"unanimous": 1} and read_gold(corpus)[0].annotators == (
        "ann-1",
        "draft",
    )


def test_a_pass_that_shows_more_takes_the_place_and_never_the_other_way(
    corpus: CorpusFiles, checkout: Checkout
) -> None:
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d0": [MAYOR], "d1": [MAYOR]})
        add_annotations(corpus, name, {"d0": [MAYOR, EXPERT]}, interface="all")
    assert select_passes(corpus, SCHEMA, "trial", None) == ["names", "all"]
    assert pull_without_project(corpus).documents == {"unanimous": 2}
    assert [record.interface for record in read_gold(corpus)] == ["names", "names"]
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d2": [EDGE]}, interface="all")
    assert decide_by_rule(checkout, "all")["all"].documents["unanimous"] == 1
    assert [(record.doc_id, record.interface) for record in read_gold(corpus)] == [
        ("d0", "all"),
        ("d1", "names"),
        ("d2", "all"),
    ]
    before = gold_path(corpus, "trial").read_bytes()
    assert pull_without_project(corpus).documents == {"narrower": 1, "unanimous": 1}
    assert gold_path(corpus, "trial").read_bytes() == before


def test_what_an_adjudicator_decided_is_not_outvoted(
    corpus: CorpusFiles, checkout: Checkout
) -> None:
    add_annotations(corpus, "ann-1", {"d0": [MAYOR]})
    add_annotations(corpus, "ann-2", {"d0": [EDGE]})
    decide_by_rule(checkout)
    (record,) = read_gold(corpus)
    decided = msgspec.structs.replace(record, adjudicator="adj-1", adjudicated="2026-05-01")
    jsonl.write(gold_path(corpus, "trial"), [decided])
    assert decide_by_rule(checkout)["names"].documents == {"kept": 1}
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d0": [MAYOR]}, interface="all")
    assert decide_by_rule(checkout, "all")["all"].documents == {"kept": 1}
    assert read_gold(corpus) == [decided]


@pytest.mark.parametrize(
    ("interface", "campaign", "kind"), [(None, "trial", "foreign"), ("names", "other", "elsewhere")]
)
def test_gold_that_was_not_made_here_stays(
    corpus: CorpusFiles, interface: str | None, campaign: str, kind: str
) -> None:
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d0": [MAYOR]})
    theirs = Gold(
        doc_id="d0",
        text_sha256=sha256(TEXT),
        campaign=campaign,
        interface=interface,
        schema_version=SCHEMA.version,
        adjudicated="2026",
        annotators=("ann-1",),
    )
    jsonl.write(gold_path(corpus, campaign), [theirs])
    found = pull_without_project(corpus)
    assert found.documents == {kind: 1} and found.changed == 0
    assert [record for path in corpus.gold_files() for record in jsonl.read(path, Gold)] == [theirs]


def test_gold_that_breaks_a_check_is_not_written(corpus: CorpusFiles, checkout: Checkout) -> None:
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d0": [MAYOR, EDGE], "d1": [MAYOR]})
    found = pull_without_project(corpus)
    assert found.documents == {"broken": 1, "unanimous": 1}
    assert [(each.check, each.doc_id) for each in found.findings] == [("same-label-overlap", "d0")]
    assert [record.doc_id for record in read_gold(corpus)] == ["d1"]
    by_majority = decide_by_rule(checkout)["names"]
    assert by_majority.documents == {"majority": 1, "unanimous": 1}, "neither of the two is taken"
    assert read_gold(corpus)[0].mentions == () and {
        m.text for m in read_gold(corpus)[0].declined
    } == {"mayor", "The mayor"}


def test_words_of_another_schema_are_left_alone(corpus: CorpusFiles) -> None:
    for name in ("ann-1", "ann-2"):
        add_annotations(corpus, name, {"d0": [MAYOR]}, schema_version="9.0.0")
    found = pull_without_project(corpus)
    assert (
        found.documents == {"outdated": 1}
        and read_gold(corpus) == []
        and not gold_path(corpus, "trial").exists()
    )


def test_no_annotations(corpus: CorpusFiles, checkout: Checkout) -> None:
    with pytest.raises(
        UsageError, match="no annotations of campaign trial; run `sayso pull` first"
    ):
        decide_by_rule(checkout)
    add_annotations(corpus, "ann-1", {"d0": [MAYOR]})
    with pytest.raises(InputError, match="no pass 'everything'"):
        decide_by_rule(checkout, "everything")
