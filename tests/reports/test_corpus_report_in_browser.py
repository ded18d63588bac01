"""The corpus report in Chromium, by mouse and keyboard, without network requests."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sayso.escaping import escape_formula
from sayso.reports.corpus_report import write_report
from sayso.settings import Checkout, find_checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.browser_pages import OpenPage, find_accessibility_violations
from tests.conftest import REPOSITORY, new_checkout
from tests.dataset.samples import make_annotation, make_document, make_mention, write_corpus
from tests.reports.sample_corpus import HOSTILE, MAIN_TEXT, write_sample_corpus

pytestmark = pytest.mark.browser

FORMULAS = (
    '=HYPERLINK("https://x.invalid")',
    "+1+1",
    "-1+1",
    "@SUM",
    "\t=1",
    "\r=1",
    "'=1",
    "\uff1d1",
)


def write_report_page(root: Path, fill: Callable[[Path], object]) -> Path:
    checkout = new_checkout(root)
    fill(checkout.root)
    out = checkout.root / "page.html"
    write_report(checkout, out)
    return out


@pytest.fixture(scope="module")
def sample_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report_page(
        tmp_path_factory.mktemp("sample") / "checkout",
        lambda root: write_sample_corpus(root, adjudicated=True),
    )


@pytest.fixture(scope="module")
def founding_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("founding") / "page.html"
    write_report(find_checkout(REPOSITORY), out)
    return out


@pytest.fixture(scope="module")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def fill(root: Path) -> None:
        documents = list(synthetic_documents(1000))
        write_corpus(root, documents, synthetic_annotations(documents, "reader"))

    return write_report_page(tmp_path_factory.mktemp("large") / "checkout", fill)


def read_status(page: Page) -> str:
    return page.locator("main > section:visible .status").inner_text()


def visible_text(found: Locator) -> str:
    """Return the visible text of an element, with single spaces."""
    words: str = found.evaluate(
        """element => { const copy = element.cloneNode(true);
                        for (const heard of copy.querySelectorAll('.sr-only')) heard.remove();
                        return copy.textContent; }"""
    )
    return " ".join(words.split())


def centre_of(mark: Locator) -> tuple[float, float]:
    """Return the middle of the first line of a mark, in pixels."""
    x, y = mark.evaluate(
        """mark => { mark.scrollIntoView({ block: 'center', behavior: 'instant' });
                     const box = mark.getClientRects()[0];
                     return [box.left + box.width / 2, box.top + box.height / 2]; }"""
    )
    return x, y


def read_document_text(page: Page) -> str:
    """Return the document text without the labels for screen readers."""
    found: str = page.evaluate(
        """() => { const copy = document.querySelector('.text').cloneNode(true);
                   for (const tag of copy.querySelectorAll('.tag')) tag.remove();
                   return copy.textContent; }"""
    )
    return found


def list_marks(page: Page) -> list[tuple[str, str]]:
    """List the label and the text of every mark."""
    found: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll('.text mark')].map(mark => {
            const copy = mark.cloneNode(true);
            const label = copy.querySelector('.tag').textContent.trim();
            for (const tag of copy.querySelectorAll('.tag')) tag.remove();
            return [label, copy.textContent]; })"""
    )
    return [(label, words) for label, words in found]


def test_a_claim_is_found_by_search_and_opens_in_its_document(
    founding_page: Path, open_page: OpenPage
) -> None:
    page = open_page(founding_page, "#claims")
    assert read_status(page) == "21 claims"
    page.get_by_label("Search", exact=True).fill("voronezh two")
    expect(page.locator("#view-claims tbody tr")).to_have_count(1)
    assert read_status(page) == "1 of 21 claims"
    assert "2..4 two additional drones" in visible_text(page.locator("#view-claims tbody tr"))
    page.get_by_role("link", name="two additional drones").click()
    expect(page.locator("mark.selected")).to_be_focused()
    assert [role.inner_text() for role in page.locator(".tag.role").all()] == [
        "source",
        "quantity",
        "where",
        "where",
    ]
    assert "1160 to 1235" in page.locator(".detail").inner_text()
    page.go_back()
    assert read_status(page) == "1 of 21 claims"


