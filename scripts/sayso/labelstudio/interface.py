"""The Label Studio interface of each pass, written from the schema. Pure: the same schema, the same bytes.

Label Studio's server accepts what its editor then cannot show, and its editor keeps what a hidden panel holds. So a
panel names its label twice, on the panel and on each control; every control has a hotkey that nothing else has; and
what the schema says in words is escaped for the two readers it passes, XML and Markdown.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sayso.errors import InputError
from sayso.labelstudio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control_name
from sayso.schema.declarations import (
    AllowedValue,
    Attribute,
    Declaration,
    Flag,
    Label,
    Schema,
    group_hotkeys,
)

GENERATED_NOTICE = "Made from schema.yaml by `sayso schema build`. Change that file, not this one."

EDITOR_HOTKEYS = frozenset({"u", "alt+h", "alt+l", "alt+m", "alt+r"})
"""What Label Studio's editor does by itself over text: unselect, hide, lock, remark, relate."""

# No child selectors: Label Studio would escape them. A number in focus lets the wheel pass: else whoever scrolls there
# changes it unseen.
STYLE = """
.sayso { --line: var(--color-neutral-border); --quiet: var(--color-neutral-content-subtler); }
.sayso-about { color: var(--quiet); margin-top: -6px; }
.sayso-desk { display: flex; flex-wrap: wrap; gap: 12px 20px; align-items: flex-start; }
.sayso-page { flex: 1 1 22rem; max-width: 50rem; }
.sayso-panel { flex: 1 1 18rem; max-width: 30rem; position: sticky; top: 0; }
.sayso-panel { max-height: calc(100vh - 180px); overflow-y: auto; padding: 8px 0; font-size: 14px; }
.sayso-bar { position: sticky; top: 0; z-index: 200; padding: 8px 0; background: var(--color-neutral-background); }
.sayso-text { padding-left: 24px; }
.sayso-text .lsf-richtext__container { line-height: 2; counter-reset: sentence; }
.sayso-text .lsf-richtext__line { width: 100%; margin-bottom: 6px; }
.sayso-text .lsf-richtext__line:not(:empty) { counter-increment: sentence; }
.sayso-text .lsf-richtext__container:not([data-linenumbers=enabled]) .lsf-richtext__line:not(:empty)::before {
  content: counter(sentence); position: absolute; left: -28px; width: 26px; text-align: right;
  font-size: 11px; color: var(--quiet); border: 0; counter-increment: none; }
.sayso-text .htx-highlight { border-radius: 3px; }
.sayso-questions, .sayso-remarks, .sayso-document, .sayso-hint { border: 1px solid var(--line); border-radius: 6px; }
.sayso-questions, .sayso-remarks, .sayso-document, .sayso-hint { padding: 6px 12px; margin-bottom: 8px; }
.sayso-panel h4 { margin: 2px 0 0 !important; padding-left: 8px; }
.sayso-panel p { margin: 6px 0 1px; color: var(--quiet); font-size: 12px; line-height: 1.3; }
.sayso-panel p b { color: var(--color-neutral-content); font-size: 13px; }
.sayso-panel .lsf-choices { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 6px; }
.sayso-panel .lsf-choices { margin: 0; }
.sayso-panel .lsf-choice { margin: 0; font-size: 13px; overflow-wrap: anywhere; }
.sayso-panel .lsf-choice label { margin: 0; line-height: 1.5; font-size: 13px; font-weight: 400; }
.sayso-panel .lsf-hint { color: var(--quiet); font-size: 10px; margin-left: 4px; top: 0; vertical-align: baseline; }
.sayso-panel .lsf-hint { display: inline-block; white-space: nowrap; }
.sayso-panel .lsf-number input { width: 6rem; height: 32px; padding: 2px 8px; }
.sayso-panel .lsf-number input:focus { pointer-events: none; }
.sayso-panel [data-testid=textarea-regions], .sayso-panel .ant-form-item { margin: 0 !important; }
.sayso-panel .ant-input { font-size: 13px; padding: 4px 10px; }
.sayso-typed { display: flex; flex-wrap: wrap; gap: 0 16px; }
.sayso-typed .sayso-field { flex: 1 1 8rem; }
.relations-overlay path[stroke] { stroke: var(--color-neutral-content-subtler); stroke-width: 1.5px; }
.relations-overlay marker path { fill: var(--color-neutral-content-subtler); }
.relations-overlay rect[rx] { fill: var(--color-neutral-background); stroke: var(--color-neutral-border); }
.relations-overlay rect[rx] { stroke-width: 1px; height: 15px; y: -8px; opacity: 0.85; }
.relations-overlay text { fill: var(--color-neutral-content); font-size: 10px !important; }
.sayso-panel [class*=ant-collapse] { background: transparent; border-color: var(--line); }
.sayso-panel [class*=ant-collapse] { color: var(--color-neutral-content) !important; }
.sayso-panel td { padding: 3px 8px 3px 0; vertical-align: top; font-size: 12px; line-height: 1.35; }
"""

