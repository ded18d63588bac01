"""Publish to a local Hub with the Hub's own client, and load the version with ``datasets``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from msgspec import structs

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.builder import build
from sayso.models import sha256
from sayso.release import manifest as manifests
from sayso.settings import Checkout, find_checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso
from tests.conftest import REPOSITORY
from tests.release import fake_hub as hubs
from tests.release.fake_hub import TOKEN, FakeHub

pytestmark = pytest.mark.slow

REPOSITORY_NAME = "a-group/sayso-test"
_LOAD_SCRIPT = """
import json, sys
from datasets import load_dataset
name, config, revision = sys.argv[1:]
splits = load_dataset(name, config, revision=revision).values()
print(json.dumps([row for split in splits for row in split]))
"""


@dataclass
class PublishDesk:
    """A release, and the Hub that it goes to."""

    checkout: Checkout
    hub: FakeHub
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HF_ENDPOINT": self.hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(self.home),
            "HF_HUB_DISABLE_XET": "1",
        }

    @property
    def corpus(self) -> Path:
        return self.checkout.root / "corpus"

    def run(self, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
        return run_sayso(
            self.checkout.root,
            "publish",
            REPOSITORY_NAME,
            *words,
            environment=self.environment | given,
        )

    def release(self, version: str = "0.1.0", texts: str = 'texts = "all"') -> None:
        """Make a checkout as `sayso release` leaves it."""
        pyproject = self.checkout.root / "pyproject.toml"
        pyproject.write_text(f'[tool.sayso]\ndata_version = "{version}"\n{texts}\n')
        self.checkout = find_checkout(self.checkout.root)
        build(self.checkout)
        (self.corpus / manifests.MANIFEST_FILE).write_bytes(
            manifests.encode_manifest(manifests.build_manifest(self.checkout))
        )

    def load(self, revision: str, config: str = "articles") -> list[dict[str, object]]:
        """The rows that a researcher gets, in a process of their own."""
        environment = {**os.environ, **self.environment}
        words = [sys.executable, "-c", _LOAD_SCRIPT, REPOSITORY_NAME, config, revision]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, object]] = json.loads(done.stdout)
        return rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PublishDesk]:
    """Six articles with an answer to each, released as 0.1.0."""
    root = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    documents = list(synthetic_documents(6))
    jsonl.write(CorpusFiles(root).batch_file(0), documents)
    CorpusFiles(root).write_annotations(
        "synthetic", "reader", synthetic_annotations(documents, "reader")
    )
    with hubs.run_fake_hub() as hub:
        desk = PublishDesk(find_checkout(root), hub, tmp_path / "hub-home")
        desk.release()
        yield desk


def test_a_version_is_published_once_and_loads_by_its_tag(desk: PublishDesk) -> None:
    planned = json.loads(desk.run("--dry-run", "--json").stdout)
    assert desk.hub.repositories == {} and planned["create"] and planned["tag"] == "v0.1.0"
    done = desk.run("--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["send"] == planned["send"]
    repository = desk.hub.repositories[REPOSITORY_NAME]
    assert repository.private and repository.tags == {"v0.1.0": repository.head}
    names = {
        path.relative_to(desk.corpus).as_posix()
        for path in manifests.list_release_files(desk.corpus)
    }
    assert repository.commits[repository.head].keys() == names | {
        manifests.MANIFEST_FILE,
        ".gitattributes",
    }
    assert not any(
        "articles-" in name or "annotations/synthetic" in name for name in planned["send"]
    )
    texts = {document.text for document in CorpusFiles(desk.checkout.root).documents()}
    assert {row["text"] for row in desk.load("v0.1.0")} == texts
    asked = len(repository.order)
    again = desk.run()
    assert again.returncode == 0 and "nothing to do" in again.stderr
    assert len(repository.order) == asked


def test_the_next_version_sends_only_what_changed_and_both_load(desk: PublishDesk) -> None:
    assert desk.run().returncode == 0
    documents = list(synthetic_documents(6))
    CorpusFiles(desk.checkout.root).write_annotations(
        "synthetic", "reader", synthetic_annotations(documents[:3], "reader")
    )
    desk.release("0.2.0")
    told = json.loads(desk.run("--json").stdout)
    assert told["kept"] and not any("data/articles" in name for name in told["send"])
    assert len(desk.load("v0.1.0", "annotations")) == 6
    assert len(desk.load("v0.2.0", "annotations")) == 3


def test_a_published_version_never_changes(desk: PublishDesk) -> None:
    assert desk.run().returncode == 0
    CorpusFiles(desk.checkout.root).write_annotations("synthetic", "reader", [])
    desk.release("0.1.0")
    refused = desk.run()
    assert refused.returncode == 9 and "never changes" in refused.stderr


def test_files_that_are_not_the_manifests_are_refused(desk: PublishDesk) -> None:
    with (desk.corpus / "LICENSE.md").open("w") as file:
        file.write("anything goes")
    refused = desk.run()
    assert refused.returncode == 9 and "LICENSE.md: not in the manifest" in refused.stderr
    (desk.corpus / manifests.MANIFEST_FILE).unlink()
    absent = desk.run()
    assert absent.returncode == 7 and "`sayso release VERSION`" in absent.stderr
    assert desk.hub.requests == []


@pytest.mark.parametrize(
    "place", ["preupload", "objects/batch", "PUT /objects", "/commit/", "/tag/"]
)
def test_what_broke_off_goes_on(desk: PublishDesk, place: str) -> None:
    desk.hub.failure_status = lambda asked, _count: 400 if place in asked else 0
    broken = desk.run()
    assert broken.returncode == 8 and broken.stderr.count("error:") == 1, broken.stderr
    assert "Traceback" not in broken.stderr and TOKEN not in broken.stderr
    desk.hub.failure_status = lambda _asked, _count: 0
    assert desk.run().returncode == 0
    repository = desk.hub.repositories[REPOSITORY_NAME]
    assert len(repository.order) == 2 and repository.tags == {"v0.1.0": repository.head}
    assert len(desk.load("v0.1.0")) == 6


def test_somebody_else_was_faster(desk: PublishDesk) -> None:
    assert desk.run().returncode == 0
    repository = desk.hub.repositories[REPOSITORY_NAME]
    desk.release("0.2.0")
    real = repository.head

    def meanwhile(asked: str, _count: int) -> int:
        if "/preupload/" in asked and repository.head == real:
            repository.commit({**repository.commits[real], "other.txt": b"x"})
        return 0

    desk.hub.failure_status = meanwhile
    late = desk.run()
    assert late.returncode == 6 and "meanwhile" in late.stderr
    assert desk.run().returncode == 0
    assert "other.txt" not in repository.commits[repository.tags["v0.2.0"]]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"HF_TOKEN": ""}, 4),
        ({"HF_TOKEN": "hf_wrong"}, 4),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, 8),
        ({"ALL_PROXY": "socks://proxy.example:1080"}, 2),
        ({"SSL_CERT_FILE": "/missing.pem"}, 2),
    ],
)
def test_no_way_in_is_one_line(desk: PublishDesk, given: dict[str, str], code: int) -> None:
    refused = desk.run(**given)
    assert refused.returncode == code and refused.stderr.count("error:") == 1, refused.stderr
    assert "hf_wrong" not in refused.stderr + refused.stdout


def test_a_wrong_name_is_told(desk: PublishDesk) -> None:
    refused = run_sayso(desk.checkout.root, "publish", "no good name", environment=desk.environment)
    assert refused.returncode == 7 and "OWNER/NAME" in refused.stderr


LEAKS = {
    "an annotator's address": "somebody@example.org",
    "an e-mail address that no article prints": "other@example.org",
    "a token of Hugging Face": "hf_" + "a" * 30,
    "a folder of somebody's machine": "/".join(["", "home", "somebody"]),
    "the value of SAYSO_TOKEN": "a-secret-of-a-test",
}


@pytest.mark.parametrize("what", LEAKS)
def test_nothing_personal_or_secret_leaves(desk: PublishDesk, what: str) -> None:
    private = desk.checkout.private
    private.mkdir(exist_ok=True)
    line = {"email": "somebody@example.org", "pseudonym": "reader", "kind": "human"}
    (private / "annotators.jsonl").write_text(json.dumps(line) + "\n")
    documents = list(synthetic_documents(6))
    first, *others = synthetic_annotations(documents, "reader")
    noted = structs.replace(first, note=f"ask {LEAKS[what]} again")
    CorpusFiles(desk.checkout.root).write_annotations("synthetic", "reader", [noted, *others])
    desk.release("0.2.0")
    refused = desk.run(SAYSO_TOKEN="a-secret-of-a-test")
    assert refused.returncode == 5, refused.stderr
    assert f"column note: {what}" in refused.stderr and LEAKS[what] not in refused.stderr
    assert "data/annotations/train-00000.parquet" in refused.stderr
    assert desk.hub.repositories == {}


def test_texts_leave_only_by_right(desk: PublishDesk) -> None:
    desk.release("0.2.0", texts="")
    refused = desk.run()
    assert (
        refused.returncode == 9
        and 'texts = "licensed"' in refused.stderr
        and "6 articles" in refused.stderr
    )
    assert desk.hub.repositories == {}
    desk.release("0.2.0", texts='texts = "licensed"')
    assert desk.run().returncode == 0
    rows = desk.load("v0.2.0")
    assert len(rows) == 6 and all(row["text"] is None and row["text_sha256"] for row in rows)


def test_an_address_that_an_article_prints_is_the_articles(desk: PublishDesk) -> None:
    (first, *_others) = synthetic_documents(1)
    text = f"{first.text} Write to press@example.org."
    jsonl.write(
        CorpusFiles(desk.checkout.root).batch_file(1),
        [structs.replace(first, doc_id="printed", text=text, text_sha256=sha256(text))],
    )
    desk.release("0.2.0")
    assert desk.run().returncode == 0


def test_a_manifest_tells_rows_from_bytes(desk: PublishDesk) -> None:
    stated = manifests.read_manifest(desk.corpus / manifests.MANIFEST_FILE)
    assert list(manifests.find_differences(stated, desk.corpus)) == []
    (path,) = desk.corpus.glob("data/articles/train-*.parquet")
    parquet.write_table(parquet.read_table(path), path, compression="gzip", row_group_size=1)
    name = path.relative_to(desk.corpus).as_posix()
    assert list(manifests.find_differences(stated, desk.corpus)) == [
        f"{name}: the same rows in other bytes"
    ]
    table = parquet.read_table(path)
    parquet.write_table(table.slice(1), path)
    assert list(manifests.find_differences(stated, desk.corpus)) == [f"{name}: another content"]
