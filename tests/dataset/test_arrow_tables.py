"""Rows hold what the sources say, and every offset in them finds its words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.corpus.sources import CorpusFiles
from sayso.dataset import features
from sayso.dataset.column_descriptions import describe_column
from sayso.errors import InputError, SpanError
from sayso.models import Annotation, Document, Gold, GoldMention, GoldRelation, UnknownItem
from sayso.schema.column_names import tags_column_name
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.conftest import REPOSITORY
from tests.dataset import samples

Rows = dict[str, list[dict[str, Any]]]
TEXT = "The mayor said two drones fell on Kyiv 😀. He denied it.\nNobody was hurt, residents said."


def make_marked() -> Annotation:
    return samples.make_annotation(
        samples.make_document("d1", TEXT),
        samples.make_mention("a", "Actor", TEXT, 4, 9),
        samples.make_mention("q", "Cue", TEXT, 10, 14),
        samples.make_mention("c", "Claim", TEXT, 15, 38),
        samples.make_mention(
            "n",
            "Count",
            TEXT,
            15,
            25,
            attributes={"kind": "exact", "lower": 2, "upper": 2, "thing": "uav"},
        ),
        samples.make_mention(
            "l",
            "Location",
            TEXT,
            34,
            38,
            attributes={"precision": "vicinity", "gazetteer": "703448"},
        ),
        relations=(
            samples.make_relation("cue", "c", "q"),
            samples.make_relation("quantity", "c", "n"),
            samples.make_relation("source", "c", "a"),
            samples.make_relation("where", "c", "l"),
        ),
    )


def build_gold_and_rows(*answers: Annotation | Gold) -> Rows:
    return samples.build_rows([samples.make_document("d1", TEXT)], answers)


def iterate_evidence(row: Any) -> Iterator[dict[str, Any]]:
    """Every struct in a row that has offsets and text."""
    if isinstance(row, dict):
        if {"start", "end", "text"} <= set(row):
            yield row
        row = list(row.values())
    if isinstance(row, list):
        for each in row:
            yield from iterate_evidence(each)


def check_evidence(found: Rows, texts: dict[str, str]) -> int:
    """Every offset of every configuration finds its words; how many there were."""
    seen = 0
    for config in ("gold", "annotations", "mentions", "claims"):
        for row in found[config]:
            inner = iterate_evidence({**row, "text": None} if config == "gold" else row)
            for each in (cell for cell in inner if cell["text"] is not None):
                seen += 1
                assert texts[row["doc_id"]][each["start"] : each["end"]] == each["text"]
    for row in (row for config in ("mentions", "claims", "tokens") for row in found[config]):
        assert texts[row["doc_id"]][row["sentence_start"] : row["sentence_end"]] == row["sentence"]
        if "tokens" in row:
            slices = zip(row["token_starts"], row["token_ends"], strict=True)
            assert row["tokens"] == [texts[row["doc_id"]][start:end] for start, end in slices]
        else:
            assert row["sentence_start"] <= row["start"] < row["end"] <= row["sentence_end"]
    return seen


def read_founding_articles() -> tuple[list[Document], list[Annotation]]:
    corpus = CorpusFiles(REPOSITORY)
    return list(corpus.documents()), list(corpus.annotations())


def test_every_offset_of_the_founding_articles_finds_its_words() -> None:
    documents, answers = read_founding_articles()
    found = samples.build_rows(documents, answers)
    assert check_evidence(found, {each.doc_id: each.text for each in documents}) > 250
    assert len(found["mentions"]) == sum(len(each.mentions) for each in answers)


def test_every_offset_of_many_articles_finds_its_words() -> None:
    documents = list(synthetic_documents(30))
    answers = [
        each for name in ("ann-1", "ann-2") for each in synthetic_annotations(documents, name)
    ]
    found = samples.build_rows(documents, answers)
    assert check_evidence(found, {each.doc_id: each.text for each in documents}) > 30 * 2 * 70
    assert Counter(
        len(row[role])
        for row in found["claims"]
        for role in ("sources", "cues", "places", "counts")
    ) == {1: 30 * 2 * 5 * 4}


def test_a_claim_stands_with_all_that_its_relations_lead_to() -> None:
    (row,) = build_gold_and_rows(make_marked())["claims"]
    assert (row["claim_id"], row["text"], row["type"], row["polarity"]) == (
        "c",
        "two drones fell on Kyiv",
        "strike",
        "positive",
    )
    assert [(each["id"], each["text"]) for each in row["sources"]] == [("a", "mayor")]
    assert row["cues"] == [
        {"id": "q", "start": 10, "end": 14, "text": "said", "stance": "distancing"}
    ]
    assert row["places"][0]["precision"] == "vicinity" and row["places"][0]["gazetteer"] == "703448"
    assert (row["counts"][0]["lower"], row["counts"][0]["upper"], row["counts"][0]["thing"]) == (
        2,
        2,
        "uav",
    )
    assert row["agents"] == row["targets"] == []
    assert row["sentence"] == "The mayor said two drones fell on Kyiv 😀."


def test_ends_of_relations_are_found_in_their_own_answer() -> None:
    """Two annotators use the same ids for other mentions."""
    document = samples.make_document("d1", TEXT)
    other = samples.make_annotation(
        document,
        samples.make_mention("c", "Claim", TEXT, 56, 71),
        samples.make_mention("a", "Actor", TEXT, 73, 82),
        annotator="ann-2",
        relations=(samples.make_relation("source", "c", "a"),),
    )
    claims = samples.build_rows([document], [make_marked(), other])["claims"]
    assert [(row["reading"], row["text"], row["sources"][0]["text"]) for row in claims] == [
        ("ann-1", "two drones fell on Kyiv", "mayor"),
        ("ann-2", "Nobody was hurt", "residents"),
    ]


def test_attributes_are_typed_columns_of_their_label() -> None:
    found = {row["mention_id"]: row for row in build_gold_and_rows(make_marked())["mentions"]}
    assert found["n"]["count_lower"] == 2 and found["n"]["actor_type"] is None
    assert (
        found["l"]["location_precision_acled"] == 2
        and found["n"]["location_precision_acled"] is None
    )
    assert found["a"]["actor_type_plover"] == ["MIL"]


def join_tags(row: dict[str, Any], label: str) -> str:
    return "".join(row[tags_column_name(label)])


def test_tags_begin_and_go_on_where_mentions_do() -> None:
    first = build_gold_and_rows(make_marked())["tokens"][0]
    assert first["tokens"] == [
        "The",
        "mayor",
        "said",
        "two",
        "drones",
        "fell",
        "on",
        "Kyiv",
        "😀",
        ".",
    ]
    assert [
        join_tags(first, label) for label in ("Actor", "Cue", "Claim", "Count", "Location")
    ] == ["OBOOOOOOOO", "OOBOOOOOOO", "OOOBIIIIOO", "OOOBIOOOOO", "OOOOOOOBOO"]
    assert first["misaligned"] == []


def test_a_label_that_the_pass_did_not_show_has_no_tags() -> None:
    answer = samples.make_annotation(
        samples.make_document("d1", TEXT),
        samples.make_mention("a", "Actor", TEXT, 4, 9),
        interface="names",
    )
    first = build_gold_and_rows(answer)["tokens"][0]
    assert first["claim_tags"] is None and first["cue_tags"] is None
    assert join_tags(first, "Count") == "O" * 10


def test_what_tags_cannot_give_is_listed_with_its_reason() -> None:
    answer = samples.make_annotation(
        samples.make_document("d1", TEXT),
        samples.make_mention("half", "Actor", TEXT, 5, 9),  # "ayor"
        samples.make_mention("one", "Count", TEXT, 15, 25),
        samples.make_mention("two", "Count", TEXT, 19, 25),
        samples.make_mention("long", "Claim", TEXT, 31, 54),  # into the next sentence
        samples.make_mention("space", "Location", TEXT, 9, 10),
    )
    found = build_gold_and_rows(answer)["tokens"]
    assert [
        [(each["mention_id"], each["reason"]) for each in row["misaligned"]] for row in found
    ] == [
        [
            ("half", "inside_token"),
            ("two", "overlap"),
            ("long", "past_sentence"),
            ("space", "no_token"),
        ],
        [("long", "past_sentence")],
        [],
    ]
    assert (
        join_tags(found[0], "Actor") == "OBOOOOOOOO"
        and join_tags(found[0], "Count") == "OOOBIOOOOO"
    )
    assert join_tags(found[0], "Claim") == "OOOOOOBIII" and join_tags(found[1], "Claim") == "IIIO"


spans = st.tuples(st.integers(0, len(TEXT) - 1), st.integers(1, 30)).map(
    lambda s: (s[0], min(s[0] + s[1], len(TEXT)))
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(samples.SCHEMA.labels)), spans), max_size=8))
def test_tags_and_what_is_misaligned_give_every_mention_back(
    drawn: list[tuple[str, tuple[int, int]]],
) -> None:
    document = samples.make_document("d1", TEXT)
    mentions = [
        samples.make_mention(str(n), label, TEXT, *span) for n, (label, span) in enumerate(drawn)
    ]
    before = samples.make_document("d0", "Not this. Or this.\n")
    found = samples.build_rows(
        [before, document],
        [samples.make_annotation(before), samples.make_annotation(document, *mentions)],
    )["tokens"]
    listed = {each["mention_id"] for row in found for each in row["misaligned"]}
    for label in samples.SCHEMA.labels:
        read = set(_decode_tags([row for row in found if row["doc_id"] == "d1"], label))
        exact = {
            (each.start, each.end)
            for each in mentions
            if each.label == label and each.id not in listed
        }
        assert exact <= read
        assert len(read) <= sum(each.label == label for each in mentions)
        assert all(
            "B" not in row[tags_column_name(label)] for row in found if row["doc_id"] == "d0"
        )


def _decode_tags(found: list[dict[str, Any]], label: str) -> list[tuple[int, int]]:
    spans: list[list[int]] = []
    for row in found:
        for tag, start, end in zip(
            row[tags_column_name(label)], row["token_starts"], row["token_ends"], strict=True
        ):
            if tag == "B":
                spans.append([start, end])
            elif tag == "I":
                spans[-1][1] = end
    return [(start, end) for start, end in spans]


def make_gold() -> Gold:
    answer = make_marked()
    return Gold(
        doc_id="d1",
        text_sha256=answer.text_sha256,
        campaign="trial",
        schema_version="1.0.0",
        adjudicated="2025-12-01",
        adjudicator="adj-1",
        interface="all",
        annotators=("ann-1", "ann-2"),
        mentions=tuple(
            samples.make_gold_mention(m, "unanimous", votes=("ann-1", "ann-2"))
            for m in answer.mentions
        ),
        relations=tuple(
            GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="adjudicated")
            for r in answer.relations
        ),
        declined=(
            GoldMention(
                id="no",
                label="Actor",
                start=0,
                end=3,
                text=TEXT[:3],
                attributes={"type": "expert"},
                decided="adjudicated",
                votes=("ann-2",),
            ),
        ),
        declined_relations=(
            GoldRelation(
                type="source",
                head=answer.relations[0].head,
                tail="no",
                decided="adjudicated",
                votes=("ann-2",),
            ),
        ),
    )


def test_mentions_of_gold_are_null_until_somebody_decided() -> None:
    document = samples.make_document("d1", TEXT)
    (open_row,) = samples.build_rows([document], [make_marked()])["gold"]
    assert (open_row["adjudicated"], open_row["mentions"], open_row["relations"]) == (
        False,
        None,
        None,
    )
    assert open_row["text"] == TEXT
    (row,) = samples.build_rows([document], [make_gold()])["gold"]
    assert row["adjudicated"] and row["adjudicated_on"] == "2025-12-01"
    assert {each["decided"] for each in row["mentions"]} == {"unanimous"}
    assert row["mentions"][0]["votes"] == ["ann-1", "ann-2"] and row["relations"][0]["votes"] == []
    assert (row["adjudicator"], row["interface"]) == ("adj-1", "all")
    assert [(each["text"], each["votes"]) for each in row["declined"]] == [(TEXT[:3], ["ann-2"])]
    assert [(each["type"], each["tail"]) for each in row["declined_relations"]] == [
        ("source", "no")
    ]


def test_what_was_declined_has_to_be_what_stands_there_too() -> None:
    (wrong,) = make_gold().declined
    moved = msgspec.structs.replace(
        make_gold(), declined=(msgspec.structs.replace(wrong, start=1, end=4),)
    )
    with pytest.raises(SpanError, match=r"mention no \[1, 4\)"):
        samples.build_rows([samples.make_document("d1", TEXT)], [moved])


def test_gold_stands_beside_every_annotators_own_reading() -> None:
    documents = [samples.make_document("d0", "Nothing."), samples.make_document("d1", TEXT)]
    found = samples.build_rows(documents, [make_gold(), make_marked()])
    for config in ("mentions", "claims", "tokens"):
        assert {
            (row["reading"], row["annotator_kind"], row["interface"]) for row in found[config]
        } == {("gold", None, "all"), ("ann-1", "human", "all")}
    assert {row["decided"] for row in found["mentions"] if row["reading"] == "gold"} == {
        "unanimous"
    }
    assert [row["annotator"] for row in found["annotations"]] == ["ann-1"]


def test_an_annotation_has_everything_and_what_is_unknown_as_json() -> None:
    document = samples.make_document("d1", TEXT)
    item = {"type": "rectanglelabels", "value": {"x": 1.5, "words": ["ü", None]}}
    first = samples.make_annotation(
        document,
        samples.make_mention("a", "Actor", TEXT, 4, 9, flag="unsure", note="who?"),
        kept=(UnknownItem(reason="not a span", item=item),),
        note="odd",
        lead_time_seconds=3,
        guidelines_version="1.1.0",
    )
    again, skipped = (
        samples.make_annotation(document, created="2025-11-03"),
        samples.make_annotation(document, annotator="ann-2", status="skipped"),
    )
    found = samples.build_rows([document], [first, again, skipped])
    assert [(row["annotator"], row["answer"], row["status"]) for row in found["annotations"]] == [
        ("ann-1", 1, "submitted"),
        ("ann-1", 2, "submitted"),
        ("ann-2", 1, "skipped"),
    ]
    row = found["annotations"][0]
    assert json.loads(row["kept"][0]["item"]) == item and row["lead_time_seconds"] == 3.0
    assert row["guidelines_version"] == "1.1.0"
    assert row["mentions"][0]["flag"] == "unsure" and row["started_from"] == "nothing"
    assert found["annotations"][1]["mentions"] == []
    assert {row["reading"] for row in found["tokens"]} == {"ann-1"}
    assert {row["answer"] for row in found["tokens"]} == {1, 2}


def test_a_relation_between_other_labels_is_counted_and_is_in_no_claim() -> None:
    answer = samples.make_annotation(
        samples.make_document("d1", TEXT),
        samples.make_mention("a", "Actor", TEXT, 4, 9),
        samples.make_mention("c", "Claim", TEXT, 15, 38),
        relations=(
            samples.make_relation("cue", "c", "a"),
            samples.make_relation("source", "a", "c"),
        ),
    )
    found = build_gold_and_rows(answer)
    assert found["claims"][0]["cues"] == [] == found["claims"][0]["sources"]
    assert len(found["annotations"][0]["relations"]) == 2


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"text_sha256": "0" * 64}, InputError, "another text"),
        ({"interface": "nonsense"}, InputError, "no pass"),
        (
            {"relations": (samples.make_relation("source", "c", "gone"),)},
            InputError,
            "relation source c → gone",
        ),
        (
            {"relations": (), "mentions": (samples.make_mention("x", "Actor", TEXT, 4, 9),) * 2},
            InputError,
            "two mentions have the id 'x'",
        ),
        (
            {
                "relations": (),
                "mentions": (samples.make_mention("x", "Actor", f"{TEXT}!!", 80, len(TEXT) + 1),),
            },
            SpanError,
            "not inside the text",
        ),
        (
            {"relations": (), "mentions": (samples.make_mention("x", "Actor", f"…{TEXT}", 4, 9),)},
            SpanError,
            "mention x [4, 9)",
        ),
        (
            {
                "relations": (),
                "mentions": (
                    samples.make_mention("x", "Actor", TEXT, 4, 9, attributes={"type": "alien"}),
                ),
            },
            InputError,
            "'alien'",
        ),
        (
            {
                "relations": (),
                "mentions": (
                    samples.make_mention("x", "Actor", TEXT, 4, 9, attributes={"lower": 3}),
                ),
            },
            InputError,
            "'lower'",
        ),
        (
            {
                "relations": (),
                "mentions": (
                    samples.make_mention("x", "Actor", TEXT, 4, 9, attributes={"colour": "b"}),
                ),
            },
            InputError,
            "'colour'",
        ),
        (
            {
                "relations": (),
                "mentions": (
                    samples.make_mention("x", "Count", TEXT, 4, 9, attributes={"lower": "2"}),
                ),
            },
            InputError,
            "'lower'",
        ),
    ],
)
def test_a_wrong_answer_is_refused_with_its_line(
    change: dict[str, Any], error: type[Exception], says: str
) -> None:
    document = samples.make_document("d1", TEXT)
    wrong = msgspec.structs.replace(make_marked(), **change)
    with pytest.raises(error) as caught:
        samples.build_rows([document], [samples.make_annotation(document), wrong])
    assert says in str(caught.value)
    assert "answers.jsonl:2" in str(caught.value)


def test_every_column_has_a_meaning() -> None:
    for config, declared in features.config_columns(samples.SCHEMA).items():
        assert all(describe_column(config, column, samples.SCHEMA) for column in declared)
