"""The Label Studio interface of adjudication, written from the schema like those of annotators. Pure.

The whole document with every candidate on it; beside it who said what of the selected one, its verdict and its
questions; below, the arrows on which annotators differ. A new mention needs a verdict too: one rule for all.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sayso.labelstudio import interface
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, TEXT, VERDICT, VOTES
from sayso.labelstudio.interface import build_element, build_markdown
from sayso.schema.declarations import Schema

VERDICT_HOTKEYS = {KEEP: "shift+o", DROP: "shift+p"}
"""Of the verdicts: side by side, and in no schema so far; ``render_adjudication_interface`` refuses one that is."""

ADJUDICATION_STYLE = """
.sayso-verdict, .sayso-arrows { border: 1px solid var(--line); border-radius: 6px; padding: 6px 12px; }
.sayso-verdict, .sayso-arrows { margin-bottom: 8px; }
.sayso-arrows .lsf-choices { grid-template-columns: 1fr; }
"""

GOLD_REMARKS_HINT = (
    "<p><b>flag</b> and <b>note</b> go into gold, where there is something to say.</p>"
)
DECISION_HINT = """
<p><b>Decide</b> Alt+. selects the next mention, the undecided ones first. Keep it or drop it; Backspace drops it with
its questions open.</p>
<p><b>Mend</b> Drag an edge, choose another label or value, draw what everybody missed: then keep it.</p>
<p><b>Submit</b> once each mention has its verdict. What all agree on has it already.</p>
"""


def render_adjudication_interface(schema: Schema, name: str) -> str:
    """The labelling configuration for adjudicating one pass, as XML with a line end at its end.

    Raises:
        InputError: there is no such pass, or a hotkey means two things.
    """
    interface.refuse_hotkeys(schema, interface.EDITOR_HOTKEYS | {*VERDICT_HOTKEYS.values()})
    view = build_element("View", className="sayso")
    view.append(
        ElementTree.Comment(
            f" {interface.GENERATED_NOTICE} Adjudication of {name}, version {schema.version}. "
        )
    )
    view.append(interface.build_style(ADJUDICATION_STYLE))
    view.append(build_element("Header", value="$title", size="4"))
    view.append(
        build_element(
            "View", build_element("Header", value="$about", size="5"), className="sayso-about"
        )
    )
    desk = build_element(
        "View",
        interface.build_text_column(schema.labels_of_pass(name)),
        _build_panel(schema, name),
        className="sayso-desk",
    )
    view.append(desk)
    drawn = schema.relations_of_pass(name)
    if drawn:
        view.append(
            build_element(
                "Relations", *(build_element("Relation", value=relation) for relation in drawn)
            )
        )
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _build_panel(schema: Schema, name: str) -> Element:
    """What is asked of the selected mention; of the document, where none is selected."""
    return build_element(
        "View",
        _build_verdict(),
        *(
            interface.build_questions(label, declared)
            for label, declared in schema.labels_of_pass(name).items()
        ),
        interface.build_remarks(schema, GOLD_REMARKS_HINT),
        build_element(
            "View",
            build_markdown(DECISION_HINT),
            className="sayso-hint",
            visibleWhen="no-region-selected",
        ),
        *([_build_open_relations()] if schema.relations_of_pass(name) else []),
        interface.build_document_note(),
        interface.build_definitions(schema, name),
        className="sayso-panel",
    )


def _build_verdict() -> Element:
    asked = {"toName": TEXT, "perRegion": "true"}
    said = build_element(
        "TextArea", name=VOTES, **asked, editable="false", maxSubmissions="1", skipDuplicates="true"
    )
    verdicts = (
        build_element("Choice", value=value, hotkey=key) for value, key in VERDICT_HOTKEYS.items()
    )
    chosen = build_element(
        "Choices",
        *verdicts,
        name=VERDICT,
        **asked,
        required="true",
        choice="single-radio",
        showInline="true",
        requiredMessage="Each mention needs a verdict: keep or drop. Alt+. leads to the next.",
    )
    return build_element(
        "View", said, chosen, className="sayso-verdict", visibleWhen="region-selected"
    )


def _build_open_relations() -> Element:
    words = "<p><b>Arrows</b> on which annotators differ. Tick those that hold between the mentions that you keep.</p>"
    rows = build_element(
        "Choices",
        name=OPEN_RELATIONS,
        toName=TEXT,
        value=f"${OPEN_RELATIONS}",
        choice="multiple",
        layout="vertical",
    )
    return build_element("View", build_markdown(words), rows, className="sayso-arrows")
