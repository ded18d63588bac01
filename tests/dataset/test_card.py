"""The card: what is computed is true, and what is written by hand stays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from datasets import Features
from huggingface_hub import DatasetCard, DatasetCardData

from sayso import schema as schemas
from sayso.dataset import build as building
from sayso.dataset import features
from sayso.dataset.card import HUB_LICENSES, SPLITS, START
from sayso.errors import InputError
from sayso.records import Kept
from sayso.settings import Instance
from tests.commands import sayso
from tests.conftest import REPOSITORY
from tests.dataset import made
from tests.dataset.test_build import fill

CARD = REPOSITORY / "corpus" / "README.md"

# What the hub takes, from its own documentation of the dataset card.
CREATORS = {"found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"}
VOCABULARY = {
    "annotations_creators": CREATORS,
    "language_creators": CREATORS - {"no-annotation"},
    "multilinguality": {"monolingual", "multilingual", "translation", "other"},
    "source_datasets": {"original"},
    "task_categories": {"token-classification", "text-classification"},
    "task_ids": {"named-entity-recognition", "coreference-resolution", "parsing", "fact-checking",
                 "entity-linking-classification", "fact-checking-retrieval"},
}  # fmt: skip
SIZES = re.compile(r"n<1K|1K<n<10K|10K<n<100K|100K<n<1M|1M<n<10M|10M<n<100M|100M<n<1B|1B<n<10B|n>1T")


def valid(path: Path) -> dict[str, Any]:
    """The head of a card that the hub's own classes read and whose words are the hub's; offline."""
    data: Any = DatasetCard.load(path).data
    head: dict[str, Any] = data.to_dict()
    again: Any = DatasetCardData(**head)
    assert again.to_dict() == head
    for key, words in VOCABULARY.items():
        assert set(head[key]) <= words, key
    assert all(SIZES.fullmatch(size) for size in head["size_categories"])
    assert head["license"] in HUB_LICENSES or (head["license"] == "other" and head["license_name"])
    assert re.fullmatch(r"[a-z0-9.-]+", head.get("license_name", "x"))
    assert all(re.fullmatch(r"[a-z]{2,3}", language) for language in head["language"])
    assert sum(each.get("default", False) for each in head["configs"]) == 1
    assert {split["split"] for each in head["configs"] for split in each["data_files"]} <= set(SPLITS)
    return head


def test_the_committed_card_is_one_that_the_hub_takes() -> None:
    head = valid(CARD)
    assert [each["config_name"] for each in head["configs"]] == list(features.CONFIGS)
    assert (CARD.parent / head["license_link"]).is_file()


def test_the_first_card_of_a_new_instance_is_valid(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    assert valid(instance.root / "corpus/README.md")["annotations_creators"] == ["machine-generated"]


def test_the_committed_card_says_plainly_that_a_program_annotated() -> None:
    text = CARD.read_text(encoding="utf-8")
    assert "Every annotation here was made by a program. No person has checked one. None is gold." in text
    assert "| `unknown` | 2 |" in text


def test_the_features_of_the_card_are_the_arrow_schema() -> None:
    for config, declared in features.columns(made.SCHEMA).items():
        read = Features._from_yaml_list(features.card_features(declared))
        assert read.arrow_schema.remove_metadata().names == list(declared), config
        ours = Features.from_arrow_schema(features.arrow_schema(declared))
        assert read == ours, config


def test_numbers_of_the_head_are_those_of_the_files(instance: Instance) -> None:
    fill(instance.root)
    building.build(instance)
    for info in made.head(instance.root)["dataset_info"]:
        config = info["config_name"]
        paths = sorted((instance.root / "corpus/data" / config).glob("*.parquet"))
        assert sum(split["num_examples"] for split in info["splits"]) == len(made.loaded(instance.root, config))
        assert info["download_size"] == sum(path.stat().st_size for path in paths)
        assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])


def test_the_figures_are_counted_right(instance: Instance) -> None:
    text = "Two died. He said so."
    document = made.document("d1", text)
    drawn = (("cue", "c", "q"), ("quantity", "c", "n"), ("where", "c", "q"))
    answer = made.annotation(
        document, made.mention("c", "Claim", text, 0, 8), made.mention("n", "Count", text, 0, 3),
        made.mention("q", "Cue", text, 13, 17), made.mention("half", "Actor", text, 10, 11),
        relations=tuple(made.relation(*each) for each in drawn),
        kept=(Kept(reason="unknown", item=[1]),),
    )  # fmt: skip
    skipped = made.annotation(document, annotator="ann-2", status="skipped", annotator_kind="program")
    made.write(instance.root, [document], [answer, skipped])
    building.build(instance)
    card = (instance.root / "corpus/README.md").read_text(encoding="utf-8")
    for row in (
        "| documents | 1 |", "| characters (code points) | 21 |", "| sentences | 2 |", "| tokens | 7 |",
        "| answers | 2 |", "| answers submitted, by people | 1 |", "| answers skipped, by programs | 1 |",
        "| claims, all readings | 1 |", "| items kept that the schema does not know | 1 |",
        "| relations that join other labels than declared, in no row of `claims` | 1 |",
        "| mentions that tags do not give exactly: inside_token | 1 |", "| `Claim` | 1 |", "| `Location` | 0 |",
        "| people | 1 | 1 |", "| programs | 1 | 1 |",
    ):  # fmt: skip
        assert row in card, row
    assert "Some annotations were made by people and some by programs" in card


def test_every_word_of_the_schema_is_in_the_card() -> None:
    text = CARD.read_text(encoding="utf-8")
    declared = schemas.load(REPOSITORY / "schema/schema.yaml")
    for label in declared.labels.values():
        for attribute in label.attributes.values():
            assert all(value.definition in text for value in attribute.values.values())
    assert all(relation.definition in text for relation in declared.relations.values())


def test_what_is_written_by_hand_stays(instance: Instance) -> None:
    fill(instance.root, 4)
    building.build(instance)
    card = instance.root / "corpus/README.md"
    text = card.read_text(encoding="utf-8")
    mine = text.replace("pretty_name: Sayso", "pretty_name: Ours").replace("## Limits", "## Limits").replace(
        "### Limits\n", "### Limits\n\nWe know of one more: \\1 — ünd <b>.\n"
    )  # fmt: skip
    mine = mine.replace("<!-- computed: citation -->", "").replace("documents of", "documents off")
    card.write_text(mine, encoding="utf-8")
    fill(instance.root, 8)
    building.build(instance)
    after = card.read_text(encoding="utf-8")
    assert "pretty_name: Ours" in after and "We know of one more: \\1 — ünd <b>." in after
    assert "documents off" not in after and "8 documents of" in after


def test_only_the_card_is_written_where_only_the_card_is_stale(instance: Instance) -> None:
    fill(instance.root, 4)
    building.build(instance)
    before = made.tree(instance.root)
    card = instance.root / "corpus/README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("| tokens |", "| tokns |"), encoding="utf-8")
    outcome = building.build(instance)
    assert (outcome.written, outcome.card_changed) == ((), True)
    assert made.tree(instance.root) == before


def test_a_figure_that_nobody_computes_is_refused(instance: Instance) -> None:
    fill(instance.root, 4)
    building.build(instance)
    card = instance.root / "corpus/README.md"
    card.write_text(card.read_text(encoding="utf-8") + "<!-- computed: luck -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(InputError, match="nothing computes 'luck'"):
        building.build(instance)


@pytest.mark.parametrize("text", ["no head", "---\n- a list\n---\n", "---\na: [\n---\n"])
def test_a_card_without_a_head_is_refused(instance: Instance, text: str) -> None:
    fill(instance.root, 4)
    (instance.root / "corpus/README.md").write_text(text, encoding="utf-8")
    failed = sayso(instance.root, "build")
    assert failed.returncode == 7 and "README.md" in failed.stderr and len(failed.stderr.splitlines()) == 1
    assert not (instance.root / "corpus/data").exists()


def test_the_version_of_the_data_is_the_declared_one(instance: Instance) -> None:
    fill(instance.root, 4)
    versioned = Instance(instance.root, {"data_version": "2.3.4"})
    building.build(versioned)
    assert {each["version"] for each in made.head(instance.root)["configs"]} == {"2.3.4"}
    with pytest.raises(InputError, match=r"not like 1\.2\.0"):
        building.build(Instance(instance.root, {"data_version": "1.2"}))


def test_a_licence_that_all_articles_share_is_the_datasets(instance: Instance) -> None:
    made.write(instance.root, [made.document("a", "One.", license="CC-BY-4.0")])
    building.build(instance)
    head = made.head(instance.root)
    assert head["license"] == "cc-by-4.0" and "license_name" not in head
    assert head["annotations_creators"] == ["no-annotation"]


def test_the_example_in_the_card_is_the_first_row(instance: Instance) -> None:
    fill(instance.root, 4)
    building.build(instance)
    card = (instance.root / "corpus/README.md").read_text(encoding="utf-8")
    shown = json.loads(card.split("### `claims`")[1].split("```json\n")[1].split("```")[0])
    assert shown["claim_id"] == made.loaded(instance.root, "claims")[0]["claim_id"] or shown["doc_id"]
    assert START.read_text(encoding="utf-8").count("<!-- computed:") == card.count("<!-- computed:")
