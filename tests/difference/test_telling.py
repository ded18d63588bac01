"""What a difference tells: each kind of change by its name, with the words, what was and what is, and its bump."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sayso.difference import BUMPS, Difference, Folder, Kind, between
from sayso.difference.bump import CONSEQUENCES
from sayso.difference.entries import DocumentEntry
from sayso.difference.telling import Row
from sayso.records import GoldRelation, Kept, Mention, Origin, Relation, sha256
from tests.difference import corpora
from tests.difference.corpora import TEXTS, annotation, decided, document, gold, mention
from tests.migrations.worlds import MAPPING, NEWER, OLDER

ARTICLES, ANSWERS, GOLD = (
    f"corpus/{name}.jsonl" for name in ("articles/articles-00000", "annotations/pilot/ann-1", "gold/g")
)
POLICE = mention("a1", "Actor", "Police", attributes={"type": "civilian"})
DRONES = mention("n1", "Count", "34 drones", attributes={"lower": 34, "upper": 34})
CLAIM = mention("c1", "Claim", "34 drones flew", attributes={"polarity": "positive"})
CUE = mention("q1", "Cue", "said")
SOURCE = Relation(type="source", head="c1", tail="a1")
QUANTITY = Relation(type="quantity", head="c1", tail="n1")
replaced = msgspec.structs.replace


def compared(folder: Path, older: corpora.Tree, newer: corpora.Tree) -> Difference:
    sides = (Folder(corpora.write(folder / name, tree), name) for name, tree in (("older", older), ("newer", newer)))
    return between(*sides)


def told(folder: Path, file: str, older: Any, newer: Any) -> list[Row]:
    """The rows of one file that holds one record, or none, on each side."""
    trees = [{file: corpora.lines(*([record] if record else []))} for record in (older, newer)]
    return [row for _entry, rows in compared(folder, *trees).counted() for row in rows]


def kinds(rows: list[Row]) -> list[str]:
    return [str(row.kind) for row in rows]


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        (None, document(), ["document added"]),
        (document(), None, ["document removed"]),
        (document(), document(text=TEXTS[1]), ["document text"]),
        (document(), document(split="test"), ["document split"]),
        (document(), document(title="T", outlet="O"), ["document metadata"] * 2),
        (document(), replaced(document(), text_sha256="0" * 64), ["document metadata"]),
    ],
)
def test_documents(tmp_path: Path, older: Any, newer: Any, expected: list[str]) -> None:
    assert kinds(told(tmp_path, ARTICLES, older, newer)) == expected


def test_a_changed_text_is_told_by_the_stretch_that_changed(tmp_path: Path) -> None:
    (row,) = told(tmp_path, ARTICLES, document(), document(text=TEXTS[1]))
    assert (row.where, row.was, row.now) == ("d1", "34", "38")


MENTIONS: list[tuple[Mention | None, Mention | None, tuple[str, str, str]]] = [
    (None, POLICE, ("mention added", "", "[0, 6)")),
    (POLICE, None, ("mention removed", "[0, 6)", "")),
    (POLICE, replaced(POLICE, start=0, end=11, text="Police said"), ("mention boundary", "Police", "Police said")),
    (POLICE, replaced(POLICE, label="Location"), ("mention relabelled", "Actor", "Location")),
    (POLICE, replaced(POLICE, id="z9", label="Location"), ("mention relabelled", "Actor", "Location")),
    (POLICE, replaced(POLICE, attributes={"type": "expert"}), ("mention attribute", "type: civilian", "type: expert")),
    (POLICE, replaced(POLICE, attributes={}), ("mention attribute", "type: civilian", "type: –")),
    (POLICE, replaced(POLICE, flag="unsure"), ("mention flag", "–", "unsure")),
    (POLICE, replaced(POLICE, note="who?"), ("mention note", "–", "who?")),
    (POLICE, replaced(POLICE, id="a2"), ("mention details", "id: a1", "id: a2")),
    (POLICE, replaced(POLICE, id="a2", end=5, text="Polic"), ("mention boundary", "Police", "Polic")),
    (POLICE, CUE, ("mention removed", "[0, 6)", "")),
]


@pytest.mark.parametrize(("older", "newer", "expected"), MENTIONS)
def test_mentions(tmp_path: Path, older: Mention | None, newer: Mention | None, expected: tuple[str, str, str]) -> None:
    rows = told(tmp_path, ANSWERS, *(annotation("d1", *filter(None, [each])) for each in (older, newer)))
    assert (str(rows[0].kind), rows[0].was, rows[0].now) == expected
    assert rows[0].where == "d1 pilot/ann-1"


def test_a_mention_that_went_along_with_its_text_has_not_moved_its_boundary(tmp_path: Path) -> None:
    later = replaced(POLICE, start=4, end=10)
    rows = told(tmp_path, ANSWERS, annotation("d1", POLICE), annotation("d1", later, text_sha256=sha256(TEXTS[1])))
    assert kinds(rows) == ["answer text", "mention shifted"]


def test_mentions_are_matched_by_id_then_place_then_overlap(tmp_path: Path) -> None:
    older = annotation("d1", POLICE, CUE, mention("x1", "Actor", "34 drones"))
    newer = annotation("d1", replaced(POLICE, end=5, text="Polic"), replaced(CUE, id="q2"),
                       mention("x2", "Actor", "drones"), mention("x3", "Count", "34 drones"))  # fmt: skip
    rows = told(tmp_path, ANSWERS, older, newer)
    assert [(str(row.kind), row.words, row.now) for row in rows] == [
        ("mention added", "34 drones", "[12, 21)"),
        ("mention boundary", "Police", "Polic"),
        ("mention details", "said", "id: q2"),
        ("mention boundary", "34 drones", "drones"),
        ("mention details", "34 drones", "id: x2"),
    ]


def test_relations_do_not_change_when_only_ids_do(tmp_path: Path) -> None:
    older = annotation("d1", POLICE, CLAIM, relations=(SOURCE,))
    newer = annotation("d1", replaced(POLICE, id="a7"), CLAIM, relations=(replaced(SOURCE, tail="a7"),))
    assert kinds(told(tmp_path, ANSWERS, older, newer)) == ["mention details"]


def test_a_claim_is_told_with_what_hangs_on_it(tmp_path: Path) -> None:
    older = annotation("d1", POLICE, DRONES, CLAIM, relations=(SOURCE, QUANTITY))
    more = replaced(DRONES, attributes={"lower": 34, "upper": 38})
    newer = annotation("d1", POLICE, more, replaced(CLAIM, attributes={"polarity": "negative"}), relations=(QUANTITY,))
    rows = told(tmp_path, ANSWERS, older, newer)
    assert kinds(rows) == ["mention attribute", "mention attribute", "relation removed", "claim changed"]
    assert (rows[2].layer, rows[2].words) == ("source", "34 drones flew → Police")
    assert rows[3].was == "polarity: positive; quantity: 34 drones (34); source: Police"
    assert rows[3].now == "polarity: negative; quantity: 34 drones (34..38); source: –"


def test_claims_come_and_go_with_their_mentions(tmp_path: Path) -> None:
    there, gone = annotation("d1", POLICE, CLAIM, relations=(SOURCE,)), annotation("d1", POLICE)
    assert kinds(told(tmp_path / "1", ANSWERS, there, gone)) == ["mention removed", "relation removed", "claim removed"]
    assert kinds(told(tmp_path / "2", ANSWERS, gone, there)) == ["mention added", "relation added", "claim added"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "skipped"}, "answer status"),
        ({"updated": "2025-11-09"}, "answer details"),
        ({"lead_time_seconds": 3.5}, "answer details"),
        ({"guidelines_version": "1.1.0"}, "answer details"),
        ({"kept": (Kept(reason="odd", item={"a": [1]}),)}, "answer kept"),
        ({"created": "2025-11-09"}, "answer given anew"),
        ({"text_read": "0" * 64}, "answer text"),
        ({"origin": Origin(system="ls", project=1, task=2, annotation=3)}, "answer details"),
    ],
)
def test_answers(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    assert kinds(told(tmp_path, ANSWERS, annotation("d1", POLICE), annotation("d1", POLICE, **change))) == [expected]


def test_an_answer_that_went_or_came_brings_its_mentions(tmp_path: Path) -> None:
    answer = annotation("d1", POLICE, CLAIM, relations=(SOURCE,))
    expected = ["answer", "mention", "mention", "relation", "claim"]
    assert kinds(told(tmp_path / "1", ANSWERS, None, answer)) == [f"{what} added" for what in expected]
    assert kinds(told(tmp_path / "2", ANSWERS, answer, None)) == [f"{what} removed" for what in expected]


GOLDEN = decided(POLICE)
FOUND = GoldRelation(type="source", head="c1", tail="a1", decided="majority", votes=("ann-1",))
GOLDS: list[tuple[Any, Any, list[str]]] = [
    (None, gold("d1", GOLDEN), ["gold added", "gold mention added"]),
    (gold("d1", GOLDEN), None, ["gold removed", "gold mention removed"]),
    (gold("d1", GOLDEN), gold("d1"), ["gold mention removed"]),
    (gold("d1"), gold("d1", GOLDEN), ["gold mention added"]),
    (gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, end=5, text="Polic")), ["gold mention boundary"]),
    (gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, label="Location")), ["gold mention relabelled"]),
    (gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, attributes={})), ["gold mention attribute"]),
    (gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, decided="majority", votes=())), ["gold mention decision"]),
    (gold("d1", relations=(FOUND,)), gold("d1"), ["gold relation removed"]),
    (gold("d1", relations=(FOUND,)), gold("d1", relations=(replaced(FOUND, votes=()),)), ["gold relation decision"]),
    (gold("d1"), gold("d1", adjudicated="2026-01-01"), ["gold details"]),
    (gold("d1"), gold("d1", text_sha256="0" * 64), ["gold text"]),
]


@pytest.mark.parametrize(("older", "newer", "expected"), GOLDS)
def test_gold(tmp_path: Path, older: Any, newer: Any, expected: list[str]) -> None:
    assert kinds(told(tmp_path, GOLD, older, newer)) == expected


def test_a_document_in_another_file_has_moved(tmp_path: Path) -> None:
    other = ARTICLES.replace("00000", "00001")
    one, two, three = (corpora.lines(document(name)) for name in ("d1", "d2", "d3"))
    difference = compared(tmp_path, {ARTICLES: one + two + three}, {ARTICLES: one + three, other: two})
    (entry,) = difference.entries()
    assert isinstance(entry, DocumentEntry) and entry.older and entry.newer and entry.newer.file == other
    assert kinds([row for _entry, rows in difference.counted() for row in rows]) == ["document other file"]
    assert difference.bump == "patch"


def test_a_line_in_other_bytes_is_the_same_record(tmp_path: Path) -> None:
    line = corpora.lines(document())
    difference = compared(tmp_path, {ARTICLES: line.replace(b",", b", ")}, {ARTICLES: line})
    assert [str(kind) for kind in difference.tally.shown] == ["document rewritten"]


def test_a_broken_line_is_told_with_its_place_and_the_rest_compared(tmp_path: Path) -> None:
    one, two = (corpora.lines(document(name)) for name in ("d1", "d2"))
    difference = compared(tmp_path, {ARTICLES: one[:40] + b"\n" + two}, {ARTICLES: one + two})
    (row,) = difference.tally.shown[Kind("unreadable line", "removed")]
    assert row.where == f"{ARTICLES}:1" and "truncated" in row.words
    assert {str(kind) for kind in difference.tally.shown} == {"unreadable line removed", "document added"}
    assert difference.bump == "major"


def test_records_out_of_order_are_noted(tmp_path: Path) -> None:
    one, two = (corpora.lines(document(name)) for name in ("d1", "d2"))
    difference = compared(tmp_path, {ARTICLES: two + one}, {ARTICLES: one + two})
    assert difference.bump
    assert [note for note in difference.notes if "out of order" in note and "older" in note]


# --- the schema

YAML = "schema/schema.yaml"


def of_schema(folder: Path, older: str, newer: str, **files: str) -> dict[str, list[tuple[str, str, str]]]:
    """Kind → (kind of word, word, becomes or is) of what the schema's rows tell."""
    beside = {f"schema/migrations/{name}.yaml": text.encode() for name, text in files.items()}
    difference = compared(folder, {YAML: older.encode()}, {YAML: newer.encode(), **beside})
    found: dict[str, list[tuple[str, str, str]]] = {}
    for _entry, rows in difference.counted():
        for row in rows:
            if row.kind.what in ("schema", "interface"):
                found.setdefault(str(row.kind), []).append((row.layer, row.words, row.now))
    return found


