"""Every kind of attribute and question, several ends and symmetry: interface and results.

Values are as the editor of Label Studio stored them: see `test_own_kinds_in_browser`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.labelstudio.codec import DecodedResult, ResultItem, decode_result
from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, control_name
from sayso.labelstudio.controls import TEXT as TEXT_CONTROL
from sayso.labelstudio.interface import render_interface
from sayso.models import Relation
from sayso.schema.declarations import Schema
from sayso.schema.hotkeys import EDITOR_HOTKEYS
from tests.labelstudio.drawn_annotations import assert_read_back, contents
from tests.labelstudio.test_interface import ALLOWED
from tests.schema.small_schemas import CONTRACTS, QUESTIONS_ONLY, read_schema

TEXT = "Brot GmbH and Anna Meier owe Ben Roth 12.50 EUR."
COMPANY, ANNA, BEN = (0, 9, "Company"), (14, 24, "Person"), (29, 37, "Person")
PAYMENT = (38, 47, "Payment")


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    return read_schema(tmp_path_factory.mktemp("contracts"), CONTRACTS)


@pytest.fixture(scope="module", params=[CONTRACTS, QUESTIONS_ONLY], ids=["contracts", "questions"])
def any_schema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Schema:
    return read_schema(tmp_path_factory.mktemp("schema"), request.param)


def mark(identifier: str, place: tuple[int, int, str]) -> ResultItem:
    start, end, label = place
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"id": identifier, "from_name": "span", "to_name": "text", "value": value}


def say(control: str, identifier: str = "d", **value: Any) -> ResultItem:
    return {"id": identifier, "from_name": control, "to_name": "text", "value": value}


def relate(head: str, tail: str, direction: str, *types: str) -> ResultItem:
    ends = {"from_id": head, "to_id": tail, "direction": direction}
    return {"type": "relation", **ends, "labels": list(types)}


def reasons(found: DecodedResult) -> list[str]:
    return [kept.reason for kept in found.kept]


@given(data=st.data())
def test_what_is_encoded_is_decoded(any_schema: Schema, data: st.DataObject) -> None:
    assert_read_back(data.draw(contents(any_schema)), any_schema)


@pytest.mark.parametrize(
    ("question", "value", "expected"),
    [
        ("topic", {"choices": ["rent"]}, "rent"),
        ("areas", {"choices": ["tax", "civil"]}, ("civil", "tax")),
        ("urgent", {"choices": ["yes"]}, True),
        ("urgent", {"choices": ["no"]}, False),
        ("ruled_on", {"datetime": "2024-02-29"}, "2024-02-29"),
        ("costs", {"text": ["0.05"]}, 0.05),
        ("costs", {"text": [" \N{MINUS SIGN}1200.50 "]}, -1200.5),
        ("costs", {"text": ["1e3"]}, 1000.0),
        ("hearings", {"number": 3}, 3),
        ("gist", {"text": ["In short."]}, "In short."),
    ],
)
def test_an_answer_of_each_kind(
    contracts: Schema, question: str, value: ResultItem, expected: object
) -> None:
    found = decode_result([say(f"question_{question}", **value)], TEXT, contracts)
    assert found.answers == {question: expected}
    assert type(found.answers[question]) is type(expected)
    assert found.kept == ()


UNKNOWN = "a value that the schema does not know"
NOT_A_NUMBER = "a number that is not written as in -1234.5"


@pytest.mark.parametrize(
    ("question", "value", "reason"),
    [
        ("topic", {"choices": ["king"]}, UNKNOWN),
        ("topic", {"choices": ["Rent and lease"]}, UNKNOWN),
        ("topic", {"choices": ["rent", "labour"]}, UNKNOWN),
        ("areas", {"choices": ["tax", "sea"]}, UNKNOWN),
        ("areas", {"choices": ["tax", "tax"]}, UNKNOWN),
        ("areas", {"choices": []}, UNKNOWN),
        ("areas", {"choices": "tax"}, UNKNOWN),
        ("urgent", {"choices": ["maybe"]}, UNKNOWN),
        ("urgent", {"choices": [True]}, UNKNOWN),
        ("ruled_on", {"datetime": "2024-02-30"}, UNKNOWN),
        ("ruled_on", {"datetime": "29/02/2024"}, UNKNOWN),
        ("ruled_on", {"datetime": "2024-02-29T00:00"}, UNKNOWN),
        ("costs", {"text": ["1,500"]}, NOT_A_NUMBER),
        ("costs", {"text": ["about 3"]}, NOT_A_NUMBER),
        ("costs", {"text": ["1e999"]}, NOT_A_NUMBER),
        ("costs", {"text": ["nan"]}, NOT_A_NUMBER),
        ("costs", {"text": ["\N{ARABIC-INDIC DIGIT THREE}"]}, NOT_A_NUMBER),
        ("costs", {"text": []}, NOT_A_NUMBER),
        ("hearings", {"number": 1.5}, UNKNOWN),
        ("gist", {"text": ["one", "two"]}, UNKNOWN),
    ],
)
def test_an_unusual_answer_is_kept_and_its_default_not_filled_in(
    contracts: Schema, question: str, value: ResultItem, reason: str
) -> None:
    item = say(f"question_{question}", **value)
    found = decode_result([item], TEXT, contracts, defaults_of="all")
    assert found.answers == ({} if question == "urgent" else {"urgent": False})
    assert [(kept.reason, kept.item) for kept in found.kept] == [(reason, item)]


def test_the_second_answer_to_a_question_is_kept(contracts: Schema) -> None:
    items = [say("question_topic", choices=["rent"]), say("question_topic", choices=["labour"])]
    found = decode_result(items, TEXT, contracts)
    assert (found.answers, reasons(found)) == ({"topic": "rent"}, ["an attribute given twice"])


def test_a_question_that_no_longer_exists_is_kept(contracts: Schema) -> None:
    item = say("question_mood", choices=["good"])
    found = decode_result([item], TEXT, contracts, defaults_of="all")
    assert [kept.item for kept in found.kept] == [item]


def test_defaults_stand_where_nothing_was_given_and_only_in_answers_taken_in(
    contracts: Schema,
) -> None:
    items = [mark("a", ANNA), mark("c", COMPANY), say("company_form", "c", choices=["ag"])]
    plain = decode_result(items, TEXT, contracts)
    assert [mention.attributes for mention in plain.mentions] == [{"form": "ag"}, {}]
    assert plain.answers == {}
    filled = decode_result(items, TEXT, contracts, defaults_of="all")
    assert [mention.attributes for mention in filled.mentions] == [{"form": "ag"}, {"minor": False}]
    assert filled.answers == {"urgent": False}
    refused = say("person_minor", "a", choices=["perhaps"])
    unfilled = decode_result([*items, refused], TEXT, contracts, defaults_of="all")
    assert unfilled.mentions[1].attributes == {}


def test_a_pass_that_does_not_ask_a_question_gives_no_default(contracts: Schema) -> None:
    silent = {
        name: msgspec.structs.replace(each, questions=())
        for name, each in contracts.interfaces.items()
    }
    schema = msgspec.structs.replace(contracts, interfaces=silent)
    assert decode_result([], TEXT, schema, defaults_of="all").answers == {}
    assert decode_result([], TEXT, contracts, defaults_of="a pass of an older schema").answers == {}


@pytest.mark.parametrize("direction", ["left", "right", "bi"])
@pytest.mark.parametrize(("head", "tail"), [("a", "b"), ("b", "a")])
def test_a_symmetric_relation_is_read_one_way_however_it_was_drawn(
    contracts: Schema, head: str, tail: str, direction: str
) -> None:
    items = [mark("a", ANNA), mark("b", BEN), relate(head, tail, direction, "kin")]
    found = decode_result(items, TEXT, contracts)
    assert found.relations == (Relation(type="kin", head="a", tail="b"),)
    assert found.kept == ()


def test_a_symmetric_relation_drawn_in_both_directions_is_one(contracts: Schema) -> None:
    back = relate("b", "a", "right", "kin")
    items = [mark("a", ANNA), mark("b", BEN), relate("a", "b", "right", "kin"), back]
    found = decode_result(items, TEXT, contracts)
    assert found.relations == (Relation(type="kin", head="a", tail="b"),)
    assert [(kept.reason, kept.item) for kept in found.kept] == [("the same relation twice", back)]


def test_of_an_arrow_both_ways_the_symmetric_types_are_read(contracts: Schema) -> None:
    items = [mark("c", COMPANY), mark("p", PAYMENT), relate("p", "c", "bi", "pays", "kin")]
    found = decode_result(items, TEXT, contracts)
    assert found.relations == (Relation(type="kin", head="c", tail="p"),)
    assert [(kept.reason, kept.item["labels"]) for kept in found.kept] == [
        ("a relation drawn both ways", ["pays"])
    ]


def test_a_relation_drawn_the_wrong_way_round_stays_for_the_check(contracts: Schema) -> None:
    items = [mark("c", COMPANY), mark("p", PAYMENT), relate("p", "c", "right", "pays")]
    found = decode_result(items, TEXT, contracts)
    assert found.relations == (Relation(type="pays", head="p", tail="c"),)


def interface(schema: Schema) -> Element:
    return ElementTree.fromstring(render_interface(schema, "all"))


def controls(root: Element) -> dict[str, Element]:
    """Return the controls by name."""
    return {name: each for each in root.iter() if (name := each.get("name"))}


def test_only_tags_and_attributes_that_were_seen_to_work(any_schema: Schema) -> None:
    for element in interface(any_schema).iter():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= ALLOWED[element.tag], element.tag


def test_every_question_and_attribute_has_a_control_of_its_kind(contracts: Schema) -> None:
    found = controls(interface(contracts))
    declared = {f"question_{name}": each for name, each in contracts.questions.items()}
    declared |= {
        control_name(label, name): each
        for label, shown in contracts.labels.items()
        for name, each in shown.attributes.items()
    }
    # Without flags there is no choice of flags.
    assert found.keys() == {SPAN, TEXT_CONTROL, NOTE, DOCUMENT_NOTE, *declared}
    tags = {"integer": "Number", "date": "DateTime", "number": "TextArea", "text": "TextArea"}
    for control, attribute in declared.items():
        element = found[control]
        assert element.tag == tags.get(attribute.kind, "Choices")
        assert (element.get("perRegion") == "true") == (not control.startswith("question_"))
        assert element.get("choice") == (
            None
            if element.tag != "Choices"
            else "multiple"
            if attribute.kind == "choices"
            else "single-radio"
        )
        values = ["yes", "no"] if attribute.kind == "boolean" else [*attribute.values]
        assert [each.get("value") for each in element] == values


def test_people_read_titles_and_results_have_names(contracts: Schema) -> None:
    root = interface(contracts)
    label = next(each for each in root.iter("Label") if each.get("alias"))
    names = [label.get(key) for key in ("value", "alias", "html")]
    assert names == ["Natural person", "Person", "Natural person"]
    panels = {each.get("whenLabelValue") for each in root.iter("View")} - {None}
    assert panels == {"Person", "Company", "Payment"}
    rent = next(each for each in root.iter("Choice") if each.get("html"))
    assert (rent.get("value"), rent.get("html")) == ("rent", "Rent and lease")
    shown = "".join(str(each.get("value")) for each in root.iter("Markdown"))
    assert "<b>What is it about?</b> The matter of the ruling." in shown
    assert "<b>Roles in the case</b>" in shown
    assert "topic" not in shown
    assert "the Natural person or Company that the arrow starts from" in shown


def test_a_title_is_text_and_no_markup(contracts: Schema) -> None:
    nasty = "<img src=x> & $text *b*"
    labels = {
        name: msgspec.structs.replace(each, title=nasty) for name, each in contracts.labels.items()
    }
    root = interface(msgspec.structs.replace(contracts, labels=labels))
    assert {each.get("html") for each in root.iter("Label")} == {
        "&lt;img src=x&gt; &amp; $text *b*"
    }
    assert "<img" not in "".join(str(each.get("value")) for each in root.iter("Markdown"))


def test_defaults_are_said_and_questions_have_them_from_the_start(contracts: Schema) -> None:
    root = interface(contracts)
    found = controls(root)
    selected = {
        (control, choice.get("value"))
        for control, element in found.items()
        for choice in element
        if choice.get("selected")
    }
    assert selected == {("question_urgent", "no")}
    captions = [str(each.get("value")) for each in root.iter("Markdown")]
    for caption in (
        "<p><b>urgent</b> An urgent matter. default: no</p>",
        "<p><b>form</b> Its legal form. default: gmbh</p>",
        "<p><b>instalments</b> In how many parts. default: 1</p>",
        "<p><b>amount (EUR)</b> How much.</p>",
    ):
        assert caption in captions
    assert [each.get("defaultValue") for each in root.iter("Number")] == [None, None]
    hearings = msgspec.structs.replace(contracts.questions["hearings"], default=2)
    questions = contracts.questions | {"hearings": hearings}
    numbers = controls(interface(msgspec.structs.replace(contracts, questions=questions)))
    assert numbers["question_hearings"].get("defaultValue") == "2"


def test_what_is_required_and_has_no_default_is_insisted_on(any_schema: Schema) -> None:
    found = controls(interface(any_schema))
    required = {name for name, element in found.items() if element.get("required")}
    assert required == {"question_topic", *({"payment_amount"} & found.keys())}
    assert found["question_topic"].get("requiredMessage", "").startswith("Please answer: ")


def test_no_two_controls_share_a_key_and_none_is_left_to_label_studio(any_schema: Schema) -> None:
    takers = [
        element
        for element in interface(any_schema).iter()
        if element.tag in ("Label", "Choice", "Number")
    ]
    keys = [element.get("hotkey") for element in takers]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert not EDITOR_HOTKEYS.intersection(map(str, keys))


def test_keys_of_yes_and_no_can_be_chosen(tmp_path: Path) -> None:
    text = CONTRACTS.replace("urgent: {", "urgent: {hotkeys: {yes: shift+y, no: shift+n}, ")
    urgent = controls(interface(read_schema(tmp_path, text)))["question_urgent"]
    assert [each.get("hotkey") for each in urgent] == ["shift+y", "shift+n"]


def test_definitions_say_what_a_relation_connects(contracts: Schema) -> None:
    table = next(
        str(each.get("value"))
        for each in interface(contracts).iter("Markdown")
        if "<table>" in str(each.get("value"))
    )
    rows = dict(re.findall(r"<b>(pays|kin)</b></td><td>(.*?)</td>", table))
    assert rows == {
        "pays": "pays: Who pays it. (Natural person or Company to Payment)",
        "kin": "is tied to: By blood or law. (Natural person or Company; both ends mean the same)",
    }


def test_a_pass_of_questions_has_nothing_to_mark(tmp_path: Path) -> None:
    root = interface(read_schema(tmp_path, QUESTIONS_ONLY))
    assert controls(root).keys() == {
        TEXT_CONTROL,
        "question_topic",
        "question_urgent",
        DOCUMENT_NOTE,
    }
    assert not {SPAN, FLAG, NOTE} & controls(root).keys()
    assert not [*root.iter("Labels"), *root.iter("Relations")]
    shown = "".join(str(each.get("value")) for each in root.iter("Markdown"))
    assert "Answer the questions about the whole text" in shown
    assert "mention" not in shown
