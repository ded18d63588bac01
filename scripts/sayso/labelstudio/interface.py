"""The labelling interface of each pass as Label Studio XML, generated from the schema. Pure.

Label Studio's server accepts what its editor cannot show, and its editor keeps the values of a
hidden panel. So a panel names its label twice, on the panel and on each control; every hotkey means
one thing; and text of the schema is escaped for the two readers that it passes, XML and Markdown.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sayso.files import read_text
from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control_name
from sayso.schema.declarations import AllowedValue, Attribute, Declaration, Flag, Label, Schema

GENERATED_NOTICE = "Made from schema.yaml by `sayso schema build`. Change that file, not this one."

# Without child selectors, which Label Studio would escape. A number field in focus lets the mouse
# wheel pass: else whoever scrolls over it changes it unseen.
STYLE = read_text(Path(__file__).with_suffix(".css"))

MARKING_HINT = """
<p><b>Mark</b> Press the key of a label, then draw over the words.</p>
<p><b>Answer</b> Click a mention: its questions appear here. Keys stand beside the values.</p>
<p><b>Leave</b> Press Escape before the next label: its key would change the label of a selected
mention.</p>
"""
RELATION_HINT = """
<p><b>Relate</b> Click the {heads} that the arrow starts from, press Alt+R, click the other
end; choose the type under Relations on the right.</p>
"""
SETTINGS_HINT = """
<p><b>Once</b> In the settings below the text, switch on “Select region after creating it”.</p>
"""
REMARKS_HINT = """
<p><b>flag</b> and <b>note</b> to the adjudicator, where needed. <b>Escape</b>, then the next
label.</p>
"""


def render_interface(schema: Schema, name: str) -> str:
    """Return the labelling configuration of one pass, as XML with a line end at its end.

    Raises:
        InputError: there is no such pass.
    """
    labels = schema.labels_of_pass(name)
    heads = dict.fromkeys(
        head
        for each in schema.relations_of_pass(name).values()
        for head in each.heads
        if head in labels
    )
    relating = RELATION_HINT.format(heads=escape_markdown(" or ".join(heads))) if heads else ""
    hints = MARKING_HINT + relating + SETTINGS_HINT
    panel = [
        *(build_questions(label, declared) for label, declared in labels.items()),
        build_remarks(schema, REMARKS_HINT),
        build_hint(hints),
        *build_document_fields(schema, name),
    ]
    return render_view(schema, name, f"Interface {name}", panel)


def render_view(
    schema: Schema, name: str, heading: str, panel: Iterable[Element], extra_css: str = ""
) -> str:
    """Return a configuration with the text of a pass and a panel of controls beside it."""
    view = tag("View", className="sayso")
    view.append(ElementTree.Comment(f" {GENERATED_NOTICE} {heading}, version {schema.version}. "))
    style = tag("Style")
    style.text = textwrap.indent(f"\n{STYLE}{extra_css}", "    ").rstrip() + "\n  "
    view.append(style)
    view.append(tag("Header", value="$title", size="4"))
    view.append(tag("View", tag("Header", value="$about", size="5"), className="sayso-about"))
    text = _build_text_column(schema.labels_of_pass(name))
    view.append(
        tag("View", text, tag("View", *panel, className="sayso-panel"), className="sayso-desk")
    )
    if relations := schema.relations_of_pass(name):
        view.append(tag("Relations", *(tag("Relation", value=relation) for relation in relations)))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tag(name: str, /, *children: Element, **attributes: str | None) -> Element:
    """Build an element, without the attributes that are None."""
    element = Element(name, {key: value for key, value in attributes.items() if value is not None})
    element.extend(children)
    return element


def _build_text_column(shown: dict[str, Label]) -> Element:
    labels = (
        tag(
            "Label",
            value=name,
            hotkey=label.hotkey or None,
            background=label.colour,
            hint=label.definition,
        )
        for name, label in shown.items()
    )
    # With choice="multiple" a hotkey pressed on a selected region would add a second label.
    bar = tag("Labels", *labels, name=SPAN, toName=TEXT, choice="single", showInline="true")
    # granularity="word" cuts words with hyphens and points in two: U.S.-led, co-op.
    text = tag("Text", name=TEXT, value=f"${TEXT}", granularity="symbol", saveTextResult="yes")
    return tag(
        "View",
        tag("View", bar, className="sayso-bar"),
        tag("View", text, className="sayso-text"),
        className="sayso-page",
    )


def build_questions(label: str, declared: Label) -> Element:
    """Build the panel of one label: attributes with keys first, then those that are typed."""
    when = {"whenTagName": SPAN, "whenLabelValue": label}
    panel = tag("View", className="sayso-questions", visibleWhen="region-selected", **when)
    border = f"border-left: 4px solid {declared.colour}"
    panel.append(tag("Header", value=label, size="5", style=border))
    typed = tag("View", className="sayso-typed")
    for name, attribute in declared.attributes.items():
        # On the control as well: else a relabelled mention keeps the values of its former label.
        control = _build_control(label, name, attribute, when)
        field = tag("View", _build_caption(name, attribute), control, className="sayso-field")
        (panel if attribute.is_closed else typed).append(field)
    if len(typed):
        panel.append(typed)
    return panel


def _build_control(label: str, name: str, attribute: Attribute, when: dict[str, str]) -> Element:
    common = {"name": control_name(label, name), "toName": TEXT, "perRegion": "true", **when}
    if attribute.required:
        common |= {"required": "true", "requiredMessage": f"{label}: please choose its {name}."}
    if attribute.is_closed:
        choices = build_choices(attribute.values)
        return tag("Choices", *choices, **common, choice="single-radio", showInline="true")
    if attribute.kind == "integer":
        return tag("Number", **common, min="0", step="1", hotkey=attribute.hotkey)
    return build_text_field(**common, placeholder=name)


def build_choices(values: Mapping[str, AllowedValue | Flag]) -> Iterator[Element]:
    """Yield the allowed values, each with its hotkey."""
    for name, declared in values.items():
        yield tag("Choice", value=name, hotkey=declared.hotkey, hint=declared.definition)


def build_text_field(**attributes: str) -> Element:
    """Build a field for one line of text."""
    return tag("TextArea", **attributes, maxSubmissions="1", editable="true", rows="1")


def build_remarks(schema: Schema, hint: str) -> Element:
    """Build the flag and note that every mention can have."""
    common = {"toName": TEXT, "perRegion": "true"}
    flags = [*build_choices(schema.flags)]  # Label Studio refuses a choice of nothing
    choices = tag("Choices", *flags, name=FLAG, **common, choice="single", showInline="true")
    return tag(
        "View",
        build_markdown(hint if flags else hint.replace("<b>flag</b> and ", "")),
        *([choices] if flags else []),
        build_text_field(name=NOTE, **common, placeholder="note"),
        className="sayso-remarks",
        visibleWhen="region-selected",
    )


def build_hint(markup: str) -> Element:
    """Build the text that is shown while no mention is selected."""
    return tag(
        "View", build_markdown(markup), className="sayso-hint", visibleWhen="no-region-selected"
    )


def build_document_fields(schema: Schema, name: str) -> tuple[Element, Element]:
    """Build the note on the whole document, and the definitions of all that the pass shows."""
    placeholder = "note on the whole document"
    note = build_text_field(name=DOCUMENT_NOTE, toName=TEXT, placeholder=placeholder)
    rows: list[str] = []
    for label, declared in schema.labels_of_pass(name).items():
        rows += _render_definitions({label: declared}, "")
        for attribute_name, attribute in declared.attributes.items():
            rows += _render_definitions({attribute_name: attribute}, f"{label} · ")
            rows += _render_definitions(attribute.values, f"{attribute_name} · ")
    rows += _render_definitions(schema.relations_of_pass(name), "relation · ")
    rows += _render_definitions(schema.flags, "flag · ")
    table = build_markdown(f"<table><tbody>{''.join(rows)}</tbody></table>")
    definitions = tag("Panel", tag("View", table), value="Definitions")
    return (
        tag("View", note, className="sayso-document"),
        tag("Collapse", definitions, bordered="true"),
    )


def _render_definitions(declared: Mapping[str, Declaration], prefix: str) -> Iterator[str]:
    for name, each in declared.items():
        cell = f"<td>{prefix}<b>{escape_markdown(name)}</b></td>"
        yield f"<tr>{cell}<td>{escape_markdown(each.definition)}</td></tr>"


def _build_caption(name: str, declared: Declaration) -> Element:
    definition = escape_markdown(declared.definition)
    return build_markdown(f"<p><b>{escape_markdown(name)}</b> {definition}</p>")


def build_markdown(markup: str) -> Element:
    """Build a Markdown element, whose content must be on one line."""
    return tag("Markdown", value=" ".join(markup.split()))


def escape_markdown(text: str) -> str:
    """Escape text as HTML without Markdown or what Label Studio takes for a ``$variable``.

    >>> escape_markdown("Tom & *Jerry*, $5")
    'Tom &amp; &#42;Jerry&#42;, &#36;5'
    """
    escaped = html.escape(text, quote=False)
    return re.sub(r"[$*_`~|\\\[\]{}#]", lambda found: f"&#{ord(found[0])};", escaped)
