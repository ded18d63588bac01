"""One place joins documents with annotations, predictions and gold, under one filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.corpus import sources
from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, SpanError
from sayso.models import Annotation, Gold, GoldMention, Mention, Relation, sha256
from tests.corpus.sample_items import COUNT, make_annotation, make_gold, write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusFiles:
    annotations = [
        make_annotation("a", "ann-1"),
        make_annotation("a", "ann-2"),
        make_annotation("b", "ann-1", interface="names"),
        make_annotation("a", "draft", kind="program", mentions=(Mention(**COUNT),), relations=()),
        make_annotation("c", "ann-1", "main"),
    ]
    return write_corpus(tmp_path, annotations, [make_gold("a"), make_gold("a", "main")])


def summarise(items: list[Item]) -> dict[str, tuple[list[str], list[str], list[str]]]:
    return {
        item.document.doc_id: (
            [f"{each.campaign}/{each.annotator}" for each in item.annotations],
            [each.annotator for each in item.predictions],
            [each.campaign for each in item.gold],
        )
        for item in items
    }


def test_documents_come_with_everything_of_theirs(corpus: CorpusFiles) -> None:
    items = list(corpus.items())
    assert summarise(items) == {
        "a": (["pilot/ann-1", "pilot/ann-2"], ["draft"], ["main", "pilot"]),
        "b": (["pilot/ann-1"], [], []),
        "c": (["main/ann-1"], [], []),
    }
    assert items[0].records == (*items[0].gold, *items[0].all_annotations)
    assert items[0].articles_file == corpus.batch_file(0)
    last = items[0].annotations[1]
    assert items[0].location(last) == f"{corpus.annotation_file('pilot', 'ann-2')}:1"
    assert (
        items[1].location(items[1].annotations[0])
        == f"{corpus.annotation_file('pilot', 'ann-1')}:2"
    )
    assert items[0].location(items[0].gold[1]) == f"{corpus.folder}/gold/pilot.jsonl:1"


def names(*values: str) -> frozenset[Any]:
    return frozenset(values)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (
            AnnotationFilter(campaigns=names("main")),
            {"a": ([], [], ["main"]), "b": ([], [], []), "c": (["main/ann-1"], [], [])},
        ),
        (
            AnnotationFilter(annotators=names("ann-2"), kinds=names("human")),
            {"a": (["pilot/ann-2"], [], []), "b": ([], [], []), "c": ([], [], [])},
        ),
        (
            AnnotationFilter(annotators=names("draft"), documents=names("a")),
            {"a": ([], ["draft"], ["main", "pilot"])},
        ),
        (
            AnnotationFilter(kinds=names("gold"), documents=names("a", "b")),
            {"a": ([], [], ["main", "pilot"]), "b": ([], [], [])},
        ),
        (
            AnnotationFilter(pass_names=names("names"), documents=names("a", "b")),
            {"a": ([], [], []), "b": (["pilot/ann-1"], [], [])},
        ),
        (
            AnnotationFilter(labels=names("Claim"), documents=names("a")),
            {"a": (["pilot/ann-1", "pilot/ann-2"], [], ["main", "pilot"])},
        ),
    ],
    ids=["campaign", "annotator", "gold has no annotator", "gold", "pass", "label"],
)
def test_each_condition_of_the_filter(
    corpus: CorpusFiles,
    chosen: AnnotationFilter,
    expected: dict[str, tuple[list[str], list[str], list[str]]],
) -> None:
    assert summarise(list(corpus.items(chosen))) == expected


@pytest.mark.parametrize(
    ("chosen", "what"),
    [
        (AnnotationFilter(campaigns=names("pilot", "none")), "nothing of none"),
        (AnnotationFilter(annotators=names("ann-9")), "nothing of ann-9"),
        (AnnotationFilter(campaigns=names("main"), annotators=names("ann-2")), "nothing of ann-2"),
        (AnnotationFilter(documents=names("z", "a")), "no document z"),
    ],
)
def test_a_name_that_does_not_exist_is_an_error(
    corpus: CorpusFiles, chosen: AnnotationFilter, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        list(corpus.items(chosen))


def test_gold_alone_must_be_there(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, [make_annotation("a", "ann-1")], [])
    with pytest.raises(InputError, match="nothing is adjudicated"):
        corpus.items(AnnotationFilter(kinds=names("gold")))


BROKEN: dict[str, tuple[list[Annotation], list[Gold], str]] = {
    "no document": (
        [make_annotation("aa", "ann-1")],
        [],
        "ann-1.jsonl:1: an annotation of document aa, which is not",
    ),
    "no document at the end": (
        [make_annotation("z", "ann-1")],
        [],
        "an annotation of document z, which is not there",
    ),
    "another text": (
        [make_annotation("b", "ann-1", text_sha256=sha256("x"))],
        [],
        "made for another text of b",
    ),
    "a relation to nothing": (
        [make_annotation("a", "ann-1", relations=(Relation(type="cue", head="c", tail="q"),))],
        [],
        "relation cue c → q: no mention 'q'",
    ),
    "gold of no document": ([], [make_gold("z")], "gold of document z"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_does_not_fit_is_named(name: str, tmp_path: Path) -> None:
    annotations, gold, what = BROKEN[name]
    corpus = write_corpus(tmp_path, annotations, gold)
    with pytest.raises(InputError, match=what):
        list(corpus.items())


def test_offsets_of_gold_and_of_what_it_declined_are_checked(tmp_path: Path) -> None:
    wrong = GoldMention(**{**COUNT, "start": 1, "end": 11}, decided="majority")
    corpus = write_corpus(tmp_path, [], [make_gold("a", declined=(wrong,))])
    with pytest.raises(
        SpanError, match=r"pilot\.jsonl:1 document a: mention n \[1, 11\) is not what stands there"
    ):
        list(corpus.items())


def test_a_file_out_of_order_is_named(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, [], [])
    corpus.write_annotations(
        "pilot", "ann-1", [make_annotation("b", "ann-1"), make_annotation("a", "ann-1")]
    )
    with pytest.raises(InputError, match=r"ann-1\.jsonl:2: document a stands after b"):
        list(corpus.items())


IDS = st.sampled_from("abcdefgh")
CHOICES = st.builds(
    AnnotationFilter,
    campaigns=st.sets(st.sampled_from(["pilot", "main"])).map(frozenset),
    kinds=st.sets(st.sampled_from(["human", "program", "gold"])).map(frozenset),
    documents=st.sets(IDS).map(frozenset),
)


@settings(max_examples=40)
@given(
    written=st.sets(
        st.tuples(IDS, st.sampled_from(["pilot", "main"]), st.sampled_from(["ann-1", "draft"]))
    ),
    adjudicated=st.sets(st.tuples(IDS, st.sampled_from(["pilot", "main"]))),
    chosen=CHOICES,
)
def test_the_join_is_that_of_dictionaries(
    tmp_path_factory: pytest.TempPathFactory,
    written: set[tuple[str, str, str]],
    adjudicated: set[tuple[str, str]],
    chosen: AnnotationFilter,
) -> None:
    annotations = [
        make_annotation(doc_id, annotator, campaign, "program" if annotator == "draft" else "human")
        for doc_id, campaign, annotator in sorted(written)
    ]
    gold = [make_gold(*each) for each in sorted(adjudicated)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BATCH_DOCUMENTS", 3)
        corpus = write_corpus(tmp_path_factory.mktemp("corpus"), annotations, gold, "abcdefgh")
    try:
        items = list(corpus.items(chosen))
    except InputError as error:
        assert error.what.startswith("nothing ")
        return
    assert [item.document.doc_id for item in items] == sorted(chosen.documents or "abcdefgh")
    records: list[Annotation | Gold] = [*gold, *annotations]
    for item in items:
        mine = [
            each for each in records if each.doc_id == item.document.doc_id and chosen.accepts(each)
        ]
        assert sorted(map(repr, item.records)) == sorted(map(repr, mine))
