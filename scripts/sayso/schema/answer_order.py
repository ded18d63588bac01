"""The one order of the answers of gold."""

from __future__ import annotations

from typing import Protocol

from sayso.models import AttributeValue, format_value
from sayso.schema.schema_types import Schema


class GivenAnswer(Protocol):
    """Anything that answers a question about a document."""

    @property
    def question(self) -> str:
        """The question."""

    @property
    def value(self) -> AttributeValue:
        """The answer to it."""


def answer_key(content: GivenAnswer, schema: Schema) -> tuple[object, ...]:
    """Return a sort key for answers: by question and value, in the order of the schema."""
    questions = list(schema.questions)
    known = content.question in schema.questions
    values = list(schema.questions[content.question].values) if known else []
    value = content.value
    given = value if isinstance(value, tuple) else (value,)
    places = tuple(values.index(each) if each in values else len(values) for each in given)
    number = value if isinstance(value, bool | int | float) else 0
    place = questions.index(content.question) if known else len(questions)
    return (place, content.question, places, number, format_value(value))
