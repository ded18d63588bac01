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
from sayso.schema import Attribute, Declared, Flag, Label, Schema, Value, hotkeys
from sayso.studio.controls import DOCUMENT_NOTE, FLAG, NOTE, SPAN, TEXT, control

HEAD = "Made from schema.yaml by `sayso schema build`. Change that file, not this one."

BUILT_IN = frozenset({"u", "alt+h", "alt+l", "alt+m", "alt+r"})
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

NOTHING_SELECTED = """
<p><b>Mark</b> Press the key of a label, then draw over the words.</p>
<p><b>Answer</b> Click a mention: its questions appear here. Keys stand beside the values.</p>
<p><b>Leave</b> Press Escape before the next label: its key would change the label of a selected mention.</p>
"""
RELATE = """
<p><b>Relate</b> Click the claim or count that the arrow starts from, press Alt+R, click the other end; choose the type
under Relations on the right.</p>
"""
ONCE = """
<p><b>Once</b> In the settings below the text, switch on “Select region after creating it”.</p>
"""


def interface_xml(schema: Schema, name: str) -> str:
    """The labelling configuration of one interface, as XML with a line end at its end.

    Raises:
        InputError: there is no such interface, or a hotkey is one that Label Studio uses itself.
    """
    refuse_keys(schema, BUILT_IN)
    shown = schema.shown(name)
    drawn = schema.drawn(name)
    view = tag("View", className="sayso")
    view.append(ElementTree.Comment(f" {HEAD} Interface {name}, version {schema.version}. "))
    view.append(style_sheet())
    view.append(tag("Header", value="$title", size="4"))
    view.append(tag("View", tag("Header", value="$about", size="5"), className="sayso-about"))
    view.append(tag("View", page(shown), _panel(schema, name), className="sayso-desk"))
    if drawn:
        view.append(tag("Relations", *(tag("Relation", value=relation) for relation in drawn)))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def refuse_keys(schema: Schema, taken: frozenset[str]) -> None:
    """Raise where a hotkey of the schema is one that means something else already.

    Raises:
        InputError: names the first of them.
    """
    for key, places in hotkeys(schema).items():
        if key in taken:
            whose = "Label Studio's own" if key in BUILT_IN else "the adjudicator's"
            raise InputError(
                f"hotkey {key!r} of {places[0]} is one of {whose}",
                where="schema.yaml",
                remedy="choose another and run `sayso schema build`",
            )


def tag(name: str, /, *children: Element, **attributes: str | None) -> Element:
    """An element; an attribute that is None is left out."""
    element = Element(name, {name: value for name, value in attributes.items() if value is not None})
    element.extend(children)
    return element


def style_sheet(more: str = "") -> Element:
    """The style of every interface, and what one needs beyond."""
    style = tag("Style")
    style.text = textwrap.indent(STYLE + more.lstrip("\n"), "    ").rstrip() + "\n  "
    return style


def page(shown: dict[str, Label]) -> Element:
    """The labels over the text."""
    labels = (
        tag("Label", value=name, hotkey=label.hotkey, background=label.colour, hint=label.definition)
        for name, label in shown.items()
    )
    bar = tag("Labels", *labels, name=SPAN, toName=TEXT, choice="single", showInline="true")
    text = tag("Text", name=TEXT, value=f"${TEXT}", granularity="symbol", saveTextResult="yes")
    return tag(
        "View",
        tag("View", bar, className="sayso-bar"),
        tag("View", text, className="sayso-text"),
        className="sayso-page",
    )


def _panel(schema: Schema, name: str) -> Element:
    """What is asked of the selected mention, beside the text."""
    shown = schema.shown(name)
    return tag(
        "View",
        *(questions(label, declared) for label, declared in shown.items()),
        remarks(schema),
        _hint(relations=bool(schema.drawn(name))),
        document_note(),
        definitions(schema, name),
        className="sayso-panel",
    )


