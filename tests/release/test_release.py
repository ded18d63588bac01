"""A release from end to end in a repository of its own: what it leaves, what it refuses, and that twice is once."""

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
from sayso.records import Annotation, Document
from sayso.release import changelog
from sayso.release import manifest as manifests
from sayso.release.version import Version
from sayso.store import Corpus
from tests.benchmarks.corpus import synthetic_annotations, synthetic_documents
from tests.commands import done, sayso
from tests.conftest import REPOSITORY

DAY = {"SOURCE_DATE_EPOCH": "1767312000"}  # 2026-01-02


@dataclass
class Checkout:
    """A repository with six articles and an answer to each."""

    root: Path

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.root)

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        return sayso(self.root, "release", *words, environment=DAY)

    def released(self, version: str) -> None:
        made = self.release(version)
        assert made.returncode == 0, made.stderr
        self.git("add", "-A")
        self.git("commit", "-q", "-m", version)
        self.git("tag", f"v{version}")

    def documents(self, change: Callable[[Document], Document] = lambda each: each, count: int = 6) -> None:
        jsonl.write(self.corpus.batch(0), map(change, synthetic_documents(count)))

    def answers(self, change: Callable[[Annotation], Annotation] = lambda each: each, count: int = 6) -> None:
        given = synthetic_annotations(synthetic_documents(count), "reader")
        self.corpus.write_annotations("synthetic", "reader", map(change, given))

    def files(self) -> dict[str, bytes]:
        found = [self.root / "pyproject.toml"]
        found += [path for name in ("corpus", "schema") for path in (self.root / name).rglob("*") if path.is_file()]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "pyproject.toml").write_text('[tool.sayso]\ncampaign = "c"\ndata_version = "0.0.0"  # of the corpus\n')
    (root / ".gitignore").write_text(".sayso/\n")
    checkout = Checkout(root)
    checkout.documents()
    checkout.answers()
    checkout.git("init", "-q")
    return checkout


def test_a_first_release_and_the_same_again(checkout: Checkout) -> None:
    before = checkout.files()
    planned = json.loads(done(checkout.root, "release", "0.1.0", "--dry-run", "--json", environment=DAY))
    assert checkout.files() == before
    made = json.loads(done(checkout.root, "release", "0.1.0", "--json", environment=DAY))
    assert sorted(made["written"]) == sorted(planned["written"])
    assert (made["tag"], made["previous"], made["asked"]) == ("v0.1.0", None, None)
    changed = {name for name, content in checkout.files().items() if before.get(name) != content}
    assert changed == set(made["written"])
    assert 'data_version = "0.1.0"  # of the corpus' in (checkout.root / "pyproject.toml").read_text()
    assert "## 0.1.0 (2026-01-02)\n\nThe first version." in (checkout.corpus.folder / "CHANGELOG.md").read_text()
    stated = manifests.read(checkout.corpus.folder / manifests.NAME)
    assert stated.data_version == "0.1.0" and list(manifests.unlike(stated, checkout.corpus.folder)) == []
    after = checkout.files()
    again = checkout.release("0.1.0")
    assert again.returncode == 0 and "nothing was left to do" in again.stderr
    assert checkout.files() == after
    assert sayso(checkout.root, "build", "--check").returncode == 0


def test_the_least_number_is_derived_and_a_lower_one_refused(checkout: Checkout) -> None:
    checkout.released("1.0.0")
    checkout.answers(lambda answer: structs.replace(answer, note="looked at again"))
    assert json.loads(checkout.release("1.0.1", "--dry-run", "--json").stdout)["asked"] == "patch"
    checkout.documents(count=7)
    before = checkout.files()
    refused = checkout.release("1.0.1")
    assert refused.returncode == 9 and "minor" in refused.stderr and "release 1.1.0" in refused.stderr
    assert checkout.files() == before
    checkout.released("1.1.0")
    checkout.documents(count=6)
    removed = checkout.release("1.2.0")
    assert removed.returncode == 9 and "document removed" in removed.stderr and "release 2.0.0" in removed.stderr
    checkout.released("2.0.0")
    log = (checkout.corpus.folder / "CHANGELOG.md").read_text()
    assert [line for line in log.splitlines() if line.startswith("## ")] == [
        f"## {version} (2026-01-02)" for version in ("2.0.0", "1.1.0", "1.0.0")
    ]


@pytest.mark.parametrize(("version", "code", "told"), [
    ("1.0.0", 9, "is released"), ("0.9.0", 9, "later than 0.9.0"), ("1.2", 2, "is no version"),
    ("1.2.0-rc1", 2, "write it as 1.2.0"),
])  # fmt: skip
def test_versions_that_cannot_be(checkout: Checkout, version: str, code: int, told: str) -> None:
    checkout.released("1.0.0")
    refused = checkout.release(version)
    assert refused.returncode == code and told in refused.stderr


def test_errors_in_the_corpus_stop_it(checkout: Checkout) -> None:
    checkout.answers(lambda answer: structs.replace(answer, schema_version="9.0.0"))
    before = checkout.files()
    refused = checkout.release("0.1.0")
    assert refused.returncode == 5 and "`sayso check`" in refused.stderr
    assert checkout.files() == before


def test_two_checkouts_make_the_same_bytes(checkout: Checkout, tmp_path: Path) -> None:
    other = Checkout(tmp_path / "elsewhere" / "checkout")
    shutil.copytree(checkout.root, other.root)
    for each in (checkout, other):
        assert each.release("0.1.0").returncode == 0
    assert checkout.files() == other.files()


def test_an_entry_keeps_its_day_and_what_people_wrote_above_stays() -> None:
    text = changelog.entered("# Ours\n\nBy hand.\n", "0.1.0", "2026-01-02", "First.")
    text = changelog.entered(text, "0.2.0", "2026-02-02", "Second.")
    assert text.startswith(
        "# Ours\n\nBy hand.\n\n## 0.2.0 (2026-02-02)\n\nSecond.\n\n## 0.1.0 (2026-01-02)\n\nFirst.\n"
    )
    assert changelog.entered(text, "0.2.0", "2026-03-03", "Second.") == text


def test_versions_before_the_first_promise_nothing() -> None:
    assert str(Version(0, 1, 4).after("major")) == str(Version(0, 1, 4).after("minor")) == "0.2.0"
    assert str(Version(1, 1, 4).after("major")) == "2.0.0"
