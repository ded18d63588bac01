"""The registry of suggesters: declared once, and command, manual and tests follow.

To add one, write a module in this package with ``build_suggester(request: SuggesterRequest) ->
Suggester`` and declare it in ``SUGGESTERS``. Nothing heavy is imported here: help pages read this
module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from sayso.errors import UsageError

if TYPE_CHECKING:
    from sayso.schema.declarations import Schema
    from sayso.settings import Checkout
    from sayso.suggest.suggesters import Suggester
    from sayso.suggest.training_data import TrainingData


@dataclass(frozen=True)
class BuiltInSuggester:
    """One of our own suggesters.

    Attributes:
        module: of this package.
        learns: True if it needs annotations to learn from; it is left out where there are none.
        roles: values that it can give, for attributes that the schema names. With roles it is
            asked only where a label of the schema is filled by it.
        on_request: True if it is asked only where it is named.
        english_only: True if it passes over documents in other languages.
    """

    name: str
    module: str
    description: str
    learns: bool = False
    roles: tuple[str, ...] = ()
    on_request: bool = False
    english_only: bool = False


_ALL = (
    BuiltInSuggester(
        "names",
        "known_names",
        "names of learnable labels in the gold of the training split",
        learns=True,
    ),
    BuiltInSuggester(
        "numbers",
        "numbers",
        "quantities with their bounds, English",
        roles=("wording", "lower", "upper"),
        english_only=True,
    ),
    BuiltInSuggester(
        "places",
        "gazetteer",
        "countries and cities of GeoNames, English",
        roles=("id", "precision"),
        english_only=True,
    ),
    BuiltInSuggester(
        "cues",
        "cues",
        "words that attribute, with their stance, English",
        roles=("stance",),
        english_only=True,
    ),
    BuiltInSuggester(
        "model", "span_model", "a model of `sayso train`; or model:FOLDER", on_request=True
    ),
)
SUGGESTERS = {each.name: each for each in _ALL}


def explain_unfilled(name: str, schema: Schema) -> str:
    """Say why a schema has nothing for a built-in suggester; empty if it has something."""
    declared = SUGGESTERS[name]
    if declared.learns and not any(label.learnable for label in schema.labels.values()):
        return "no label of schema.yaml is `learnable`"
    if declared.roles and not any(name in label.suggest for label in schema.labels.values()):
        return f"no label of schema.yaml has `suggest: {{{name}: …}}`"
    return ""


def select_suggesters(
    checkout: Checkout, names: Sequence[str], training_data: TrainingData, schema: Schema
) -> list[Suggester]:
    """Build the suggesters of these names, or all: the checkout's own, then the built-in ones.

    Without names, those that the schema has nothing for are left out.

    Raises:
        UsageError: there is none of that name, or it cannot be had.
        InputError: it learns from annotations, and there are none.
    """
    from sayso.suggest.suggesters import (
        SuggesterRequest,
        load_plugged_suggester,
        read_plugged_suggesters,
    )

    plugged = read_plugged_suggesters(checkout)
    names = names or [*plugged, *_list_fitting(training_data, schema)]
    found = []
    for full_name in dict.fromkeys(names):
        name, _, argument = full_name.partition(":")
        if full_name in plugged:
            found.append(load_plugged_suggester(full_name, plugged[full_name]))
        elif name in SUGGESTERS:
            if why := explain_unfilled(name, schema):
                raise UsageError(why, where=f"suggester {name}", remedy="declare it there")
            module = import_module(f"sayso.suggest.{SUGGESTERS[name].module}")
            request = SuggesterRequest(name, checkout, training_data, schema, argument)
            found.append(module.build_suggester(request))
        else:
            known = ", ".join((*plugged, *SUGGESTERS))
            remedy = f"name one of {known}, or declare it in [tool.sayso.suggesters]"
            raise UsageError(f"no suggester {full_name!r}", remedy=remedy)
    return found


def _list_fitting(training_data: TrainingData, schema: Schema) -> list[str]:
    """Return the built-in suggesters that are asked without being named."""
    return [
        each.name
        for each in _ALL
        if not each.on_request
        and not explain_unfilled(each.name, schema)
        and (not each.learns or training_data.exists())
    ]


def suggesters_list() -> str:
    """Return the list for a help page: a line for each suggester, in order of belief."""
    return "\n".join(f"  {each.name:<12}  {each.description}" for each in _ALL)


def suggesters_table() -> str:
    """Return the table of the manual: Markdown, a row for each suggester."""
    lines = ["| Suggester | What it suggests | Asked |", "|---|---|---|"]
    for each in _ALL:
        asked = "where it is named" if each.on_request else "always"
        if each.learns:
            asked = "where there are annotations to learn from"
        lines.append(f"| `{each.name}` | {each.description} | {asked} |")
    return "".join(f"{line}\n" for line in lines)
