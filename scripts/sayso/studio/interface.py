"""The Label Studio interface of each pass, written from the schema. Pure: the same schema, the same bytes.

Label Studio accepts on the server what its editor then cannot show, and keeps what a hidden panel still holds.
So only the tags and attributes below are written, every attribute panel names its label on the panel *and* on each
control, and every control that could catch a key has its own.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sayso.schema import Attribute, Interface, Label, Schema
from sayso.studio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control

HEAD = "Made from schema.yaml by `sayso schema build`. Change that file, not this one."

STYLE = """
.sayso { font-size: 15px; }
.sayso-about { color: #777; }
.sayso-desk { display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }
.sayso-page { flex: 1 1 30rem; max-width: 46rem; }
.sayso-panel { flex: 1 1 20rem; max-width: 34rem; position: sticky; top: 0; }
"""


def interface_xml(schema: Schema, name: str) -> str:
    """The labelling configuration of one interface, as XML with a line end at its end.

    Raises:
        InputError: the schema has no such interface.
    """
    declared = schema.interface(name)
    view = _tag("View", className="sayso")
    view.append(ElementTree.Comment(f" {HEAD} {name}, version {schema.version} "))
    view.append(_style())
    view.extend(_title(declared))
    view.append(_desk(schema, name))
    if drawn := schema.drawn(name):
        view.append(_tag("Relations", *(_tag("Relation", value=relation) for relation in drawn)))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _tag(tag: str, *children: Element, **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.extend(children)
    return element


def _style() -> Element:
    style = _tag("Style")
    style.text = textwrap.indent(STYLE, "    ").rstrip() + "\n  "
    return style


def _title(declared: Interface) -> Iterator[Element]:
    yield _tag("Header", value="$title", size="4")
    yield _tag("View", _tag("Header", value="$about", size="5"), className="sayso-about")


def _desk(schema: Schema, name: str) -> Element:
    """The text on the left, and beside it whatever is asked of the selected mention."""
    shown = schema.shown(name)
    page = _tag("View", _labels(shown), _tag("View", _text(), className="sayso-text"), className="sayso-page")
    panel = _tag("View", className="sayso-panel")
    panel.extend(_questions(label, declared) for label, declared in shown.items())
    panel.append(_remarks(schema))
    panel.append(_document_note())
    panel.append(_definitions(schema, name))
    return _tag("View", page, panel, className="sayso-desk")


def _labels(shown: dict[str, Label]) -> Element:
    labels = (
        _tag("Label", value=name, hotkey=label.hotkey, background=label.colour, hint=label.definition)
        for name, label in shown.items()
    )
    bar = _tag("Labels", *labels, name=SPAN, toName=TEXT, choice="single", showInline="true")
    return _tag("View", bar, className="sayso-bar")


def _text() -> Element:
    return _tag("Text", name=TEXT, value=f"${TEXT}", granularity="symbol", saveTextResult="yes")


def _questions(label: str, declared: Label) -> Element:
    """The panel of one label. Label Studio must be told twice when it shows: else it keeps what it hides."""
    panel = _tag("View", className="sayso-questions", **_when(label), visibleWhen="region-selected")
    for name, attribute in declared.attributes.items():
        panel.append(_tag("Header", value=f"{label}: {name}", size="5"))
        panel.append(_question(label, name, attribute))
    return panel


def _when(label: str) -> dict[str, str]:
    return {"whenTagName": SPAN, "whenLabelValue": label}


def _question(label: str, name: str, attribute: Attribute) -> Element:
    asked = {"name": control(label, name), "toName": TEXT, "perRegion": "true", **_when(label)}
    if attribute.required:
        asked |= {"required": "true", "requiredMessage": f"{label}: please choose its {name}."}
    if attribute.closed:
        return _choices(attribute, asked)
    if attribute.kind == "integer":
        return _tag("Number", **asked, min="0", step="1")
    return _tag("TextArea", **asked, maxSubmissions="1", editable="true", rows="1", placeholder=attribute.definition)


def _choices(attribute: Attribute, asked: dict[str, str]) -> Element:
    choices = (
        _tag("Choice", value=name, hint=value.definition, **({"hotkey": value.hotkey} if value.hotkey else {}))
        for name, value in attribute.values.items()
    )
    return _tag("Choices", *choices, **asked, choice="single-radio", showInline="true")


def _remarks(schema: Schema) -> Element:
    """What can be said of any mention."""
    flags = (_tag("Choice", value=name, hint=flag.definition) for name, flag in schema.flags.items())
    asked = {"toName": TEXT, "perRegion": "true"}
    return _tag(
        "View",
        _tag("Choices", *flags, name=FLAG, **asked, choice="single", showInline="true"),
        _tag("TextArea", name=NOTE, **asked, maxSubmissions="1", editable="true", rows="1", placeholder="Note"),
        className="sayso-remarks",
        visibleWhen="region-selected",
    )


def _document_note() -> Element:
    asked = {"maxSubmissions": "1", "editable": "true", "rows": "1", "placeholder": "Note on the whole document"}
    return _tag("View", _tag("TextArea", name=DOCUMENT_NOTE, toName=TEXT, **asked), className="sayso-document")


def _definitions(schema: Schema, name: str) -> Element:
    markdown = _tag("Markdown")
    markdown.text = "".join(
        f"<p><b>{label}</b> {html.escape(declared.definition)}</p>" for label, declared in schema.shown(name).items()
    ).replace("$", "&#36;")
    return _tag("Collapse", _tag("Panel", _tag("View", markdown), value="Definitions"), bordered="true")
