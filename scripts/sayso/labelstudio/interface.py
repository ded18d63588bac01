"""The labelling interface of each pass as Label Studio XML, generated from the schema. Pure.

Label Studio's server accepts what its editor cannot show, and its editor keeps the values of a
hidden panel. So a panel names its label twice, on the panel and on each control; every hotkey means
one thing; and text of the schema is escaped for the two readers that it passes, XML and Markdown.

People read titles, and results have names: of a label the ``alias``, of a choice the ``value``
beside the ``html`` that is shown. Only the type of a relation has no second name there.
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
from sayso.models import AttributeValue, format_value
from sayso.schema.column_names import question_control_name
from sayso.schema.declarations import AllowedValue, Attribute, Declaration, Flag, Label, Schema
from sayso.schema.schema_types import BOOLEAN_WORDS, RelationType

GENERATED_NOTICE = "Made from schema.yaml by `sayso schema build`. Change that file, not this one."

# Without child selectors, which Label Studio would escape. A number field in focus lets the mouse
# wheel pass: else whoever scrolls over it changes it unseen.
STYLE = read_text(Path(__file__).with_suffix(".css"))
DATE_STYLE = """\
.sayso-panel .htx-datetime { margin: 0 !important; }
.sayso-panel .htx-datetime input { margin: 0; height: 32px; padding: 2px 8px; font-size: 13px; }
"""

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
QUESTIONS_HINT = """
<p><b>Document</b> Answer the questions about the whole text. Keys stand beside the values.</p>
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
    marking = [
        *(build_questions(label, declared) for label, declared in labels.items()),
        build_remarks(schema, REMARKS_HINT),
    ]
    panel = [
        *(marking if labels else []),
        build_hint(_choose_hints(schema, name)),
        *build_document_questions(schema, name),
        *build_document_fields(schema, name),
    ]
    return render_view(schema, name, f"Interface {name}", panel)


def _choose_hints(schema: Schema, name: str) -> str:
    """Return what an annotator does in a pass."""
    labels = schema.labels_of_pass(name)
    heads = dict.fromkeys(
        head
        for each in schema.relations_of_pass(name).values()
        for head in each.heads
        if head in labels
    )
    shown = " or ".join(show_name(head, labels[head]) for head in heads)
    return "".join(
        [
            MARKING_HINT if labels else "",
            RELATION_HINT.format(heads=escape_markdown(shown)) if heads else "",
            QUESTIONS_HINT if schema.questions_of_pass(name) else "",
            SETTINGS_HINT if labels else "",
        ]
    )


def show_name(name: str, declared: Declaration) -> str:
    """Return what people see instead of a name: its title, where it has one."""
    return declared.title or name


def render_view(
    schema: Schema, name: str, heading: str, panel: Iterable[Element], extra_css: str = ""
) -> str:
    """Return a configuration with the text of a pass and a panel of controls beside it."""
    view, panel = tag("View", className="sayso"), list(panel)
    dates = DATE_STYLE if any(True for each in panel for _ in each.iter("DateTime")) else ""
    view.append(ElementTree.Comment(f" {GENERATED_NOTICE} {heading}, version {schema.version}. "))
    style = tag("Style")
    style.text = textwrap.indent(f"\n{STYLE}{dates}{extra_css}", "    ").rstrip() + "\n  "
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
            value=show_name(name, label),
            # The list of regions shows the value, the bar the markup, in which a $ is no variable.
            alias=name if label.title else None,
            html=_build_title_markup(label),
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
    bars = [tag("View", bar, className="sayso-bar")] if shown else []
    return tag("View", *bars, tag("View", text, className="sayso-text"), className="sayso-page")


def _build_title_markup(declared: Declaration) -> str | None:
    return html.escape(declared.title, quote=False) if declared.title else None


def build_questions(label: str, declared: Label) -> Element:
    """Build the panel of one label: attributes with keys first, then those that are typed."""
    when = {"whenTagName": SPAN, "whenLabelValue": label}
    panel = tag("View", className="sayso-questions", visibleWhen="region-selected", **when)
    border, title = f"border-left: 4px solid {declared.colour}", show_name(label, declared)
    panel.append(tag("Header", value=title, size="5", style=border))
    fields = []
    for name, attribute in declared.attributes.items():
        # On the control as well: else a relabelled mention keeps the values of its former label.
        common = {"name": control_name(label, name), "toName": TEXT, "perRegion": "true", **when}
        message = f"{title}: please choose its {show_name(name, attribute)}."
        fields.append((name, attribute, _build_control(name, attribute, common, message)))
    panel.extend(_arrange_fields(fields))
    return panel


def build_document_questions(schema: Schema, name: str) -> list[Element]:
    """Build the questions of a pass about the whole document, which are always visible."""
    fields = []
    for question, declared in schema.questions_of_pass(name).items():
        common = {"name": question_control_name(question), "toName": TEXT}
        message = f"Please answer: {show_name(question, declared)}"
        control = _build_control(question, declared, common, message)
        fields.append((question, declared, control))
    header = tag("Header", value="The whole document", size="5", style="padding-left: 0")
    section = tag("View", header, *_arrange_fields(fields), className="sayso-document")
    return [section] if fields else []


def _arrange_fields(fields: Iterable[tuple[str, Attribute, Element]]) -> list[Element]:
    """Return the controls under their captions, those that are typed side by side at the end."""
    chosen: list[Element] = []
    typed: list[Element] = []
    for name, attribute, control in fields:
        field = tag("View", _build_caption(name, attribute), control, className="sayso-field")
        (chosen if control.tag == "Choices" else typed).append(field)
    return [*chosen, tag("View", *typed, className="sayso-typed")] if typed else chosen


