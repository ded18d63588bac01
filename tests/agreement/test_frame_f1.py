"""Relations, whole claims and tuples, on one sentence that two people read, reckoned by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from sayso.agreement.comparisons import ComparedDocument
from sayso.models import Annotation, Mention
from tests.agreement.sample_comparisons import find_figure, find_value, measure_sample
from tests.dataset.samples import make_annotation, make_document, make_mention, make_relation

TEXT = (
    "The governor said that 3 drones fell near Kharkiv. Officials confirmed that two houses burned."
)


def find_mention(name: str, label: str, words: str, **attributes: Any) -> Mention:
    start = TEXT.index(words)
    return make_mention(name, label, TEXT, start, start + len(words), attributes=attributes)


def first_annotation() -> Annotation:
    """Two claims: one with a source, a cue, a place and a count, one with a source and a count."""
    of = make_document("d", TEXT)
    return make_annotation(
        of,
        find_mention("a", "Actor", "governor"),
        find_mention("c", "Claim", "3 drones fell near Kharkiv", type="strike"),
        find_mention("u", "Cue", "said"),
        find_mention("n", "Count", "3 drones", lower=3, upper=3, thing="uav", outcome="destroyed"),
        find_mention("p", "Location", "Kharkiv"),
        find_mention("a2", "Actor", "Officials", entity="Q1"),
        find_mention("c2", "Claim", "two houses burned", type="damage"),
        find_mention(
            "n2", "Count", "two houses", lower=2, upper=2, thing="building", outcome="destroyed"
        ),
        annotator="ann-1",
        relations=(
            make_relation("source", "c", "a"),
            make_relation("cue", "c", "u"),
            make_relation("where", "c", "p"),
            make_relation("quantity", "c", "n"),
            make_relation("source", "c2", "a2"),
            make_relation("quantity", "c2", "n2"),
        ),
    )


def second_annotation() -> Annotation:
    """The same, but "The governor", without the place, and the second count is 2 or more."""
    of = make_document("d", TEXT)
    return make_annotation(
        of,
        find_mention("x", "Actor", "The governor"),
        find_mention("c", "Claim", "3 drones fell near Kharkiv", type="strike"),
        find_mention("y", "Cue", "said"),
        find_mention("n", "Count", "3 drones", lower=3, upper=3, thing="uav", outcome="destroyed"),
        find_mention("p", "Location", "Kharkiv"),
        find_mention("z", "Actor", "Officials", entity="Q1"),
        find_mention("c2", "Claim", "two houses burned", type="damage"),
        find_mention("n2", "Count", "two houses", lower=2, thing="building", outcome="destroyed"),
        annotator="ann-2",
        relations=(
            make_relation("source", "c", "x"),
            make_relation("cue", "c", "y"),
            make_relation("quantity", "c", "n"),
            make_relation("source", "c2", "z"),
            make_relation("quantity", "c2", "n2"),
        ),
    )


def make_comparison(*annotations: Annotation) -> ComparedDocument:
    return ComparedDocument(
        make_document("d", TEXT), "trial", annotations[0].interface, annotations
    )


MEASUREMENT = measure_sample(make_comparison(first_annotation(), second_annotation()))


def expected_f1(common: int, mine: int, theirs: int) -> float:
    return round(2 * common / (mine + theirs), 6)


def test_relations() -> None:
    """One has six relations, the other five.

    The first source ends at another span, the place is not drawn twice.
    """
    assert find_value(MEASUREMENT, "relations.all.strict") == expected_f1(4, 6, 5)
    assert find_value(MEASUREMENT, "relations.all.lenient") == expected_f1(5, 6, 5)
    assert find_value(MEASUREMENT, "relations.all.given_spans") == expected_f1(
        4, 5, 4
    )  # without the governor's, on either side
    assert find_value(MEASUREMENT, "relations.source.strict") == 0.5
    assert find_value(MEASUREMENT, "relations.source.lenient") == 1
    assert find_value(MEASUREMENT, "relations.source.given_spans") == 1
    assert (
        find_value(MEASUREMENT, "relations.where.strict")
        == find_value(MEASUREMENT, "relations.where.lenient")
        == 0
    )
    strict, given = (
        find_figure(MEASUREMENT, f"relations.all.{each}") for each in ("strict", "given_spans")
    )
    assert (strict.n, strict.unit, strict.pairs) == (11, "relations", 1)
    assert (given.n, given.unit, given.pairs) == (9, "relations, over all pairs", 1)
    assert find_figure(MEASUREMENT, "relations.agent.strict").undefined == "nobody drew one"


def test_a_relation_of_another_type_or_turned_round_is_another() -> None:
    turned = make_annotation(
        make_document("d", TEXT),
        *first_annotation().mentions,
        annotator="ann-2",
        relations=(make_relation("agent", "c", "a"), make_relation("adds_to", "n", "n2")),
    )
    mine = make_annotation(
        make_document("d", TEXT),
        *first_annotation().mentions,
        annotator="ann-1",
        relations=(make_relation("source", "c", "a"), make_relation("adds_to", "n2", "n")),
    )
    found = measure_sample(make_comparison(mine, turned))
    assert (
        find_value(found, "relations.all.strict") == find_value(found, "relations.all.lenient") == 0
    )
    assert find_value(found, "relations.all.given_spans") == 0


def test_whole_claims() -> None:
    """Both attribute both claims; only the second in the same words.

    No claim has all relations just so but that.
    """
    assert find_value(MEASUREMENT, "frames.Claim.attribution.exact") == expected_f1(1, 2, 2)
    assert find_value(MEASUREMENT, "frames.Claim.whole.exact") == expected_f1(1, 2, 2)
    assert find_value(MEASUREMENT, "frames.Claim.whole.lenient") == expected_f1(
        1, 2, 2
    )  # of the first the place is missing
    fuller = add_relations(second_annotation(), make_relation("where", "c", "p"))
    found = measure_sample(make_comparison(first_annotation(), fuller))
    assert find_value(found, "frames.Claim.whole.exact") == expected_f1(1, 2, 2)
    assert find_value(found, "frames.Claim.whole.lenient") == expected_f1(2, 2, 2)


def add_relations(annotation: Annotation, *more: Any) -> Annotation:
    return msgspec.structs.replace(annotation, relations=(*annotation.relations, *more))


def test_tuples() -> None:
    """Without its edges the governor is the governor.

    The first claim lacks its place, the second has other bounds.
    """
    assert find_value(MEASUREMENT, "frames.Claim.tuple.full") == 0
    assert find_value(MEASUREMENT, "frames.Claim.tuple.without_where") == expected_f1(1, 2, 2)
    assert find_value(MEASUREMENT, "frames.Claim.tuple.without_how_many") == expected_f1(1, 2, 2)
    assert (
        find_value(MEASUREMENT, "frames.Claim.tuple.without_who")
        == find_value(MEASUREMENT, "frames.Claim.tuple.without_what")
        == 0
    )
    assert find_figure(MEASUREMENT, "frames.Claim.tuple.full").n == 4


def test_a_claim_with_two_places_is_two_tuples() -> None:
    twice = find_mention("p2", "Location", "near")
    mine = make_annotation(
        make_document("d", TEXT),
        *first_annotation().mentions,
        twice,
        annotator="ann-1",
        relations=(*first_annotation().relations, make_relation("where", "c", "p2")),
    )
    found = measure_sample(make_comparison(mine, second_annotation()))
    assert find_figure(found, "frames.Claim.tuple.full").n == 3 + 2
    assert find_value(found, "frames.Claim.tuple.without_where") == expected_f1(1, 3, 2)


def test_a_claim_without_source_and_cue_is_no_attribution() -> None:
    bare = [
        make_annotation(
            make_document("d", TEXT),
            find_mention("c", "Claim", "two houses burned"),
            annotator=f"ann-{n}",
        )
        for n in (1, 2)
    ]
    found = measure_sample(make_comparison(*bare))
    assert (
        find_figure(found, "frames.Claim.attribution.exact").undefined
        == "no Claim has a source or cue"
    )
    assert find_value(found, "frames.Claim.whole.exact") == 1
    assert (
        find_figure(found, "frames.Claim.tuple.full").undefined
        == "no Claim has a mention in these slots"
    )


def test_a_tuple_that_says_nothing_agrees_with_none() -> None:
    """Issue 14: claims on different words without relations were 1.00, for the same type, too."""
    found = measure_sample(
        make_comparison(
            *(
                make_annotation(
                    make_document("d", TEXT), find_mention("c", "Claim", words), annotator=name
                )
                for name, words in (("ann-1", "drones fell"), ("ann-2", "houses burned"))
            )
        )
    )
    for slots in ("full", "without_who", "without_what", "without_where", "without_how_many"):
        figure = find_figure(found, f"frames.Claim.tuple.{slots}")
        assert (figure.value, figure.n, figure.documents) == (None, 0, 0)


def test_a_slot_counts_only_what_the_others_say() -> None:
    """Both have the source of a claim, one also its place."""
    drawn = (make_relation("source", "c", "a"), make_relation("where", "c", "p"))
    sides = [
        make_annotation(
            make_document("d", TEXT),
            find_mention("a", "Actor", "Officials"),
            find_mention("c", "Claim", "two houses burned", type="damage"),
            find_mention("p", "Location", "Kharkiv"),
            annotator=f"ann-{number}",
            relations=drawn[: 3 - number],
        )
        for number in (1, 2)
    ]
    found = measure_sample(make_comparison(*sides))
    figures = {
        slots: find_figure(found, f"frames.Claim.tuple.{slots}")
        for slots in ("full", "without_where", "without_what", "without_who")
    }
    assert {slots: (figure.value, figure.n) for slots, figure in figures.items()} == {
        "full": (0, 2),
        "without_where": (1, 2),
        "without_what": (0, 2),
        "without_who": (0, 1),
    }


def test_a_pass_without_relations_has_no_figures_of_them() -> None:
    names = [
        make_annotation(
            make_document("d", TEXT),
            find_mention("a", "Actor", "governor"),
            annotator=f"ann-{n}",
            interface="names",
        )
        for n in (1, 2)
    ]
    assert {each.group for each in measure_sample(make_comparison(*names)).figures} == {
        "spans",
        "attributes",
        "bounds",
        "machine",
    }
