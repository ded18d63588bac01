"""Any JSON as a result, as an annotation or as an adjudicator's answer: decoded or refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from sayso.labelstudio import codec
from sayso.labelstudio.adjudication.questions import AskedQuestion, RelationRow
from sayso.labelstudio.adjudication.verdicts import UndecidedError, decode_decision
from sayso.labelstudio.controls import (
    DOCUMENT_NOTE,
    FLAG,
    NOTE,
    OPEN_RELATIONS,
    SPAN,
    VERDICT,
    VOTES,
)
from sayso.models import UnknownItem, encode
from tests.labelstudio.test_codec import ACTOR, CLAIM, COUNT, SCHEMA, TEXT, relation_item

pytestmark = pytest.mark.fuzz

_CONTROLS = [SPAN, NOTE, FLAG, DOCUMENT_NOTE, VERDICT, VOTES, OPEN_RELATIONS, "count_lower"]
_WORDS = [*_CONTROLS, "text", "labels", "choices", "relation", "r1", "r2", "Actor", "Count", "left"]
_NUMBERS = [2**63 - 1, 2**63, -(2**63) - 1, 10**40, 1e308, 38.0, 0.5, -1, 0, True, None]
json_values = st.recursive(
    st.sampled_from([*_NUMBERS, *_WORDS])
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """Replace, remove or add something anywhere in a value."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(json_values)
    spoilt_copy = value.copy()
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    if draw(st.integers(0, 5)) == 0:
        del spoilt_copy[key]
    else:
        spoilt_copy[key] = draw(spoilt(value[key]))
    return spoilt_copy


GOOD_RESULT: list[Any] = [
    ACTOR,
    COUNT,
    CLAIM,
    {**COUNT, "from_name": "count_lower", "type": "number", "value": {"number": 38}},
    {**ACTOR, "from_name": NOTE, "type": "textarea", "value": {"text": ["look"]}},
    {**ACTOR, "from_name": FLAG, "type": "choices", "value": {"choices": ["unsure"]}},
    {**ACTOR, "from_name": VERDICT, "type": "choices", "value": {"choices": ["keep"]}},
    {"id": "n", "from_name": DOCUMENT_NOTE, "value": {"text": ["of it all"]}},
    {"id": "o", "from_name": OPEN_RELATIONS, "value": {"choices": ["1. one"]}},
    relation_item("r3", "r1", labels=["source"]),
]


@st.composite
def results(draw: st.DrawFn) -> list[Any]:
    """A result as the editor makes it, with a few faults, or a list of anything."""
    result: Any = GOOD_RESULT
    for _ in range(draw(st.integers(1, 4))):
        result = draw(spoilt(result))
        if not isinstance(result, list):
            result = [result]
    return list(result)


def contents(result: SearchStrategy[list[Any]]) -> SearchStrategy[list[Any]]:
    """The same as it comes from the wire, since strings of ours may be no Unicode."""
    return result.filter(lambda value: _is_sent(value)).map(_send)


def _is_sent(value: Any) -> bool:
    try:
        _send(value)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError):
        return False
    return True


def _send(value: Any) -> Any:
    import json

    return msgspec.json.decode(json.dumps(value).encode())


@given(contents(results()))
def test_any_result_is_decoded_and_nothing_is_lost(result: list[Any]) -> None:
    found = codec.decode_result(result, TEXT, SCHEMA)
    line = encode((found.mentions, found.relations, found.note, found.kept))
    kept = tuple[UnknownItem, ...]
    back = msgspec.json.decode(line, type=tuple[Any, Any, str | None, kept])
    assert len(back[0]) == len(found.mentions)
    for mention in found.mentions:
        assert mention.text == TEXT[mention.start : mention.end]
        assert msgspec.json.decode(encode(mention), type=type(mention)) == mention
    given_ids = {
        item["id"]
        for item in result
        if isinstance(item, dict) and item.get("from_name") == SPAN and item.get("id")
        if isinstance(item["id"], str)
    }
    told = encode(found.kept).decode()
    ids = {mention.id for mention in found.mentions}
    for each in given_ids - ids:
        assert encode(each).decode() in told


@given(contents(results()))
def test_any_answer_of_an_adjudicator_is_a_decision_or_has_a_reason(result: list[Any]) -> None:
    rows = (RelationRow("1. one", "source", "r3", "r1"),)
    asked = AskedQuestion(regions=("r1", "r2"), marked=(), drawn=(), rows=rows)
    try:
        decision = decode_decision(
            result,
            asked,
            TEXT,
            SCHEMA,
            pass_name="all",
            adjudicator="eve",
            decided_at="2026-01-01T00:00:00Z",
        )
    except UndecidedError as reason:
        assert str(reason)
    else:
        assert msgspec.json.encode([decision.mentions, decision.relations, decision.note])
