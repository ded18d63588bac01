"""Datasets of small schemas: no label of the repository's own, no attributes, frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sayso.dataset import features
from sayso.dataset.builder import build
from sayso.labelstudio import controls
from sayso.schema import column_names
from sayso.schema.column_names import list_configs
from tests.command_line import run_sayso
from tests.dataset import samples
from tests.schema.small_corpus import TEXT, make_corpus
from tests.schema.small_schemas import FRAMES, RULINGS, SCHEMAS, read_schema

PARTS = FRAMES + "  part_of: {head: Amount, tail: Amount, definition: Part of that sum.}\n"


def read_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / "corpus" / "data" / config).glob("*.parquet")):
        rows += pq.read_table(path).to_pylist()
    return rows


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_checked_and_built(name: str, tmp_path: Path) -> None:
    checkout = make_corpus(tmp_path, SCHEMAS[name])
    for words in (("schema", "build"), ("check",), ("build",), ("build", "--check")):
        done = run_sayso(checkout.root, *words)
        assert done.returncode == 0, done.stderr
    schema = read_schema(tmp_path, SCHEMAS[name])
    for config in list_configs(schema):
        assert read_rows(tmp_path, config)
    attributes = read_rows(tmp_path, "gold")[0]["mentions"][0].get("attributes")
    assert bool(attributes) == any(label.attributes for label in schema.labels.values())


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
    assert first["head_attributes"] == {"side": "yes", "name": "Klägerin", "euros": None}
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
