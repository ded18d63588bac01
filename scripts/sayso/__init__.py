"""A corpus of who says what happened where, and how many, and the library and tool to annotate it.

The library opens a checkout, a release or a loaded dataset and yields each document with its
annotations, predictions and gold. How many UAVs does each source claim destroyed, per place,
without counting parts beside their total?

>>> import sayso
>>> from collections import Counter
>>> destroyed = Counter()
>>> for item in sayso.open(".").items(campaign="founding"):
...     for annotation in [item.gold] if item.gold else item.predictions:
...         for claim in annotation.claims:
...             for count in claim.related("quantity"):
...                 uavs = (count.thing, count.outcome) == ("uav", "destroyed")
...                 if uavs and not count.related("part_of"):
...                     for source in claim.related("source"):
...                         for place in claim.related("where"):
...                             destroyed[source.text, place.text] += count.lower or 0
>>> destroyed.most_common(1)
[(('Russian air defense systems', 'country'), 38)]

`sayso.agreement(corpus)`, `sayso.check(corpus)` and `sayso.diff("v0.1.0", ".")` return what the
commands of the same names print, as lists with a method ``to_frame()`` for pandas.
"""

from __future__ import annotations

import types
from importlib import import_module

# Type checkers read it as true. Importing `typing` is most of what `import sayso` would cost.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sayso.corpus.views import AnnotationView, ItemView, MentionView
    from sayso.errors import SaysoError
    from sayso.library import Conditions, Corpus, Results, agreement, check, compare, diff
    from sayso.library import open_corpus as open
    from sayso.models import Annotation, Document, Gold, Mention, Relation

__version__ = "0.1.0"
__all__ = [
    "Annotation",
    "AnnotationView",
    "Conditions",
    "Corpus",
    "Document",
    "Gold",
    "ItemView",
    "Mention",
    "MentionView",
    "Relation",
    "Results",
    "SaysoError",
    "agreement",
    "check",
    "compare",
    "diff",
    "open",
]
_HOMES = {
    "sayso.corpus.views": ("AnnotationView", "ItemView", "MentionView"),
    "sayso.errors": ("SaysoError",),
    "sayso.library": ("Conditions", "Corpus", "Results", "agreement", "check", "compare", "diff"),
    "sayso.models": ("Annotation", "Document", "Gold", "Mention", "Relation"),
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `import sayso` costs next to nothing."""
    if name == "open":
        return import_module("sayso.library").open_corpus
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'sayso' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class CallableModule(types.ModuleType):
    """A package that can be called: the function of the same name in `sayso.library`.

    ``sayso.agreement`` and ``sayso.diff`` are packages, and importing one sets it as an attribute
    of ``sayso``, where the function would stand. Python lets a module's class be replaced (Data
    model, "Customizing module attribute access").
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(import_module("sayso.library"), self.__name__.rpartition(".")[2])(
            *args, **options
        )
