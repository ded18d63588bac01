"""Leaving optional text out is no objection to it; nothing else is filled in."""

from __future__ import annotations

from hypothesis import given

from sayso.adjudication.optional_attributes import fill_optional_attributes
from sayso.models import Annotation
from tests.adjudication import sample_annotations
from tests.adjudication.sample_annotations import (
    SCHEMA,
    make_annotation,
    make_candidates,
    make_mention,
)


def test_a_name_that_one_alone_knows_is_no_rival() -> None:
    one, other = (
        make_annotation("ann-1", make_mention("mayor", entity="Q123")),
        make_annotation("ann-2", make_mention("mayor")),
    )
    assert not make_candidates(one, other).is_unanimous
    found = make_candidates(*fill_optional_attributes((one, other), SCHEMA))
    assert found.is_unanimous
    (content,) = found.mentions[0].contents
    assert dict(content.attributes)["entity"] == "Q123"


def test_two_names_are_rivals_and_another_value_takes_no_name() -> None:
    three = [
        make_annotation("ann-1", make_mention("mayor", entity="Q123")),
        make_annotation("ann-2", make_mention("mayor", entity="Q456")),
        make_annotation("ann-3", make_mention("mayor")),
    ]
    assert fill_optional_attributes(three, SCHEMA) == tuple(three)
    two = [
        make_annotation("ann-1", make_mention("mayor", entity="Q123")),
        make_annotation("ann-2", make_mention("mayor", type="civilian")),
    ]
    assert fill_optional_attributes(two, SCHEMA) == tuple(two)


@given(sample_annotations.annotation_lists)
def test_only_what_was_left_out_is_filled_and_only_once(annotations: list[Annotation]) -> None:
    now = fill_optional_attributes(annotations, SCHEMA)
    assert fill_optional_attributes(now, SCHEMA) == now
    for before, after in zip(annotations, now, strict=True):
        for old, new in zip(before.mentions, after.mentions, strict=True):
            assert (old.id, old.span, old.label) == (new.id, new.span, new.label)
            assert old.attributes.items() <= new.attributes.items()
            assert new.attributes.keys() - old.attributes.keys() <= {"entity", "gazetteer"}
