"""Default values: an answer that is taken in says them, as if the annotator had."""

from __future__ import annotations

from collections.abc import Container, Mapping

from sayso.models import AttributeValue
from sayso.schema.schema_types import Attribute


def fill_defaults(
    values: Mapping[str, AttributeValue],
    declared: Mapping[str, Attribute],
    without: Container[str] = (),
) -> dict[str, AttributeValue]:
    """Return values in the order of the schema, with the default of each that is missing.

    Args:
        values: of attributes or questions; those that are not declared stay, at the end.
        without: names that get no default, because the value that was given cannot be stored.

    >>> minor = Attribute(kind="boolean", definition="Under age.", default=False)
    >>> fill_defaults({}, {"minor": minor}), fill_defaults({"minor": True}, {"minor": minor})
    ({'minor': False}, {'minor': True})
    """
    ordered = {
        name: values.get(name, None if name in without else attribute.default)
        for name, attribute in declared.items()
    }
    return {name: value for name, value in {**ordered, **values}.items() if value is not None}
