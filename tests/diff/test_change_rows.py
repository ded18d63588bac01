"""Rows of a diff: each kind of change with its text, its values before and after, and its bump."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso.diff import BUMPS, ChangeKind, CorpusDiff, FolderVersion, diff_versions
from sayso.diff.change_rows import ChangeRow
from sayso.diff.diff_entries import DocumentEntry
from sayso.diff.version_bump import KINDS_WITHOUT_BUMP
from sayso.models import AnnotationOrigin, GoldRelation, Mention, Relation, UnknownItem, sha256
from tests.conftest import REPOSITORY
from tests.diff import sample_versions
from tests.diff.sample_versions import (
    TEXTS,
    make_annotation,
    make_document,
    make_gold,
    make_gold_mention,
    make_mention,
)
from tests.migrations.sample_migration import MAPPING, NEWER, OLDER

ARTICLES, ANNOTATIONS, GOLD = (
    f"corpus/{name}.jsonl"
    for name in ("articles/articles-00000", "annotations/pilot/ann-1", "gold/g")
)
POLICE = make_mention("a1", "Actor", "Police", attributes={"type": "civilian"})
DRONES = make_mention("n1", "Count", "34 drones", attributes={"lower": 34, "upper": 34})
CLAIM = make_mention("c1", "Claim", "34 drones flew", attributes={"polarity": "positive"})
CUE = make_mention("q1", "Cue", "said")
SOURCE = Relation(type="source", head="c1", tail="a1")
QUANTITY = Relation(type="quantity", head="c1", tail="n1")
replace_fields = msgspec.structs.replace


def diff_trees(
    folder: Path, older: sample_versions.FileTree, newer: sample_versions.FileTree
) -> CorpusDiff:
    versions = (
        FolderVersion(sample_versions.write_tree(folder / name, tree), name)
        for name, tree in (("older", older), ("newer", newer))
    )
    return diff_versions(*versions)


SCHEMA = REPOSITORY / "schema" / "schema.yaml"


def diff_records(
    folder: Path, file: str, older: Any, newer: Any, *, schema: Path | None = None
) -> list[ChangeRow]:
    """Return the rows of one file with one record, or none, in each version.

    Args:
        schema: is in both versions, too; it says what a frame is.
    """
    shared = {"schema/schema.yaml": schema.read_bytes()} if schema else {}
    trees = [
        {file: sample_versions.encode_lines(*([record] if record else [])), **shared}
        for record in (older, newer)
    ]
    return [row for _entry, rows in diff_trees(folder, *trees).iterate_counted() for row in rows]


def list_kinds(rows: list[ChangeRow]) -> list[str]:
    return [str(row.kind) for row in rows]


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        (None, make_document(), ["document added"]),
        (make_document(), None, ["document removed"]),
        (make_document(), make_document(text=TEXTS[1]), ["document text"]),
        (make_document(), make_document(split="test"), ["document split"]),
        (make_document(), make_document(title="T", outlet="O"), ["document metadata"] * 2),
        (
            make_document(),
            replace_fields(make_document(), text_sha256="0" * 64),
            ["document metadata"],
        ),
    ],
)
def test_documents(tmp_path: Path, older: Any, newer: Any, expected: list[str]) -> None:
    assert list_kinds(diff_records(tmp_path, ARTICLES, older, newer)) == expected


def test_a_changed_text_is_reported_by_the_stretch_that_changed(tmp_path: Path) -> None:
    (row,) = diff_records(tmp_path, ARTICLES, make_document(), make_document(text=TEXTS[1]))
    assert (row.location, row.before, row.after) == ("d1", "34", "38")


MENTION_CHANGES: list[tuple[Mention | None, Mention | None, tuple[str, str, str]]] = [
    (None, POLICE, ("mention added", "", "[0, 6)")),
    (POLICE, None, ("mention removed", "[0, 6)", "")),
    (
        POLICE,
        replace_fields(POLICE, start=0, end=11, text="Police said"),
        ("mention boundary", "Police", "Police said"),
    ),
    (POLICE, replace_fields(POLICE, label="Location"), ("mention relabelled", "Actor", "Location")),
    (
        POLICE,
        replace_fields(POLICE, id="z9", label="Location"),
        ("mention relabelled", "Actor", "Location"),
    ),
    (
        POLICE,
        replace_fields(POLICE, attributes={"type": "expert"}),
        ("mention attribute", "type: civilian", "type: expert"),
    ),
    (
        POLICE,
        replace_fields(POLICE, attributes={}),
        ("mention attribute", "type: civilian", "type: –"),
    ),
    (POLICE, replace_fields(POLICE, flag="unsure"), ("mention flag", "–", "unsure")),
    (POLICE, replace_fields(POLICE, note="who?"), ("mention note", "–", "who?")),
    (POLICE, replace_fields(POLICE, id="a2"), ("mention details", "id: a1", "id: a2")),
    (
        POLICE,
        replace_fields(POLICE, id="a2", end=5, text="Polic"),
        ("mention boundary", "Police", "Polic"),
    ),
    (POLICE, CUE, ("mention removed", "[0, 6)", "")),
]


@pytest.mark.parametrize(("older", "newer", "expected"), MENTION_CHANGES)
def test_mentions(
    tmp_path: Path, older: Mention | None, newer: Mention | None, expected: tuple[str, str, str]
) -> None:
    rows = diff_records(
        tmp_path,
        ANNOTATIONS,
        *(make_annotation("d1", *filter(None, [each])) for each in (older, newer)),
    )
    assert (str(rows[0].kind), rows[0].before, rows[0].after) == expected
    assert rows[0].location == "d1 pilot/ann-1"


def test_a_mention_that_went_along_with_its_text_has_not_moved_its_boundary(tmp_path: Path) -> None:
    later = replace_fields(POLICE, start=4, end=10)
    rows = diff_records(
        tmp_path,
        ANNOTATIONS,
        make_annotation("d1", POLICE),
        make_annotation("d1", later, text_sha256=sha256(TEXTS[1])),
    )
    assert list_kinds(rows) == ["annotation text", "mention shifted"]


def test_mentions_are_matched_by_id_then_place_then_overlap(tmp_path: Path) -> None:
    older = make_annotation("d1", POLICE, CUE, make_mention("x1", "Actor", "34 drones"))
    newer = make_annotation(
        "d1",
        replace_fields(POLICE, end=5, text="Polic"),
        replace_fields(CUE, id="q2"),
        make_mention("x2", "Actor", "drones"),
        make_mention("x3", "Count", "34 drones"),
    )
    rows = diff_records(tmp_path, ANNOTATIONS, older, newer)
    assert [(str(row.kind), row.text, row.after) for row in rows] == [
        ("mention added", "34 drones", "[12, 21)"),
        ("mention boundary", "Police", "Polic"),
        ("mention details", "said", "id: q2"),
        ("mention boundary", "34 drones", "drones"),
        ("mention details", "34 drones", "id: x2"),
    ]


def test_relations_do_not_change_when_only_ids_do(tmp_path: Path) -> None:
    older = make_annotation("d1", POLICE, CLAIM, relations=(SOURCE,))
    newer = make_annotation(
        "d1", replace_fields(POLICE, id="a7"), CLAIM, relations=(replace_fields(SOURCE, tail="a7"),)
    )
    assert list_kinds(diff_records(tmp_path, ANNOTATIONS, older, newer)) == ["mention details"]


def test_a_claim_is_compared_with_its_arguments(tmp_path: Path) -> None:
    older = make_annotation("d1", POLICE, DRONES, CLAIM, relations=(SOURCE, QUANTITY))
    more = replace_fields(DRONES, attributes={"lower": 34, "upper": 38})
    newer = make_annotation(
        "d1",
        POLICE,
        more,
        replace_fields(CLAIM, attributes={"polarity": "negative"}),
        relations=(QUANTITY,),
    )
    rows = diff_records(tmp_path, ANNOTATIONS, older, newer, schema=SCHEMA)
    assert list_kinds(rows) == [
        "mention attribute",
        "mention attribute",
        "relation removed",
        "frame changed",
    ]
    assert (rows[2].layer, rows[2].text) == ("source", "34 drones flew → Police")
    assert rows[3].before == "polarity: positive; quantity: 34 drones (34); source: Police"
    assert rows[3].after == "polarity: negative; quantity: 34 drones (34..38); source: –"


def test_claims_come_and_go_with_their_mentions(tmp_path: Path) -> None:
    there, gone = (
        make_annotation("d1", POLICE, CLAIM, relations=(SOURCE,)),
        make_annotation("d1", POLICE),
    )
    assert list_kinds(diff_records(tmp_path / "1", ANNOTATIONS, there, gone, schema=SCHEMA)) == [
        "mention removed",
        "relation removed",
        "frame removed",
    ]
    assert list_kinds(diff_records(tmp_path / "2", ANNOTATIONS, gone, there, schema=SCHEMA)) == [
        "mention added",
        "relation added",
        "frame added",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "skipped"}, "annotation status"),
        ({"updated": "2025-11-09"}, "annotation details"),
        ({"lead_time_seconds": 3.5}, "annotation details"),
        ({"guidelines_version": "1.1.0"}, "annotation details"),
        ({"kept": (UnknownItem(reason="odd", item={"a": [1]}),)}, "annotation kept"),
        ({"created": "2025-11-09"}, "annotation resubmitted"),
        ({"text_read": "0" * 64}, "annotation text"),
        (
            {"origin": AnnotationOrigin(system="ls", project=1, task=2, annotation=3)},
            "annotation details",
        ),
    ],
)
def test_annotations(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    assert list_kinds(
        diff_records(
            tmp_path,
            ANNOTATIONS,
            make_annotation("d1", POLICE),
            make_annotation("d1", POLICE, **change),
        )
    ) == [expected]


def test_an_added_or_removed_annotation_brings_its_mentions(tmp_path: Path) -> None:
    answer = make_annotation("d1", POLICE, CLAIM, relations=(SOURCE,))
    expected = ["annotation", "mention", "mention", "relation", "frame"]
    assert list_kinds(diff_records(tmp_path / "1", ANNOTATIONS, None, answer, schema=SCHEMA)) == [
        f"{what} added" for what in expected
    ]
    assert list_kinds(diff_records(tmp_path / "2", ANNOTATIONS, answer, None, schema=SCHEMA)) == [
        f"{what} removed" for what in expected
    ]


GOLD_POLICE = make_gold_mention(POLICE)
GOLD_SOURCE = GoldRelation(
    type="source", head="c1", tail="a1", decided="majority", votes=("ann-1",)
)
GOLD_CHANGES: list[tuple[Any, Any, list[str]]] = [
    (None, make_gold("d1", GOLD_POLICE), ["gold added", "gold mention added"]),
    (make_gold("d1", GOLD_POLICE), None, ["gold removed", "gold mention removed"]),
    (make_gold("d1", GOLD_POLICE), make_gold("d1"), ["gold mention removed"]),
    (make_gold("d1"), make_gold("d1", GOLD_POLICE), ["gold mention added"]),
    (
        make_gold("d1", GOLD_POLICE),
        make_gold("d1", replace_fields(GOLD_POLICE, end=5, text="Polic")),
        ["gold mention boundary"],
    ),
    (
        make_gold("d1", GOLD_POLICE),
        make_gold("d1", replace_fields(GOLD_POLICE, label="Location")),
        ["gold mention relabelled"],
    ),
    (
        make_gold("d1", GOLD_POLICE),
        make_gold("d1", replace_fields(GOLD_POLICE, attributes={})),
        ["gold mention attribute"],
    ),
    (
        make_gold("d1", GOLD_POLICE),
        make_gold("d1", replace_fields(GOLD_POLICE, decided="majority", votes=())),
        ["gold mention decision"],
    ),
    (make_gold("d1", relations=(GOLD_SOURCE,)), make_gold("d1"), ["gold relation removed"]),
    (
        make_gold("d1", relations=(GOLD_SOURCE,)),
        make_gold("d1", relations=(replace_fields(GOLD_SOURCE, votes=()),)),
        ["gold relation decision"],
    ),
    (make_gold("d1"), make_gold("d1", adjudicated="2026-01-01"), ["gold details"]),
    (make_gold("d1"), make_gold("d1", text_sha256="0" * 64), ["gold text"]),
]


@pytest.mark.parametrize(("older", "newer", "expected"), GOLD_CHANGES)
def test_gold(tmp_path: Path, older: Any, newer: Any, expected: list[str]) -> None:
    assert list_kinds(diff_records(tmp_path, GOLD, older, newer)) == expected


def test_a_document_in_another_file_has_moved(tmp_path: Path) -> None:
    other = ARTICLES.replace("00000", "00001")
    one, two, three = (
        sample_versions.encode_lines(make_document(name)) for name in ("d1", "d2", "d3")
    )
    difference = diff_trees(
        tmp_path, {ARTICLES: one + two + three}, {ARTICLES: one + three, other: two}
    )
    (entry,) = difference.entries()
    assert (
        isinstance(entry, DocumentEntry)
        and entry.older
        and entry.newer
        and entry.newer.file == other
    )
    assert list_kinds([row for _entry, rows in difference.iterate_counted() for row in rows]) == [
        "document moved"
    ]
    assert difference.bump == "patch"


def test_a_line_in_other_bytes_is_the_same_record(tmp_path: Path) -> None:
    line = sample_versions.encode_lines(make_document())
    difference = diff_trees(tmp_path, {ARTICLES: line.replace(b",", b", ")}, {ARTICLES: line})
    assert [str(kind) for kind in difference.counts.rows] == ["document rewritten"]


def test_a_broken_line_is_reported_and_the_rest_compared(tmp_path: Path) -> None:
    one, two = (sample_versions.encode_lines(make_document(name)) for name in ("d1", "d2"))
    difference = diff_trees(tmp_path, {ARTICLES: one[:40] + b"\n" + two}, {ARTICLES: one + two})
    (row,) = difference.counts.rows[ChangeKind("unreadable line", "removed")]
    assert row.location == f"{ARTICLES}:1" and "truncated" in row.text
    assert {str(kind) for kind in difference.counts.rows} == {
        "unreadable line removed",
        "document added",
    }
    assert difference.bump == "major"


def test_records_out_of_order_are_noted(tmp_path: Path) -> None:
    one, two = (sample_versions.encode_lines(make_document(name)) for name in ("d1", "d2"))
    difference = diff_trees(tmp_path, {ARTICLES: two + one}, {ARTICLES: one + two})
    assert difference.bump
    assert [note for note in difference.notes if "out of order" in note and "older" in note]


# --- the schema

YAML = "schema/schema.yaml"


def diff_schema_files(
    folder: Path, older: str, newer: str, **files: str
) -> dict[str, list[tuple[str, str, str]]]:
    """Return (kind of name, name, after) of the schema rows of each kind of change."""
    beside = {f"schema/migrations/{name}.yaml": text.encode() for name, text in files.items()}
    difference = diff_trees(folder, {YAML: older.encode()}, {YAML: newer.encode(), **beside})
    found: dict[str, list[tuple[str, str, str]]] = {}
    for _entry, rows in difference.iterate_counted():
        for row in rows:
            if row.kind.subject in ("schema", "interface"):
                found.setdefault(str(row.kind), []).append((row.layer, row.text, row.after))
    return found


def test_names_that_a_migration_renames(tmp_path: Path) -> None:
    found = diff_schema_files(tmp_path, OLDER, NEWER, **{"1.0.0-2.0.0": MAPPING, "1.0.0": OLDER})
    assert ("label", "Cue", "Marker") in found["schema renamed"]
    assert ("attribute", "Cue.stance", "Marker.stance") in found["schema renamed"]
    assert ("label", "Actor", "Person, Organisation") in found["schema split"]
    assert ("label", "Aside", "") in found["schema removed"]
    assert ("relation", "source", "said_by, said_by_body") in found["schema split"]
    assert not any(word == "Marker" for _kind, word, _now in found.get("schema added", []))
    assert ("version", "schema.yaml: version", "2.0.0") in found["schema version"]


def test_without_a_migration_names_are_removed_and_added(tmp_path: Path) -> None:
    found = diff_schema_files(tmp_path, OLDER, NEWER)
    assert ("label", "Cue", "") in found["schema removed"] and ("label", "Marker", "") in found[
        "schema added"
    ]
    assert "schema renamed" not in found


@pytest.mark.parametrize(
    ("old", "new", "expected", "bump"),
    [
        ("Words.", "The words.", "schema wording", "patch"),
        ("size: {kind: integer", "size: {kind: text", "schema redefined", "major"),
        ("unsure: {definition: Not sure.}", "{}", "schema removed", "major"),
        (
            "  Claim:",
            "  Place: {definition: Where., colour: '#000000', hotkey: z}\n  Claim:",
            "schema added",
            "minor",
        ),
    ],
)
def test_names_declared_differently(
    tmp_path: Path, old: str, new: str, expected: str, bump: str
) -> None:
    changed = NEWER.replace(old, new)
    assert changed != NEWER
    difference = diff_trees(tmp_path, {YAML: NEWER.encode()}, {YAML: changed.encode()})
    assert expected in {str(kind) for kind in difference.counts.rows} and difference.bump == bump


def test_an_unreadable_schema_is_noted(tmp_path: Path) -> None:
    difference = diff_trees(tmp_path, {YAML: b"labels: ["}, {YAML: NEWER.encode()})
    assert difference.bump == "major"
    assert "older schema/schema.yaml" in difference.notes[0]


# --- the bump


def test_every_kind_of_these_tests_has_its_bump(tmp_path: Path) -> None:
    pairs: list[tuple[str, Any, Any]] = [(GOLD, old, new) for old, new, _expected in GOLD_CHANGES]
    pairs += [
        (
            ANNOTATIONS,
            make_annotation("d1", *filter(None, [a])),
            make_annotation("d1", *filter(None, [b])),
        )
        for a, b, _e in MENTION_CHANGES
    ]
    seen = {
        row.kind for n, pair in enumerate(pairs) for row in diff_records(tmp_path / str(n), *pair)
    }
    assert seen <= BUMPS.keys() | KINDS_WITHOUT_BUMP and len(seen) > 15


@pytest.mark.parametrize(
    ("file", "older", "newer", "bump"),
    [
        (ARTICLES, make_document(), None, "major"),
        (ARTICLES, make_document(), make_document(text=TEXTS[1]), "major"),
        (ARTICLES, make_document(), make_document(split="test"), "major"),
        (ARTICLES, None, make_document(), "minor"),
        (ARTICLES, make_document(), make_document(title="T"), "patch"),
        (ARTICLES, make_document(), make_document(), None),
        (ANNOTATIONS, make_annotation("d1", POLICE), make_annotation("d1"), "minor"),
        (
            ANNOTATIONS,
            make_annotation("d1", POLICE),
            make_annotation("d1", replace_fields(POLICE, attributes={})),
            "patch",
        ),
        (ANNOTATIONS, None, make_annotation("d1", CLAIM), "minor"),
        (ANNOTATIONS, make_annotation("d1", CLAIM), None, "major"),
        (GOLD, make_gold("d1", GOLD_POLICE), make_gold("d1"), "major"),
        (
            GOLD,
            make_gold("d1", GOLD_POLICE),
            make_gold("d1", replace_fields(GOLD_POLICE, end=5, text="Polic")),
            "major",
        ),
        (
            GOLD,
            make_gold("d1", GOLD_POLICE),
            make_gold("d1", replace_fields(GOLD_POLICE, label="Location")),
            "minor",
        ),
        (
            GOLD,
            make_gold("d1", GOLD_POLICE),
            make_gold("d1", replace_fields(GOLD_POLICE, attributes={})),
            "patch",
        ),
        (GOLD, make_gold("d1"), make_gold("d1", GOLD_POLICE), "minor"),
        ("schema/guidelines.md", None, None, None),
    ],
)
def test_the_least_bump(
    tmp_path: Path, file: str, older: Any, newer: Any, bump: str | None
) -> None:
    trees = [
        {file: sample_versions.encode_lines(*([record] if record else []))}
        for record in (older, newer)
    ]
    assert diff_trees(tmp_path, *trees).bump == bump


# --- on paper


def test_markdown_counts_first_and_escapes_texts(tmp_path: Path) -> None:
    older, newer = (
        make_document(title="A|B <script> `x` *y*"),
        make_document(text=TEXTS[1], title="A|B <script> `x` *y*"),
    )
    page = diff_trees(
        tmp_path,
        {ARTICLES: sample_versions.encode_lines(older)},
        {ARTICLES: sample_versions.encode_lines(newer)},
    ).markdown()
    assert page.startswith(
        "| what | change | layer | times |\n| --- | --- | --- | ---: |\n"
        "| document | text |  | 1 |\n"
    )
    assert "- d1 · “A\\|B \\<script\\> \\`x\\` \\*y\\*”: 34 → 38\n" in page


def test_equal_sides_say_so(tmp_path: Path) -> None:
    tree = {ARTICLES: sample_versions.encode_lines(make_document())}
    difference = diff_trees(tmp_path, tree, tree)
    assert (
        difference.markdown() == "No difference.\n"
        and difference.bump is None
        and difference.summary()["counts"] == []
    )


def test_the_summary_is_json(tmp_path: Path) -> None:
    difference = diff_trees(
        tmp_path,
        {ANNOTATIONS: b""},
        {ANNOTATIONS: sample_versions.encode_lines(make_annotation("d1", POLICE))},
    )
    summary = msgspec.json.decode(msgspec.json.encode(difference.summary()))
    assert summary["bump"] == "minor" and summary["reasons"] == [
        "annotation added",
        "mention added",
    ]
    assert {"what": "mention", "change": "added", "layer": "Actor", "times": 1} in summary["counts"]
