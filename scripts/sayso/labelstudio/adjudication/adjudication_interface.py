"""The labelling interface of adjudication as Label Studio XML, generated from the schema. Pure.

It shows the whole document with every candidate; beside it the annotators' notes on the document,
the votes on the selected candidate, its verdict and its attributes; below, the relations on which
annotators differ, and the questions about the document with the annotators' answers. A new mention
needs a verdict too: one rule for all.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from sayso.labelstudio import interface
from sayso.labelstudio.controls import (
    DROP,
    GIVEN_ANSWERS,
    KEEP,
    NOTES,
    OPEN_RELATIONS,
    TEXT,
    VERDICT,
    VOTES,
)
from sayso.labelstudio.interface import build_markdown, tag
from sayso.schema.declarations import Schema
from sayso.schema.hotkeys import DROP_HOTKEY, KEEP_HOTKEY

VERDICT_HOTKEYS = {KEEP: KEEP_HOTKEY, DROP: DROP_HOTKEY}

_BOXES = ".sayso-verdict, .sayso-arrows"
ADJUDICATION_STYLE = f"""\
{_BOXES} {{ border: 1px solid var(--line); border-radius: 6px; padding: 6px 12px; }}
{_BOXES} {{ margin-bottom: 8px; }}
.sayso-notes h4 {{ margin: 0 0 8px !important; font-weight: 400; font-size: 13px; }}
.sayso-notes h4 {{ white-space: pre-line; }}
.sayso-arrows .lsf-choices {{ grid-template-columns: 1fr; }}
"""

GOLD_REMARKS_HINT = """
<p><b>flag</b> and <b>note</b> go into gold, where there is something to say.</p>
"""
DECISION_HINT = """
<p><b>Decide</b> Alt+. selects the next mention, the undecided ones first. Keep it or drop it;
Backspace drops it with its questions open.</p>
<p><b>Mend</b> Drag an edge, choose another label or value, draw what everybody missed: then
keep it.</p>
<p><b>Submit</b> once each mention has its verdict. What all agree on has it already, unless
somebody left a flag or note.</p>
"""
ANSWERS_HINT = """
<p><b>Answer</b> the questions about the document on which annotators differ: above them stands
who gave which answer. What all agree on is filled in.</p>
"""
RELATIONS_HINT = """
<p><b>Arrows</b> on which annotators differ. Tick those that hold between the
mentions that you keep.</p>
"""


def render_adjudication_interface(schema: Schema, name: str) -> str:
    """Return the labelling configuration for adjudicating one pass, as XML.

    Raises:
        InputError: there is no such pass.
    """
    labels, questions = schema.labels_of_pass(name), schema.questions_of_pass(name)
    marking = [
        _build_verdict(),
        *(interface.build_questions(label, declared) for label, declared in labels.items()),
        interface.build_remarks(schema, GOLD_REMARKS_HINT),
    ]
    hints = (DECISION_HINT if labels else "") + (ANSWERS_HINT if questions else "")
    panel = [
        _build_notes(NOTES),
        *(marking if labels else []),
        interface.build_hint(hints),
        *([_build_open_relations()] if schema.relations_of_pass(name) else []),
        *([_build_notes(GIVEN_ANSWERS)] if questions else []),
        *interface.build_document_questions(schema, name),
        *interface.build_document_fields(schema, name),
    ]
    return interface.render_view(schema, name, f"Adjudication of {name}", panel, ADJUDICATION_STYLE)


def _build_notes(key: str) -> Element:
    return tag("View", tag("Header", value=f"${key}", size="5"), className="sayso-notes")


def _build_verdict() -> Element:
    common = {"toName": TEXT, "perRegion": "true"}
    once = {"editable": "false", "maxSubmissions": "1", "skipDuplicates": "true"}
    votes = tag("TextArea", name=VOTES, **common, **once)
    verdicts = (tag("Choice", value=value, hotkey=key) for value, key in VERDICT_HOTKEYS.items())
    chosen = tag(
        "Choices",
        *verdicts,
        name=VERDICT,
        **common,
        required="true",
        choice="single-radio",
        showInline="true",
        requiredMessage="Each mention needs a verdict: keep or drop. Alt+. leads to the next.",
    )
    return tag("View", votes, chosen, className="sayso-verdict", visibleWhen="region-selected")


def _build_open_relations() -> Element:
    rows = tag(
        "Choices",
        name=OPEN_RELATIONS,
        toName=TEXT,
        value=f"${OPEN_RELATIONS}",
        choice="multiple",
        layout="vertical",
    )
    return tag("View", build_markdown(RELATIONS_HINT), rows, className="sayso-arrows")
