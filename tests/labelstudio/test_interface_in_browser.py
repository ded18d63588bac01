"""The interfaces in a real Chromium on a real Label Studio, used by mouse and by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import label_studio
import pytest
from label_studio_sdk import LabelStudio
from playwright.sync_api import Page, expect

from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio import server
from sayso.labelstudio.codec import decode_result
from sayso.labelstudio.controls import SPAN, control_name
from sayso.labelstudio.display import display_text
from sayso.labelstudio.interface import render_interface
from sayso.models import Document
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from sayso.schema.hotkeys import EDITOR_HOTKEYS
from tests.conftest import REPOSITORY, LabelStudioServer
from tests.labelling_page import LabellingPage, log_in, open_task

pytestmark = [pytest.mark.server, pytest.mark.browser]

SCHEMA = schemas.load_schema(REPOSITORY / "schema" / "schema.yaml")
ARTICLE: Document = next(iter(CorpusFiles(REPOSITORY).documents()))

ANSWERS = """() => window.Htx.annotationStore.selected.serializeAnnotation()
    .filter(item => item.type !== 'labels')
    .map(item => [item.from_name, item.value.choices?.[0] ?? item.value.number])"""


@pytest.fixture(scope="module")
def page(labelstudio: LabelStudioServer) -> Iterator[Page]:
    login = server.lead_credentials(labelstudio.checkout)
    with log_in(labelstudio.url, login.email, login.password) as page:
        yield page


def opened(
    labelstudio: LabelStudioServer, page: Page, name: str, schema: Schema = SCHEMA
) -> LabellingPage:
    """Open the first founding article in a project with one interface."""
    text = display_text(ARTICLE.text)
    data = {"text": text, "title": "A title that is not text", "about": "2 November 2025"}
    with httpx.Client(timeout=60) as transport:
        client = LabelStudio(
            base_url=labelstudio.url, api_key=labelstudio.token, httpx_client=transport
        )
        project = client.projects.create(
            title=f"interface {name}", label_config=render_interface(schema, name)
        )
        stored = client.projects.import_tasks(
            project.id, request=[{"data": data}], return_task_ids=True
        )
    (task,) = stored.task_ids or []
    return open_task(page, labelstudio.url, project.id, task, text)


def key(hotkey: str) -> str:
    """Return a hotkey in the driver's spelling."""
    *modifiers, last = hotkey.split("+")
    return "+".join([*(modifier.title() for modifier in modifiers), last])


def mark(desk: LabellingPage, label: str, words: str) -> None:
    """Mark words that occur once in the article, and select the mention."""
    assert desk.text.count(words) == 1, words
    start = desk.text.index(words)
    desk.draw(SCHEMA.labels[label].hotkey, start, start + len(words))
    desk.select(start)


def answers(desk: LabellingPage) -> dict[str, Any]:
    return dict(desk.page.evaluate(ANSWERS))


def questions(desk: LabellingPage) -> list[str]:
    """Return the labels whose panel is visible."""
    return desk.page.locator(".sayso-questions h4:visible").all_text_contents()


@pytest.mark.parametrize("name", SCHEMA.interfaces)
def test_the_editor_shows_every_interface(
    labelstudio: LabelStudioServer, page: Page, name: str
) -> None:
    desk = opened(labelstudio, page, name)
    assert page.locator(".sayso-bar .lsf-label__text").all_text_contents() == list(
        SCHEMA.labels_of_pass(name)
    )
    assert page.locator(".sayso h3").text_content() == "A title that is not text"
    assert questions(desk) == []
    lines = page.locator(".sayso-text .lsf-richtext__line").all_text_contents()
    assert [line for line in lines if line.strip()] == [
        line for line in desk.text.split("\n") if line.strip()
    ]


@pytest.mark.parametrize("label", SCHEMA.labels)
def test_every_key_of_a_label_answers_its_question_and_no_other(
    labelstudio: LabelStudioServer, page: Page, label: str
) -> None:
    desk = opened(labelstudio, page, "all")
    mark(desk, label, "Moscow Mayor Sergei Sobyanin")
    assert questions(desk) == [label]
    wanted: dict[str, Any] = {}
    for asked, attribute in SCHEMA.labels[label].attributes.items():
        for value, declared in attribute.values.items():
            page.keyboard.press(key(declared.hotkey or ""))
            wanted[control_name(label, asked)] = value
            assert answers(desk) == wanted
        if attribute.hotkey:
            page.keyboard.press(key(attribute.hotkey))
            page.keyboard.press(key(attribute.hotkey))
            wanted[control_name(label, asked)] = 2
            assert answers(desk) == wanted
    for flag, declared_flag in SCHEMA.flags.items():
        page.keyboard.press(key(declared_flag.hotkey or ""))
        wanted["flag"] = flag
        assert answers(desk) == wanted


def test_another_label_takes_no_answer_of_the_first(
    labelstudio: LabelStudioServer, page: Page
) -> None:
    """Label Studio lets a key act on hidden controls too: values would show under another label."""
    desk = opened(labelstudio, page, "all")
    mark(desk, "Actor", "Moscow Mayor Sergei Sobyanin")
    for value in SCHEMA.labels["Actor"].attributes["type"].values.values():
        page.keyboard.press(key(value.hotkey or ""))
    for label in ("Location", "Count", "Claim", "Cue"):
        page.keyboard.press(SCHEMA.labels[label].hotkey)
        assert questions(desk) == [label]
        assert answers(desk) == {}


