"""The plots of the card: files under ``corpus/render_plots/``, drawn from the figures that a build counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sayso.checks.schema_checks import CLAIM, COUNT
from sayso.dataset.build_counts import UNKNOWN
from sayso.dataset.card.built_dataset import SPLITS, BuiltDataset
from sayso.dataset.card.markdown import join_paragraphs
from sayso.reports.svg_plots import DOCUMENTS, Plot, describe_plot, render_svg

PLOTS_FOLDER = "plots"
_PlotRows = list[tuple[tuple[str, ...], dict[str, int]]]


def render_plots(made: BuiltDataset) -> dict[str, bytes]:
    """Name under ``corpus/`` → SVG, of every plot that there is something to show of; the same for the same figures."""
    return {
        _plot_path(plot): render_svg(plot, standalone=True).encode() for plot in build_plots(made)
    }


def plots_section(made: BuiltDataset) -> str:
    """The plots as the card shows them, each with what it tells in words."""
    return join_paragraphs(
        *(
            f"**{plot.title}**\n\n![{describe_plot(plot)}]({_plot_path(plot)})"
            for plot in build_plots(made)
        )
    )


def _plot_path(plot: Plot) -> str:
    return f"{PLOTS_FOLDER}/{plot.name}.svg"


def build_plots(made: BuiltDataset) -> Iterator[Plot]:
    """The plots as numbers, in the order in which the card shows them."""
    yield Plot(
        "documents",
        "Documents by split",
        "How many documents each split has.",
        "bars",
        _split_rows(made),
    )
    labels = _kind_rows(made.tabulate("mentions|label", 0, 1), made.schema.labels)
    if labels:
        yield Plot(
            "mentions",
            "Mentions by label",
            "How many spans of text carry each label.",
            "bars",
            labels,
        )
    relations = made.tabulate("annotations|relation", 0, 1) + made.tabulate("gold|relation", 0, 1)
    if relations:
        yield Plot(
            "relations",
            "Relations by type",
            "How many arrows join mentions.",
            "bars",
            _kind_rows(relations, made.schema.relations),
        )
    yield from _value_plot(
        made, CLAIM, "type", "claims", "Claims by type", "What claims are about."
    )
    yield from _value_plot(
        made,
        COUNT,
        "outcome",
        "counts",
        "Counts by outcome",
        "How many counts, not how many things: what happened to what is counted.",
    )
    years = {
        year: count
        for (year,), count in made.counts_under("articles|year").items()
        if year != UNKNOWN
    }
    if years:
        yield Plot(
            "years",
            "Documents by year of publication",
            "When the documents were published, where that is known.",
            "columns",
            [((year,), {DOCUMENTS: count}) for year, count in years.items()],
        )


def _split_rows(made: BuiltDataset) -> _PlotRows:
    counts = {
        split: made.counts_by_split[split]["articles|documents"]
        if split in made.counts_by_split
        else 0
        for split in SPLITS
    }
    return [((split,), {DOCUMENTS: count}) for split, count in counts.items()]


def _value_plot(
    made: BuiltDataset, label: str, attribute: str, name: str, title: str, told: str
) -> Iterator[Plot]:
    found = made.counts_under(f"mentions|{label}.{attribute}")
    if found:
        yield Plot(
            name,
            title,
            told,
            "bars",
            _kind_rows(found, made.schema.labels[label].attributes[attribute].values),
        )


def _kind_rows(found: Mapping[tuple[str, ...], int], names: Iterable[str]) -> _PlotRows:
    """Category → kind of annotator → number: declared ones first, each there even where nothing was found."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, kind), count in found.items():
        counts[name][kind] = count
    declared = list(names) if counts else []
    return [((name,), counts[name]) for name in [*declared, *sorted(counts.keys() - set(declared))]]
