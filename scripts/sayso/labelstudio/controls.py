"""Names of the controls of a labelling interface.

Label Studio stores each value under the name of its control: ``interface`` writes these names into
the XML, and ``codec`` reads them from results. Renaming one makes the results of a project
unreadable.
"""

from __future__ import annotations

from sayso.schema.column_names import attribute_column_name

TEXT = "text"  # the <Text> with the document, and its key in the task's data
SPAN = "span"  # the <Labels> that mark mentions
FLAG = "flag"  # one of the schema's flags, of any mention
NOTE = "note"  # free text, of any mention
DOCUMENT_NOTE = "document_note"  # free text, of the document

VERDICT, KEEP, DROP = "verdict", "keep", "drop"  # the adjudicator's, of each mention
VOTES = "said"  # the votes on a mention, for the adjudicator to read
NOTES = "notes"  # the key of the task's data for the annotators' notes on the document
GIVEN_ANSWERS = "given"  # the key of the task's data for who answered which question how
OPEN_RELATIONS = "arrows"  # the relations to tick, and their key in the task's data


def control_name(label: str, attribute: str) -> str:
    """Return the name of the control for one attribute of one label.

    >>> control_name("Actor", "type")
    'actor_type'
    """
    return attribute_column_name(label, attribute)
