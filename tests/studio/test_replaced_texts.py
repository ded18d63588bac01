"""A text gives way to another while answers to it lie on the server: ingest and pull come to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.ingest import Order, Report, ingest
from sayso.records import sha256
from tests.studio.campaigns import TEXT, Campaign, document

pytestmark = pytest.mark.server

OLD = f"Report 1. {TEXT}"
NEW = f"Correction: it was at night. {OLD.replace('No one', 'One man')}"


def replaced(campaign: Campaign, folder: Path) -> Report:
    file = folder / "doc-00001.txt"
    file.write_text(NEW, encoding="utf-8")
    return ingest(campaign.instance, Order((str(file),), replace_text=True))


@pytest.mark.parametrize("pulled_before", [True, False])
def test_ingest_and_pull_carry_over_the_same(campaign: Campaign, tmp_path: Path, pulled_before: bool) -> None:
    campaign.fill(document(1))
    campaign.push()
    for email, words in (("ann", "Two drones"), ("bob", "No one")):
        start = OLD.index(words)
        result = campaign.result("doc-00001", start, start + len(words))
        campaign.answer("doc-00001", result, email=f"{email}@sayso.localhost")
    if pulled_before:
        campaign.pull()
    report = replaced(campaign, tmp_path)
    assert (sum(report.carried.values()), len(report.left)) == ((1, 1) if pulled_before else (0, 0))
    before = campaign.files()
    outcome = campaign.pull()
    assert (outcome.carried, len(outcome.aside), outcome.vanished) == (1, 1, [])
    assert (campaign.files() == before) is pulled_before  # what ingest had carried over is what pull makes of it
    (answer,) = campaign.answers()
    assert (answer.text_sha256, answer.text_read) == (sha256(NEW), sha256(OLD))
    assert [NEW[m.start : m.end] for m in answer.mentions] == ["Two drones"]