def test_words_that_a_migration_renames_are_told_so(tmp_path: Path) -> None:
    found = of_schema(tmp_path, OLDER, NEWER, **{"1.0.0-2.0.0": MAPPING, "1.0.0": OLDER})
    assert ("label", "Cue", "Marker") in found["schema renamed"]
    assert ("attribute", "Cue.stance", "Marker.stance") in found["schema renamed"]
    assert ("label", "Actor", "Person, Organisation") in found["schema split"]
    assert ("label", "Aside", "") in found["schema removed"]
    assert ("relation", "source", "said_by, said_by_body") in found["schema split"]
    assert not any(word == "Marker" for _kind, word, _now in found.get("schema added", []))
    assert ("version", "schema.yaml: version", "2.0.0") in found["schema version"]


def test_without_a_migration_words_go_and_come(tmp_path: Path) -> None:
    found = of_schema(tmp_path, OLDER, NEWER)
    assert ("label", "Cue", "") in found["schema removed"] and ("label", "Marker", "") in found["schema added"]
    assert "schema renamed" not in found


@pytest.mark.parametrize(
    ("old", "new", "expected", "bump"),
    [
        ("Words.", "The words.", "schema wording", "patch"),
        ("size: {kind: integer", "size: {kind: text", "schema redefined", "major"),
        ("unsure: {definition: Not sure.}", "{}", "schema removed", "major"),
        ("  Claim:", "  Place: {definition: Where., colour: '#000000', hotkey: z}\n  Claim:", "schema added", "minor"),
    ],
)  # fmt: skip
def test_words_declared_anew(tmp_path: Path, old: str, new: str, expected: str, bump: str) -> None:
    changed = NEWER.replace(old, new)
    assert changed != NEWER
    difference = compared(tmp_path, {YAML: NEWER.encode()}, {YAML: changed.encode()})
    assert expected in {str(kind) for kind in difference.tally.shown} and difference.bump == bump


