"""Figures are what a reader would count, and plots are drawn from them alone."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from sayso.readings import Choice
from sayso.report.figures import ARTICLES, NOBODY, Figures, Plot, figures
from sayso.report.plots import plots, svg
from sayso.settings import Instance
from sayso.store import Corpus
from tests.conftest import REPOSITORY
from tests.dataset.made import SCHEMA, document
from tests.report.worlds import HOSTILE, people

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def world(instance: Instance) -> Path:
    return people(instance.root, adjudicated=True)


def test_the_founding_corpus_is_counted_as_its_lines_stand() -> None:
    found = figures(Corpus(REPOSITORY), SCHEMA)
    labels: Counter[str] = Counter()
    for answer in Corpus(REPOSITORY).annotations():
        labels.update(mention.label for mention in answer.mentions)
    assert {name: counts["program"] for name, counts in found.labels.items()} == dict(labels)
    assert found.documents == 2 and found.adjudicated == 0 and found.readings == {"program": 2}
    assert sum(counts.total() for counts in found.claims.values()) == labels["Claim"]
    assert found.counts["uav", "destroyed"]["program"] == 9
    assert found.sources["Sergei Sobyanin"]["program"] == 5


def test_each_kind_of_reader_is_counted_apart(world: Path) -> None:
    found = figures(Corpus(world), SCHEMA)
    assert found.readings == {"gold": 1, "human": 3, "program": 1}
    assert found.labels["Claim"] == {"gold": 1, "human": 4, "program": 1}
    assert found.sources["Ministry of Defence"] == {"gold": 1, "human": 1, "program": 1}
    assert found.sources[NOBODY] == {"human": 2}
    assert found.unread == 1 and found.adjudicated == 1
    assert next(plot for plot in found.plots() if plot.name == "mentions").kinds == ["gold", "human", "program"]


def test_only_what_was_chosen_is_counted(world: Path) -> None:
    assert figures(Corpus(world), SCHEMA, Choice(gold=True)).readings == {"gold": 1}
    assert figures(Corpus(world), SCHEMA, Choice(annotators=frozenset({"ann-2"}))).readings == {"human": 1}
    both = Choice(annotators=frozenset({"ann-2"}), gold=True)
    assert figures(Corpus(world), SCHEMA, both).readings == {"gold": 1, "human": 1}


def dated(*dates: str | None) -> Figures:
    found = Figures(SCHEMA)
    for place, date in enumerate(dates):
        found.add(document(f"d{place}", "x", published=date), [])
    return found


def timeline(*dates: str | None) -> Plot | None:
    return next((plot for plot in dated(*dates).plots() if plot.name == "timeline"), None)


def test_days_without_a_document_stand_in_the_timeline() -> None:
    found = timeline("2025-10-31", "2025-11-02T08:00:00Z", None, "last week")
    assert found and found.rows == [((day,), {ARTICLES: count}) for day, count in
                                    (("2025-10-31", 1), ("2025-11-01", 0), ("2025-11-02", 1))]  # fmt: skip
    assert found.left_out == "2 documents without a date"


def test_long_times_are_told_in_months_and_years() -> None:
    months, years, scattered = (
        timeline("2024-01-05", "2025-12"),
        timeline("1999", "2025-12-01"),
        timeline("1000", "2025"),
    )
    assert months and len(months.rows) == 24
    assert years and len(years.rows) == 27
    assert scattered and len(scattered.rows) == 2
    assert timeline(None, "Friday") is None


def test_a_plot_says_what_it_is_and_holds_every_number(world: Path) -> None:
    drawn = plots(figures(Corpus(world), SCHEMA))
    assert set(drawn) == {
        f"{name}.svg" for name in ("documents", "mentions", "claims", "counts", "sources", "timeline")
    }
    for name, content in drawn.items():
        root = ElementTree.fromstring(content)
        assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc"), name
        width = float(root.attrib["viewBox"].split()[2])
        for box in root.iter(f"{SVG}rect"):
            assert 0 <= float(box.get("x", 0)) <= float(box.get("x", 0)) + float(box.attrib["width"]) <= width
    words = [text.text for text in ElementTree.fromstring(drawn["mentions.svg"]).iter(f"{SVG}text")]
    assert words[words.index("Claim") :][:4] == ["Claim", "1 adjudicated", "4 by people", "1 by programs"]


def test_the_same_figures_give_the_same_bytes(world: Path) -> None:
    assert plots(figures(Corpus(world), SCHEMA)) == plots(figures(Corpus(world), SCHEMA))


def test_a_name_stays_a_name() -> None:
    plot = Plot("sources", HOSTILE, HOSTILE, "bars", [((HOSTILE,), {"human": 3})])
    root = ElementTree.fromstring(svg(plot, alone=True))
    assert {child.tag for child in root.iter()} == {
        f"{SVG}{n}" for n in ("svg", "title", "desc", "style", "rect", "text")
    }
    assert root.findtext(f"{SVG}title") == HOSTILE


def test_nothing_to_count_is_nothing_to_draw() -> None:
    assert plots(Figures(SCHEMA)) == {}