def _build_control(
    name: str, attribute: Attribute, common: dict[str, str], message: str
) -> Element:
    """Build the control of an attribute, or of a question about the document.

    Only a question shows its default as given: Label Studio would add a choice that is selected
    from the start to no mention, and a number to no mention whose question was left alone.
    """
    default = None if "perRegion" in common else attribute.default
    if attribute.required and attribute.default is None:
        common = common | {"required": "true", "requiredMessage": message}
    if attribute.has_values or attribute.kind == "boolean":
        choices = _build_answers(attribute, default)
        choice = "multiple" if attribute.kind == "choices" else "single-radio"
        return tag("Choices", *choices, **common, choice=choice, showInline="true")
    if attribute.kind == "integer":
        steps = {"min": "0", "step": "1", "hotkey": attribute.hotkey}
        shown_first = None if default is None else format_value(default)
        return tag("Number", **common, **steps, defaultValue=shown_first)
    if attribute.kind == "date":
        return tag("DateTime", **common, only="date")
    shown = show_name(name, attribute)
    # A number field of Label Studio turns 0.05 into 5 and -3 into 3 while they are typed.
    example = "such as 12.50" if attribute.kind == "number" else shown
    return build_text_field(**common, placeholder=example)


def _build_answers(attribute: Attribute, default: AttributeValue | None) -> list[Element]:
    """Build the choices of a closed attribute, or yes and no."""
    if attribute.kind == "boolean":
        words, keys = BOOLEAN_WORDS.values(), attribute.hotkeys
        choices = [tag("Choice", value=word, hotkey=keys.get(word)) for word in words]
    else:
        choices = list(build_choices(attribute.values))
    selected = _list_words(default)
    for choice in choices:
        if choice.get("value") in selected:
            choice.set("selected", "true")
    return choices


def _list_words(value: AttributeValue | None) -> tuple[str, ...]:
    """Return the values of choices that a value is."""
    if value is None or isinstance(value, tuple):
        return value or ()
    return (BOOLEAN_WORDS[value] if isinstance(value, bool) else format_value(value),)


def build_choices(values: Mapping[str, AllowedValue | Flag]) -> Iterator[Element]:
    """Yield the allowed values, each with its hotkey."""
    for name, declared in values.items():
        markup = _build_title_markup(declared)
        yield tag(
            "Choice", value=name, html=markup, hotkey=declared.hotkey, hint=declared.definition
        )


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
        prefix = f"{escape_markdown(show_name(label, declared))} · "
        rows += _render_attribute_definitions(declared.attributes, prefix)
    rows += _render_attribute_definitions(schema.questions_of_pass(name), "question · ")
    for relation, each in schema.relations_of_pass(name).items():
        rows.append(_render_row("relation · ", relation, _describe_relation(each, schema)))
    rows += _render_definitions(schema.flags if schema.labels_of_pass(name) else {}, "flag · ")
    table = build_markdown(f"<table><tbody>{''.join(rows)}</tbody></table>")
    definitions = tag("Panel", tag("View", table), value="Definitions")
    return (
        tag("View", note, className="sayso-document"),
        tag("Collapse", definitions, bordered="true"),
    )


def _render_attribute_definitions(
    attributes: Mapping[str, Attribute], prefix: str
) -> Iterator[str]:
    for name, attribute in attributes.items():
        yield from _render_definitions({name: attribute}, prefix)
        shown = escape_markdown(show_name(name, attribute))
        yield from _render_definitions(attribute.values, f"{shown} · ")


def _render_definitions(declared: Mapping[str, Declaration], prefix: str) -> Iterator[str]:
    for name, each in declared.items():
        yield _render_row(prefix, show_name(name, each), each.definition)


def _render_row(prefix: str, name: str, definition: str) -> str:
    cell = f"<td>{prefix}<b>{escape_markdown(name)}</b></td>"
    return f"<tr>{cell}<td>{escape_markdown(definition)}</td></tr>"


def _describe_relation(relation: RelationType, schema: Schema) -> str:
    """Return the definition, with the title and ends where they are not plain from it."""
    told = relation.definition.casefold().startswith(relation.title.casefold())
    heads, tails = (
        " or ".join(show_name(end, schema.labels[end]) for end in ends)
        for ends in (relation.heads, relation.tails)
    )
    ends = ""
    if relation.symmetric:
        ends = f" ({heads}; both ends mean the same)"
    elif len(relation.heads) + len(relation.tails) > 2:
        ends = f" ({heads} to {tails})"
    return f"{'' if told else f'{relation.title}: '}{relation.definition}{ends}"


def _build_caption(name: str, attribute: Attribute) -> Element:
    unit = f" ({attribute.unit})" if attribute.unit else ""
    shown = escape_markdown(f"{show_name(name, attribute)}{unit}")
    default = f" default: {_format_default(attribute)}" if attribute.default is not None else ""
    definition = escape_markdown(attribute.definition + default)
    return build_markdown(f"<p><b>{shown}</b> {definition}</p>")


def _format_default(attribute: Attribute) -> str:
    """Return the default as the page shows the value."""
    shown = {name: show_name(name, value) for name, value in attribute.values.items()}
    return ", ".join(shown.get(word, word) for word in _list_words(attribute.default))


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