MARKING_HINT = """
<p><b>Mark</b> Press the key of a label, then draw over the words.</p>
<p><b>Answer</b> Click a mention: its questions appear here. Keys stand beside the values.</p>
<p><b>Leave</b> Press Escape before the next label: its key would change the label of a selected mention.</p>
"""
RELATION_HINT = """
<p><b>Relate</b> Click the claim or count that the arrow starts from, press Alt+R, click the other end; choose the type
under Relations on the right.</p>
"""
SETTINGS_HINT = """
<p><b>Once</b> In the settings below the text, switch on “Select region after creating it”.</p>
"""


def render_interface(schema: Schema, name: str) -> str:
    """The labelling configuration of one interface, as XML with a line end at its end.

    Raises:
        InputError: there is no such interface, or a hotkey is one that Label Studio uses itself.
    """
    refuse_hotkeys(schema, EDITOR_HOTKEYS)
    shown = schema.labels_of_pass(name)
    drawn = schema.relations_of_pass(name)
    view = build_element("View", className="sayso")
    view.append(
        ElementTree.Comment(f" {GENERATED_NOTICE} Interface {name}, version {schema.version}. ")
    )
    view.append(build_style())
    view.append(build_element("Header", value="$title", size="4"))
    view.append(
        build_element(
            "View", build_element("Header", value="$about", size="5"), className="sayso-about"
        )
    )
    view.append(
        build_element(
            "View", build_text_column(shown), _build_panel(schema, name), className="sayso-desk"
        )
    )
    if drawn:
        view.append(
            build_element(
                "Relations", *(build_element("Relation", value=relation) for relation in drawn)
            )
        )
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def refuse_hotkeys(schema: Schema, reserved: frozenset[str]) -> None:
    """Raise where a hotkey of the schema is one that means something else already.

    Raises:
        InputError: names the first of them.
    """
    for key, places in group_hotkeys(schema).items():
        if key in reserved:
            whose = "Label Studio's own" if key in EDITOR_HOTKEYS else "the adjudicator's"
            raise InputError(
                f"hotkey {key!r} of {places[0]} is one of {whose}",
                where="schema.yaml",
                remedy="choose another and run `sayso schema build`",
            )


def build_element(name: str, /, *children: Element, **attributes: str | None) -> Element:
    """An element; an attribute that is None is left out."""
    element = Element(
        name, {name: value for name, value in attributes.items() if value is not None}
    )
    element.extend(children)
    return element


def build_style(extra_css: str = "") -> Element:
    """The style of every interface, and what one needs beyond."""
    style = build_element("Style")
    style.text = textwrap.indent(STYLE + extra_css.lstrip("\n"), "    ").rstrip() + "\n  "
    return style


def build_text_column(shown: dict[str, Label]) -> Element:
    """The labels over the text."""
    labels = (
        build_element(
            "Label", value=name, hotkey=label.hotkey, background=label.colour, hint=label.definition
        )
        for name, label in shown.items()
    )
    bar = build_element(
        "Labels", *labels, name=SPAN, toName=TEXT, choice="single", showInline="true"
    )
    text = build_element(
        "Text", name=TEXT, value=f"${TEXT}", granularity="symbol", saveTextResult="yes"
    )
    return build_element(
        "View",
        build_element("View", bar, className="sayso-bar"),
        build_element("View", text, className="sayso-text"),
        className="sayso-page",
    )


def _build_panel(schema: Schema, name: str) -> Element:
    """What is asked of the selected mention, beside the text."""
    shown = schema.labels_of_pass(name)
    return build_element(
        "View",
        *(build_questions(label, declared) for label, declared in shown.items()),
        build_remarks(schema),
        _build_hint(relations=bool(schema.relations_of_pass(name))),
        build_document_note(),
        build_definitions(schema, name),
        className="sayso-panel",
    )


def build_questions(label: str, declared: Label) -> Element:
    """The panel of one label: keys first, then whatever has to be typed."""
    panel = build_element(
        "View", className="sayso-questions", visibleWhen="region-selected", **_visible_when(label)
    )
    panel.append(
        build_element(
            "Header", value=label, size="5", style=f"border-left: 4px solid {declared.colour}"
        )
    )
    typed = build_element("View", className="sayso-typed")
    for name, attribute in declared.attributes.items():
        field = build_element(
            "View",
            _build_caption(name, attribute),
            _build_question(label, name, attribute),
            className="sayso-field",
        )
        (panel if attribute.is_closed else typed).append(field)
    if len(typed):
        panel.append(typed)
    return panel


