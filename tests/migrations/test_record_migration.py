"""Properties of every migrated record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.checks import check_annotation
from sayso.models import Annotation, Mention, Relation, sort_mentions, sort_relations
from sayso.schema import declarations
from sayso.schema.migrations import Migrations, NameChange, migrate_record
from sayso.settings import SCHEMA_FILE, find_checkout
from tests.conftest import REPOSITORY
from tests.migrations.sample_migration import (
    IDENTITY,
    OLDER,
    TEXT,
    load_checkout_migrations,
    make_annotation,
    make_checkout,
    make_gold,
)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Migrations:
    return load_checkout_migrations(make_checkout(tmp_path_factory.mktemp("world") / "newer"))


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Migrations:
    root = tmp_path_factory.mktemp("world") / "same"
    return load_checkout_migrations(
        make_checkout(root, IDENTITY, OLDER.replace("version: 1.0.0", "version: 1.1.0"))
    )


@st.composite
def older_annotations(draw: st.DrawFn) -> Annotation:
    """Draw an annotation with names of the older schema, submitted or skipped."""
    words: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "Actor": {
            "type": st.sampled_from(["civilian", "expert", "army", "ghost"]),
            "entity": st.text(min_size=1),
        },
        "Body": {"type": st.sampled_from(["army", "police"])},
        "Cue": {"stance": st.sampled_from(["near", "far"]), "size": st.integers(0, 9)},
        "Claim": {},
        "Aside": {},
    }
    tails = {"Actor": "source", "Body": "body", "Cue": "cue", "Aside": "near"}
    mentions, relations = [], []
    for number, label in enumerate(draw(st.lists(st.sampled_from(sorted(words)), max_size=8))):
        start = draw(st.integers(0, len(TEXT) - 1))
        end = draw(st.integers(start + 1, len(TEXT)))
        filled = {name: draw(value) for name, value in words[label].items() if draw(st.booleans())}
        flag, note = (
            draw(st.sampled_from([None, "unsure", "odd"])),
            draw(st.none() | st.text(min_size=1)),
        )
        mentions.append(
            Mention(
                id=f"m{number}",
                label=label,
                start=start,
                end=end,
                text=TEXT[start:end],
                attributes=filled,
                flag=flag,
                note=note,
            )
        )
    for head in (m for m in mentions if m.label == "Claim"):
        for tail in (m for m in mentions if m.label in tails and draw(st.booleans())):
            relations.append(Relation(type=tails[tail.label], head=head.id, tail=tail.id))
    return make_annotation(
        mentions=mentions,
        relations=relations,
        status=draw(st.sampled_from(["submitted", "skipped"])),
    )


def identify(mention: Mention) -> tuple[str, int, int, str, str | None]:
    return (mention.id, mention.start, mention.end, mention.text, mention.note)


@given(record=older_annotations())
def test_offsets_and_texts_stay_and_removed_parts_are_kept(
    newer: Migrations, record: Annotation
) -> None:
    new, done = migrate_record(record, newer.route("1.0.0"))
    dropped = [msgspec.convert(kept.item, Mention) for kept in new.kept if "start" in kept.item]
    assert sorted(map(identify, (*new.mentions, *dropped))) == sorted(
        map(identify, record.mentions)
    )
    assert tuple(done.removed_parts) == new.kept
    parts = [kept.item for kept in new.kept if "attribute" in kept.item]
    values = Counter(v for m in (*new.mentions, *dropped) for v in m.attributes.values())
    values += Counter(item["value"] for item in parts)
    renamed = {"expert": "analyst"}
    staying = {m.id for m in new.mentions}
    assert values == Counter(
        renamed.get(str(v), v) if m.id in staying else v
        for m in record.mentions
        for v in m.attributes.values()
    )
    relations = len(new.relations) + sum("head" in kept.item for kept in new.kept)
    assert relations == len(record.relations)


@given(record=older_annotations())
def test_a_migration_that_was_let_in_leads_to_no_unknown_word(
    newer: Migrations, record: Annotation
) -> None:
    new, done = migrate_record(record, newer.route("1.0.0"))
    assert done.unsettled == []
    assert (new.schema_version, newer.route(new.schema_version)) == ("2.0.0", ())
    assert (new.mentions, new.relations) == (
        sort_mentions(new.mentions),
        sort_relations(new.relations),
    )
    found = {finding.check for finding in check_annotation(new, TEXT, newer.schema)}
    assert found <= {"same-label-overlap", "crossing-spans", "white-space-edge"}


@given(record=older_annotations())
def test_saying_nothing_changes_nothing(same: Migrations, record: Annotation) -> None:
    new, done = migrate_record(record, same.route("1.0.0"))
    assert new == msgspec.structs.replace(record, schema_version="1.1.0")
    assert not done.changes and not done.removed_parts


def test_rename_split_merge_and_drop(newer: Migrations) -> None:
    new, done = migrate_record(make_annotation(), newer.route("1.0.0"))
    by_id = {m.id: m for m in new.mentions}
    assert {name: (m.label, m.attributes, m.flag) for name, m in by_id.items()} == {
        "a1": ("Organisation", {"role": "army", "entity": "the police"}, None),
        "a2": ("Person", {"role": "analyst"}, "unsure"),
        "b1": ("Organisation", {"role": "police"}, None),
        "q1": ("Marker", {"stance": "near", "size": 3}, None),
        "c1": ("Claim", {}, None),
    }
    assert {(r.type, r.tail) for r in new.relations} == {
        ("said_by_body", "a1"),
        ("said_by", "a2"),
        ("said_by_body", "b1"),
        ("cue", "q1"),
    }
    assert sorted(kept.reason.removeprefix("migration 1.0.0-2.0.0: ") for kept in new.kept) == [
        "attribute Actor.entity was dropped: people have none",
        "flag odd was dropped",
        "label Actor was dropped: there are none",
        "label Aside was dropped",
        "near: one of its ends was removed",
        "source: one of its ends was removed",
    ]
    assert done.changes[NameChange("label", "Actor", "Organisation")] == 1
    assert done.changes[NameChange("label", "Aside", "")] == 1
    assert done.changes[NameChange("value", "Actor.type.expert", "analyst")] == 1
    assert done.changes[NameChange("relation", "source", "said_by_body")] == 1


def test_gold_keeps_how_it_was_decided(newer: Migrations) -> None:
    new, _done = migrate_record(make_gold(), newer.route("1.0.0"))
    assert {m.label for m in new.mentions} == {"Person", "Organisation", "Marker", "Claim"}
    decisions = {(m.decided, m.votes) for m in new.mentions} | {
        (r.decided, r.votes) for r in new.relations
    }
    assert decisions == {("majority", ("ann-1", "ann-2"))}


def test_attributes_that_gold_amended_are_renamed(newer: Migrations) -> None:
    older = make_gold()
    amended = ("entity", "type")  # given in the decision, or emptied
    mentions = [
        msgspec.structs.replace(m, amended=amended if m.label == "Actor" else ())
        for m in older.mentions
    ]
    older = msgspec.structs.replace(older, mentions=tuple(mentions))
    new, _done = migrate_record(older, newer.route("1.0.0"))
    assert {m.label: m.amended for m in new.mentions if m.amended} == {
        "Organisation": ("entity", "role"),
        "Person": ("role",),
    }


def test_what_gold_declined_moves_with_it(newer: Migrations) -> None:
    older = make_gold()
    declined = msgspec.structs.replace(
        older,
        mentions=older.mentions[:1],
        relations=(),
        declined=older.mentions[1:],
        declined_relations=older.relations,
    )
    whole, new = (
        migrate_record(older, newer.route("1.0.0"))[0],
        migrate_record(declined, newer.route("1.0.0"))[0],
    )
    assert sort_mentions((*new.mentions, *new.declined)) == whole.mentions
    assert (new.relations, new.declined_relations) == ((), whole.relations)


def test_two_relations_that_become_one_are_one_and_the_other_is_kept(tmp_path: Path) -> None:
    again = "  nearby: {head: Claim, tail: Actor, definition: Again.}\n"
    mapping = "from_version: 1.0.0\nto_version: 2.0.0\nrelations: {nearby: source}\n"
    newest = OLDER.replace("version: 1.0.0", "version: 2.0.0")
    known = load_checkout_migrations(make_checkout(tmp_path / "x", mapping, newest, OLDER + again))
    twice = make_annotation(
        relations=[Relation(type=name, head="c1", tail="a1") for name in ("source", "nearby")]
    )
    new, _done = migrate_record(twice, known.route("1.0.0"))
    assert [r.type for r in new.relations] == ["source"]
    assert [kept.reason.partition(": ")[2] for kept in new.kept] == [
        "source: the same as another, once it is source"
    ]


def test_two_attributes_that_become_one_are_not_chosen_between(tmp_path: Path) -> None:
    mapping = (
        "from_version: 1.0.0\nto_version: 2.0.0\n"
        "attributes: {Cue.stance: words, Cue.size: {drop: true}}\n"
    )
    size = "\n      size: {kind: integer, definition: How many.}"
    words = f"\n      words: {{kind: text, definition: W.}}{size}"
    before = OLDER.replace("\n      size: {kind: integer, definition: How many.}", words)
    known = load_checkout_migrations(
        make_checkout(
            tmp_path / "x", mapping, before.replace("version: 1.0.0", "version: 2.0.0"), before
        )
    )
    both = make_annotation(
        mentions=[
            Mention(
                id="q",
                label="Cue",
                start=7,
                end=11,
                text="said",
                attributes={"stance": "near", "words": "far"},
            )
        ],
        relations=[],
    )
    new, done = migrate_record(both, known.route("1.0.0"))
    assert [each.message for each in done.unsettled] == ["Cue.words would be both near and far"]
    assert new.mentions[0].attributes == {"words": "near"}
    assert "far" in str(new.kept)


def test_the_repository_has_no_migration_that_does_not_fit() -> None:
    assert load_checkout_migrations(find_checkout(REPOSITORY)).schema == declarations.load_schema(
        REPOSITORY / SCHEMA_FILE
    )
