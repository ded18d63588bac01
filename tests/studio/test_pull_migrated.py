"""Answers that are on the server in older words, when the schema has moved on: understood for ever, and the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.settings import MARK
from tests.commands import done, sayso
from tests.conftest import Studio
from tests.migrations.worlds import MAPPING, NEWER, OLDER, world
from tests.studio.campaigns import Campaign, begun, document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@pytest.fixture
def older(studio: Studio, tmp_path: Path) -> Iterator[Campaign]:
    """A campaign under the older schema, with an answer pulled."""
    instance = world(tmp_path / "checkout", "", OLDER)
    with begun(studio, instance) as campaign:
        campaign.fill(document(1), document(2))
        campaign.push()
        campaign.answer("doc-00001", EXPERT, email=ANN)
        campaign.pull()
        yield campaign


def region(identifier: str, name: str, kind: str, **value: object) -> dict[str, object]:
    """An item of a result about the first word, as Label Studio gives it."""
    given = {"start": 0, "end": 6, **value}
    return {"id": identifier, "from_name": name, "to_name": "text", "type": kind, "value": given}


EXPERT = [
    region("m1", "span", "labels", text="Report", labels=["Actor"]),
    region("m1", "actor_type", "choices", choices=["expert"]),
]
PERSON = [region("p1", "span", "labels", text="Report", labels=["Person"])]


def change(campaign: Campaign) -> None:
    (campaign.instance.root / MARK).write_text(NEWER)
    (campaign.instance.root / "schema/migrations/1.0.0-2.0.0.yaml").write_text(MAPPING)


def test_a_pull_after_a_migration_changes_nothing(older: Campaign) -> None:
    change(older)
    done(older.instance.root, "schema", "migrate")
    before = older.files()
    (answer,) = older.answers()
    assert (answer.schema_version, [(m.label, m.attributes) for m in answer.mentions]) == (
        "2.0.0", [("Person", {"role": "analyst"})],
    )  # fmt: skip
    assert older.pull().written == []
    assert older.pull(full=True).written == []
    assert older.files() == before


def test_a_fresh_checkout_reads_the_older_answers_in_the_newer_words(older: Campaign) -> None:
    change(older)
    done(older.instance.root, "schema", "migrate")
    before = older.files()
    shutil.rmtree(older.corpus.folder / "annotations")
    shutil.rmtree(older.instance.private / "cache")
    assert older.pull().kept == 0
    assert older.files() == before


def test_answers_that_come_later_in_the_older_words_are_brought_over(older: Campaign) -> None:
    change(older)
    older.answer("doc-00001", EXPERT, email=BOB)
    assert older.pull().kept == 0
    found = [(a.schema_version, m.label, m.attributes) for a in older.answers() for m in a.mentions]
    assert found == [("2.0.0", "Person", {"role": "analyst"})] * 2
    assert "nothing to migrate" in sayso(older.instance.root, "schema", "migrate").stderr


def test_status_names_the_answers_in_older_words_and_the_command(older: Campaign) -> None:
    change(older)
    told = sayso(older.instance.root, "status", *older.words)
    assert "all: 1 × answers in the words of schema 1.0.0\n    → `sayso schema migrate`" in told.stdout
    done(older.instance.root, "schema", "migrate")
    side = json.loads(done(older.instance.root, "status", "--json", *older.words))["interfaces"][0]
    assert side["outdated"] == {}


def test_an_answer_in_the_newer_words_to_an_older_task_is_read_in_them(older: Campaign) -> None:
    change(older)
    older.answer("doc-00001", PERSON, email=BOB)
    assert older.pull().kept == 0
    assert sorted((a.schema_version, m.label) for a in older.answers() for m in a.mentions) == [("2.0.0", "Person")] * 2
