"""Origins of annotations through a campaign's life: no answer is lost, doubled or pruned."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.labelstudio import server
from tests.conftest import LabelStudioServer, new_checkout, stop_server_after
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"


@contextlib.contextmanager
def start_second_server(folder: Path, next_project: int) -> Iterator[LabelStudioServer]:
    """Start another Label Studio whose next project has a given number."""
    checkout = new_checkout(folder / "second")
    with stop_server_after(checkout):
        server.start(checkout, 0)
        server.stop(checkout)
        (database,) = (checkout.private).rglob("label_studio.sqlite3")
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'project'")
            insert = "INSERT INTO sqlite_sequence VALUES ('project', ?)"
            connection.execute(insert, (next_project - 1,))
        yield LabelStudioServer(checkout, server.start(checkout, 0))


def test_answers_of_another_server_are_never_pruned(
    campaign: SampleCampaign, tmp_path: Path
) -> None:
    campaign.write_documents(sample_document(1), sample_document(2))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.submit("doc-00002", email=BOB)
    campaign.pull()
    before = campaign.read_annotations()
    with (
        start_second_server(tmp_path, campaign.project) as second,
        open_campaign(second, campaign.checkout) as moved,
    ):
        moved.project_key = campaign.project_key
        moved.push()
        assert moved.project == campaign.project
        moved.submit("doc-00001", email=ANN)
        assert moved.pull(prune=True).vanished == []
        after = moved.read_annotations()
        assert [each for each in after if each in before] == before and len(after) == 3


@pytest.mark.slow
def test_answers_from_before_servers_had_ids(campaign: SampleCampaign, tmp_path: Path) -> None:
    """A line without an id that is older than the project is of another server."""
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    remove_server_ids(campaign)
    before = campaign.read_annotations()
    with (
        start_second_server(tmp_path, campaign.project) as second,
        open_campaign(second, campaign.checkout) as moved,
    ):
        moved.project_key = campaign.project_key
        moved.push()
        moved.submit("doc-00001", email=BOB)
        assert moved.pull(prune=True).vanished == []
        assert all(each in moved.read_annotations() for each in before)


def test_a_project_without_the_line_of_its_server(campaign: SampleCampaign) -> None:
    campaign.write_documents(sample_document(1))
    campaign.push()
    campaign.submit("doc-00001", email=ANN)
    campaign.pull()
    remove_server_ids(campaign)
    shutil.rmtree(campaign.checkout.private / "cache")
    campaign.pull()
    (older,) = campaign.read_annotations()
    assert older.origin and older.origin.server is None
    campaign.push()
    assert campaign.pull().vanished == []
    (newer,) = campaign.read_annotations()
    assert newer.origin and newer.origin.server


def remove_server_ids(campaign: SampleCampaign) -> None:
    """Make project and annotations as an older version of Sayso would have."""
    path = f"/api/projects/{campaign.project}/"
    lines = campaign.request("GET", path)["description"].splitlines()
    kept = [line for line in lines if not line.startswith("sayso:server=")]
    campaign.request("PATCH", path, {"description": "\n".join(kept)})
    for file in campaign.corpus.annotation_files(campaign.project_key.campaign):
        file.write_bytes(re.sub(rb',"server":"[0-9a-f]+"', b"", file.read_bytes()))
