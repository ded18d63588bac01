"""Words for who decided: an adjudicator of some kind, or a rule over annotators of some kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ONE = {"human": "a person", "program": "a program"}
_SEVERAL = {"human": "people", "program": "programs"}
_RULES = {"unanimous": "unanimous among", "majority": "by majority of"}


def describe_decision(method: str | None, kinds: Sequence[str]) -> str:
    """Return how a document was decided, and by what kind of adjudicator or annotators.

    >>> describe_decision("adjudicated", ["program"])
    'adjudicated by a program'
    >>> describe_decision("unanimous", ["human", "program"])
    'unanimous among people and programs'
    >>> describe_decision(None, ["unknown"])
    'by a rule, annotators of unknown kind'
    """
    if method == "adjudicated":
        return f"adjudicated by {_ONE.get(kinds[0], 'somebody of unknown kind')}"
    known = " and ".join(_SEVERAL[kind] for kind in kinds if kind in _SEVERAL)
    if method in _RULES and known:
        return f"{_RULES[method]} {known}"
    return "by a rule, annotators of unknown kind"


def describe_decisions(counts: Mapping[tuple[str, tuple[str, ...]], int]) -> str:
    """Return the numbers of documents by method and kinds, the largest first.

    >>> describe_decisions({("adjudicated", ("human",)): 2, ("unanimous", ("program",)): 3})
    '3 unanimous among programs, 2 adjudicated by a person'
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {describe_decision(*key)}" for key, count in ordered)
