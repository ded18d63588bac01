"""A text is replaced while annotations of it are on the server: ingest and pull give the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.ingest import IngestRequest, IngestResult, ingest
from sayso.models import sha256
from tests.labelstudio.sample_campaign import TEXT, SampleCampaign, sample_document

pytestmark = pytest.mark.server

OLD = f"Report 1. {TEXT}"
NEW = f"Correction: it was at night. {OLD.replace('No one', 'One man')}"


def replace_text(campaign: SampleCampaign, folder: Path) -> IngestResult:
    file = folder / "doc-00001.txt"
    file.write_text(NEW, encoding="utf-8")
    return ingest(campaign.checkout, IngestRequest((str(file),), replace_text=True))


@pytest.mark.parametrize("pulled_before", [True, False])
def test_ingest_and_pull_transfer_the_same(
    campaign: SampleCampaign, tmp_path: Path, pulled_before: bool
) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    for email, words in (("ann", "Two drones"), ("bob", "No one")):
        start = OLD.index(words)
        result = campaign.build_result("doc-00001", start, start + len(words))
        campaign.submit("doc-00001", result, email=f"{email}@sayso.localhost")
    if pulled_before:
        campaign.pull()
    report = replace_text(campaign, tmp_path)
    assert (sum(report.carried_over.values()), len(report.withdrawn)) == (
        (1, 1) if pulled_before else (0, 0)
    )
    before = campaign.read_annotation_files()
    pulled = campaign.pull()
    assert (pulled.carried_over, len(pulled.quarantined), pulled.vanished) == (1, 1, [])
    assert (
        campaign.read_annotation_files() == before
    ) is pulled_before  # what ingest had carried over is what pull makes of it
    (annotation,) = campaign.read_annotations()
    assert (annotation.text_sha256, annotation.text_read) == (sha256(NEW), sha256(OLD))
    assert [NEW[m.start : m.end] for m in annotation.mentions] == ["Two drones"]
