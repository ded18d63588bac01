"""Croissant metadata, plots and citation, read by the libraries that others use."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from sayso import jsonl
from sayso.dataset import builder as building
from sayso.errors import InputError
from sayso.models import Gold, GoldRelation
from sayso.schema.column_names import list_configs
from sayso.settings import Checkout
from tests.conftest import REPOSITORY
from tests.dataset import samples
from tests.dataset.test_builder import fill_corpus
from tests.library_environments import environment_python

pytestmark = pytest.mark.slow

_READS = """
import json, sys
import mlcroissant

def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {name.partition("/")[2]: plain(each) for name, each in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [plain(each) for each in value] if isinstance(value, list) else value

dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = dataset.metadata.ctx.issues
found = {"errors": sorted(issues.errors), "warnings": sorted(issues.warnings)}
found["version"] = dataset.metadata.version
found["rows"] = {
    each.uuid: [plain(row) for row in dataset.records(each.uuid)]
    for each in dataset.metadata.record_sets
}
json.dump(found, sys.stdout)
"""


def read_through_croissant(corpus: Path) -> dict[str, Any]:
    """Read a corpus with mlcroissant, by its metadata."""
    read = subprocess.run(
        [environment_python("mlcroissant-1.1.1"), "-c", _READS, str(corpus / "croissant.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(read.stdout)
    return found


def to_croissant(column: str, value: Any) -> dict[str, Any]:
    """Return a value as mlcroissant gives it: structs in lists as leaves, no null lists."""
    if isinstance(value, dict):
        return {column: {f"{column}/{name}": each for name, each in value.items()}}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {column: [_flatten_struct(column, each) for each in value]}
    return {column: value}


def _flatten_struct(above: str, value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        found |= (
            _flatten_struct(f"{above}/{name}", each)
            if isinstance(each, dict)
            else {f"{above}/{name}": each}
        )
    return found


def drop_null_lists(row: dict[str, Any]) -> dict[str, Any]:
    """mlcroissant gives a null list of structs as one struct of nulls, and a null struct so too."""

    def nothing(value: Any) -> bool:
        if isinstance(value, dict):
            return all(each is None for each in value.values())
        return (
            isinstance(value, list)
            and len(value) == 1
            and isinstance(value[0], dict)
            and nothing(value[0])
        )

    return {name: None if nothing(value) else value for name, value in row.items()}


def write_gold(root: Path) -> None:
    """A corpus in which every configuration has rows, with an adjudicated document among them."""
    text = "Two died, he said."
    document, other = (
        samples.make_document("d1", text, license="CC-BY-4.0"),
        samples.make_document("d2", "Quiet 😀.", license="mit"),
    )
    marks = [
        samples.make_mention("c", "Claim", text, 0, 8),
        samples.make_mention("n", "Count", text, 0, 3, attributes={"lower": 2}),
    ]
    answer = samples.make_annotation(
        document, *marks, relations=(samples.make_relation("quantity", "c", "n"),), note="“odd”\n"
    )
    gold = Gold(
        doc_id="d1",
        text_sha256=document.text_sha256,
        campaign="trial",
        schema_version="1.0.0",
        adjudicated="2026-01-02",
        annotators=("ann-1",),
        mentions=tuple(samples.make_gold_mention(m, "unanimous", votes=("ann-1",)) for m in marks),
        relations=(
            GoldRelation(type="quantity", head="c", tail="n", decided="majority", votes=("ann-1",)),
        ),
    )
    samples.write_corpus(root, [document, other], [answer])
    jsonl.write(root / "corpus/gold/trial.jsonl", [gold])


@pytest.mark.slow
@pytest.mark.parametrize("which", ["committed", "adjudicated"])
def test_every_record_is_read_through_croissant_as_it_stands(
    checkout: Checkout, which: str
) -> None:
    root = REPOSITORY
    if which == "adjudicated":
        root = checkout.root
        write_gold(root)
        building.build(checkout)
    found = read_through_croissant(root / "corpus")
    assert (found["errors"], found["warnings"]) == ([], [])
    assert set(found["rows"]) == set(list_configs(samples.SCHEMA))
    for config, rows in found["rows"].items():
        wanted = []
        for path in sorted((root / "corpus/data" / config).glob("*.parquet")):
            for row in samples.read_file_rows(path):
                flat: dict[str, Any] = {"split": path.name.partition("-")[0]}
                for column, value in row.items():
                    flat |= to_croissant(column, value)
                wanted.append(drop_null_lists(flat))
        assert [drop_null_lists(row) for row in rows] == wanted, config


def test_the_files_in_croissant_are_those_that_lie_there(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(Checkout(checkout.root, {"data_version": "2.3.4"}))
    corpus = checkout.root / "corpus"
    said = json.loads((corpus / "croissant.json").read_text(encoding="utf-8"))
    files = {
        each["contentUrl"]: each
        for each in said["distribution"]
        if each["@type"] == "cr:FileObject"
    }
    there = {
        path.relative_to(corpus).as_posix(): path.read_bytes()
        for path in corpus.glob("data/*/*.parquet")
    }
    assert set(files) == set(there)
    for name, content in there.items():
        assert files[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert files[name]["contentSize"] == f"{len(content)} B"
    assert (said["name"], said["version"], said["datePublished"]) == (
        "untitled-corpus",
        "2.3.4",
        "2025-11-02",
    )
    assert (
        said["license"]["name"] == "per-article"
        and "unknown: 8 documents" in said["license"]["description"]
    )


def test_croissant_leaves_out_what_has_no_rows(checkout: Checkout) -> None:
    samples.write_corpus(checkout.root, [samples.make_document("d1", "One.", license="CC-BY-4.0")])
    building.build(checkout)
    said = json.loads((checkout.root / "corpus/croissant.json").read_text(encoding="utf-8"))
    assert [each["@id"] for each in said["recordSet"]] == ["gold", "articles"]
    assert said["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"


# --- the plots


def test_plots_lie_beside_the_card_and_show_what_was_counted(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    corpus = checkout.root / "corpus"
    shown = re.findall(
        r"^!\[.+\]\((plots/\S+)\)$",
        (corpus / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert shown == [
        f"plots/{name}.svg"
        for name in ("documents", "mentions", "relations", "counts-outcome", "claims-type", "years")
    ]
    assert sorted(shown) == sorted(
        path.relative_to(corpus).as_posix() for path in corpus.glob("plots/*")
    )
    for name in shown:
        drawn = ElementTree.fromstring((corpus / name).read_text(encoding="utf-8"))
        assert drawn.tag.endswith("}svg")
    told = (corpus / "plots/mentions.svg").read_text(encoding="utf-8")
    assert "Claim: 40" in told.replace(", by programs", "")


def test_a_plot_of_nothing_is_not_drawn(checkout: Checkout) -> None:
    samples.write_corpus(checkout.root, [samples.make_document("d1", "One.")])
    building.build(checkout)
    assert [path.name for path in (checkout.root / "corpus/plots").iterdir()] == ["documents.svg"]
    (
        checkout.root / "corpus/plots/claims-type.svg.1.partial"
    ).touch()  # of a build that was killed while there were claims
    assert [str(each) for each in building.build(checkout).stale] == [
        "plots/claims-type.svg.1.partial: nothing makes it any more"
    ]
    assert [path.name for path in (checkout.root / "corpus/plots").iterdir()] == ["documents.svg"]


# --- the citation


@pytest.mark.slow
def test_the_citation_is_valid(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    for root in (REPOSITORY, checkout.root):
        told = subprocess.run(
            [
                environment_python("cffconvert-2.0.0").with_name("cffconvert"),
                "--validate",
                "-i",
                root / "corpus/CITATION.cff",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "valid according to schema version 1.2.0" in told.stdout


def test_the_build_changes_version_and_date_of_the_citation_alone(checkout: Checkout) -> None:
    fill_corpus(checkout.root)
    building.build(checkout)
    path = checkout.root / "corpus/CITATION.cff"
    mine = path.read_text(encoding="utf-8").replace(
        '- name: "The authors of Untitled corpus"\n',
        "- family-names: Testperson # ours\n  given-names: T.\n- name: A Lab\n",
    )
    mine += "doi: 10.0000/0\nreferences:\n- type: generic\n  title: x\n"
    mine += "  version: 7\n  authors: [{name: y}]\n"
    path.write_text(mine, encoding="utf-8")
    building.build(Checkout(checkout.root, {"data_version": "2.3.4"}))
    after = path.read_text(encoding="utf-8")
    assert after == mine.replace("version: 0.0.0", "version: 2.3.4")
    assert 'version: 2.3.4\ndate-released: "2025-11-02"\n' in after
    card = (checkout.root / "corpus/README.md").read_text(encoding="utf-8")
    assert "author  = {Testperson, T. and {A Lab}}," in card and "doi     = {10.0000/0}," in card
    assert re.search(r"version = \{2\.3\.4\},\n", card) and "year    = {2025}," in card


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("cff-version: 1.2.0\nmessage: x\ntitle: x\nversion: 1\n", "no authors"),
        ("cff-version: 1.2.0\nmessage: x\ntitle: x\nauthors: [{name: x}]\n", "no line `version"),
        (
            "cff-version: 1.2.0\nmessage: x\ntitle: x\nauthors: [x]\nversion: 1\n",
            "no keys for an author",
        ),
        ("- a list\n", "no title"),
        ("title: \udcff\n", "not UTF-8 at byte 7"),
        ("cff-version: 1\nmessage: x\ntitle: x\nauthors: 5\nversion: 1\n", "no keys for an author"),
    ],
)
def test_a_citation_that_lacks_something_is_told(checkout: Checkout, text: str, says: str) -> None:
    fill_corpus(checkout.root, 4)
    (checkout.root / "corpus/CITATION.cff").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=rf"CITATION\.cff: .*{says}"):
        building.build(checkout)
    assert not (checkout.root / "corpus/data").exists()