def test_equations_between_counts_are_shown(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#document/002_f5b38a405875c223")
    first = page.locator(".equations li").first
    assert visible_text(first.locator(".equation")) == "38=34+2..4"
    assert "may add up" in first.inner_text() and "only where they sum to 38" in first.inner_text()
    first.get_by_role("button", name="2 to 4").click()
    expect(page.locator("mark.selected")).to_contain_text("two additional drones")


def test_filters_and_sorting_combine(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#claims")
    page.get_by_label("polarity").select_option("negative")
    assert read_status(page) == "1 of 21 claims"
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("searchbox", name="who says").fill("Sobyanin")
    expect(page.locator("#view-claims .status")).to_have_text("5 of 21 claims")
    page.get_by_role("button", name="Clear").click()
    many = page.get_by_role("columnheader", name="how many")
    many.get_by_role("button").click()
    assert many.get_attribute("aria-sort") == "ascending"
    many.get_by_role("button").click()
    shown = [
        visible_text(row.locator(".quantity").first)
        for row in page.locator("#view-claims tbody tr").all()[:3]
    ]
    assert many.get_attribute("aria-sort") == "descending" and shown == ["130", "38", "34"]


def test_no_cell_of_the_saved_csv_is_a_formula(sample_page: Path, open_page: OpenPage) -> None:
    """The page escapes what `sayso export --to csv` escapes."""
    page = open_page(sample_page, "#claims")
    others: tuple[object, ...] = ("tis", "'tis", "-3.5", "+49", "1e5", "-", "", 'a";=1', -3, 2.5)
    cells = [*FORMULAS, *others]
    assert page.evaluate("cells => cells.map(escapeFormula)", cells) == [
        str(escape_formula(cell)) for cell in cells
    ]
    assert all(str(escape_formula(cell)).startswith("'") for cell in FORMULAS)


def test_filtered_rows_are_saved_as_csv(
    sample_page: Path, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(sample_page, "#claims")
    page.get_by_label("annotator").select_option("ann-1 (human) · trial · all")
    page.get_by_role("searchbox", name="who says").fill("defence")
    expect(page.locator("#view-claims .status")).to_have_text("1 of 6 claims")
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").click()
    saving.value.save_as(tmp_path / "claims.csv")
    (row,) = csv.DictReader(
        io.StringIO((tmp_path / "claims.csv").read_bytes().decode(), newline="")
    )
    assert MAIN_TEXT[int(row["start"]) : int(row["end"])] == row["text"] == "38 drones 𝒻ell"
    shown = [
        row[name]
        for name in (
            "doc_id",
            "annotator",
            "kind",
            "claim_id",
            "source",
            "quantity",
            "lower",
            "upper",
            "certainty",
        )
    ]
    assert shown == [
        "said",
        "ann-1",
        "human",
        "claim",
        "ministry",
        "38 drones",
        "38",
        "38",
        "probable",
    ]


def test_marks_are_on_their_words_after_astral_characters(
    sample_page: Path, open_page: OpenPage
) -> None:
    page = open_page(sample_page, "#document/said/ann-1%20trial%20all")
    assert read_document_text(page) == MAIN_TEXT
    assert [words for _label, words in list_marks(page)] == [
        "ministry",
        "said",
        "38 drones 𝒻ell",
        "38 drones",
        "34",
        "two more",
        "Crimea",
    ]
    assert list_marks(page)[5][0] == "Count, flag unsure"


def test_crossing_spans_are_drawn_in_pieces(tmp_path: Path, open_page: OpenPage) -> None:
    text = "one two three four"
    here = make_document("d", text)
    spans = [
        make_mention("a", "Claim", text, 0, 13),
        make_mention("b", "Actor", text, 4, 18),
        make_mention("c", "Count", text, 8, 13),
    ]
    page = open_page(
        write_report_page(
            tmp_path / "checkout",
            lambda root: write_corpus(root, [here], [make_annotation(here, *spans)]),
        ),
        "#document/d",
    )
    assert read_document_text(page) == text
    assert list_marks(page) == [
        ("Claim", "one two three"),
        ("Actor", "two three"),
        ("Count", "three"),
        ("Actor, continued", " four"),
    ]


def test_annotations_of_a_document_can_be_chosen(sample_page: Path, open_page: OpenPage) -> None:
    page = open_page(sample_page, "#document/said")
    assert page.get_by_role("radio").count() == 4
    expect(page.get_by_label("adjudicated by a program · trial")).to_be_checked()
    page.mouse.click(*centre_of(page.locator("mark").first))
    assert "majority" in page.locator(".detail").inner_text()
    page.get_by_label("ann-2 (human) · trial · all").check()
    expect(page.locator(".text mark")).to_have_count(1)
    assert HOSTILE in page.locator(".remarks").inner_text()
    page.get_by_label("ann-1 (human) · trial · all").check()
    expect(page.locator(".text mark")).to_have_count(7)
    assert HOSTILE in page.locator(".remarks").inner_text()


@pytest.mark.parametrize(
    "view",
    [
        "#figures",
        "#claims",
        "#documents",
        "#document/hostile",
        "#document/said/ann-2%20trial%20all",
    ],
)
def test_text_with_markup_does_not_run(sample_page: Path, open_page: OpenPage, view: str) -> None:
    page = open_page(sample_page, view)
    assert page.title() == "Sayso: corpus report"
    assert page.locator("main img").count() == 0
    if view == "#document/hostile":
        assert read_document_text(page) == f"Before {HOSTILE} after"


def test_two_annotations_of_one_annotator_are_both_shown(
    tmp_path: Path, open_page: OpenPage
) -> None:
    here = make_document("d", "one two")
    first, second = (
        make_mention(name, "Claim", here.text, at, at + 3) for name, at in (("a", 0), ("b", 4))
    )
    records = [make_annotation(here, first), make_annotation(here, second, created="2025-11-03")]
    page = open_page(
        write_report_page(tmp_path / "checkout", lambda root: write_corpus(root, [here], records)),
        "#claims",
    )
    page.get_by_role("link", name="two").click()
    expect(page.locator("mark.selected")).to_contain_text("two")
    expect(page.get_by_label("ann-1 (human) · trial · all (2)")).to_be_checked()
    page.get_by_label("ann-1 (human) · trial · all", exact=True).check()
    assert list_marks(page) == [("Claim", "one")]


def test_declined_mentions_are_listed(sample_page: Path, open_page: OpenPage) -> None:
    page = open_page(sample_page, "#document/said")
    expect(page.get_by_label("adjudicated by a program · trial")).to_be_checked()
    expect(page.locator(".declined li")).to_have_text(f"Actor “{MAIN_TEXT[:1]}” (expert): ann-2")
    page.get_by_label("ann-1 (human) · trial · all").check()
    expect(page.locator(".declined")).to_have_count(0)


def test_a_javascript_url_is_no_link(sample_page: Path, open_page: OpenPage) -> None:
    page = open_page(sample_page, "#document/later")
    assert "javascript:alert(1)" in page.locator(".metadata").inner_text()
    assert page.locator(".metadata a").count() == 0
    page.goto(f"{sample_page.as_uri()}#document/said")
    assert page.locator(".metadata a").get_attribute("href") == "https://example.org/a"


def test_everything_is_reachable_by_keyboard(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page)
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached == ["Skip to the content", "Figures", "Claims", "Documents"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Documents")).to_be_focused()
    page.locator("#view-documents tbody a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#view-document h1")).to_be_focused()
    assert page.locator('mark[tabindex="0"]').count() == 1
    page.locator('mark[tabindex="0"]').focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("mark.selected")).to_be_focused()
    assert page.locator("mark.related").count() > 2
    outline = page.locator("mark.selected").evaluate("mark => getComputedStyle(mark).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Escape")
    expect(page.locator("mark.selected")).to_have_count(0)


def test_a_tooltip_describes_the_mention_under_pointer_or_focus(
    founding_page: Path, open_page: OpenPage
) -> None:
    page = open_page(founding_page, "#document/002_f5b38a405875c223")
    page.mouse.move(*centre_of(page.locator("mark.label-2", has_text="another two drones")))
    expect(page.locator("#tip")).to_have_text("Count · 2 · exact · uav · destroyed")
    page.mouse.move(5, 5)
    expect(page.locator("#tip")).to_be_hidden()
    page.locator("mark").first.focus()
    expect(page.locator("#tip")).to_contain_text("Location · associative")


def test_a_label_can_be_hidden(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#document/002_f5b38a405875c223")
    page.get_by_role("checkbox", name="Actor").uncheck()
    assert page.locator("mark.label-0:not(.hidden-mark)").count() == 0
    page.get_by_label("show labels in the text").check()
    assert page.locator(".tag.label-start").first.bounding_box()["width"] > 8  # type: ignore[index]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "view", ["#figures", "#claims", "#documents", "#document/said/ann-1%20trial%20all/claim"]
)
def test_axe_finds_no_accessibility_violation(
    sample_page: Path, open_page: OpenPage, view: str, theme: str
) -> None:
    page = open_page(sample_page, view, color_scheme=theme, reduced_motion="reduce")
    assert find_accessibility_violations(page) == []


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize(
    "view", ["#figures", "#claims", "#documents", "#document/002_f5b38a405875c223"]
)
def test_nothing_overflows_horizontally(
    founding_page: Path, open_page: OpenPage, view: str, width: int
) -> None:
    page = open_page(founding_page, view, viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_reduced_motion_is_respected(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_print_is_always_light(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#document/002_f5b38a405875c223", color_scheme="dark")
    assert (
        page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        == "rgb(20, 24, 29)"
    )
    page.emulate_media(media="print", color_scheme="dark")
    assert (
        page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert not page.locator("nav").is_visible() and page.locator(".banner").is_visible()


def test_figures_need_no_javascript(founding_page: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(founding_page.as_uri())
    assert page.locator("svg.plot").count() == 5 and page.locator("noscript").is_visible()
    context.close()


def test_a_thousand_documents_stay_light_in_the_browser(
    large_page: Path, open_page: OpenPage
) -> None:
    page = open_page(large_page, "#claims")
    assert read_status(page) == "5,000 claims"
    assert page.locator("#view-claims tbody tr").count() == 100
    page.get_by_role("button", name="Next").click()
    assert "101–200 of 5,000" in page.locator("#view-claims .pages").inner_text()
    page.get_by_label("Search", exact=True).fill("article-00000999")
    expect(page.locator("#view-claims .status")).to_have_text("5 of 5,000 claims")
    page.locator("#view-claims tbody a").first.click()
    expect(page.locator("#view-document h1")).to_have_text("Article 999")
    assert len(list_marks(page)) == 25
    assert page.locator("*").count() < 2500


def test_print_has_all_filtered_claims(large_page: Path, open_page: OpenPage) -> None:
    page = open_page(large_page, "#claims")
    page.get_by_role("searchbox", name="how many").fill("drones")
    page.wait_for_timeout(300)
    chosen = int(read_status(page).split()[0].replace(",", ""))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#view-claims tbody tr").count() == chosen > 100
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#view-claims tbody tr").count() == 100


def test_the_page_prints(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#document/002_f5b38a405875c223")
    assert page.pdf().startswith(b"%PDF")


def test_an_unknown_document_is_reported(founding_page: Path, open_page: OpenPage) -> None:
    page = open_page(founding_page, "#document/none")
    assert page.get_by_role("heading", name="No such document").is_visible()


def test_a_corpus_without_annotations_opens(checkout: Checkout, open_page: OpenPage) -> None:
    write_corpus(checkout.root, [make_document("d", "Nobody read this.")])
    write_report(checkout, checkout.root / "page.html")
    page = open_page(checkout.root / "page.html", "#document/d")
    assert "Nobody has annotated this document yet." in page.locator("main").inner_text()
    page.goto(f"{(checkout.root / 'page.html').as_uri()}#claims")
    assert page.locator("#view-claims .empty").is_visible()
