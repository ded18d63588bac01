"""Who leaves optional words out does not object to what another gave; nothing else is filled in."""

from __future__ import annotations

from hypothesis import given

from sayso.adjudication.candidates import candidates
from sayso.adjudication.words import filled
from sayso.records import Annotation
from tests.adjudication import made
from tests.adjudication.made import SCHEMA, answer, mention


def test_a_name_that_one_alone_knows_is_no_rival() -> None:
    one, other = answer("ann-1", mention("mayor", entity="Q123")), answer("ann-2", mention("mayor"))
    assert not candidates((one, other)).unanimous
    found = candidates(filled((one, other), SCHEMA))
    assert found.unanimous
    assert [dict(attributes)["entity"] for attributes, _votes in found.mentions[0].readings] == ["Q123"]


def test_two_names_are_rivals_and_another_value_takes_no_name() -> None:
    three = [
        answer("ann-1", mention("mayor", entity="Q123")),
        answer("ann-2", mention("mayor", entity="Q456")),
        answer("ann-3", mention("mayor")),
    ]
    assert filled(three, SCHEMA) == tuple(three)
    two = [answer("ann-1", mention("mayor", entity="Q123")), answer("ann-2", mention("mayor", type="civilian"))]
    assert filled(two, SCHEMA) == tuple(two)


@given(made.answers)
def test_only_what_was_left_out_is_filled_and_only_once(answers: list[Annotation]) -> None:
    now = filled(answers, SCHEMA)
    assert filled(now, SCHEMA) == now
    for before, after in zip(answers, now, strict=True):
        for old, new in zip(before.mentions, after.mentions, strict=True):
            assert (old.id, old.span, old.label) == (new.id, new.span, new.label)
            assert old.attributes.items() <= new.attributes.items()
            assert new.attributes.keys() - old.attributes.keys() <= {"entity", "gazetteer"}
