"""The interface of adjudication as XML, and what a document's task holds."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import msgspec
import pytest

from sayso.adjudication.decisions import Decision
from sayso.labelstudio.adjudication.adjudication_interface import (
    VERDICT_HOTKEYS,
    render_adjudication_interface,
)
from sayso.labelstudio.adjudication.questions import (
    ASKED_KEY,
    DIGEST_KEY,
    AdjudicationQuestion,
    AskedQuestion,
    shorten,
)
from sayso.labelstudio.controls import (
    DOCUMENT_NOTE,
    DROP,
    FLAG,
    KEEP,
    NOTE,
    OPEN_RELATIONS,
    SPAN,
    TEXT,
    VERDICT,
    VOTES,
    control_name,
)
from sayso.models import Mention
from sayso.schema.hotkeys import EDITOR_HOTKEYS
from tests.adjudication.sample_annotations import (
    ANNOTATORS,
    DOCUMENT,
    SCHEMA,
    make_annotation,
    make_candidates,
    make_mention,
)
from tests.labelstudio.test_interface import ALLOWED

MORE = {"Choices": {"value", "layout"}, "TextArea": {"skipDuplicates"}}


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_it_asks_all_that_the_pass_asks_and_a_verdict(name: str) -> None:
    root = ElementTree.fromstring(render_adjudication_interface(SCHEMA, name))
    named = [element.get("name") for element in root.iter() if element.get("name")]
    shown = SCHEMA.labels_of_pass(name)
    questions = [
        control_name(label, asked)
        for label, declared in shown.items()
        for asked in declared.attributes
    ]
    arrows = [OPEN_RELATIONS] if SCHEMA.relations_of_pass(name) else []
    assert sorted(map(str, named)) == sorted(
        [SPAN, TEXT, FLAG, NOTE, DOCUMENT_NOTE, VOTES, VERDICT, *arrows, *questions]
    )
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[element.tag] | MORE.get(element.tag, set()), (
            element.tag
        )
    verdict = next(element for element in root.iter("Choices") if element.get("name") == VERDICT)
    assert (verdict.get("required"), verdict.get("perRegion")) == ("true", "true")
    assert [choice.get("value") for choice in verdict] == [KEEP, DROP]
    assert render_adjudication_interface(SCHEMA, name) == render_adjudication_interface(
        SCHEMA, name
    )


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_no_key_means_two_things(name: str) -> None:
    root = ElementTree.fromstring(render_adjudication_interface(SCHEMA, name))
    keys = [element.get("hotkey") for element in root.iter() if element.get("hotkey")]
    assert (
        len(set(keys)) == len(keys)
        and set(VERDICT_HOTKEYS.values()) <= set(keys)
        and not EDITOR_HOTKEYS & {*map(str, keys)}
    )


MAYOR, EDGE = (
    make_mention("The mayor", type="local_authority"),
    make_mention("mayor", type="local_authority"),
)


def question(*mentions_of: list[Mention], before: Decision | None = None) -> AdjudicationQuestion:
    answers = [
        make_annotation(name, *marks) for name, marks in zip(ANNOTATORS, mentions_of, strict=False)
    ]
    return AdjudicationQuestion(DOCUMENT, make_candidates(*answers), SCHEMA, before)


def given(asked: AdjudicationQuestion, name: str, region: str) -> object:
    items = [
        item for item in asked.result if (item.get("id"), item.get("from_name")) == (region, name)
    ]
    return (
        next(iter(items[0]["value"].get("choices") or items[0]["value"].get("text")))
        if items
        else None
    )


def test_where_values_differ_the_majority_is_prefilled_and_everybody_is_told() -> None:
    other = make_mention("The mayor", type="civilian")
    noted = msgspec.structs.replace(other, note="they speak for\nthe city", flag="unsure")
    asked = question([MAYOR], [MAYOR], [noted])
    assert given(asked, "actor_type", "Actor-0-9") == "local_authority"
    assert given(asked, VERDICT, "Actor-0-9") is None
    assert given(asked, VOTES, "Actor-0-9") == (
        "ann-1, ann-2: type local_authority\n"
        "ann-3: type civilian — ann-3 (unsure) “they speak for\nthe city”"
    )
    assert given(question([MAYOR], [other]), "actor_type", "Actor-0-9") is None, (
        "no majority, nothing guessed"
    )


def test_what_is_open_comes_first() -> None:
    alike, late = make_mention("Odesa", "Location"), make_mention("two drones", "Count")
    asked = question([MAYOR, alike, late], [MAYOR, alike])
    assert asked.context.regions == ("Count-24-34", "Actor-0-9", "Location-13-18")
    assert [given(asked, VERDICT, region) for region in asked.context.regions] == [None, KEEP, KEEP]


def test_a_question_is_another_one_where_answers_are() -> None:
    one, same, other = (
        question([MAYOR], [EDGE]),
        question([MAYOR], [EDGE]),
        question([MAYOR], [EDGE], [EDGE]),
    )
    assert one.data[DIGEST_KEY] == same.data[DIGEST_KEY] != other.data[DIGEST_KEY]
    asked = msgspec.json.decode(one.data[ASKED_KEY], type=AskedQuestion)
    assert asked == one.context and asked.contents == frozenset(one.candidates.votes)
    assert json.loads(msgspec.json.encode(one.data))["text_sha256"] == DOCUMENT.text_sha256


def test_what_was_decided_before_has_its_verdict() -> None:
    before = Decision(
        (MAYOR,),
        (),
        "adjudicated",
        "2026",
        "adj-1",
        declined=frozenset(question([MAYOR], [EDGE]).candidates.votes),
    )
    asked = question([MAYOR], [EDGE], [make_mention("Odesa", "Location")], before=before)
    assert asked.context.regions == ("Location-13-18", "Actor-0-9", "Actor-4-9")
    assert [given(asked, VERDICT, region) for region in asked.context.regions] == [None, KEEP, DROP]


def test_a_row_quotes_the_ends_of_a_long_mention() -> None:
    assert shorten("a\n b") == "a b" and shorten("x" * 40) == "x" * 40
    assert len(shorten("word " * 30)) == 40
