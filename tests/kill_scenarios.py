"""Local commands that are killed at random moments: the end must be that of an undisturbed run.

Each trial sets the checkout back, kills the command once or twice, before a random change to a
file or after a random time, and runs it to its end. Then every file of the checkout must be as
after an undisturbed run. Commands that talk to a server are in `tests/labelstudio/`.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from tests.agreement.disagreement_corpus import make_blind_annotation
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.command_line import run_sayso_ok
from tests.conftest import new_checkout, read_files
from tests.dataset.samples import write_corpus
from tests.forked_commands import count_changes, run_command, start_command
from tests.formats.test_import import IMPORT_OPTIONS, write_brat
from tests.ingest.test_near_duplicates import edit_words, make_article
from tests.migrations import sample_migration
from tests.reports.sample_feedback import write_compared_corpus

FIXED_DAY = {"SOURCE_DATE_EPOCH": "1767312000"}
COUNT = 12
_INDEX = ".sayso/articles.sqlite"
Prepare = Callable[[Path, Path], tuple[str, ...]]
"""Fills a checkout that does not exist yet and a folder for input, and returns the command."""


def prepare_ingest(root: Path, inputs: Path) -> tuple[str, ...]:
    """New articles, every fifth of them nearly the one before it, beside others."""
    prepare_annotated(root, inputs)
    chance = random.Random(4)
    articles = [make_article(chance)]
    for number in range(1, COUNT):
        same = number % 5 == 0
        articles.append(edit_words(articles[-1], 0.02, chance) if same else make_article(chance))
    dump = inputs / "dump.jsonl"
    lines = [{"doc_id": f"new-{n}", "text": " ".join(words)} for n, words in enumerate(articles)]
    dump.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return "ingest", str(dump), "--ingested", "2026-11-22"


def prepare_replacement(root: Path, inputs: Path) -> tuple[str, ...]:
    """Newer texts of annotated articles: half of their annotations move along."""
    prepare_annotated(root, inputs)
    dump = inputs / "newer.jsonl"
    newer = [
        f"Correction.\n{each.text}" if int(each.doc_id[-1]) % 2 else "Nothing of it is true."
        for each in synthetic_documents(4)
    ]
    lines = [
        {"doc_id": each.doc_id, "text": text}
        for each, text in zip(synthetic_documents(4), newer, strict=True)
    ]
    dump.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return "ingest", str(dump), "--replace-text", "--ingested", "2027-01-01"


def prepare_annotated(root: Path, _inputs: Path) -> tuple[str, ...]:
    """Articles that two people and a program have annotated, not alike."""
    new_checkout(root)
    documents = list(synthetic_documents(COUNT))
    people = [
        make_blind_annotation(each)
        for who in ("one", "two")
        for each in synthetic_annotations(documents, who)
    ]
    write_corpus(root, documents, [*people, *synthetic_annotations(documents, "reader")])
    return ()


def prepare_import(root: Path, inputs: Path) -> tuple[str, ...]:
    """A folder of brat's, whose articles are new."""
    prepare_annotated(root, inputs)
    for number in range(COUNT):
        text = f"{number} drones fell. The mayor said so."
        write_brat(
            inputs / "brat",
            f"T1\tCount 0 {len(str(number))}\t{number}",
            text=text,
            name=f"{number}",
        )
    return "import", *IMPORT_OPTIONS, str(inputs / "brat")


def prepare_export(root: Path, inputs: Path) -> tuple[str, ...]:
    """One annotator's annotations as brat's files."""
    prepare_annotated(root, inputs)
    return "export", "--to", "brat", "--annotator", "one", "--out", str(root / "out")


def prepare_build(root: Path, inputs: Path) -> tuple[str, ...]:
    """A build of other sources before: an article and an annotator are gone, another came."""
    prepare_annotated(root, inputs)
    run_sayso_ok(root, "build")
    documents = list(synthetic_documents(COUNT - 1))
    CorpusFiles(root).annotation_file("synthetic", "two").unlink()
    write_corpus(root, documents, synthetic_annotations(documents[:5], "reader"))
    CorpusFiles(root).write_annotations("synthetic", "one", [])
    return ("build",)


def prepare_report(root: Path, inputs: Path) -> tuple[str, ...]:
    """A page of other sources before."""
    prepare_annotated(root, inputs)
    (root / "build").mkdir()
    (root / "build" / "report.html").write_text("old")
    return ("report",)


def prepare_disagreements(root: Path, inputs: Path) -> tuple[str, ...]:
    """The page of disagreements."""
    prepare_annotated(root, inputs)
    return "disagreements", "--html"


def prepare_majority(root: Path, inputs: Path) -> tuple[str, ...]:
    """Gold without an adjudicator."""
    prepare_annotated(root, inputs)
    return "adjudicate", "pull", "--auto", "majority", "--campaign", "synthetic"


def prepare_feedback(root: Path, _inputs: Path) -> tuple[str, ...]:
    """A page for each of three annotators."""
    new_checkout(root)
    write_compared_corpus(root)
    return ("feedback",)


def prepare_suggestions(root: Path, inputs: Path) -> tuple[str, ...]:
    """Predictions by cues and numbers."""
    prepare_annotated(root, inputs)
    return "suggest", "--with", "cues", "--with", "numbers"


def prepare_migration(root: Path, inputs: Path) -> tuple[str, ...]:
    """Three files of an older schema, and a mapping that the checkout does not have yet."""
    sample_migration.fill_corpus(sample_migration.make_checkout(root, ""), records=COUNT)
    (inputs / "draft.yaml").write_text(sample_migration.MAPPING)
    return "schema", "migrate", str(inputs / "draft.yaml")


