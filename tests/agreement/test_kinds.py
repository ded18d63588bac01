"""Agreement on values of every kind, on answers about the document, and on symmetric relations.

Where a figure has an independent source it is irrCAC 0.4.5 or NLTK 3.10.4, neither of which is
installed here (irrCAC asks for numpy 1); their figures are copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.agreement.agreement_report import Measurement
from sayso.agreement.comparisons import ComparedDocument
from sayso.agreement.measurement import measure_comparisons
from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.declarations import Schema
from tests.agreement.sample_comparisons import (
    find_figure,
    find_value,
    make_comparison,
    make_filler,
    measure_sample,
)
from tests.dataset.samples import make_annotation, make_document
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, read_schema

MASI_ALPHA = 0.3599320  # NLTK, with thirds in place of .33 and .67
ORDINAL_PAIRS = (
    *[("certain", "certain")] * 9,
    *[("certain", "probable")] * 3,
    *[("possible", "certain")] * 2,
    *[("probable", "probable")] * 2,
    ("possible", "possible"),
)
ORDINAL_TRIPLES = (
    *[("certain",) * 3] * 6,
    *[("certain", "certain", "probable")] * 3,
    *[("possible", "probable", "certain")] * 2,
    *[("possible",) * 3] * 2,
)


def measure_certainty(units: Sequence[Sequence[str]]) -> Measurement:
    sides = [
        [make_filler(n, n + 1, "Claim", certainty=unit[side]) for n, unit in enumerate(units)]
        for side in range(len(units[0]))
    ]
    return measure_sample(make_comparison("d", *sides))


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (ORDINAL_PAIRS, {"ac2": 0.673716, "kappa": 0.395018, "cohen_kappa": 0.409722}),
        (ORDINAL_TRIPLES, {"ac2": 0.742255, "kappa": 0.380952}),
    ],
)
def test_coefficients_are_those_of_irrcac(
    units: Sequence[Sequence[str]], expected: dict[str, float]
) -> None:
    found = measure_certainty(units)
    for measure, value in expected.items():
        assert find_value(found, f"attributes.Claim.certainty.{measure}") == value
    names = {figure.measure for figure in found.figures if figure.subject == "Claim.certainty"}
    assert ("cohen_kappa" in names) == (len(units[0]) == 2)  # Cohen's is for two annotators


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return read_schema(tmp_path, CONTRACTS)


def measure_answers(
    schema: Schema, question: str, *given: Sequence[AttributeValue | None]
) -> Measurement:
    """Measure documents that differ in the answers of their annotators alone."""
    documents = []
    for number, values in enumerate(given):
        document = make_document(f"d{number}", "x" * 20)
        annotations = [
            make_annotation(
                document,
                annotator=f"ann-{annotator}",
                interface="all",
                answers={} if value is None else {question: value},
            )
            for annotator, value in enumerate(values)
        ]
        documents.append(ComparedDocument(document, "trial", "all", tuple(annotations)))
    (found,) = measure_comparisons(documents, schema)
    return found


def test_sets_of_values_have_the_alpha_of_masi(schema: Schema) -> None:
    a, b, c = "civil", "criminal", "tax"
    pairs: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        ((a,), (a,)),
        ((a, b), (a,)),
        ((a, b), (b, c)),
        ((c,), (c,)),
        ((a,), (b,)),
        ((a, b, c), (a, b, c)),
        ((b, c), (c,)),
    ]
    found = measure_answers(schema, "areas", *pairs)
    alpha = find_figure(found, "answers.areas.alpha")
    assert alpha.value == pytest.approx(MASI_ALPHA, abs=1e-6)
    assert (alpha.n, alpha.unit) == (7, "documents")
    assert find_value(found, "answers.areas.agreement") == round(3 / 7, 6)


def test_an_unanswered_set_is_the_empty_one(schema: Schema) -> None:
    found = measure_answers(schema, "areas", (("civil",), None), (("tax",), ("tax",)), (None, None))
    figure = find_figure(found, "answers.areas.agreement")
    assert (figure.value, figure.n) == (0.5, 2)  # where nobody answered there is nothing to compare
    assert found.missing == {"areas": 1}


def test_answers_of_each_kind(schema: Schema) -> None:
    topics = measure_answers(schema, "topic", ("rent", "rent"), ("rent", "labour"))
    assert find_value(topics, "answers.topic.agreement") == 0.5
    assert find_value(topics, "answers.topic=rent.agreement") == round(2 / 3, 6)
    urgent = measure_answers(schema, "urgent", (True, True), (False, False), (True, False))
    assert find_value(urgent, "answers.urgent=yes.agreement") == round(2 / 3, 6)
    # The same numbers as days, as whole numbers and as decimals: one alpha.
    numbers = [(1, 1), (2, 4), (9, 9), (9, 8)]
    days: list[tuple[str, str]] = [(f"2024-01-{a:02}", f"2024-01-{b:02}") for a, b in numbers]
    decimals = [(float(a), float(b)) for a, b in numbers]
    alphas = {
        find_value(measure_answers(schema, name, *values), f"answers.{name}.alpha")
        for name, values in (("hearings", numbers), ("costs", decimals), ("ruled_on", days))
    }
    assert len(alphas) == 1 and None not in alphas
    gist = measure_answers(schema, "gist", ("Pay.", "Pay."), ("Pay.", "No."))
    assert find_value(gist, "answers.gist.agreement") == 0.5
    assert not [figure for figure in gist.figures if figure.name == "answers.gist.alpha"]


def test_a_project_that_marks_nothing_is_measured(tmp_path: Path) -> None:
    schema = read_schema(tmp_path, QUESTIONS_ONLY)
    found = measure_answers(schema, "topic", ("rent", "rent", "labour"), ("labour", "labour", None))
    assert find_figure(found, "answers.topic.agreement").n == 2
    assert {figure.group for figure in found.figures} >= {"answers"}


def make_person(start: int, end: int, **attributes: Any) -> Mention:
    return make_filler(start, end, "Person", **attributes)


def test_attributes_of_each_kind(schema: Schema) -> None:
    def side(roles: tuple[str, ...], *, minor: bool) -> tuple[Mention, ...]:
        return (make_person(0, 3, roles=roles, minor=minor),)

    document = make_document("d", "x" * 20)
    annotations = [
        make_annotation(document, *mentions, annotator=f"ann-{number}", interface="all")
        for number, mentions in enumerate(
            [side(("plaintiff", "witness"), minor=True), side(("plaintiff",), minor=True)]
        )
    ]
    (found,) = measure_comparisons(
        [ComparedDocument(document, "trial", "all", tuple(annotations))], schema
    )
    assert find_value(found, "attributes.Person.roles.agreement") == 0
    assert find_value(found, "attributes.Person.minor.agreement") == 1


def test_a_symmetric_relation_has_no_direction(schema: Schema) -> None:
    """The longer span of one annotator puts its end first; the relation is the same."""
    document = make_document("d", "x" * 20)
    inner, outer = make_person(4, 8), make_filler(4, 9, "Company")
    wider = make_person(3, 8)
    one = make_annotation(
        document,
        inner,
        outer,
        annotator="ann-1",
        interface="all",
        relations=(Relation(type="kin", head=outer.id, tail=inner.id),),
    )
    other = make_annotation(
        document,
        wider,
        outer,
        annotator="ann-2",
        interface="all",
        relations=(Relation(type="kin", head=wider.id, tail=outer.id),),
    )
    (found,) = measure_comparisons(
        [ComparedDocument(document, "trial", "all", (one, other))], schema
    )
    assert find_value(found, "relations.kin.lenient") == 1
    assert find_value(found, "frames.Person.whole.lenient") == 1


WORDS = "ab cd ef gh"  # 11 code points, four tokens
SPANS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(1, 5)).map(lambda s: (s[0], min(s[0] + s[1], 11))),
    max_size=3,
)


@given(st.lists(st.tuples(SPANS, SPANS, SPANS), min_size=1, max_size=3))
def test_tokens_are_as_the_package_finds_them(
    documents: list[tuple[list[tuple[int, int]], ...]],
) -> None:
    """A mention covers every token that it touches; F1 is over every two annotators."""
    tokens = [(0, 2), (3, 5), (6, 8), (9, 11)]
    matrix = np.array(
        [
            [
                float(any(start < last and first < end for start, end in sides[annotator]))
                for sides in documents
                for first, last in tokens
            ]
            for annotator in range(3)
        ]
    )
    comparisons = [
        make_comparison(
            f"d{number}",
            *(
                [make_filler(start, end) for start, end in dict.fromkeys(side) if end > start]
                for side in sides
            ),
            text=WORDS,
        )
        for number, sides in enumerate(documents)
    ]
    found = measure_sample(*comparisons)
    pairs = [(matrix[one], matrix[other]) for one in range(3) for other in range(one)]
    marked = sum(float(one.sum() + other.sum()) for one, other in pairs)
    common = sum(float((one * other).sum()) for one, other in pairs)
    f1 = find_value(found, "spans.Actor.token_f1")
    assert f1 == (pytest.approx(2 * common / marked, abs=1e-6) if marked else None)
    alpha = find_value(found, "spans.Actor.tokens")
    if len(np.unique(matrix)) > 1:
        expected = krippendorff.alpha(matrix, level_of_measurement="nominal")
        assert alpha == pytest.approx(expected, abs=1e-6)
    else:
        assert alpha is None
