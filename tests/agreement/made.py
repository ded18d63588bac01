"""Small answers to compare, and what is measured of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from sayso.agreement.answers import Compared
from sayso.agreement.bootstrap import Estimate, Figure, Sums
from sayso.agreement.marked import Key, Marked, Statistics
from sayso.agreement.measure import Measurement, measure
from sayso.records import Annotation, Document, Mention
from tests.dataset.made import SCHEMA, annotation, document

LENGTH = 20
TEXT = "x" * LENGTH


def plain(start: int, end: int, label: str = "Actor", **attributes: Any) -> Mention:
    """A mention in a text of nothing but x."""
    return Mention(id=f"{label}-{start}-{end}", label=label, start=start, end=end, text="x" * (end - start),
                   attributes=attributes)  # fmt: skip


def answer(of: Document, annotator: str, mentions: Iterable[Mention] = (), **fields: Any) -> Annotation:
    """What one annotator made of a document; every mention gets an id of its own."""
    named = [
        Mention(id=f"m{number}", label=m.label, start=m.start, end=m.end, text=m.text, attributes=m.attributes,
                started_from=m.started_from)
        for number, m in enumerate(mentions)
    ]  # fmt: skip
    return annotation(of, *named, annotator=annotator, **fields)


def compared(doc_id: str, *readings: Sequence[Mention], text: str = TEXT, **fields: Any) -> Compared:
    """One document with the mentions of each annotator."""
    of = document(doc_id, text)
    answers = [answer(of, f"ann-{number}", mentions, **fields) for number, mentions in enumerate(readings, 1)]
    return Compared(of, "trial", answers[0].interface, tuple(answers))


def measured(*comparisons: Compared, **how: Any) -> Measurement:
    """The one measurement of them."""
    (found,) = measure(comparisons, SCHEMA, **{"samples": 50, **how})
    return found


def figure(found: Measurement, name: str) -> Figure:
    """One figure by its name."""
    (one,) = [each for each in found.figures if each.name == name]
    return one


def value(found: Measurement, name: str) -> float | None:
    """Its value."""
    return figure(found, name).value


def marked(mentions: Iterable[Mention], annotator: str = "ann-1") -> Marked:
    """An answer made ready."""
    return Marked(answer(document("d", TEXT), annotator, mentions))


def estimated(
    documents: Iterable[Callable[[Statistics], None]], figures: Callable[[Any], Iterable[Estimate]]
) -> dict[str, float]:
    """What documents that add what they have come to, to the last digit."""
    sums: Sums[Key] = Sums()
    for add in documents:
        into: Statistics = defaultdict(float)
        add(into)
        sums.add(into)
    return {each.figure.subject: float(each.values[0]) for each in figures(sums.resampled(1))}


LABELS = ("Actor", "Claim")
MENTIONS = st.lists(
    st.builds(
        lambda start, length, label: plain(start, min(LENGTH, start + length), label),
        st.integers(0, LENGTH - 1), st.integers(1, 5), st.sampled_from(LABELS),
    ),
    max_size=5,
)  # fmt: skip
"""Anything that somebody may have marked, also twice, also across itself."""


def flat(mentions: Iterable[Mention]) -> list[Mention]:
    """Those that do not overlap an earlier one of their label."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: m.start):
        if all(mention.label != m.label or mention.start >= m.end for m in kept):
            kept.append(mention)
    return kept
