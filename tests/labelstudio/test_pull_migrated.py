"""Annotations of an older schema on the server: pulled and migrated, always to the same record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import LabelStudioServer
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document
from tests.migrations.sample_migration import MAPPING, NEWER, OLDER, make_checkout

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@pytest.fixture
def campaign(labelstudio: LabelStudioServer, tmp_path: Path) -> Iterator[SampleCampaign]:
    """A campaign under the older schema, with one annotation pulled."""
    checkout = make_checkout(tmp_path / "checkout", "", OLDER)
    with open_campaign(labelstudio, checkout) as campaign:
        campaign.write_documents(sample_document(1), sample_document(2))
        campaign.push()
        campaign.submit("doc-00001", EXPERT, email=ANN)
        campaign.pull()
        yield campaign


def make_region(identifier: str, name: str, kind: str, **value: object) -> dict[str, object]:
    """Build an item of a result about the first word."""
    given = {"start": 0, "end": 6, **value}
    return {"id": identifier, "from_name": name, "to_name": "text", "type": kind, "value": given}


EXPERT = [
    make_region("m1", "span", "labels", text="Report", labels=["Actor"]),
    make_region("m1", "actor_type", "choices", choices=["expert"]),
]
PERSON = [make_region("p1", "span", "labels", text="Report", labels=["Person"])]


def change_schema(campaign: SampleCampaign) -> None:
    (campaign.checkout.root / SCHEMA_FILE).write_text(NEWER)
    (campaign.checkout.root / "schema/migrations/1.0.0-2.0.0.yaml").write_text(MAPPING)


def test_a_pull_after_a_migration_changes_nothing(campaign: SampleCampaign) -> None:
    change_schema(campaign)
    run_sayso_ok(campaign.checkout.root, "schema", "migrate")
    before = campaign.read_annotation_files()
    (annotation,) = campaign.read_annotations()
    assert (annotation.schema_version, [(m.label, m.attributes) for m in annotation.mentions]) == (
        "2.0.0",
        [("Person", {"role": "analyst"})],
    )
    assert campaign.pull().written == []
    assert campaign.pull(full=True).written == []
    assert campaign.read_annotation_files() == before


def test_a_fresh_checkout_migrates_older_annotations(campaign: SampleCampaign) -> None:
    change_schema(campaign)
    run_sayso_ok(campaign.checkout.root, "schema", "migrate")
    before = campaign.read_annotation_files()
    shutil.rmtree(campaign.corpus.folder / "annotations")
    shutil.rmtree(campaign.checkout.private / "cache")
    assert campaign.pull().kept == 0
    assert campaign.read_annotation_files() == before


def test_later_annotations_of_the_older_schema_are_migrated(campaign: SampleCampaign) -> None:
    change_schema(campaign)
    campaign.submit("doc-00001", EXPERT, email=BOB)
    assert campaign.pull().kept == 0
    found = [
        (a.schema_version, m.label, m.attributes)
        for a in campaign.read_annotations()
        for m in a.mentions
    ]
    assert found == [("2.0.0", "Person", {"role": "analyst"})] * 2
    assert "nothing to migrate" in run_sayso(campaign.checkout.root, "schema", "migrate").stderr


def test_status_names_older_annotations_and_the_command(campaign: SampleCampaign) -> None:
    change_schema(campaign)
    output = run_sayso(campaign.checkout.root, "status", *campaign.options)
    assert "all: 1 × annotations of schema 1.0.0\n    → `sayso schema migrate`" in output.stdout
    run_sayso_ok(campaign.checkout.root, "schema", "migrate")
    status = json.loads(
        run_sayso_ok(campaign.checkout.root, "status", "--json", *campaign.options)
    )["passes"][0]
    assert status["outdated"] == {}


def test_a_newer_annotation_of_an_older_task_is_read_by_the_newer_schema(
    campaign: SampleCampaign,
) -> None:
    change_schema(campaign)
    campaign.submit("doc-00001", PERSON, email=BOB)
    assert campaign.pull().kept == 0
    assert (
        sorted((a.schema_version, m.label) for a in campaign.read_annotations() for m in a.mentions)
        == [("2.0.0", "Person")] * 2
    )
