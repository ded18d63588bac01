"""A release from end to end in its own repository; a second run changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import Annotation, Document
from sayso.release import changelog
from sayso.release import manifest as manifests
from sayso.versions import Version
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

FIXED_DAY = {"SOURCE_DATE_EPOCH": "1767312000"}  # 2026-01-02


@dataclass
class ReleaseCheckout:
    """A repository with six articles and an answer to each."""

    root: Path

    @property
    def corpus(self) -> CorpusFiles:
        return CorpusFiles(self.root)

    def run_git(self, *words: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def run_release(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_sayso(self.root, "release", *words, environment=FIXED_DAY)

    def release_and_tag(self, version: str) -> None:
        made = self.run_release(version)
        assert made.returncode == 0, made.stderr
        self.run_git("add", "-A")
        self.run_git("commit", "-q", "-m", version)
        self.run_git("tag", f"v{version}")

    def write_documents(
        self, change: Callable[[Document], Document] = lambda each: each, count: int = 6
    ) -> None:
        jsonl.write(self.corpus.batch_file(0), map(change, synthetic_documents(count)))

    def write_annotations(
        self, change: Callable[[Annotation], Annotation] = lambda each: each, count: int = 6
    ) -> None:
        given = synthetic_annotations(synthetic_documents(count), "reader")
        self.corpus.write_annotations("synthetic", "reader", map(change, given))

    def read_files(self) -> dict[str, bytes]:
        found = [self.root / "pyproject.toml"]
        found += [
            path
            for name in ("corpus", "schema")
            for path in (self.root / name).rglob("*")
            if path.is_file()
        ]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def checkout(tmp_path: Path) -> ReleaseCheckout:
    root = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "pyproject.toml").write_text(
        '[tool.sayso]\ncampaign = "c"\ndata_version = "0.0.0"  # of the corpus\n'
    )
    (root / ".gitignore").write_text(".sayso/\n")
    checkout = ReleaseCheckout(root)
    checkout.write_documents()
    checkout.write_annotations()
    checkout.run_git("init", "-q")
    return checkout


def test_a_first_release_and_the_same_again(checkout: ReleaseCheckout) -> None:
    before = checkout.read_files()
    planned = json.loads(
        run_sayso_ok(
            checkout.root, "release", "0.1.0", "--dry-run", "--json", environment=FIXED_DAY
        )
    )
    assert checkout.read_files() == before
    made = json.loads(
        run_sayso_ok(checkout.root, "release", "0.1.0", "--json", environment=FIXED_DAY)
    )
    assert sorted(made["written"]) == sorted(planned["written"])
    assert (made["tag"], made["previous"], made["required_bump"]) == ("v0.1.0", None, None)
    changed = {
        name for name, content in checkout.read_files().items() if before.get(name) != content
    }
    assert changed == set(made["written"])
    assert (
        'data_version = "0.1.0"  # of the corpus' in (checkout.root / "pyproject.toml").read_text()
    )
    assert (
        "## 0.1.0 (2026-01-02)\n\nThe first version."
        in (checkout.corpus.folder / "CHANGELOG.md").read_text()
    )
    stated = manifests.read_manifest(checkout.corpus.folder / manifests.MANIFEST_FILE)
    assert (
        stated.data_version == "0.1.0"
        and list(manifests.find_differences(stated, checkout.corpus.folder)) == []
    )
    after = checkout.read_files()
    again = checkout.run_release("0.1.0")
    assert again.returncode == 0 and "nothing was left to do" in again.stderr
    assert checkout.read_files() == after
    assert run_sayso(checkout.root, "build", "--check").returncode == 0


def test_the_least_number_is_derived_and_a_lower_one_refused(checkout: ReleaseCheckout) -> None:
    checkout.release_and_tag("1.0.0")
    checkout.write_annotations(lambda answer: structs.replace(answer, note="looked at again"))
    assert (
        json.loads(checkout.run_release("1.0.1", "--dry-run", "--json").stdout)["required_bump"]
        == "patch"
    )
    checkout.write_documents(count=7)
    before = checkout.read_files()
    refused = checkout.run_release("1.0.1")
    assert (
        refused.returncode == 9 and "minor" in refused.stderr and "release 1.1.0" in refused.stderr
    )
    assert checkout.read_files() == before
    checkout.release_and_tag("1.1.0")
    checkout.write_documents(count=6)
    removed = checkout.run_release("1.2.0")
    assert (
        removed.returncode == 9
        and "document removed" in removed.stderr
        and "release 2.0.0" in removed.stderr
    )
    checkout.release_and_tag("2.0.0")
    log = (checkout.corpus.folder / "CHANGELOG.md").read_text()
    assert [line for line in log.splitlines() if line.startswith("## ")] == [
        f"## {version} (2026-01-02)" for version in ("2.0.0", "1.1.0", "1.0.0")
    ]


@pytest.mark.parametrize(
    ("version", "code", "told"),
    [
        ("1.0.0", 9, "is released"),
        ("0.9.0", 9, "later than 0.9.0"),
        ("1.2", 2, "is not a version"),
        ("1.2.0-rc1", 2, "write it as 1.2.0"),
    ],
)
def test_versions_that_cannot_be(
    checkout: ReleaseCheckout, version: str, code: int, told: str
) -> None:
    checkout.release_and_tag("1.0.0")
    checkout.write_documents(count=7)
    refused = checkout.run_release(version)
    assert refused.returncode == code and told in refused.stderr


def test_a_release_can_be_repeated_on_its_tag(checkout: ReleaseCheckout) -> None:
    """As a workflow does where git does not hold what is built."""
    checkout.release_and_tag("1.0.0")
    before = checkout.read_files()
    for path in checkout.corpus.folder.glob("data/*/*.parquet"):
        path.unlink()
    (checkout.corpus.folder / manifests.MANIFEST_FILE).unlink()
    again = checkout.run_release("1.0.0")
    assert again.returncode == 0, again.stderr
    assert checkout.read_files() == before


def test_errors_in_the_corpus_stop_it(checkout: ReleaseCheckout) -> None:
    checkout.write_annotations(lambda answer: structs.replace(answer, schema_version="9.0.0"))
    before = checkout.read_files()
    refused = checkout.run_release("0.1.0")
    assert refused.returncode == 5 and "`sayso check`" in refused.stderr
    assert checkout.read_files() == before


def test_two_checkouts_make_the_same_bytes(checkout: ReleaseCheckout, tmp_path: Path) -> None:
    other = ReleaseCheckout(tmp_path / "elsewhere" / "checkout")
    shutil.copytree(checkout.root, other.root)
    for each in (checkout, other):
        assert each.run_release("0.1.0").returncode == 0
    assert checkout.read_files() == other.read_files()


def test_an_entry_keeps_its_day_and_what_people_wrote_above_stays() -> None:
    text = changelog.insert_entry("# Ours\n\nBy hand.\n", "0.1.0", "2026-01-02", "First.")
    text = changelog.insert_entry(text, "0.2.0", "2026-02-02", "Second.")
    assert text.startswith(
        "# Ours\n\nBy hand.\n\n## 0.2.0 (2026-02-02)\n\nSecond.\n"
        "\n## 0.1.0 (2026-01-02)\n\nFirst.\n"
    )
    assert changelog.insert_entry(text, "0.2.0", "2026-03-03", "Second.") == text


def test_versions_before_the_first_promise_nothing() -> None:
    assert str(Version(0, 1, 4).bump("major")) == str(Version(0, 1, 4).bump("minor")) == "0.2.0"
    assert str(Version(1, 1, 4).bump("major")) == "2.0.0"