def prepare_release(root: Path, _inputs: Path) -> tuple[str, ...]:
    """The first release in a repository of its own."""
    new_checkout(root)
    documents = list(synthetic_documents(COUNT))
    write_corpus(root, documents, synthetic_annotations(documents, "reader"))
    (root / "pyproject.toml").write_text('[tool.sayso]\ndata_version = "0.0.0"  # of the corpus\n')
    (root / ".gitignore").write_text(".sayso/\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return "release", "0.1.0"


def prepare_hydration(root: Path, inputs: Path) -> tuple[str, ...]:
    """A release without half of its texts, and a reader's copies of them."""
    new_checkout(root)
    documents = [
        structs.replace(each, license="unknown" if number % 2 else "CC-BY-4.0")
        for number, each in enumerate(synthetic_documents(COUNT))
    ]
    write_corpus(root, documents, synthetic_annotations(documents, "reader"))
    (root / "pyproject.toml").write_text('[tool.sayso]\ntexts = "licensed"\n')
    run_sayso_ok(root, "build")
    for name in ("data", "README.md"):
        (root / "corpus" / name).rename(inputs / name)
    shutil.rmtree(root)
    new_checkout(root)
    for name in ("data", "README.md"):
        (root / "release").mkdir(exist_ok=True)
        (inputs / name).rename(root / "release" / name)
    jsonl.write(inputs / "copies.jsonl", documents)
    return "hydrate", str(root / "release"), str(inputs / "copies.jsonl")


def prepare_format(root: Path, inputs: Path) -> tuple[str, ...]:
    """Articles and annotations whose lines stand the other way round."""
    prepare_annotated(root, inputs)
    corpus = CorpusFiles(root)
    for path in [*corpus.batch_files(), *corpus.annotation_files()]:
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[::-1]))
    return ("format",)


def prepare_init(root: Path, _inputs: Path) -> tuple[str, ...]:
    """A folder with a file that is not ours."""
    root.mkdir()
    (root / "README.md").write_text("mine\n")
    return "init", "--labels", "Party,Statute", "--language", "de"


SCENARIOS: dict[str, Prepare] = {
    "init": prepare_init,
    "format": prepare_format,
    "ingest": prepare_ingest,
    "replace": prepare_replacement,
    "import": prepare_import,
    "export": prepare_export,
    "build": prepare_build,
    "report": prepare_report,
    "disagreements": prepare_disagreements,
    "adjudicate": prepare_majority,
    "feedback": prepare_feedback,
    "suggest": prepare_suggestions,
    "migrate": prepare_migration,
    "release": prepare_release,
    "hydrate": prepare_hydration,
}


class KillScenario:
    """A command, the checkout that it starts from, and what an undisturbed run makes of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.root, self._start = folder / "checkout", folder / "start"
        inputs = folder / "inputs"
        inputs.mkdir(parents=True)
        self.words = SCENARIOS[name](self.root, inputs)
        self.root.rename(self._start)
        self._set_back()
        run_command(self.root, "--version")  # starts the server of forks
        began = time.monotonic()
        self.changes = count_changes(self.root, *self.words, environment=FIXED_DAY)
        self.seconds = time.monotonic() - began
        self.expected = self.read_state()
        assert self.expected != _read_state(self._start)

    def read_state(self) -> dict[str, bytes]:
        """Return every file of the checkout but an index."""
        return _read_state(self.root)

    def _set_back(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self._start, self.root)

    def run_trial(self, chance: random.Random) -> list[str]:
        """Kill the command at random moments, then run it to its end. Return the moments."""
        self._set_back()
        moments = [self._run_killed(chance) for _ in range(chance.choice((1, 1, 2)))]
        self._require_end(moments)
        return moments

    def run_killed_before(self, change: int) -> None:
        """Kill the command before a change to a file, then run it to its end."""
        self._set_back()
        run_command(self.root, *self.words, environment=FIXED_DAY, changes=change)
        self._require_end([f"before change {change} of {self.changes}"])

    def _require_end(self, moments: list[str]) -> None:
        told = f"{' '.join(self.words)}, killed {' and '.join(moments)}"
        result = run_command(self.root, *self.words, environment=FIXED_DAY)
        assert result.code == 0, f"{told}: {result}"
        state = self.read_state()
        different = {n for n in {*state, *self.expected} if state.get(n) != self.expected.get(n)}
        assert not different, f"{told}: {sorted(different)} differ"

    def _run_killed(self, chance: random.Random) -> str:
        change, share = chance.randint(1, self.changes), chance.random()
        if chance.random() < 0.5:
            ended = run_command(self.root, *self.words, environment=FIXED_DAY, changes=change)
            moment = f"before change {change} of {self.changes}"
        else:
            running = start_command(self.root, *self.words, environment=FIXED_DAY)
            time.sleep(share * self.seconds)
            running.process.kill()  # nothing, where it has ended
            ended, moment = running.end(), f"after {share:.0%} of {self.seconds:.1f} s"
        assert ended.code in (0, -signal.SIGKILL), f"{moment}: {ended}"
        return moment if ended.code else "never"


def _read_state(root: Path) -> dict[str, bytes]:
    # The index holds inodes and times of the files that it is about; ingest renews it by them.
    return {name: content for name, content in read_files(root).items() if name != _INDEX}
