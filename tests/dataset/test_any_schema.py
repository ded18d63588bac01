"""Datasets of small schemas: no label of the repository's own, no attributes, frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import sayso
from sayso.dataset import features
from sayso.dataset.builder import build
from sayso.dataset.text_columns import find_incomplete, remove_texts, restore_texts
from sayso.labelstudio import controls
from sayso.schema import column_names
from sayso.schema.column_names import list_configs
from tests.command_line import run_sayso
from tests.dataset import samples
from tests.schema.small_corpus import TEXT, make_corpus
from tests.schema.small_schemas import (
    CONTRACTS,
    EVERY_KIND,
    FRAMES,
    QUESTIONS_ONLY,
    RULINGS,
    SCHEMAS,
    read_schema,
)

ALL_SCHEMAS = SCHEMAS | EVERY_KIND
PARTS = FRAMES + "  part_of: {head: Amount, tail: Amount, definition: Part of that sum.}\n"


def read_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / "corpus" / "data" / config).glob("*.parquet")):
        rows += pq.read_table(path).to_pylist()
    return rows


@pytest.mark.parametrize("name", ALL_SCHEMAS)
def test_every_schema_is_checked_and_built(name: str, tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, ALL_SCHEMAS[name])
    for words in (("schema", "build"), ("check",), ("build",), ("build", "--check")):
        done = run_sayso(checkout.root, *words)
        assert done.returncode == 0, done.stderr
    schema = read_schema(tmp_path, ALL_SCHEMAS[name])
    for config in list_configs(schema):
        assert read_rows(tmp_path, config)
    mentions = read_rows(tmp_path, "gold")[0]["mentions"]
    assert bool(mentions) == bool(schema.labels)
    has_attributes = any(mention.get("attributes") for mention in mentions)
    assert has_attributes == any(label.attributes for label in schema.labels.values())


def test_a_frame_has_the_relations_that_go_on_from_the_other_end(tmp_path: Path) -> None:
    build(make_corpus(tmp_path, PARTS))
    (gold,) = [
        row
        for row in read_rows(tmp_path, "parties")
        if row["reading"] == "gold" and row["text"] == "Beklagte"
    ]
    assert gold["party_id"] == "m2"
    (amount,) = gold["payss"]
    assert (amount["id"], amount["euros"], amount["part_of"]) == ("m3", 300, ["m1"])


def test_a_relation_is_a_row_with_both_ends(tmp_path: Path) -> None:
    build(make_corpus(tmp_path, RULINGS))
    rows = read_rows(tmp_path, "relations")
    assert len(rows) == 4 * 2 - 2 + 2  # ann-2 has no first head; gold of one document
    first = next(row for row in rows if row["reading"] == "gold")
    assert (first["type"], first["decided"]) == ("pays", "majority")
    assert (first["head_label"], first["head_text"]) == ("Party", "Klägerin")
    assert first["head_attributes"] == {"side": "yes", "name": "Nr. 0", "euros": None}
    assert TEXT[first["tail_start"] : first["tail_end"]] == first["tail_text"] == "500 Euro"
    assert first["tail_attributes"]["euros"] == 100


def test_every_name_that_a_dataset_has_anyway_is_reserved() -> None:
    bare = features.config_columns(samples.SCHEMA)
    names = set(column_names.MENTION_COLUMNS)
    schema = samples.SCHEMA
    own = {
        column_names.attribute_column_name(label, name)
        for label, declared in schema.labels.items()
        for name in declared.attributes
    }
    assert set(bare["mentions"]) - own - set(features.crosswalk_columns(schema)) <= names
    assert {name for name in bare["tokens"] if not name.endswith("_tags")} <= set(
        column_names.TOKEN_COLUMNS
    )
    claims = set(bare["claims"]) - schema.labels["Claim"].attributes.keys() - {"claim_id"}
    columns = {column for column, _ in features.frame_relation_columns(schema, "Claim").values()}
    assert claims - columns <= column_names.KEY_COLUMNS | column_names.ROW_COLUMNS
    fixed = {
        value
        for name, value in vars(controls).items()
        if name.isupper() and name not in ("KEEP", "DROP")
    }
    assert fixed <= column_names.CONTROLS


def test_the_library_shows_answers_and_both_ends_of_a_symmetric_relation(tmp_path: Path) -> None:
    """In the sources as in the release that is built from them."""
    checkout = make_corpus(tmp_path, CONTRACTS)
    build(checkout)
    for source in (checkout.root, checkout.root / "corpus"):
        item = next(iter(sayso.open(source).items()))
        assert item.gold.answers["topic"] == "rent"
        assert item.gold.answers["areas"] == ("civil",)
        assert item.annotations[0].answers["costs"] == 4.5
        assert {each.question for each in item.gold.declined_answers} == set(item.gold.answers)
        first, last = item.gold.persons
        assert first.related("kin") == [last] and last.related("kin") == [first]
        assert first.related("kin", reverse=True) == [last]
        assert [each.label for each in first.related()] == ["Payment", "Person"]
    bare = sayso.open(checkout.root).items(document="d1")
    assert not next(iter(bare)).gold.answers


def test_the_card_describes_questions_with_their_titles(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, CONTRACTS)
    build(checkout)
    card = (tmp_path / "corpus" / "README.md").read_text(encoding="utf-8")
    for line in (
        "| `topic` (What is it about?) | choice | yes | The matter of the ruling. |",
        "| `topic` | `rent` (Rent and lease) | R. |",
        "| `costs` | number (EUR) |  | The costs. |",
        "| `urgent` | boolean |  | An urgent matter. Where none was given: false. |",
        "| `Person` (Natural person) | A human being. |",
        "| `pays` (pays) | `Person` or `Company` | `Payment` | Who pays it. |",
        "| `urgent` | 1 | 4 |",
        "| `areas` | `civil` | 1 | 4 |",
        "| `urgent` | `true` | 0 | 2 |",
        "| `Person.roles` | `defendant` | 0 | 0 |",
        "| `costs` | `float64` | The costs. In EUR. |",
    ):
        assert line in card, line
    assert "It holds in both directions." in card


def test_withheld_texts_are_withheld_from_answers_and_restored(tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, QUESTIONS_ONLY)
    build(checkout)
    table = pq.read_table(tmp_path / "corpus" / "data" / "answers" / "train-00000.parquet")
    without = remove_texts(table, frozenset({"d0"}))
    texts = [row["text"] for row in without.to_pylist()]
    assert texts == [None if row["doc_id"] == "d0" else TEXT for row in table.to_pylist()]
    assert find_incomplete(without) == {"d0"}
    assert restore_texts(without, lambda _doc_id: TEXT).to_pylist() == table.to_pylist()
