"""The plots of the card: files under ``corpus/plots/``, drawn from the counts of a build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sayso.dataset.build_counts import UNKNOWN, list_counted_values
from sayso.dataset.card.built_dataset import SPLITS, BuiltDataset
from sayso.dataset.card.markdown import join_paragraphs
from sayso.escaping import escape_markdown
from sayso.reports.svg_plots import DOCUMENTS, Plot, describe_plot, render_svg
from sayso.schema.column_names import describe_mentions, pluralise

PLOTS_FOLDER = "plots"
_PlotRows = list[tuple[tuple[str, ...], dict[str, int]]]


def render_plots(dataset: BuiltDataset) -> dict[str, bytes]:
    """Return name under ``corpus/`` -> SVG of every plot that has something to show."""
    plots = _build_plots(dataset)
    return {_plot_path(plot): render_svg(plot, standalone=True).encode() for plot in plots}


def plots_section(dataset: BuiltDataset) -> str:
    """Return the plots as the card shows them, each described in words."""
    return join_paragraphs(
        *(
            f"**{plot.title}**\n\n![{escape_markdown(describe_plot(plot))}]({_plot_path(plot)})"
            for plot in _build_plots(dataset)
        )
    )


def _plot_path(plot: Plot) -> str:
    return f"{PLOTS_FOLDER}/{plot.name}.svg"


def _build_plots(dataset: BuiltDataset) -> Iterator[Plot]:
    yield Plot(
        "documents",
        "Documents by split",
        "How many documents each split has.",
        "bars",
        _split_rows(dataset),
    )
    for name, title, description, counts, declared in _list_bar_plots(dataset):
        if counts:
            yield Plot(name, title, description, "bars", _kind_rows(counts, declared))
    years = dataset.counts_under("articles|year").items()
    columns = [((year,), {DOCUMENTS: count}) for (year,), count in years if year != UNKNOWN]
    if columns:
        title = "Documents by year of publication"
        yield Plot("years", title, "Documents whose year is known.", "columns", columns)


_BarPlot = tuple[str, str, str, Mapping[tuple[str, ...], int], Iterable[str]]
"""Name, title, description, counts by category and kind of annotator, declared categories."""


def _list_answer_plots(dataset: BuiltDataset) -> Iterator[_BarPlot]:
    for name, question in dataset.schema.questions.items():
        counts = dataset.counts_under(f"answers|value.{name}")
        description = f"How many documents have each answer to `{name}`."
        title = f"Answers: {question.title or name}"
        yield f"answers-{name}", title, description, counts, list_counted_values(question)


def _list_bar_plots(dataset: BuiltDataset) -> list[_BarPlot]:
    labels, schema = dataset.tabulate("mentions|label", 0, 1), dataset.schema
    return [
        (
            "mentions",
            "Mentions by label",
            "How many mentions have each label.",
            labels,
            schema.labels,
        ),
        (
            "relations",
            "Relations by type",
            "How many relations have each type.",
            dataset.count_relations(),
            schema.relations,
        ),
        *_list_answer_plots(dataset),
        *(
            (
                f"{pluralise(label)}-{name}",
                f"{describe_mentions(label)} by {name}",
                f"How many mentions labelled {label} have each {name}.",
                dataset.counts_under(f"mentions|{label}.{name}"),
                declared.attributes[name].values,
            )
            for label, declared in schema.labels.items()
            for name in declared.overview[:1]
        ),
    ]


def _split_rows(dataset: BuiltDataset) -> _PlotRows:
    rows = dataset.rows.get("articles", {})
    return [((split,), {DOCUMENTS: rows.get(split, 0)}) for split in SPLITS]


def _kind_rows(counts: Mapping[tuple[str, ...], int], declared: Iterable[str]) -> _PlotRows:
    """Return category -> kind of annotator -> count, all declared categories first."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, kind), count in counts.items():
        rows[name][kind] = count
    declared = list(declared)
    return [((name,), rows[name]) for name in [*declared, *sorted(rows.keys() - set(declared))]]