def questions(label: str, declared: Label) -> Element:
    """The panel of one label: keys first, then whatever has to be typed."""
    panel = tag("View", className="sayso-questions", visibleWhen="region-selected", **_when(label))
    panel.append(tag("Header", value=label, size="5", style=f"border-left: 4px solid {declared.colour}"))
    typed = tag("View", className="sayso-typed")
    for name, attribute in declared.attributes.items():
        field = tag("View", _words(name, attribute), _question(label, name, attribute), className="sayso-field")
        (panel if attribute.closed else typed).append(field)
    if len(typed):
        panel.append(typed)
    return panel


def _when(label: str) -> dict[str, str]:
    return {"whenTagName": SPAN, "whenLabelValue": label}


def _question(label: str, name: str, attribute: Attribute) -> Element:
    asked = {"name": control(label, name), "toName": TEXT, "perRegion": "true", **_when(label)}
    if attribute.required:
        asked |= {"required": "true", "requiredMessage": f"{label}: please choose its {name}."}
    if attribute.closed:
        return tag("Choices", *choices(attribute.values), **asked, choice="single-radio", showInline="true")
    if attribute.kind == "integer":
        return tag("Number", **asked, min="0", step="1", hotkey=attribute.hotkey)
    return line(**asked, placeholder=name)


def choices(values: Mapping[str, Value | Flag]) -> Iterator[Element]:
    """The closed values, each with its key."""
    for name, declared in values.items():
        yield tag("Choice", value=name, hotkey=declared.hotkey, hint=declared.definition)


def line(**asked: str) -> Element:
    """A field for a line of words."""
    return tag("TextArea", **asked, maxSubmissions="1", editable="true", rows="1")


REMARKS = "<p><b>flag</b> and <b>note</b> to the adjudicator, where needed. <b>Escape</b>, then the next label.</p>"


def remarks(schema: Schema, words: str = REMARKS) -> Element:
    """What can be said of any mention."""
    asked = {"toName": TEXT, "perRegion": "true"}
    return tag(
        "View",
        markdown(words),
        tag("Choices", *choices(schema.flags), name=FLAG, **asked, choice="single", showInline="true"),
        line(name=NOTE, **asked, placeholder="note"),
        className="sayso-remarks",
        visibleWhen="region-selected",
    )


def _hint(*, relations: bool) -> Element:
    words = NOTHING_SELECTED + (RELATE if relations else "") + ONCE
    return tag("View", markdown(words), className="sayso-hint", visibleWhen="no-region-selected")


def document_note() -> Element:
    """A remark on the whole document."""
    note = line(name=DOCUMENT_NOTE, toName=TEXT, placeholder="note on the whole document")
    return tag("View", note, className="sayso-document")


def definitions(schema: Schema, name: str) -> Element:
    """Everything that the pass shows, with its definition, to be opened."""
    rows: list[str] = []
    for label, declared in schema.shown(name).items():
        rows += _rows({label: declared}, "")
        for asked, attribute in declared.attributes.items():
            rows += _rows({asked: attribute}, f"{label} · ")
            rows += _rows(attribute.values, f"{asked} · ")
    rows += _rows(schema.drawn(name), "relation · ")
    rows += _rows(schema.flags, "flag · ")
    table = f"<table><tbody>{''.join(rows)}</tbody></table>"
    return tag("Collapse", tag("Panel", tag("View", markdown(table)), value="Definitions"), bordered="true")


def _rows(declared: Mapping[str, Declared], under: str) -> Iterable[str]:
    return (f"<tr><td>{under}<b>{plain(n)}</b></td><td>{plain(d.definition)}</td></tr>" for n, d in declared.items())


def _words(name: str, declared: Declared) -> Element:
    return markdown(f"<p><b>{plain(name)}</b> {plain(declared.definition)}</p>")


def markdown(markup: str) -> Element:
    """Markup for Label Studio's Markdown, on one line."""
    return tag("Markdown", value=" ".join(markup.split()))


def plain(words: str) -> str:
    """Words as HTML that Markdown leaves alone and in which Label Studio sees no ``$variable``.

    >>> plain("Tom & *Jerry*, $5")
    'Tom &amp; &#42;Jerry&#42;, &#36;5'
    """
    return re.sub(r"[$*_`~|\\\[\]{}#]", lambda found: f"&#{ord(found[0])};", html.escape(words, quote=False))
