"""The interfaces as XML: contents, escaping, colours and hotkeys."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
import pytest

from sayso.errors import InputError
from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control_name
from sayso.labelstudio.interface import render_interface
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from sayso.schema.hotkeys import EDITOR_HOTKEYS

SCHEMA = schemas.load_schema(Path(__file__).parents[2] / "schema" / "schema.yaml")

WHEN = {"whenTagName", "whenLabelValue"}
ASKED = {"name", "toName", "perRegion", "required", "requiredMessage"} | WHEN
TYPED = {"maxSubmissions", "editable", "rows", "placeholder"}
ALLOWED = {
    "View": {"className", "visibleWhen"} | WHEN,
    "Style": set(),
    "Header": {"value", "size", "style"},
    "Labels": {"name", "toName", "choice", "showInline"},
    "Label": {"value", "alias", "html", "hotkey", "background", "hint"},
    "Text": {"name", "value", "granularity", "saveTextResult"},
    "Choices": ASKED | {"choice", "showInline"},
    "Choice": {"value", "html", "hotkey", "hint", "selected"},
    "Number": ASKED | {"min", "step", "hotkey", "defaultValue"},
    "DateTime": ASKED | {"only"},
    "TextArea": ASKED | TYPED,
    "Collapse": {"bordered"},
    "Panel": {"value"},
    "Markdown": {"value"},
    "Relations": set(),
    "Relation": {"value"},
}


def parsed(name: str, schema: Schema = SCHEMA) -> Element:
    return ElementTree.fromstring(render_interface(schema, name))


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_only_tags_and_attributes_that_were_seen_to_work(name: str) -> None:
    for element in parsed(name).iter():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= ALLOWED[element.tag], element.tag


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_the_same_schema_gives_the_same_bytes(name: str) -> None:
    assert render_interface(SCHEMA, name) == render_interface(SCHEMA, name)


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_every_control_of_its_labels_is_there_once_and_no_other(name: str) -> None:
    named = [element.get("name") for element in parsed(name).iter() if element.get("name")]
    shown = SCHEMA.labels_of_pass(name)
    questions = [
        control_name(label, asked)
        for label, declared in shown.items()
        for asked in declared.attributes
    ]
    assert sorted(map(str, named)) == sorted([SPAN, TEXT, FLAG, NOTE, DOCUMENT_NOTE, *questions])
    assert [label.get("value") for label in parsed(name).iter("Label")] == list(shown)
    assert [relation.get("value") for relation in parsed(name).iter("Relation")] == list(
        SCHEMA.relations_of_pass(name)
    )


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_a_question_names_its_label_on_its_panel_and_on_itself(name: str) -> None:
    root = parsed(name)
    for label, declared in SCHEMA.labels_of_pass(name).items():
        when = {"whenTagName": SPAN, "whenLabelValue": label}
        (panel,) = (view for view in root.iter("View") if view.get("whenLabelValue") == label)
        assert panel.get("visibleWhen") == "region-selected"
        for asked, attribute in declared.attributes.items():
            (question,) = (
                found for found in panel.iter() if found.get("name") == control_name(label, asked)
            )
            assert {key: question.get(key) for key in when} == when
            assert question.get("perRegion") == "true"
            assert (question.get("required") == "true") == attribute.required
            assert bool(question.get("requiredMessage")) == attribute.required
            assert [choice.get("value") for choice in question] == list(attribute.values)


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_no_two_controls_share_a_key_and_none_is_left_to_label_studio(name: str) -> None:
    catching = [
        element for element in parsed(name).iter() if element.tag in ("Label", "Choice", "Number")
    ]
    keys = [element.get("hotkey") for element in catching]
    assert None not in keys, "Label Studio would choose a key by itself"
    assert len(set(keys)) == len(keys)
    assert not EDITOR_HOTKEYS.intersection(map(str, keys))


def test_words_of_the_schema_are_escaped_for_xml_and_for_markdown() -> None:
    nasty = "<script>&amp; \"q\" 'a' *b* _c_ `d` |e| [f](g) $text {h} \\ # ~ ]]> </Style> –"
    label = SCHEMA.labels["Cue"]
    stance = label.attributes["stance"]
    values = {
        name: msgspec.structs.replace(value, definition=nasty)
        for name, value in stance.values.items()
    }
    stance = msgspec.structs.replace(stance, definition=nasty, values=values)
    labels = SCHEMA.labels | {
        "Cue": msgspec.structs.replace(label, definition=nasty, attributes={"stance": stance})
    }
    root = parsed("all", msgspec.structs.replace(SCHEMA, labels=labels))
    hints = [element.get("hint") for element in root.iter() if element.get("hint") == nasty]
    assert len(hints) == 1 + len(values)
    markdown = "".join(str(element.get("value")) for element in root.iter("Markdown"))
    assert "&lt;script&gt;&amp;amp;" in markdown
    assert not re.search(r"[$*_`~|\\\[\]{}]", markdown.replace("{}", "")), (
        "Markdown would read this as a mark"
    )


def test_dollars_reach_label_studio_only_where_a_variable_is_meant() -> None:
    told = {
        value
        for element in parsed("all").iter()
        for value in element.attrib.values()
        if "$" in value
    }
    assert told == {"$title", "$about", "$text"}


def test_there_is_no_interface_of_another_name() -> None:
    with pytest.raises(InputError, match="choose one of names, claims, all"):
        render_interface(SCHEMA, "everything")


# Three kinds of colour blindness as matrices on linear RGB (Machado, Oliveira and Fernandes
# 2009, severity 1).
SIGHTS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no middle": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no short": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, float, float]


def linear(colour: str) -> Colour:
    """Convert ``#rrggbb`` to linear RGB."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return red, green, blue


def lab(rgb: Colour) -> Colour:
    """Convert to CIE L*a*b* under D65."""
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        sum(m * max(c, 0) for m, c in zip(row, rgb, strict=True)) / w
        for row, w in zip(matrix, white, strict=True)
    )
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def see(sight: str, colour: str) -> Colour:
    red, green, blue = (
        sum(m * c for m, c in zip(row, linear(colour), strict=True)) for row in SIGHTS[sight]
    )
    return red, green, blue


@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_labels_look_alike(sight: str) -> None:
    seen = {name: lab(see(sight, label.colour)) for name, label in SCHEMA.labels.items()}
    for one, other in itertools.combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart > 20, (one, other, apart)


def luminance(rgb: Colour) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


@pytest.mark.parametrize(("page", "ink"), [(255, 0x1F), (0x26, 0xF0)], ids=["light", "dark"])
def test_words_under_a_mark_and_under_two_can_be_read(page: int, ink: int) -> None:
    """Label Studio lays a label's colour at 30 % over the page, and over nested ones."""
    colours = [
        [int(label.colour[at : at + 2], 16) for at in (1, 3, 5)] for label in SCHEMA.labels.values()
    ]
    for under, over in itertools.product([[page] * 3, *colours], colours):
        nested = [0.7 * (0.7 * page + 0.3 * a) + 0.3 * b for a, b in zip(under, over, strict=True)]
        behind = luminance(linear("#" + "".join(f"{round(c):02x}" for c in nested)))
        words = luminance(linear(f"#{ink:02x}{ink:02x}{ink:02x}"))
        light, dark = max(behind, words), min(behind, words)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
