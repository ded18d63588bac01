"""The explorer where it is read: a real Chromium, by mouse and by key, with the network watched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.agreement.disagreement_corpus import (
    STRUCK,
    make_blind_annotation,
    write_disagreement_corpus,
)
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.browser_pages import OpenPage, find_accessibility_violations
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import new_checkout
from tests.dataset.samples import write_corpus
from tests.reports.sample_corpus import HOSTILE

pytestmark = pytest.mark.browser
SERVER = "http://studio.invalid:8080"


def run_command(root: Path, *words: str) -> str:
    return run_sayso(root, "disagreements", "--html", *words).stderr


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a checkout with three annotators, with the page written."""
    root = write_disagreement_corpus(
        new_checkout(tmp_path_factory.mktemp("sample") / "checkout").root
    )
    assert "wrote" in run_command(root, "--url", SERVER)
    return root


@pytest.fixture
def page(sample_root: Path, open_page: OpenPage) -> Page:
    return open_page(sample_root / "build" / "disagreements.html")


def read_status(page: Page) -> str:
    return page.locator(".status").inner_text()


def read_counts(page: Page) -> dict[str, int]:
    """Return the counts on the kind buttons."""
    return {
        chip.locator("b").inner_text(): int(chip.locator(".count").inner_text())
        for chip in page.locator(".chip").all()
    }


def text_edges(page: Page, words: str) -> tuple[float, float]:
    """Return the left and right edge of words on the screen."""
    found: list[float] = page.evaluate(
        """words => { const all = [...document.querySelectorAll('.passage-text')];
                      const node = all.find(each => each.textContent.includes(words)).firstChild;
                      const range = document.createRange(), at = node.data.indexOf(words);
                      range.setStart(node, at);
                      range.setEnd(node, at + words.length);
                      const box = range.getBoundingClientRect();
                      return [box.left, box.right]; }""",
        words,
    )
    return found[0], found[1]


def find_bar(page: Page, row: int, label: str) -> Locator:
    """Return the first span of a label in one annotator's row of the first card."""
    rows: list[float] = sorted(
        {
            box["y"]
            for who in page.locator(".card").first.locator(".row-name").all()
            if (box := who.bounding_box())
        }
    )
    for found in page.locator(".card").first.locator(".span", has_text=label).all():
        box = found.bounding_box()
        assert box
        if sum(y <= box["y"] + 2 for y in rows) == row + 1:
            return found
    raise AssertionError(f"no {label} in row {row}")


def test_the_page_has_every_disagreement_of_the_command(sample_root: Path, page: Page) -> None:
    everything = json.loads(run_sayso_ok(sample_root, "disagreements", "--json"))
    kinds = [each["kind"] for each in everything["disagreements"]]
    assert read_counts(page) == {kind: kinds.count(kind) for kind in read_counts(page)}
    assert read_status(page) == f"{len(kinds)} disagreements in 3 sentences, 1 document"


def test_spans_are_under_their_words_after_astral_characters(page: Page) -> None:
    for row, words in (
        (0, "governor of Belgorod"),
        (1, "The 😀 governor of Belgorod"),
        (2, "governor of Belgorod"),
    ):
        box = find_bar(page, row, "Actor").bounding_box()
        assert box
        assert (box["x"], box["x"] + box["width"]) == pytest.approx(text_edges(page, words), abs=1)
    inner = find_bar(page, 2, "Location").bounding_box()
    outer = find_bar(page, 2, "Actor").bounding_box()
    assert inner and outer and inner["y"] > outer["y"], "inner spans are below outer ones"


def test_a_missing_mention_is_shown_as_a_gap(page: Page) -> None:
    page.get_by_role("button", name="missed").click()
    card = page.locator(".card", has_text="Nobody was hurt")
    gap = card.locator(".gap").bounding_box()
    assert gap and (gap["x"], gap["x"] + gap["width"]) == pytest.approx(
        text_edges(page, "Nobody"), abs=1
    )
    assert card.locator(".gap").count() == 1


def test_filters_combine_and_counts_follow(page: Page) -> None:
    page.get_by_role("button", name="boundary").click()
    assert read_status(page) == "2 disagreements in 1 of 3 sentences, 1 document"
    assert page.get_by_role("button", name="boundary").get_attribute("aria-pressed") == "true"
    assert page.locator(".disagreements > li").count() == 1
    page.get_by_label("Annotator").select_option("ann-1")
    assert read_status(page).startswith("1 disagreement in 1 of 3")
    page.get_by_label("Against").select_option("ann-3")
    assert read_status(page).startswith("0 disagreements") and page.locator(".empty").is_visible()
    assert read_counts(page)["boundary"] == 0 and read_counts(page)["relation"] > 0
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Label, relation or question").select_option(label="agent (2)")
    assert read_status(page).startswith("2 disagreements in 1 of 3")
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Search").fill("whole clear")
    expect(page.locator(".status")).to_contain_text("3 sentences")
    page.get_by_label("Search").fill("nobody hurt")
    expect(page.locator(".status")).to_contain_text("1 of 3 sentences")


