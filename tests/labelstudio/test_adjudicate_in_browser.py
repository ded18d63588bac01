"""Adjudication where it happens: a real Chromium on a real Label Studio, decided by keys alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sayso.labelstudio import server
from sayso.labelstudio.adjudication.adjudication_interface import VERDICT_HOTKEYS
from sayso.labelstudio.controls import DROP, KEEP
from sayso.labelstudio.display import display_text
from tests.labelling_page import LabellingPage, log_in, open_task
from tests.labelstudio.sample_campaign import SampleCampaign
from tests.labelstudio.test_adjudicate import AdjudicationBench, bench
from tests.labelstudio.test_interface_in_browser import key

pytestmark = [pytest.mark.server, pytest.mark.browser]
__all__ = ["bench"]  # a fixture

NEXT = "Alt+."
VERDICTS = """() => Object.fromEntries(window.Htx.annotationStore.selected.regions
    .filter(region => !region.classification)
    .map(region => [
        region.cleanId,
        region.results.find(r => r.from_name.name === 'verdict')?.mainValue[0] ?? null,
    ]))"""


@pytest.fixture
def desk(campaign: SampleCampaign, bench: AdjudicationBench) -> Iterator[LabellingPage]:
    """The one document on which annotators differ, opened by the lead."""
    bench.push()
    (task,) = bench.tasks()
    login = server.lead_credentials(campaign.labelstudio.checkout)
    with log_in(campaign.labelstudio.url, login.email, login.password, height=1000) as page:
        yield open_task(
            page,
            campaign.labelstudio.url,
            task["project"],
            task["id"],
            display_text(bench.text("doc-00000")),
        )


def expect_votes(page: Page, *words: str) -> None:
    """Wait until the visible votes on the selected mention hold these words."""
    votes = page.locator(".sayso-verdict").filter(visible=True)
    for each in words:
        expect(votes).to_contain_text(each)


def give_verdict(page: Page, verdict: str) -> None:
    """Press the key of a verdict and wait until one more mention has it."""
    count = f"() => Object.values(({VERDICTS})()).filter(each => each === '{verdict}').length"
    before = page.evaluate(count)
    page.keyboard.press(key(VERDICT_HOTKEYS[verdict]))
    page.wait_for_function(f"before => ({count})() > before", arg=before)


def test_a_rival_takes_two_keys_and_submit_waits_for_all_of_them(
    desk: LabellingPage, bench: AdjudicationBench
) -> None:
    page = desk.page
    differing = {who: bench.region_id("doc-00000", "Actor", who) for who in ("the mayor", "mayor")}
    before = page.evaluate(VERDICTS)
    assert {name: before[name] for name in differing.values()} == dict.fromkeys(differing.values())
    assert sorted(verdict or "" for verdict in before.values()) == ["", "", KEEP, KEEP]
    ticked = page.locator(".sayso-arrows input:checked")
    assert ticked.count() == 2, "both say who said it, and differ in an edge alone"

    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Each mention needs a verdict")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Each mention needs a verdict")).to_be_hidden()
    page.keyboard.press("Escape")

    page.keyboard.press(NEXT)
    expect_votes(page, "Actor “mayor”", "marked this")
    give_verdict(page, KEEP)
    page.keyboard.press(NEXT)
    expect_votes(page, "Actor “the mayor”", "“not by name”")
    give_verdict(page, DROP)
    assert page.evaluate(VERDICTS) == before | {
        differing["the mayor"]: KEEP,
        differing["mayor"]: DROP,
    }
    desk.submit()

    assert bench.pull().documents["adjudicated"] == 1
    record = bench.read_gold()[0]
    assert [(m.text, m.decided) for m in record.mentions if m.label == "Actor"] == [
        ("the mayor", "adjudicated")
    ]
    assert [m.text for m in record.declined] == ["mayor"]
    assert [(r.type, r.decided) for r in record.relations] == [
        ("cue", "unanimous"),
        ("source", "adjudicated"),
    ]


def test_backspace_drops_and_what_is_drawn_anew_is_gold_too(
    desk: LabellingPage, bench: AdjudicationBench
) -> None:
    page = desk.page
    page.keyboard.press(NEXT)
    expect_votes(page, "Actor “mayor”")
    page.keyboard.press("Backspace")
    page.wait_for_function(f"() => Object.keys(({VERDICTS})()).length === 3")
    page.keyboard.press(NEXT)
    expect_votes(page, "Actor “the mayor”")
    give_verdict(page, KEEP)
    start = desk.text.index("Belgorod")
    desk.draw("s", start, start + len("Belgorod"))
    desk.select(start + 1)
    for pressed in ("l", "2"):
        page.keyboard.press(pressed)
    give_verdict(page, KEEP)
    desk.submit()
    assert bench.pull().documents["adjudicated"] == 1
    record = bench.read_gold()[0]
    assert [(m.label, m.text) for m in record.mentions if m.label in ("Actor", "Location")] == [
        ("Location", "Belgorod"),
        ("Actor", "mayor"),
    ]
    assert [m.text for m in record.declined] == ["the mayor"]


@pytest.mark.parametrize("width", [1280, 1920])
def test_text_and_panel_stand_side_by_side(desk: LabellingPage, width: int) -> None:
    page = desk.page
    page.set_viewport_size({"width": width, "height": 900})
    page.keyboard.press(NEXT)
    page.wait_for_timeout(300)
    text, panel = (page.locator(name).bounding_box() for name in (".sayso-page", ".sayso-panel"))
    assert text and panel
    assert text["x"] + text["width"] <= panel["x"] and panel["y"] < text["y"] + text["height"]
    verdict = page.locator(".sayso-verdict").bounding_box()
    assert verdict and verdict["y"] + verdict["height"] < 900
