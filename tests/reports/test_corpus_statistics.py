"""The statistics of a corpus and the plots drawn from them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.sources import CorpusFiles
from sayso.reports.corpus_statistics import CorpusStatistics
from sayso.reports.svg_plots import DOCUMENTS, Plot, render_svg
from sayso.settings import Checkout
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA, make_document
from tests.reports.sample_corpus import HOSTILE, count_corpus, write_sample_corpus

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def sample_root(checkout: Checkout) -> Path:
    return write_sample_corpus(checkout.root, adjudicated=True)


def test_counts_of_the_founding_corpus() -> None:
    found = count_corpus(REPOSITORY)
    labels: Counter[str] = Counter()
    for annotation in CorpusFiles(REPOSITORY).annotations():
        labels.update(mention.label for mention in annotation.mentions)
    assert {name: counts["program"] for name, counts in found.labels.items()} == dict(labels)
    assert found.documents == 2 and found.adjudicated == 0 and found.annotations == {"program": 2}
    assert found.frames == {"Claim": labels["Claim"]}
    assert found.overviews["Count"]["destroyed", "uav"]["program"] == 9
    assert found.sources["Claim", "source"]["Sergei Sobyanin"]["program"] == 5


def test_annotator_kinds_are_counted_separately(sample_root: Path) -> None:
    found = count_corpus(sample_root)
    assert found.annotations == {"gold": 1, "human": 3, "program": 1}
    assert found.labels["Claim"] == {"gold": 1, "human": 4, "program": 1}
    sources = found.sources["Claim", "source"]
    assert sources["Ministry of Defence"] == {"gold": 1, "human": 1, "program": 1}
    assert sources["no source"] == {"human": 2}
    assert found.unannotated == 1 and found.adjudicated == 1
    assert next(plot for plot in found.build_plots() if plot.name == "mentions").kinds == [
        "gold",
        "human",
        "program",
    ]


def test_the_filter_limits_what_is_counted(sample_root: Path) -> None:
    assert count_corpus(sample_root, AnnotationFilter(kinds=frozenset({"gold"}))).annotations == {
        "gold": 1
    }
    assert count_corpus(
        sample_root, AnnotationFilter(annotators=frozenset({"ann-2"}), kinds=frozenset({"human"}))
    ).annotations == {"human": 1}
    both = AnnotationFilter(annotators=frozenset({"ann-2"}))
    assert count_corpus(sample_root, both).annotations == {"gold": 1, "human": 1}


def render_plots(statistics: CorpusStatistics) -> dict[str, str]:
    return {plot.name: render_svg(plot, standalone=True) for plot in statistics.build_plots()}


def count_dates(*dates: str | None) -> CorpusStatistics:
    found = CorpusStatistics(SCHEMA)
    for index, date in enumerate(dates):
        found.add(Item(make_document(f"d{index}", "x", published=date)))
    return found


def timeline_plot(*dates: str | None) -> Plot | None:
    return next(
        (plot for plot in count_dates(*dates).build_plots() if plot.name == "timeline"), None
    )


def test_the_timeline_has_days_without_documents() -> None:
    found = timeline_plot("2025-10-31", "2025-11-02T08:00:00Z", None, "last week")
    assert found and found.rows == [
        ((day,), {DOCUMENTS: count})
        for day, count in (("2025-10-31", 1), ("2025-11-01", 0), ("2025-11-02", 1))
    ]
    assert found.excluded == "2 documents without a date"


def test_long_timelines_count_months_or_years() -> None:
    months, years, scattered = (
        timeline_plot("2024-01-05", "2025-12"),
        timeline_plot("1999", "2025-12-01"),
        timeline_plot("1000", "2025"),
    )
    assert months and len(months.rows) == 24
    assert years and len(years.rows) == 27
    assert scattered and len(scattered.rows) == 2
    assert timeline_plot(None, "Friday") is None


def test_plots_have_titles_descriptions_and_all_numbers(sample_root: Path) -> None:
    drawn = render_plots(count_corpus(sample_root))
    assert set(drawn) == {"documents", "mentions", "claims", "counts", "claims-source", "timeline"}
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


def test_the_same_statistics_give_the_same_plots(sample_root: Path) -> None:
    assert render_plots(count_corpus(sample_root)) == render_plots(count_corpus(sample_root))


def test_names_are_escaped_in_plots() -> None:
    plot = Plot("sources", HOSTILE, HOSTILE, "bars", [((HOSTILE,), {"human": 3})])
    root = ElementTree.fromstring(render_svg(plot, standalone=True))
    assert {child.tag for child in root.iter()} == {
        f"{SVG}{n}" for n in ("svg", "title", "desc", "style", "rect", "text")
    }
    assert root.findtext(f"{SVG}title") == HOSTILE


def test_an_empty_corpus_has_no_plots() -> None:
    assert render_plots(CorpusStatistics(SCHEMA)) == {}
