"""The Label Studio interface of adjudication, written from the schema like those of annotators. Pure.

The whole document with every candidate on it; beside it who said what of the selected one, its verdict and its
questions; below, the arrows on which annotators differ. A new mention needs a verdict too: one rule for all.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sayso.schema import Schema
from sayso.studio import interface
from sayso.studio.controls import ARROWS, DROP, KEEP, SAID, TEXT, VERDICT
from sayso.studio.interface import markdown, tag

KEYS = {KEEP: "shift+o", DROP: "shift+p"}
"""Of the verdicts: side by side, and in no schema so far; ``adjudication_xml`` refuses one that is."""

STYLE = """
.sayso-verdict, .sayso-arrows { border: 1px solid var(--line); border-radius: 6px; padding: 6px 12px; }
.sayso-verdict, .sayso-arrows { margin-bottom: 8px; }
.sayso-arrows .lsf-choices { grid-template-columns: 1fr; }
"""

REMARKS = "<p><b>flag</b> and <b>note</b> go into gold, where there is something to say.</p>"
DECIDE = """
<p><b>Decide</b> Alt+. selects the next mention, the undecided ones first. Keep it or drop it; Backspace drops it with
its questions open.</p>
<p><b>Mend</b> Drag an edge, choose another label or value, draw what everybody missed: then keep it.</p>
<p><b>Submit</b> once each mention has its verdict. What all agree on has it already.</p>
"""


def adjudication_xml(schema: Schema, name: str) -> str:
    """The labelling configuration for adjudicating one pass, as XML with a line end at its end.

    Raises:
        InputError: there is no such pass, or a hotkey means two things.
    """
    interface.refuse_keys(schema, interface.BUILT_IN | {*KEYS.values()})
    view = tag("View", className="sayso")
    view.append(ElementTree.Comment(f" {interface.HEAD} Adjudication of {name}, version {schema.version}. "))
    view.append(interface.style_sheet(STYLE))
    view.append(tag("Header", value="$title", size="4"))
    view.append(tag("View", tag("Header", value="$about", size="5"), className="sayso-about"))
    desk = tag("View", interface.page(schema.shown(name)), _panel(schema, name), className="sayso-desk")
    view.append(desk)
    drawn = schema.drawn(name)
    if drawn:
        view.append(tag("Relations", *(tag("Relation", value=relation) for relation in drawn)))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _panel(schema: Schema, name: str) -> Element:
    """What is asked of the selected mention; of the document, where none is selected."""
    return tag(
        "View",
        _verdict(),
        *(interface.questions(label, declared) for label, declared in schema.shown(name).items()),
        interface.remarks(schema, REMARKS),
        tag("View", markdown(DECIDE), className="sayso-hint", visibleWhen="no-region-selected"),
        *([_arrows()] if schema.drawn(name) else []),
        interface.document_note(),
        interface.definitions(schema, name),
        className="sayso-panel",
    )


def _verdict() -> Element:
    asked = {"toName": TEXT, "perRegion": "true"}
    said = tag("TextArea", name=SAID, **asked, editable="false", maxSubmissions="1", skipDuplicates="true")
    verdicts = (tag("Choice", value=value, hotkey=key) for value, key in KEYS.items())
    chosen = tag("Choices", *verdicts, name=VERDICT, **asked, required="true", choice="single-radio", showInline="true",
                 requiredMessage="Each mention needs a verdict: keep or drop. Alt+. leads to the next.")  # fmt: skip
    return tag("View", said, chosen, className="sayso-verdict", visibleWhen="region-selected")


def _arrows() -> Element:
    words = "<p><b>Arrows</b> on which annotators differ. Tick those that hold between the mentions that you keep.</p>"
    rows = tag("Choices", name=ARROWS, toName=TEXT, value=f"${ARROWS}", choice="multiple", layout="vertical")
    return tag("View", markdown(words), rows, className="sayso-arrows")