def test_filtered_disagreements_of_a_sentence_can_be_shown(page: Page) -> None:
    page.get_by_role("button", name="boundary").click()
    before = page.locator(".disagreements > li").count()
    page.get_by_role("button", name="others in this sentence").click()
    assert page.locator(".disagreements > li").count() > before == 1


def test_keys_move_between_sentences(page: Page) -> None:
    for key, text in (
        ("j", "two drones"),
        ("j", "Nobody"),
        ("j", "Moscow"),
        ("j", "Moscow"),
        ("k", "Nobody"),
    ):
        page.keyboard.press(key)
        expect(page.locator(".card.current .passage-text")).to_contain_text(text)
        expect(page.locator(".card.current")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("jk")
    assert page.get_by_label("Search").input_value() == "jk"


def test_links_open_the_task_and_have_no_token(page: Page) -> None:
    links = {link.get_attribute("href") for link in page.locator(".card a").all()}
    assert links == {f"{SERVER}/projects/3/data?task=7"}


def test_without_a_server_url_there_are_no_links(sample_root: Path, open_page: OpenPage) -> None:
    run_command(sample_root, f"{sample_root}/build/plain.html")
    assert open_page(sample_root / "build" / "plain.html").locator(".card a").count() == 0


def test_notes_are_shown_as_text(page: Page) -> None:
    notes = page.locator(".notes").all_inner_texts()
    assert any(HOSTILE in note and "unsure" in note for note in notes)
    assert any("On the whole: clear." in note for note in notes)
    assert (
        page.title() == "Sayso: what annotators disagree about"
        and page.locator("main img").count() == 0
    )


def test_passages_are_slices_of_the_text(page: Page) -> None:
    shown = [each.text_content() or "" for each in page.locator(".passage-text").all()]
    assert [STRUCK.count(each) for each in shown] == [1, 1, 1] and sum(map(len, shown)) == len(
        STRUCK
    ) - 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_accessibility_violation(
    sample_root: Path, open_page: OpenPage, theme: str
) -> None:
    page = open_page(
        sample_root / "build" / "disagreements.html", color_scheme=theme, reduced_motion="reduce"
    )
    page.locator("summary").click()
    page.get_by_role("button", name="missed").click()
    assert find_accessibility_violations(page) == []


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_overflows_horizontally(sample_root: Path, open_page: OpenPage, width: int) -> None:
    page = open_page(
        sample_root / "build" / "disagreements.html", viewport={"width": width, "height": 900}
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    right = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.span')]"
        ".map(each => each.getBoundingClientRect().right))"
    )
    assert right <= width


def test_the_table_needs_no_javascript(sample_root: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sample_root / "build" / "disagreements.html").as_uri())
    page.locator("summary").click()
    assert (
        page.locator(".count-tables tbody tr").first.is_visible()
        and page.locator("noscript").is_visible()
    )
    context.close()


def test_print_has_every_filtered_sentence(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".card").count() == 3 and page.locator(".span").count() > 10
    assert page.pdf().startswith(b"%PDF")


def test_the_second_time_nothing_changes(sample_root: Path) -> None:
    run_command(sample_root, f"{sample_root}/build/again.html")
    before = (sample_root / "build" / "again.html").read_bytes()
    assert "nothing changed" in run_command(sample_root, f"{sample_root}/build/again.html")
    assert (sample_root / "build" / "again.html").read_bytes() == before
    policy = re.search(rb'Content-Security-Policy" content="([^"]+)"', before)
    assert policy and b"default-src 'none'" in policy[1] and b"unsafe" not in policy[1]


def test_a_thousand_documents_stay_light_in_the_browser(
    tmp_path: Path, open_page: OpenPage
) -> None:
    root = new_checkout(tmp_path / "checkout").root
    documents = list(synthetic_documents(1000))
    records = [each for who in ("one", "two") for each in synthetic_annotations(documents, who)]
    write_corpus(root, documents, [make_blind_annotation(each) for each in records])
    run_command(root)
    page = open_page(root / "build" / "disagreements.html")
    assert read_status(page) == "5,000 disagreements in 5,000 sentences, 1,000 documents"
    assert page.locator(".card").count() == 25
    page.get_by_label("Search").fill("article-00000999")
    expect(page.locator(".status")).to_contain_text("5 of 5,000 sentences")
    assert page.locator("*").count() < 2500