def test_an_unreadable_schema_is_noted(tmp_path: Path) -> None:
    difference = compared(tmp_path, {YAML: b"labels: ["}, {YAML: NEWER.encode()})
    assert difference.bump == "major"
    assert "older schema/schema.yaml" in difference.notes[0]


# --- the bump


def test_every_kind_of_these_tests_has_its_bump(tmp_path: Path) -> None:
    pairs: list[tuple[str, Any, Any]] = [(GOLD, old, new) for old, new, _expected in GOLDS]
    pairs += [
        (ANSWERS, annotation("d1", *filter(None, [a])), annotation("d1", *filter(None, [b]))) for a, b, _e in MENTIONS
    ]
    seen = {row.kind for n, pair in enumerate(pairs) for row in told(tmp_path / str(n), *pair)}
    assert seen <= BUMPS.keys() | CONSEQUENCES and len(seen) > 15


@pytest.mark.parametrize(
    ("file", "older", "newer", "bump"),
    [
        (ARTICLES, document(), None, "major"),
        (ARTICLES, document(), document(text=TEXTS[1]), "major"),
        (ARTICLES, document(), document(split="test"), "major"),
        (ARTICLES, None, document(), "minor"),
        (ARTICLES, document(), document(title="T"), "patch"),
        (ARTICLES, document(), document(), None),
        (ANSWERS, annotation("d1", POLICE), annotation("d1"), "minor"),
        (ANSWERS, annotation("d1", POLICE), annotation("d1", replaced(POLICE, attributes={})), "patch"),
        (ANSWERS, None, annotation("d1", CLAIM), "minor"),
        (ANSWERS, annotation("d1", CLAIM), None, "major"),
        (GOLD, gold("d1", GOLDEN), gold("d1"), "major"),
        (GOLD, gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, end=5, text="Polic")), "major"),
        (GOLD, gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, label="Location")), "minor"),
        (GOLD, gold("d1", GOLDEN), gold("d1", replaced(GOLDEN, attributes={})), "patch"),
        (GOLD, gold("d1"), gold("d1", GOLDEN), "minor"),
        ("schema/guidelines.md", None, None, None),
    ],
)
def test_the_least_bump(tmp_path: Path, file: str, older: Any, newer: Any, bump: str | None) -> None:
    trees = [{file: corpora.lines(*([record] if record else []))} for record in (older, newer)]
    assert compared(tmp_path, *trees).bump == bump


