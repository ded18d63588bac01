"""Figures are what a reader would count, and plots are drawn from them alone."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.sources import CorpusFiles
from sayso.reports.corpus_statistics import NO_SOURCE, CorpusStatistics, count_corpus
from sayso.reports.svg_plots import DOCUMENTS, Plot, render_svg
from sayso.settings import Checkout
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA, make_document
from tests.reports.sample_corpus import HOSTILE, write_sample_corpus

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def world(checkout: Checkout) -> Path:
    return write_sample_corpus(checkout.root, adjudicated=True)


def test_the_founding_corpus_is_counted_as_its_lines_stand() -> None:
    found = count_corpus(CorpusFiles(REPOSITORY), SCHEMA)
    labels: Counter[str] = Counter()
    for answer in CorpusFiles(REPOSITORY).annotations():
        labels.update(mention.label for mention in answer.mentions)
    assert {name: counts["program"] for name, counts in found.labels.items()} == dict(labels)
    assert found.documents == 2 and found.adjudicated == 0 and found.annotations == {"program": 2}
    assert sum(counts.total() for counts in found.claims.values()) == labels["Claim"]
    assert found.counts["uav", "destroyed"]["program"] == 9
    assert found.sources["Sergei Sobyanin"]["program"] == 5


def test_each_kind_of_reader_is_counted_apart(world: Path) -> None:
    found = count_corpus(CorpusFiles(world), SCHEMA)
    assert found.annotations == {"gold": 1, "human": 3, "program": 1}
    assert found.labels["Claim"] == {"gold": 1, "human": 4, "program": 1}
    assert found.sources["Ministry of Defence"] == {"gold": 1, "human": 1, "program": 1}
    assert found.sources[NO_SOURCE] == {"human": 2}
    assert found.unannotated == 1 and found.adjudicated == 1
    assert next(plot for plot in found.build_plots() if plot.name == "mentions").kinds == [
        "gold",
        "human",
        "program",
    ]


def test_only_what_was_chosen_is_counted(world: Path) -> None:
    assert count_corpus(
        CorpusFiles(world), SCHEMA, AnnotationFilter(kinds=frozenset({"gold"}))
    ).annotations == {"gold": 1}
    assert count_corpus(
        CorpusFiles(world),
        SCHEMA,
        AnnotationFilter(annotators=frozenset({"ann-2"}), kinds=frozenset({"human"})),
    ).annotations == {"human": 1}
    both = AnnotationFilter(annotators=frozenset({"ann-2"}))
    assert count_corpus(CorpusFiles(world), SCHEMA, both).annotations == {"gold": 1, "human": 1}


def render_plots(statistics: CorpusStatistics) -> dict[str, str]:
    return {plot.name: render_svg(plot, standalone=True) for plot in statistics.build_plots()}


def count_dates(*dates: str | None) -> CorpusStatistics:
    found = CorpusStatistics(SCHEMA)
    for place, date in enumerate(dates):
        found.add(Item(make_document(f"d{place}", "x", published=date)))
    return found


def timeline_plot(*dates: str | None) -> Plot | None:
    return next(
        (plot for plot in count_dates(*dates).build_plots() if plot.name == "timeline"), None
    )


def test_days_without_a_document_stand_in_the_timeline() -> None:
    found = timeline_plot("2025-10-31", "2025-11-02T08:00:00Z", None, "last week")
    assert found and found.rows == [
        ((day,), {DOCUMENTS: count})
        for day, count in (("2025-10-31", 1), ("2025-11-01", 0), ("2025-11-02", 1))
    ]
    assert found.excluded == "2 documents without a date"


def test_long_times_are_told_in_months_and_years() -> None:
    months, years, scattered = (
        timeline_plot("2024-01-05", "2025-12"),
        timeline_plot("1999", "2025-12-01"),
        timeline_plot("1000", "2025"),
    )
    assert months and len(months.rows) == 24
    assert years and len(years.rows) == 27
    assert scattered and len(scattered.rows) == 2
    assert timeline_plot(None, "Friday") is None


def test_a_plot_says_what_it_is_and_holds_every_number(world: Path) -> None:
    drawn = render_plots(count_corpus(CorpusFiles(world), SCHEMA))
    assert set(drawn) == {"documents", "mentions", "claims", "counts", "sources", "timeline"}
    for name, content in drawn.items():
        root = ElementTree.fromstring(content)
        assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc"), name
        width = float(root.attrib["viewBox"].split()[2])
        for box in root.iter(f"{SVG}rect"):
            assert (
                0
                <= float(box.get("x", 0))
                <= float(box.get("x", 0)) + float(box.attrib["width"])
                <= width
            )
    words = [text.text for text in ElementTree.fromstring(drawn["mentions"]).iter(f"{SVG}text")]
    assert words[words.index("Claim") :][:4] == [
        "Claim",
        "1 adjudicated",
        "4 by people",
        "1 by programs",
    ]


def test_the_same_figures_give_the_same_bytes(world: Path) -> None:
    assert render_plots(count_corpus(CorpusFiles(world), SCHEMA)) == render_plots(
        count_corpus(CorpusFiles(world), SCHEMA)
    )


def test_a_name_stays_a_name() -> None:
    plot = Plot("sources", HOSTILE, HOSTILE, "bars", [((HOSTILE,), {"human": 3})])
    root = ElementTree.fromstring(render_svg(plot, standalone=True))
    assert {child.tag for child in root.iter()} == {
        f"{SVG}{n}" for n in ("svg", "title", "desc", "style", "rect", "text")
    }
    assert root.findtext(f"{SVG}title") == HOSTILE


def test_nothing_to_count_is_nothing_to_draw() -> None:
    assert render_plots(CorpusStatistics(SCHEMA)) == {}
