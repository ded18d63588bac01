"""The interface of adjudication as XML, and what a document's task holds."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import msgspec
import pytest

from sayso.adjudication.deciding import Decision
from sayso.errors import InputError
from sayso.schema import Flag
from sayso.studio.adjudication.interface import KEYS, adjudication_xml
from sayso.studio.adjudication.questions import ASKED, DIGEST, Asked, Question, shortened
from sayso.studio.controls import ARROWS, DOCUMENT_NOTE, DROP, FLAG, KEEP, NOTE, SAID, SPAN, TEXT, VERDICT, control
from sayso.studio.interface import BUILT_IN
from tests.adjudication.made import ANNOTATORS, DOCUMENT, SCHEMA, answer, mention, of
from tests.studio.test_interface import ALLOWED

MORE = {"Choices": {"value", "layout"}, "TextArea": {"skipDuplicates"}}


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_it_asks_all_that_the_pass_asks_and_a_verdict(name: str) -> None:
    root = ElementTree.fromstring(adjudication_xml(SCHEMA, name))
    named = [element.get("name") for element in root.iter() if element.get("name")]
    shown = SCHEMA.shown(name)
    questions = [control(label, asked) for label, declared in shown.items() for asked in declared.attributes]
    arrows = [ARROWS] if SCHEMA.drawn(name) else []
    assert sorted(map(str, named)) == sorted(
        [SPAN, TEXT, FLAG, NOTE, DOCUMENT_NOTE, SAID, VERDICT, *arrows, *questions]
    )
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[element.tag] | MORE.get(element.tag, set()), element.tag
    verdict = next(element for element in root.iter("Choices") if element.get("name") == VERDICT)
    assert (verdict.get("required"), verdict.get("perRegion")) == ("true", "true")
    assert [choice.get("value") for choice in verdict] == [KEEP, DROP]
    assert adjudication_xml(SCHEMA, name) == adjudication_xml(SCHEMA, name)


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_no_key_means_two_things(name: str) -> None:
    root = ElementTree.fromstring(adjudication_xml(SCHEMA, name))
    keys = [element.get("hotkey") for element in root.iter() if element.get("hotkey")]
    assert len(set(keys)) == len(keys) and set(KEYS.values()) <= set(keys) and not BUILT_IN & {*map(str, keys)}


@pytest.mark.parametrize("key", KEYS.values())
def test_a_key_of_the_adjudicator_is_refused(key: str) -> None:
    flags = {"unsure": Flag(definition="?", hotkey=key)}
    with pytest.raises(InputError, match="of flag unsure is one of the adjudicator's"):
        adjudication_xml(msgspec.structs.replace(SCHEMA, flags=flags), "all")


MAYOR, EDGE = mention("The mayor", type="local_authority"), mention("mayor", type="local_authority")


def question(*mentions_of: object, before: Decision | None = None) -> Question:
    answers = [answer(name, *marks) for name, marks in zip(ANNOTATORS, mentions_of, strict=False)]  # type: ignore[misc]
    return Question(DOCUMENT, of(*answers), SCHEMA, before)


def given(asked: Question, name: str, region: str) -> object:
    items = [item for item in asked.result if (item.get("id"), item.get("from_name")) == (region, name)]
    return next(iter(items[0]["value"].get("choices") or items[0]["value"].get("text"))) if items else None


def test_where_values_differ_the_majority_is_prefilled_and_everybody_is_told() -> None:
    other = mention("The mayor", type="civilian")
    noted = msgspec.structs.replace(other, note="they speak for\nthe city", flag="unsure")
    asked = question([MAYOR], [MAYOR], [noted])
    assert given(asked, "actor_type", "Actor-0-9") == "local_authority"
    assert given(asked, VERDICT, "Actor-0-9") is None
    assert given(asked, SAID, "Actor-0-9") == (
        "ann-1, ann-2: type local_authority\nann-3: type civilian — ann-3 (unsure) “they speak for\nthe city”"
    )
    assert given(question([MAYOR], [other]), "actor_type", "Actor-0-9") is None, "no majority, nothing guessed"


def test_what_is_open_comes_first() -> None:
    alike, late = mention("Odesa", "Location"), mention("two drones", "Count")
    asked = question([MAYOR, alike, late], [MAYOR, alike])
    assert asked.asked.regions == ("Count-24-34", "Actor-0-9", "Location-13-18")
    assert [given(asked, VERDICT, region) for region in asked.asked.regions] == [None, KEEP, KEEP]


def test_a_question_is_another_one_where_answers_are() -> None:
    one, same, other = question([MAYOR], [EDGE]), question([MAYOR], [EDGE]), question([MAYOR], [EDGE], [EDGE])
    assert one.data[DIGEST] == same.data[DIGEST] != other.data[DIGEST]
    asked = msgspec.json.decode(one.data[ASKED], type=Asked)
    assert asked == one.asked and asked.known == frozenset(one.candidates.votes)
    assert json.loads(msgspec.json.encode(one.data))["text_sha256"] == DOCUMENT.text_sha256


def test_what_was_decided_before_has_its_verdict() -> None:
    before = Decision(
        (MAYOR,), (), "adjudicated", "2026", "adj-1", over=frozenset(question([MAYOR], [EDGE]).candidates.votes)
    )
    asked = question([MAYOR], [EDGE], [mention("Odesa", "Location")], before=before)
    assert asked.asked.regions == ("Location-13-18", "Actor-0-9", "Actor-4-9")
    assert [given(asked, VERDICT, region) for region in asked.asked.regions] == [None, KEEP, DROP]


def test_a_row_quotes_the_ends_of_a_long_mention() -> None:
    assert shortened("a\n b") == "a b" and shortened("x" * 40) == "x" * 40
    assert len(shortened("word " * 30)) == 40
