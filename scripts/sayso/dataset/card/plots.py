"""The plots of the card: files under ``corpus/plots/``, drawn from the figures that a build counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sayso.checks.scheme import CLAIM, COUNT
from sayso.dataset.card.made import SPLITS, Made
from sayso.dataset.card.markdown import paragraphs
from sayso.dataset.figures import UNKNOWN
from sayso.report.figures import ARTICLES, Plot
from sayso.report.plots import described, svg

FOLDER = "plots"
_Rows = list[tuple[tuple[str, ...], dict[str, int]]]


def plots(made: Made) -> dict[str, bytes]:
    """Name under ``corpus/`` → SVG, of every plot that there is something to show of; the same for the same figures."""
    return {_file(plot): svg(plot, alone=True).encode() for plot in drawn(made)}


def shown(made: Made) -> str:
    """The plots as the card shows them, each with what it tells in words."""
    return paragraphs(*(f"**{plot.title}**\n\n![{described(plot)}]({_file(plot)})" for plot in drawn(made)))


def _file(plot: Plot) -> str:
    return f"{FOLDER}/{plot.name}.svg"


def drawn(made: Made) -> Iterator[Plot]:
    """The plots as numbers, in the order in which the card shows them."""
    yield Plot("documents", "Documents by split", "How many documents each split has.", "bars", _splits(made))
    labels = _by_kind(made.tally("mentions|label", 0, 1), made.schema.labels)
    if labels:
        yield Plot("mentions", "Mentions by label", "How many spans of text carry each label.", "bars", labels)
    relations = made.tally("annotations|relation", 0, 1) + made.tally("gold|relation", 0, 1)
    if relations:
        yield Plot("relations", "Relations by type", "How many arrows join mentions.", "bars",
                   _by_kind(relations, made.schema.relations))  # fmt: skip
    yield from _values(made, CLAIM, "type", "claims", "Claims by type", "What claims are about.")
    yield from _values(made, COUNT, "outcome", "counts", "Counts by outcome",
                       "How many counts, not how many things: what happened to what is counted.")  # fmt: skip
    years = {year: count for (year,), count in made.under("articles|year").items() if year != UNKNOWN}
    if years:
        yield Plot("years", "Documents by year of publication", "When the documents were published, where that is "
                   "known.", "columns", [((year,), {ARTICLES: count}) for year, count in years.items()])  # fmt: skip


def _splits(made: Made) -> _Rows:
    counts = {split: made.splits[split]["articles|documents"] if split in made.splits else 0 for split in SPLITS}
    return [((split,), {ARTICLES: count}) for split, count in counts.items()]


def _values(made: Made, label: str, attribute: str, name: str, title: str, told: str) -> Iterator[Plot]:
    found = made.under(f"mentions|{label}.{attribute}")
    if found:
        yield Plot(name, title, told, "bars", _by_kind(found, made.schema.labels[label].attributes[attribute].values))


def _by_kind(found: Mapping[tuple[str, ...], int], names: Iterable[str]) -> _Rows:
    """Category → kind of annotator → number: declared ones first, each there even where nothing was found."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, kind), count in found.items():
        counts[name][kind] = count
    declared = list(names) if counts else []
    return [((name,), counts[name]) for name in [*declared, *sorted(counts.keys() - set(declared))]]