def _visible_when(label: str) -> dict[str, str]:
    return {"whenTagName": SPAN, "whenLabelValue": label}


def _build_question(label: str, name: str, attribute: Attribute) -> Element:
    asked = {
        "name": control_name(label, name),
        "toName": TEXT,
        "perRegion": "true",
        **_visible_when(label),
    }
    if attribute.required:
        asked |= {"required": "true", "requiredMessage": f"{label}: please choose its {name}."}
    if attribute.is_closed:
        return build_element(
            "Choices",
            *build_choices(attribute.values),
            **asked,
            choice="single-radio",
            showInline="true",
        )
    if attribute.kind == "integer":
        return build_element("Number", **asked, min="0", step="1", hotkey=attribute.hotkey)
    return build_text_field(**asked, placeholder=name)


def build_choices(values: Mapping[str, AllowedValue | Flag]) -> Iterator[Element]:
    """The closed values, each with its key."""
    for name, declared in values.items():
        yield build_element("Choice", value=name, hotkey=declared.hotkey, hint=declared.definition)


def build_text_field(**asked: str) -> Element:
    """A field for a line of words."""
    return build_element("TextArea", **asked, maxSubmissions="1", editable="true", rows="1")


REMARKS_HINT = "<p><b>flag</b> and <b>note</b> to the adjudicator, where needed. <b>Escape</b>, then the next label.</p>"


def build_remarks(schema: Schema, hint: str = REMARKS_HINT) -> Element:
    """What can be said of any mention."""
    asked = {"toName": TEXT, "perRegion": "true"}
    return build_element(
        "View",
        build_markdown(hint),
        build_element(
            "Choices",
            *build_choices(schema.flags),
            name=FLAG,
            **asked,
            choice="single",
            showInline="true",
        ),
        build_text_field(name=NOTE, **asked, placeholder="note"),
        className="sayso-remarks",
        visibleWhen="region-selected",
    )


def _build_hint(*, relations: bool) -> Element:
    words = MARKING_HINT + (RELATION_HINT if relations else "") + SETTINGS_HINT
    return build_element(
        "View", build_markdown(words), className="sayso-hint", visibleWhen="no-region-selected"
    )


def build_document_note() -> Element:
    """A remark on the whole document."""
    note = build_text_field(
        name=DOCUMENT_NOTE, toName=TEXT, placeholder="note on the whole document"
    )
    return build_element("View", note, className="sayso-document")


def build_definitions(schema: Schema, name: str) -> Element:
    """Everything that the pass shows, with its definition, to be opened."""
    rows: list[str] = []
    for label, declared in schema.labels_of_pass(name).items():
        rows += _render_definition_rows({label: declared}, "")
        for asked, attribute in declared.attributes.items():
            rows += _render_definition_rows({asked: attribute}, f"{label} · ")
            rows += _render_definition_rows(attribute.values, f"{asked} · ")
    rows += _render_definition_rows(schema.relations_of_pass(name), "relation · ")
    rows += _render_definition_rows(schema.flags, "flag · ")
    table = f"<table><tbody>{''.join(rows)}</tbody></table>"
    return build_element(
        "Collapse",
        build_element("Panel", build_element("View", build_markdown(table)), value="Definitions"),
        bordered="true",
    )


def _render_definition_rows(declared: Mapping[str, Declaration], under: str) -> Iterable[str]:
    return (
        f"<tr><td>{under}<b>{escape_markdown(n)}</b></td><td>{escape_markdown(d.definition)}</td></tr>"
        for n, d in declared.items()
    )


def _build_caption(name: str, declared: Declaration) -> Element:
    return build_markdown(
        f"<p><b>{escape_markdown(name)}</b> {escape_markdown(declared.definition)}</p>"
    )


def build_markdown(markup: str) -> Element:
    """Markup for Label Studio's Markdown, on one line."""
    return build_element("Markdown", value=" ".join(markup.split()))


def escape_markdown(text: str) -> str:
    """Words as HTML that Markdown leaves alone and in which Label Studio sees no ``$variable``.

    >>> escape_markdown("Tom & *Jerry*, $5")
    'Tom &amp; &#42;Jerry&#42;, &#36;5'
    """
    return re.sub(
        r"[$*_`~|\\\[\]{}#]", lambda found: f"&#{ord(found[0])};", html.escape(text, quote=False)
    )
