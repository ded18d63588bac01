"""Mentions that one annotator has twice are matched by content, whatever their ids and order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sayso.agreement.comparisons import ComparedDocument
from sayso.agreement.disagreement_typology import TypologyRules, compare_annotations
from sayso.agreement.measurement import measure_comparisons
from sayso.agreement.twins import TwinSide, assign_twins
from sayso.matching import match_exact
from sayso.models import Annotation, Mention, Relation
from tests.agreement.sample_comparisons import TEXT, find_figure, find_value, make_filler
from tests.dataset.samples import SCHEMA, make_annotation, make_document, make_relation

SYMMETRIC = "restates"
SYMMETRIC_SCHEMA = replace(
    SCHEMA,
    relations={**SCHEMA.relations, SYMMETRIC: replace(SCHEMA.relations[SYMMETRIC], symmetric=True)},
)
RULES = TypologyRules.from_schema(SYMMETRIC_SCHEMA)
TYPES = ("source", "agent", SYMMETRIC)


def name_mentions(mentions: Sequence[Mention], prefix: str = "m") -> list[Mention]:
    return [replace(each, id=f"{prefix}{number}") for number, each in enumerate(mentions)]


def annotate(annotator: str, mentions: Sequence[Mention], relations: Any = ()) -> Annotation:
    return make_annotation(
        make_document("d", TEXT), *mentions, annotator=annotator, relations=tuple(relations)
    )


def measure(*annotations: Annotation) -> Any:
    compared = ComparedDocument(make_document("d", TEXT), "trial", "all", annotations)
    (found,) = measure_comparisons([compared], SYMMETRIC_SCHEMA)
    return found


# Few spans and values, so that twins are the rule.
SPARSE_MENTIONS = st.lists(
    st.builds(
        lambda start, length, label, kind: make_filler(
            start, start + length, label, **({"type": kind} if kind else {})
        ),
        st.sampled_from([0, 0, 2]),
        st.sampled_from([2, 2, 3]),
        st.sampled_from(["Claim", "Claim", "Actor"]),
        st.sampled_from([None, "strike", "harm"]),
    ),
    max_size=5,
).map(name_mentions)


@st.composite
def sparse_annotations(draw: st.DrawFn, annotator: str) -> Annotation:
    mentions = draw(SPARSE_MENTIONS)
    relations: list[Relation] = []
    if mentions:
        names = st.sampled_from([each.id for each in mentions])
        drawn = st.builds(make_relation, st.sampled_from(TYPES), names, names)
        relations = draw(st.lists(drawn, max_size=5, unique_by=msgspec.json.encode))
    return annotate(annotator, mentions, relations)


def shuffle(annotation: Annotation, seed: int) -> Annotation:
    """Return the same with other ids, in another order, symmetric relations turned or not."""
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(len(annotation.mentions))]
    chance.shuffle(names)
    new = {each.id: name for each, name in zip(annotation.mentions, names, strict=True)}
    mentions = [replace(each, id=new[each.id]) for each in annotation.mentions]
    relations = [
        replace(each, head=new[each.head], tail=new[each.tail]) for each in annotation.relations
    ]
    relations = [
        make_relation(each.type, each.tail, each.head)
        if each.type == SYMMETRIC and chance.random() < 0.5
        else each
        for each in relations
    ]
    chance.shuffle(mentions)
    chance.shuffle(relations)
    return replace(annotation, mentions=tuple(mentions), relations=tuple(relations))


def figures_of(measured: Any) -> list[tuple[Any, ...]]:
    return [(each.name, each.value, each.n, each.documents) for each in measured.figures]


@pytest.mark.slow
@given(sparse_annotations("ann-1"), sparse_annotations("ann-2"), st.integers(0, 99))
def test_no_figure_depends_on_ids_order_or_side(
    one: Annotation, other: Annotation, seed: int
) -> None:
    figures = figures_of(measure(one, other))
    assert figures_of(measure(shuffle(one, seed), shuffle(other, seed + 1))) == figures
    swapped = replace(other, annotator="ann-1"), replace(one, annotator="ann-2")
    assert figures_of(measure(*swapped)) == figures


@given(sparse_annotations("ann-1"), st.integers(0, 99))
def test_an_annotation_agrees_with_itself(one: Annotation, seed: int) -> None:
    """Issue 14: an exact agreement gave 0, by the ids."""
    other = replace(shuffle(one, seed), annotator="ann-2")
    for each in measure(one, other).figures:
        if each.group in ("spans", "relations", "frames", "attributes") and each.value is not None:
            assert each.value == 1 or each.measure in ("alpha", "ac1", "characters", "units"), each
    found = compare_annotations(one, other, TEXT, RULES)
    assert not [each for each in found.disagreements if each.kind != "relation"]


def order(kind: str, head: str, tail: str) -> tuple[str, ...]:
    return (kind, *sorted((head, tail))) if kind == SYMMETRIC else (kind, head, tail)


def count_common(
    pairs: Sequence[tuple[Mention, Mention]], one: Annotation, other: Annotation
) -> int:
    """Count equal attributes and common relations of an assignment, one by one."""
    partner = {mine.id: theirs.id for mine, theirs in pairs}
    left = [key for each in other.relations for key in [order(each.type, each.head, each.tail)]]
    common = sum(len(m.attributes.items() & t.attributes.items()) for m, t in pairs)
    for each in one.relations:
        mapped = order(each.type, partner.get(each.head, ""), partner.get(each.tail, ""))
        if mapped in left:
            left.remove(mapped)
            common += 1
    return common


@given(sparse_annotations("ann-1"), sparse_annotations("ann-2"))
def test_the_assignment_is_the_best_of_all(one: Annotation, other: Annotation) -> None:
    symmetric = frozenset({SYMMETRIC})
    sides = [TwinSide(each.mentions, each.relations, symmetric) for each in (one, other)]
    pairs = match_exact(one.mentions, other.mentions)
    found = assign_twins(pairs, *sides)
    keys = [(m.label, m.start, m.end) for m, _theirs in pairs]
    assert sorted((m.label, m.start, m.end) for m, _theirs in found) == sorted(keys)
    best = 0
    mine, theirs = one.mentions, other.mentions
    for chosen in permutations([*theirs, *[None] * len(mine)], len(mine)):
        tried = [(m, t) for m, t in zip(mine, chosen, strict=True) if t]
        if len(tried) == len(pairs) and all(
            (m.label, m.start, m.end) == (t.label, t.start, t.end) for m, t in tried
        ):
            best = max(best, count_common(tried, one, other))
    assert count_common(found, one, other) == best


def test_claims_marked_twice_keep_their_relations() -> None:
    claims = [make_filler(0, 9, "Claim", type=kind) for kind in ("strike", "harm")]
    actors = [make_filler(10, 12, "Actor"), make_filler(13, 15, "Actor")]
    mentions = name_mentions([*claims, *actors])
    one = annotate(
        "ann-1", mentions, [make_relation("source", f"m{n}", f"m{n + 2}") for n in (0, 1)]
    )
    for seed in range(8):
        found = measure(one, replace(shuffle(one, seed), annotator="ann-2"))
        assert find_value(found, "relations.source.strict") == 1
        assert find_value(found, "relations.source.lenient") == 1
        assert find_value(found, "frames.Claim.whole.exact") == 1
        assert find_value(found, "frames.Claim.whole.lenient") == 1
        assert find_value(found, "attributes.Claim.type.agreement") == 1


@pytest.mark.parametrize("times", [2, 9])
def test_an_annotation_that_stands_there_several_times_agrees_with_itself(times: int) -> None:
    """Too many assignments to try them all; what is settled settles what hangs on it."""
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for copy in range(times):
        start = len(mentions)
        for place in range(4):
            mentions.append(make_filler(4 * place, 4 * place + 3, "Claim"))
            mentions.append(make_filler(4 * place + 3, 4 * place + 4, "Actor"))
        relations += [
            make_relation("source", f"m{start + 2 * place}", f"m{start + 2 * end + 1}")
            for place, end in ((0, 0), (0, 1), (1, 2), (2, 3), (3, copy % 2))
        ]
    one = annotate("ann-1", name_mentions(mentions), relations)
    found = measure(one, replace(shuffle(one, 5), annotator="ann-2"))
    assert find_value(found, "relations.all.strict") == 1
    assert find_value(found, "relations.all.lenient") == 1


def test_of_twins_that_overlap_one_mention_the_more_alike_is_matched() -> None:
    twins = [make_filler(0, 4, "Location", use=use) for use in ("literal", "associative")]
    single = make_filler(0, 5, "Location", use="associative")
    for order in (twins, twins[::-1]):
        found = measure(
            annotate("ann-1", name_mentions(order)), annotate("ann-2", name_mentions([single]))
        )
        figure = find_figure(found, "attributes.Location.use.agreement")
        assert (figure.value, figure.n) == (1, 1)


@pytest.mark.slow
@given(*(sparse_annotations(f"ann-{number}") for number in (1, 2, 3)), st.integers(0, 99))
def test_three_annotators_in_any_order(
    one: Annotation, two: Annotation, three: Annotation, seed: int
) -> None:
    figures = figures_of(measure(one, two, three))
    names = ("ann-1", "ann-2", "ann-3")
    turned = [
        replace(shuffle(each, seed), annotator=name)
        for each, name in zip((three, one, two), names, strict=True)
    ]
    assert figures_of(measure(*turned)) == figures
