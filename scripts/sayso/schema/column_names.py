"""Names that follow from a schema's own: columns, configurations, controls.

They are all in one place so that a schema in which two of them would be one name can be refused
when it is read.
"""

from __future__ import annotations

import re

from sayso.schema.schema_types import Schema

FIXED_CONFIGS = (
    *("gold", "articles", "annotations", "mentions", "relations", "answers", "tokens"),
)
"""The configurations of every dataset; frames come on top."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEY_COLUMNS = _words("doc_id reading annotator_kind annotator_role campaign interface answer")
SPAN_COLUMNS = _words("id start end text")
"""Of a mention inside the row of another one."""
ROW_COLUMNS = _words(
    "start end text sentence_start sentence_end sentence flag note started_from decided split"
)
MENTION_COLUMNS = KEY_COLUMNS | ROW_COLUMNS | {"mention_id", "label"}
ANSWER_COLUMNS = KEY_COLUMNS | _words("text decided split")
TOKEN_COLUMNS = KEY_COLUMNS | _words(
    "sentence_index sentence_start sentence_end sentence tokens token_starts token_ends misaligned"
)
CONTROLS = _words("text span flag note document_note verdict said notes given arrows about title")
"""Controls of the labelling interfaces, and keys of a task's data."""


def snake_case(name: str) -> str:
    """Write a name as a Python variable.

    >>> snake_case("CasualtyFigure")
    'casualty_figure'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def pluralise(label: str) -> str:
    """Return the name for all mentions of a label: an attribute of the library, a configuration.

    >>> [pluralise(label) for label in ("Claim", "CasualtyFigure", "Country", "Loss")]
    ['claims', 'casualty_figures', 'countries', 'losses']
    """
    name = snake_case(label)
    if re.search(r"[^aeiou]y\Z", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)\Z", name) else f"{name}s"


def describe_mentions(label: str) -> str:
    """Return the mentions of a label as a heading.

    >>> describe_mentions("CasualtyFigure")
    'Casualty figures'
    """
    return pluralise(label).replace("_", " ").capitalize()


def attribute_column_name(label: str, attribute: str) -> str:
    """Return the column of ``mentions``, and the control, for an attribute of a label.

    >>> attribute_column_name("Count", "lower")
    'count_lower'
    """
    return f"{label.lower()}_{attribute}"


def question_control_name(question: str) -> str:
    """Return the name of the control for a question about the document.

    >>> question_control_name("topic")
    'question_topic'
    """
    return f"question_{question}"


def crosswalk_column_name(key: str, other: str) -> str:
    """Return the column of ``mentions`` for the codes of another dataset.

    >>> crosswalk_column_name("Count.outcome", "ucdp")
    'count_outcome_ucdp'
    """
    return f"{attribute_column_name(*key.split('.', 1))}_{other}"


def tags_column_name(label: str) -> str:
    """Return the column of ``tokens`` for the tags of a label.

    >>> tags_column_name("Actor")
    'actor_tags'
    """
    return f"{label.lower()}_tags"


def frame_id_column(label: str) -> str:
    """Return the column with the id of a frame.

    >>> frame_id_column("CasualtyFigure")
    'casualty_figure_id'
    """
    return f"{snake_case(label)}_id"


def relation_column_name(schema: Schema, relation: str) -> str:
    """Return the column of a frame for the mentions that a relation leads to."""
    return schema.relations[relation].column or f"{relation}s"


def list_configs(schema: Schema) -> tuple[str, ...]:
    """Return the configurations of the dataset of a schema, in the order of the card."""
    mentions, tokens = (("mentions",), ("tokens",)) if schema.labels else ((), ())
    relations = ("relations",) if schema.relations else ()
    answers = ("answers",) if schema.questions else ()
    frames = (pluralise(label) for label in schema.frames)
    return ("gold", "articles", "annotations", *mentions, *relations, *frames, *answers, *tokens)
