"""Every release of `datasets` loads the same rows, offline, in a fresh process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.dataset import builder as building
from sayso.schema.column_names import list_configs
from sayso.settings import Checkout
from tests.benchmarks.synthetic_corpus import synthetic_annotations, synthetic_documents
from tests.conftest import REPOSITORY
from tests.dataset import samples
from tests.library_environments import NAMES, environment_python

_LOADS = """
import json, sys
from datasets import get_dataset_config_names, load_dataset
corpus, target = sys.argv[1:]
found = {}
for config in get_dataset_config_names(corpus):
    whole, streamed = load_dataset(corpus, config), load_dataset(corpus, config, streaming=True)
    for split in whole:
        rows = list(whole[split])
        assert rows == list(streamed[split]), (config, split)
        found[f"{config}/{split}"] = rows
    joined = [row for split in whole for row in whole[split]]
    assert list(load_dataset(corpus, config, split="all")) == joined, config
default = load_dataset(corpus)
first = default[next(iter(default))]
found["version"], found["columns"] = str(first.version), first.column_names
json.dump(found, open(target, "w"), sort_keys=True)
"""


def load_in_process(python: Path | str, corpus: Path, cache: Path) -> dict[str, Any]:
    """Load with an interpreter's `datasets` and the given cache."""
    cache.mkdir(exist_ok=True)
    target = cache / "rows.json"
    kept = {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    subprocess.run(
        [str(python), "-c", _LOADS, "./corpus", str(target)],
        check=True,
        capture_output=True,
        cwd=corpus.parent,
        env={**os.environ, **kept},
    )
    found: dict[str, Any] = json.loads(target.read_text())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("datasets-")])
def test_every_release_of_datasets_loads_the_committed_corpus(name: str, tmp_path: Path) -> None:
    found = load_in_process(environment_python(name), REPOSITORY / "corpus", tmp_path)
    for config in list_configs(samples.SCHEMA):
        rows = [
            row
            for split in ("test", "train", "validation")
            for row in found.get(f"{config}/{split}", [])
        ]
        assert rows == samples.read_rows(REPOSITORY, config), config
    assert "mentions" in found["columns"]


@pytest.mark.slow
def test_a_new_build_is_loaded_although_the_cache_holds_the_old_one(
    checkout: Checkout, tmp_path: Path
) -> None:
    """Same number of rows and same version: only the content differs."""
    documents = list(synthetic_documents(4))
    answers = list(synthetic_annotations(documents, "ann-1"))
    samples.write_corpus(checkout.root, documents, answers)
    building.build(checkout)
    cache = tmp_path / "cache"
    before = load_in_process(sys.executable, checkout.root / "corpus", cache)
    lines = CorpusFiles(checkout.root).annotation_files()[0]
    lines.write_text(
        lines.read_text(encoding="utf-8").replace('"civilian"', '"expert"'), encoding="utf-8"
    )
    building.build(checkout)
    after = load_in_process(sys.executable, checkout.root / "corpus", cache)
    assert {row["actor_type"] for row in before["mentions/train"]} == {None, "civilian"}
    assert {row["actor_type"] for row in after["mentions/train"]} == {None, "expert"}
    assert (before["version"], len(before["mentions/train"])) == (
        after["version"],
        len(after["mentions/train"]),
    )


@pytest.mark.slow
def test_an_unfinished_build_does_not_load(checkout: Checkout, tmp_path: Path) -> None:
    from sayso.dataset import card

    samples.write_corpus(checkout.root, [samples.make_document("d1", "One.")])
    building.build(checkout)
    card.hide_data(checkout.root / "corpus" / "README.md")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        load_in_process(sys.executable, checkout.root / "corpus", tmp_path / "cache")
    assert b"unfinished-build-run-sayso-build-again" in caught.value.stderr


@pytest.mark.slow
def test_words_that_look_like_dates_stay_as_they_are(checkout: Checkout, tmp_path: Path) -> None:
    """The JSON reader of `datasets` would rewrite them; ours is never asked."""
    text = "2025-10-31T22:42:00+03:00\n2025-10-31"
    document = samples.make_document("d1", text, published="2025-10-31")
    samples.write_corpus(
        checkout.root,
        [document],
        [samples.make_annotation(document, samples.make_mention("a", "Actor", text, 0, 25))],
    )
    building.build(checkout)
    shutil.rmtree(checkout.private)
    found = load_in_process(sys.executable, checkout.root / "corpus", tmp_path / "cache")
    assert (
        found["gold/train"][0]["text"] == text
        and found["gold/train"][0]["published"] == "2025-10-31"
    )
    assert found["mentions/train"][0]["text"] == text[:25]
