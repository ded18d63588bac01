"""Values as people read them on a page: titles, yes and no, units."""

from __future__ import annotations

from sayso.models import AttributeValue, format_value
from sayso.schema.schema_types import BOOLEAN_WORDS, Attribute


def describe_value(value: AttributeValue, attribute: Attribute | None) -> str:
    """Return a value of an attribute or question as people read it.

    >>> costs = Attribute(definition="", kind="number", unit="EUR")
    >>> describe_value(12.5, costs), describe_value(True, None), describe_value(("a", "b"), None)
    ('12.5 EUR', 'yes', 'a, b')
    """
    if isinstance(value, bool):
        return BOOLEAN_WORDS[value]
    if attribute is None:
        return format_value(value)
    given = value if isinstance(value, tuple) else (value,)
    titles = {name: each.title or name for name, each in attribute.values.items()}
    words = ", ".join(titles.get(str(each), format_value(each)) for each in given)
    return f"{words} {attribute.unit}" if attribute.unit else words
