"""Measurement by campaign, pass and version, and that it is the same each time."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.agreement_report import Measurement
from sayso.agreement.comparisons import PEOPLE, ComparedDocument, ExcludedAnnotations, group_by_pass
from sayso.agreement.measurement import AgreementOptions, measure_comparisons
from sayso.models import Annotation, Mention
from tests.agreement.sample_comparisons import (
    MENTIONS,
    TEXT,
    annotate,
    find_figure,
    find_value,
    make_comparison,
    make_filler,
    measure_sample,
)
from tests.dataset.samples import SCHEMA, make_document


@given(st.lists(st.lists(MENTIONS, min_size=2, max_size=3), min_size=1, max_size=4))
def test_the_same_comparisons_give_the_same_bytes(documents: list[list[list[Mention]]]) -> None:
    comparisons = [make_comparison(f"d{number}", *sides) for number, sides in enumerate(documents)]
    told = msgspec.json.encode(
        measure_sample(*comparisons, options=AgreementOptions(by_version=True))
    )
    assert (
        msgspec.json.encode(measure_sample(*comparisons, options=AgreementOptions(by_version=True)))
        == told
    )
    assert msgspec.json.encode(msgspec.json.decode(told, type=Measurement)) == told


@given(st.lists(st.lists(MENTIONS, min_size=2, max_size=3), min_size=1, max_size=4))
def test_a_value_is_in_its_bounds_or_undefined_with_a_reason(
    documents: list[list[list[Mention]]],
) -> None:
    for each in measure_sample(
        *(make_comparison(f"d{n}", *sides) for n, sides in enumerate(documents))
    ).figures:
        assert (each.value is None) == bool(each.undefined)
        assert (each.low is None) == (each.high is None) == bool(each.no_interval or each.undefined)
        if each.value is None:
            assert each.low is each.high is None
        else:
            assert each.n > 0 and each.documents > 0
            assert -1.001 <= each.value <= 1 or each.measure in ("alpha", "characters", "units")


def test_each_campaign_and_pass_is_measured_by_itself() -> None:
    alike = [make_filler(0, 3)], [make_filler(0, 3)]
    found = measure_comparisons(
        [
            make_comparison("d", *alike, interface="names"),
            make_comparison("d", *alike, interface="claims"),
            make_comparison("e", [make_filler(0, 3)], [make_filler(0, 4)], interface="names"),
        ],
        SCHEMA,
    )
    assert [(each.interface, each.documents) for each in found] == [("claims", 1), ("names", 2)]
    assert [find_value(each, "spans.Actor.exact") for each in found] == [1, 0.5]


def test_nothing_is_measured_where_nothing_is_compared() -> None:
    assert measure_comparisons([], SCHEMA) == []


def annotate_under(
    annotator: str, mentions: list[Mention], version: str | None, created: str = "2025-11-02"
) -> Annotation:
    return annotate(
        make_document("d", TEXT), annotator, mentions, guidelines_version=version, created=created
    )


def compare_versions(doc_id: str, *annotations: Annotation) -> ComparedDocument:
    of = make_document(doc_id, TEXT)
    mine = tuple(msgspec.structs.replace(each, doc_id=doc_id) for each in annotations)
    return ComparedDocument(of, "trial", "all", mine)


BEFORE = [
    compare_versions(
        f"b{n}",
        annotate_under("ann-1", [make_filler(0, 3)], "1"),
        annotate_under("ann-2", [make_filler(0, 3 + n % 2)], "1"),
    )
    for n in range(4)
]
AFTER = [
    compare_versions(
        f"c{n}",
        *(
            annotate_under(name, [make_filler(0, 3)], "2", "2025-12-01")
            for name in ("ann-1", "ann-2")
        ),
    )
    for n in range(4)
]


def test_by_version_shows_what_a_revision_changed() -> None:
    found = measure_sample(*BEFORE, *AFTER, options=AgreementOptions(by_version=True))
    assert [(each.guidelines_version, each.documents, each.mixed) for each in found.by_version] == [
        ("1", 4, False),
        ("2", 4, False),
    ]
    exact = [
        next(f for f in each.figures if f.name == "spans.Actor.exact") for each in found.by_version
    ]
    assert [each.value for each in exact] == [0.5, 1]
    (changed,) = [each for each in found.differences if each.name == "spans.Actor.exact"]
    assert changed.value == 0.5
    assert (
        changed.low is not None
        and changed.high is not None
        and -1 <= changed.low < 0.5 < changed.high <= 1
    )
    assert find_value(found, "spans.Actor.exact") == 0.75
    assert found.versions == {"schema 1.0.0, guidelines 1": 8, "schema 1.0.0, guidelines 2": 8}


def test_annotations_of_different_versions_are_a_group() -> None:
    three = compare_versions(
        "d",
        annotate_under("ann-1", [make_filler(0, 3)], "1"),
        annotate_under("ann-2", [make_filler(0, 3)], "1"),
        annotate_under("ann-3", [make_filler(0, 4)], "2"),
    )
    found = measure_sample(three, options=AgreementOptions(by_version=True))
    groups = [(each.guidelines_version, each.mixed, each.comparisons) for each in found.by_version]
    assert groups == [("1", False, 1), (None, True, 2)]
    exact = [
        next(f.value for f in each.figures if f.name == "spans.Actor.exact")
        for each in found.by_version
    ]
    assert exact == [1, 0]
    assert found.differences == ()
    assert measure_sample(three).by_version == ()


def test_units_pairs_and_documents_are_counted() -> None:
    """Issue 14: n was summed over pairs, so that it was more than anybody marked."""
    mentions = [make_filler(0, 3), make_filler(5, 9, "Claim")]
    found = measure_sample(
        make_comparison("a", *[mentions] * 3),
        make_comparison("b", mentions[:1], mentions[:1], []),
        make_comparison("c", [], []),
    )
    counted = {
        name: (figure.n, figure.unit, figure.pairs, figure.documents)
        for name in ("spans.all.exact", "spans.Claim.exact", "frames.Claim.whole.exact")
        for figure in [find_figure(found, name)]
    }
    assert counted == {
        "spans.all.exact": (8, "mentions", 6, 2),
        "spans.Claim.exact": (3, "mentions", 3, 1),
        "frames.Claim.whole.exact": (3, "mentions labelled Claim", 3, 1),
    }
    assert find_figure(found, "spans.all.characters").pairs is None
    of_pair = {pair.annotators: pair.figures[0].n for pair in found.pairs}
    assert of_pair["ann-1", "ann-2"] == 4 and of_pair["ann-1", "ann-3"] == 3


def test_every_figure_has_a_rule_for_several_annotators() -> None:
    overlapping = [make_filler(0, 4), make_filler(2, 6)]
    found = measure_sample(make_comparison("d", overlapping, [make_filler(0, 4)]))
    for figure in found.figures:
        assert found.rules.keys() & {figure.group, f"{figure.group}.{figure.measure}"}, figure.name


def test_a_version_alone_is_measured_as_if_there_were_no_other() -> None:
    among = measure_sample(*BEFORE, *AFTER, options=AgreementOptions(by_version=True)).by_version[0]
    alone = measure_sample(*BEFORE)
    assert [(each.name, each.value, each.n, each.undefined) for each in among.figures] == [
        (each.name, each.value, each.n, each.undefined) for each in alone.figures
    ]


def test_what_is_left_out_is_counted_by_reason() -> None:
    of, out = make_document("d", TEXT), ExcludedAnnotations()
    annotations = [
        annotate(of, "ann-1", [make_filler(0, 3)]),
        annotate(of, "ann-2", [make_filler(0, 3)]),
        annotate(of, "ann-2", [make_filler(0, 4)], updated="2025-11-01"),
        annotate(of, "ann-3", [make_filler(0, 3)], started_from="annotation"),
        annotate(of, "ann-4", status="skipped"),
        annotate(of, "ann-6", [make_filler(0, 3)], changed_by="ann-1"),
        annotate(of, "ann-7", [make_filler(0, 3)], started_from="prediction", unseen=True),
        annotate(of, "bot", [make_filler(0, 9)], annotator_kind="program"),
        annotate(of, "judge", [make_filler(0, 9)], annotator_role="adjudicator"),
        annotate(of, "older-judge", [make_filler(0, 9)], annotator_kind="adjudicator"),
        annotate(of, "ann-5", [make_filler(0, 3)], interface="names"),
    ]
    (found,) = measure_comparisons(
        group_by_pass(of, annotations, PEOPLE, out), SCHEMA, excluded=out
    )
    assert found.annotators == ("ann-1", "ann-2")
    assert found.excluded == {
        "an adjudicator's, beside those of the annotators": 2,
        "an earlier annotation of the same annotator": 1,
        "not by an annotator of the kind that is compared": 1,
        "saved by somebody else after its annotator": 1,
        "started from another's annotation": 1,
        "taken over from a prediction that nobody looked at": 1,
        "the annotator skipped the document": 1,
    }
    assert out.count_by_pass()["trial", "names"] == {"nobody else has annotated it": 1}
    assert find_figure(found, "spans.Actor.exact").value == 1
