"""Feedback where it is read: a real Chromium, with the network watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser_pages import OpenPage, find_accessibility_violations
from tests.command_line import run_sayso_ok
from tests.conftest import new_checkout
from tests.reports.sample_feedback import GOLD_NOTE, write_compared_corpus

pytestmark = pytest.mark.browser
SERVER = "http://studio.invalid:8080"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_compared_corpus(new_checkout(tmp_path_factory.mktemp("sample") / "checkout").root)
    run_sayso_ok(root, "feedback", "--url", SERVER)
    return root / ".sayso" / "feedback" / "trial"


def open_all_rules(page: Page) -> Page:
    for rule in page.locator(".rule").all():
        rule.locator("summary").click()
        expect(rule.locator(".card").first).to_be_visible()
    return page


def table_rows(page: Page) -> list[str]:
    return [name.inner_text() for name in page.locator(".card").first.locator(".row-name").all()]


def test_a_rule_opens_its_sentences_with_own_and_gold_spans(
    folder: Path, open_page: OpenPage
) -> None:
    page = open_page(folder / "ann-1.html")
    rule = page.locator(".rule")
    assert (
        rule.count() == 1
        and "A common noun stops before the place" in rule.locator("summary").inner_text()
    )
    assert page.locator(".card").count() == 0
    open_all_rules(page)
    assert set(table_rows(page)) == {"you", "gold"}
    own, gold = (
        span.bounding_box() for span in page.locator(".span.differs", has_text="Actor").all()
    )
    assert own and gold and own["y"] < gold["y"] and own["width"] > gold["width"], "own is longer"
    assert GOLD_NOTE in page.locator(".notes").inner_text()
    assert page.locator(".card a").get_attribute("href") == f"{SERVER}/projects/3/data?task=7"


def test_agreement_with_gold_is_shown_by_label(folder: Path, open_page: OpenPage) -> None:
    page = open_page(folder / "ann-1.html")
    lines = page.locator(".summary-table tbody tr").all()
    shown = {
        line.locator("th").inner_text(): line.locator("td").all_inner_texts() for line in lines
    }
    assert shown["Count"][:3] == ["1", "1 of 1, 100 %", "1 of 1, 100 %"]
    assert shown["Actor"][:4] == ["2", "1 of 2, 50 %", "1 of 1, 100 %", "1"]


def test_a_relation_lost_with_a_mention_is_counted_separately(
    folder: Path, open_page: OpenPage
) -> None:
    page = open_page(folder / "ann-2.html")
    assert "and 1 relation lost with a mention" in page.locator(".tiles").inner_text()
    assert "quantity" not in page.locator(".rule").all_inner_texts()


def test_keys_move_between_sentences(folder: Path, open_page: OpenPage) -> None:
    page = open_all_rules(open_page(folder / "ann-2.html", reduced_motion="reduce"))
    count = page.locator(".card").count()
    assert count > 2
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".card").nth(0)).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["ann-2.html", "index.html"])
def test_axe_finds_no_accessibility_violation(
    folder: Path, open_page: OpenPage, name: str, theme: str
) -> None:
    page = open_page(
        folder / name, color_scheme=theme, reduced_motion="reduce", scripted=name != "index.html"
    )
    assert find_accessibility_violations(open_all_rules(page)) == []


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize("name", ["ann-2.html", "index.html"])
def test_nothing_overflows_horizontally(
    folder: Path, open_page: OpenPage, name: str, width: int
) -> None:
    page = open_page(
        folder / name, viewport={"width": width, "height": 900}, scripted=name != "index.html"
    )
    open_all_rules(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_prints(folder: Path, open_page: OpenPage) -> None:
    assert open_all_rules(open_page(folder / "ann-2.html")).pdf().startswith(b"%PDF")


@pytest.mark.parametrize("annotator", ["ann-1", "ann-2", "ann-3"])
def test_mentions_that_gold_lacks_are_yours_alone_and_not_missed(
    folder: Path, open_page: OpenPage, annotator: str
) -> None:
    page = open_all_rules(open_page(folder / f"{annotator}.html"))
    lines = [line.inner_text() for line in page.locator(".disagreements > li").all()]
    alone = [line for line in lines if line.rstrip().endswith("nothing")]
    assert all("yours alone" in line and "missed" not in line for line in alone)
    assert not any("yours alone" in line for line in lines if line not in alone)
    if annotator == "ann-2":
        assert alone
