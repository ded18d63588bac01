"""The names that tie an interface to what comes back from it.

Label Studio stores each answer under the name of the control that it was given with. ``interface`` writes these
names into the XML and ``codec`` reads them out of results; nobody else spells them.
"""

from __future__ import annotations

TEXT = "text"  # the <Text> that shows the document, and the key of the task's data that holds it
SPAN = "span"  # the <Labels> that marks mentions
FLAG = "flag"  # what an annotator says of any mention, closed
NOTE = "note"  # the same, in words
DOCUMENT_NOTE = "document_note"  # a remark on the whole document

VERDICT, KEEP, DROP = "verdict", "keep", "drop"  # what an adjudicator says of each mention
VOTES = "said"  # who said what of a mention, shown to the adjudicator
OPEN_RELATIONS = "arrows"  # the arrows on which annotators differ, and the key of the task's data that lists them


def control_name(label: str, attribute: str) -> str:
    """The name of the control that asks for one attribute of one label.

    >>> control_name("Actor", "record_type")
    'actor_type'
    """
    return f"{label.lower()}_{attribute}"
