"""Every kind of attribute and question in a real Chromium on a real Label Studio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sayso.labelstudio import server
from sayso.models import Relation
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.conftest import LabelStudioServer
from tests.labelling_page import LabellingPage, log_in, open_task
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document
from tests.labelstudio.test_interface_in_browser import key, leave, relate
from tests.schema.small_schemas import CONTRACTS, write_schema

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.slow]

TEXT = "Brot GmbH and Anna Meier owe Ben Roth 12.50 EUR."
SHOWN = "() => Htx.annotationStore.selected.serializeAnnotation().length"


@pytest.fixture
def contracts(labelstudio: LabelStudioServer, checkout: Checkout) -> Iterator[SampleCampaign]:
    write_schema(checkout.root, CONTRACTS)
    with open_campaign(labelstudio, checkout) as opened:
        opened.write_documents(sample_document(1, TEXT))
        opened.push()
        yield opened


@pytest.fixture
def desk(contracts: SampleCampaign, labelstudio: LabelStudioServer) -> Iterator[LabellingPage]:
    """The task of a lead who looks at it on a small screen."""
    login = server.lead_credentials(labelstudio.checkout)
    task = contracts.fetch_tasks()["doc-00001"]["id"]
    with log_in(labelstudio.url, login.email, login.password, height=768) as page:
        page.set_viewport_size({"width": 1366, "height": 768})
        yield open_task(page, labelstudio.url, contracts.project, task, TEXT)


def press(page: Page, hotkey: str | None) -> None:
    page.keyboard.press(key(hotkey or ""))


def type_into(page: Page, control: str, typed: str) -> None:
    """Type into a field key by key, as people do."""
    field = page.locator(f"[name={control}]:visible")
    field.click()
    field.press_sequentially(typed)
    field.press("Enter")
    leave(page)


def set_day(page: Page, control: str, day: str) -> None:
    page.locator(f"[name={control}-date]:visible").fill(day)
    leave(page)


def mark_all(desk: LabellingPage, schema: Schema) -> None:
    """Mark a mention of each label and answer all that is asked of it."""
    page, labels = desk.page, schema.labels
    desk.draw(labels["Company"].hotkey, 0, 9)
    desk.draw(labels["Person"].hotkey, 14, 24)
    desk.select(15)
    roles = labels["Person"].attributes["roles"].values
    press(page, roles["witness"].hotkey)
    press(page, roles["plaintiff"].hotkey)
    press(page, labels["Person"].attributes["minor"].hotkeys["yes"])
    set_day(page, "person_born", "1980-02-29")
    desk.draw(labels["Payment"].hotkey, 38, 47)
    desk.select(39)
    type_into(page, "payment_amount", "0.05")
    set_day(page, "payment_due", "2025-01-31")
    page.keyboard.press("Escape")


def answer_all(page: Page, schema: Schema) -> None:
    """Answer every question about the document but the one that has a default."""
    questions = schema.questions
    press(page, questions["topic"].values["rent"].hotkey)
    press(page, questions["areas"].values["tax"].hotkey)
    press(page, questions["areas"].values["civil"].hotkey)
    press(page, questions["hearings"].hotkey)
    press(page, questions["hearings"].hotkey)
    set_day(page, "question_ruled_on", "2024-12-31")
    type_into(page, "question_costs", "-3.25")
    type_into(page, "question_gist", "Both must pay.")


def test_a_person_answers_everything(contracts: SampleCampaign, desk: LabellingPage) -> None:
    page, schema = desk.page, load_schema(contracts.checkout.root / SCHEMA_FILE)
    assert page.locator(".sayso-bar .lsf-label__text").all_text_contents() == [
        "Natural person",
        "Company",
        "Payment",
    ]
    no = page.locator(".sayso-document .lsf-choice").filter(has_text="no").first
    expect(no.locator("input")).to_be_checked()  # the default
    mark_all(desk, schema)
    relate(desk, "Anna Meier", "Brot", "kin")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Please answer: What is it about?")).to_be_visible()
    page.keyboard.press("Escape")
    answer_all(page, schema)
    desk.submit()
    assert contracts.pull().kept == 0
    (line,) = contracts.read_annotations()
    company, anna, payment = line.mentions
    assert company.attributes == {"form": "gmbh"}
    assert anna.attributes == {
        "roles": ("plaintiff", "witness"),
        "minor": True,
        "born": "1980-02-29",
    }
    assert payment.attributes == {"amount": 0.05, "instalments": 1, "due": "2025-01-31"}
    assert line.relations == (Relation(type="kin", head=company.id, tail=anna.id),)
    assert line.answers == {
        "topic": "rent",
        "areas": ("civil", "tax"),
        "urgent": False,
        "ruled_on": "2024-12-31",
        "costs": -3.25,
        "hearings": 2,
        "gist": "Both must pay.",
    }
    assert line.kept == ()
    page.reload()
    page.wait_for_function(f"() => window.Htx?.task && ({SHOWN})() > 15", timeout=60_000)
    days = page.locator(".sayso-document input[type=date]")
    assert days.evaluate_all("fields => fields.map(field => field.value)") == ["2024-12-31"]
    expect(page.locator(".sayso-document").get_by_text("-3.25")).to_be_visible()
    assert page.locator(".sayso-document :checked").count() == 4