def test_a_required_question_stops_submit_and_says_which(
    labelstudio: LabelStudioServer, page: Page
) -> None:
    desk = opened(labelstudio, page, "names")
    mark(desk, "Location", "Russian capital")
    page.keyboard.press(
        key(SCHEMA.labels["Location"].attributes["use"].values["literal"].hotkey or "")
    )
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Location: please choose its precision.")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_letter_typed_into_a_number_and_the_wheel_over_it_change_nothing(
    labelstudio: LabelStudioServer, page: Page
) -> None:
    desk = opened(labelstudio, page, "names")
    mark(desk, "Count", "an enemy unmanned aerial vehicle")
    field = page.locator("input[name=count_lower]")
    field.click()
    page.keyboard.type("38")
    for label in SCHEMA.labels.values():
        page.keyboard.press(label.hotkey)
    for value in SCHEMA.labels["Count"].attributes["kind"].values.values():
        page.keyboard.press(key(value.hotkey or ""))
    box = field.bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(300)
    assert answers(desk) == {"count_lower": 38}
    leave(page)


def test_one_answer_with_everything_comes_back_under_our_names(
    labelstudio: LabelStudioServer, page: Page
) -> None:
    desk = opened(labelstudio, page, "all")
    claim, count = (
        "the destruction of an enemy unmanned aerial vehicle",
        "an enemy unmanned aerial vehicle",
    )
    mark(desk, "Count", count)
    press(page, "Count", kind="exact", thing="uav", outcome="destroyed")
    page.locator("input[name=count_lower]").fill("1")
    page.locator("input[name=count_upper]").fill("1")
    leave(page)
    mark(desk, "Actor", "Moscow Mayor Sergei Sobyanin")
    press(page, "Actor", type="local_authority")
    page.locator("input[name=actor_entity]").fill("Sergei Sobyanin")
    page.keyboard.press("Enter")
    leave(page)
    mark(desk, "Claim", claim)
    press(
        page,
        "Claim",
        type="interception",
        attribution="indirect",
        certainty="certain",
        polarity="positive",
    )
    page.locator(".sayso-remarks .lsf-choice", has_text="unsure").locator("input").click()
    page.locator("input[name=note]").fill("is this one?")
    page.keyboard.press("Enter")
    leave(page)
    relate(desk, claim, "Moscow Mayor Sergei Sobyanin", "source")
    page.locator("input[name=document_note]").fill("short")
    page.keyboard.press("Enter")
    leave(page)

    stored = desk.submit()["result"]
    reading = decode_result(stored, ARTICLE.text, SCHEMA)
    assert reading.kept == ()
    assert reading.note == "short"
    found = {mention.label: mention for mention in reading.mentions}
    assert (found["Claim"].text, found["Claim"].flag, found["Claim"].note) == (
        claim,
        "unsure",
        "is this one?",
    )
    assert found["Count"].attributes == {
        "kind": "exact",
        "lower": 1,
        "upper": 1,
        "thing": "uav",
        "outcome": "destroyed",
    }
    assert found["Actor"].attributes == {"type": "local_authority", "entity": "Sergei Sobyanin"}
    (relation,) = reading.relations
    assert (relation.type, relation.head, relation.tail) == (
        "source",
        found["Claim"].id,
        found["Actor"].id,
    )
    known = {SPAN, "flag", "note", "document_note"} | {
        control_name(label, asked)
        for label, declared in SCHEMA.labels.items()
        for asked in declared.attributes
    }
    assert {item["from_name"] for item in stored if item["type"] != "relation"} <= known


def leave(page: Page) -> None:
    """Click beside a field that was typed into, so that hotkeys work again."""
    page.locator(".sayso h3").click()


def press(page: Page, label: str, **values: str) -> None:
    for asked, value in values.items():
        page.keyboard.press(key(SCHEMA.labels[label].attributes[asked].values[value].hotkey or ""))


def relate(desk: LabellingPage, head: str, tail: str, kind: str) -> None:
    """Draw a relation by key and mouse, and choose its type."""
    page = desk.page
    page.keyboard.press("Escape")
    desk.select(desk.text.index(head))
    page.keyboard.press("Alt+r")
    left, right, middle = desk.displayed_edges(desk.text.index(tail))
    page.mouse.click((left + right) / 2, middle)
    page.locator("#Relations-draggable").click()
    page.locator(".lsf-relations__item").hover()
    page.get_by_label("Show Relation Labels").click()
    page.locator(".lsf-relation-meta button").click()
    page.get_by_role("option", name=kind).click()
    page.keyboard.press("Escape")


def test_the_keys_that_the_installed_editor_keeps_for_itself_are_not_ours() -> None:
    editor = Path(label_studio.__file__).parents[1] / "web" / "dist" / "apps" / "labelstudio"
    found = {
        key
        for file in editor.glob("*.js")
        for key in KEYS.findall(file.read_text(encoding="utf-8"))
    }
    assert "ctrl+enter" in found, "the editor keeps its keys elsewhere now"
    assert {
        key for key in found if re.fullmatch(r"((shift|alt)\+)?[a-z0-9]", key)
    } == EDITOR_HOTKEYS


KEYS = re.compile(r'"(?:annotation|region|segment):[a-z-]+":\{"key":"([^"]+)"')
"""Hotkeys of the editor over text; its other ones are for pictures and sound."""