# --- on paper


def test_markdown_counts_first_and_keeps_words_from_becoming_markup(tmp_path: Path) -> None:
    older, newer = document(title="A|B <script> `x` *y*"), document(text=TEXTS[1], title="A|B <script> `x` *y*")
    page = compared(tmp_path, {ARTICLES: corpora.lines(older)}, {ARTICLES: corpora.lines(newer)}).markdown()
    assert page.startswith(
        "| what | change | layer | times |\n| --- | --- | --- | ---: |\n| document | text |  | 1 |\n"
    )
    assert "- d1 · “A\\|B \\<script\\> \\`x\\` \\*y\\*”: 34 → 38\n" in page


def test_equal_sides_say_so(tmp_path: Path) -> None:
    tree = {ARTICLES: corpora.lines(document())}
    difference = compared(tmp_path, tree, tree)
    assert difference.markdown() == "No difference.\n" and difference.bump is None and difference.told()["counts"] == []


def test_the_summary_is_json(tmp_path: Path) -> None:
    difference = compared(tmp_path, {ANSWERS: b""}, {ANSWERS: corpora.lines(annotation("d1", POLICE))})
    summary = msgspec.json.decode(msgspec.json.encode(difference.told()))
    assert summary["bump"] == "minor" and summary["because"] == ["answer added", "mention added"]
    assert {"what": "mention", "change": "added", "layer": "Actor", "times": 1} in summary["counts"]
