"""Answers that are on the server in older words, when the schema has moved on: understood for ever, and the same."""

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
def older_campaign(labelstudio: LabelStudioServer, tmp_path: Path) -> Iterator[SampleCampaign]:
    """A campaign under the older schema, with an answer pulled."""
    checkout = make_checkout(tmp_path / "checkout", "", OLDER)
    with open_campaign(labelstudio, checkout) as campaign:
        campaign.write_documents(sample_document(1), sample_document(2))
        campaign.push()
        campaign.submit("doc-00001", EXPERT, email=ANN)
        campaign.pull()
        yield campaign


def make_region(identifier: str, name: str, kind: str, **value: object) -> dict[str, object]:
    """An item of a result about the first word, as Label Studio gives it."""
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


def test_a_pull_after_a_migration_changes_nothing(older_campaign: SampleCampaign) -> None:
    change_schema(older_campaign)
    run_sayso_ok(older_campaign.checkout.root, "schema", "migrate")
    before = older_campaign.read_annotation_files()
    (answer,) = older_campaign.read_annotations()
    assert (answer.schema_version, [(m.label, m.attributes) for m in answer.mentions]) == (
        "2.0.0",
        [("Person", {"role": "analyst"})],
    )
    assert older_campaign.pull().written == []
    assert older_campaign.pull(full=True).written == []
    assert older_campaign.read_annotation_files() == before


def test_a_fresh_checkout_reads_the_older_answers_in_the_newer_words(
    older_campaign: SampleCampaign,
) -> None:
    change_schema(older_campaign)
    run_sayso_ok(older_campaign.checkout.root, "schema", "migrate")
    before = older_campaign.read_annotation_files()
    shutil.rmtree(older_campaign.corpus.folder / "annotations")
    shutil.rmtree(older_campaign.checkout.private / "cache")
    assert older_campaign.pull().kept == 0
    assert older_campaign.read_annotation_files() == before


def test_answers_that_come_later_in_the_older_words_are_brought_over(
    older_campaign: SampleCampaign,
) -> None:
    change_schema(older_campaign)
    older_campaign.submit("doc-00001", EXPERT, email=BOB)
    assert older_campaign.pull().kept == 0
    found = [
        (a.schema_version, m.label, m.attributes)
        for a in older_campaign.read_annotations()
        for m in a.mentions
    ]
    assert found == [("2.0.0", "Person", {"role": "analyst"})] * 2
    assert (
        "nothing to migrate" in run_sayso(older_campaign.checkout.root, "schema", "migrate").stderr
    )


def test_status_names_the_answers_in_older_words_and_the_command(
    older_campaign: SampleCampaign,
) -> None:
    change_schema(older_campaign)
    told = run_sayso(older_campaign.checkout.root, "status", *older_campaign.options)
    assert (
        "all: 1 × answers in the words of schema 1.0.0\n    → `sayso schema migrate`" in told.stdout
    )
    run_sayso_ok(older_campaign.checkout.root, "schema", "migrate")
    side = json.loads(
        run_sayso_ok(older_campaign.checkout.root, "status", "--json", *older_campaign.options)
    )["passes"][0]
    assert side["outdated"] == {}


def test_an_answer_in_the_newer_words_to_an_older_task_is_read_in_them(
    older_campaign: SampleCampaign,
) -> None:
    change_schema(older_campaign)
    older_campaign.submit("doc-00001", PERSON, email=BOB)
    assert older_campaign.pull().kept == 0
    assert (
        sorted(
            (a.schema_version, m.label)
            for a in older_campaign.read_annotations()
            for m in a.mentions
        )
        == [("2.0.0", "Person")] * 2
    )
