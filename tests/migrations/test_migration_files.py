"""A wrong mapping is reported before a record is read, in one line that names the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sayso.errors import ConflictError, InputError
from sayso.schema.declarations import load_schema as load_schema
from sayso.schema.migrations import load_migrations
from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso
from tests.conftest import read_files
from tests.migrations.sample_migration import (
    MAPPING,
    NEWER,
    fill_corpus,
    load_checkout_migrations,
    make_checkout,
)

LAST_CLAUSE = "    - {then: Organisation}\n"

WRONG_MAPPINGS = [
    ("to_version: 2.0.0", "to_version: 2.0.1", "to_version is 2.0.1, and schema.yaml is 2.0.0"),
    (
        "from_version: 1.0.0",
        "from_version: 2.0.0",
        "from_version 2.0.0 is not before to_version 2.0.0",
    ),
    ("from_version: 1.0.0", "from_version: one", "from_version"),
    ("labels:\n", "labels:\n  Nobody: Person\n", "labels.Nobody: 1.0.0 has no such thing"),
    ("  Cue: Marker\n", "", "labels.Cue: 2.0.0 has no 'Cue' under labels; say what becomes of Cue"),
    ("  Cue: Marker\n", "  Cue: Mark\n", "labels.Cue: 2.0.0 has no 'Mark' under labels"),
    ("  Cue: Marker\n", "  Cue: Marker\n  Cue: Claim\n", "stands twice"),
    (
        "  Cue: Marker\n",
        "  Cue: {drop: true, then: Marker}\n",
        "either `then: NAME` or `drop: true`",
    ),
    ("  Cue: Marker\n", "  Cue: {drop: yes, why: x}\n", "unknown field `why`"),
    ("[civilian, expert]", "[civilian, expret]", "labels.Actor: type is never 'expret'"),
    ("when: {type: ghost}", "when: {kind: ghost}", "labels.Actor: there is no 'kind' to decide by"),
    (LAST_CLAUSE, "", "labels.Actor: no clause for type army"),
    (LAST_CLAUSE, LAST_CLAUSE + "    - {then: Person}\n", "labels.Actor: clause 4 never applies"),
    (
        "when: {label: Organisation}",
        "when: {label: Organ}",
        "attributes.Actor.entity: label is never 'Organ'",
    ),
    (
        "  Body.type: role\n",
        "",
        "attributes.Body.type: 2.0.0 has no Organisation.type; say under attributes",
    ),
    (
        "  Body.type: role\n",
        "  Body.type: entity\n  Body.size: x\n",
        "attributes.Body.size: 1.0.0 has no such thing",
    ),
    (
        "  Actor.type: {expert: analyst}",
        "  Actor.type: {}",
        "values.Actor.type.expert: 2.0.0 has no Person.role 'expert'; say what becomes of it",
    ),
    (
        "{expert: analyst}",
        "{expert: anlyst}",
        "values.Actor.type.expert: 2.0.0 has no Person.role 'anlyst'",
    ),
    ("{expert: analyst}", "{expret: analyst}", "values.Actor.type.expret: 1.0.0 has no such thing"),
    (
        "  odd: {drop: true}",
        "  {}",
        "flags.odd: 2.0.0 has no 'odd' under flags; say what becomes of odd",
    ),
    (
        "    - {then: said_by_body}\n",
        "",
        "relations.source: no clause for head Claim, tail Organisation",
    ),
    (
        "  body: said_by_body",
        "  body: said_by",
        "relations.body: said_by connects Claim to Person,"
        " and its ends may become Claim and Organisation",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), WRONG_MAPPINGS, ids=lambda value: value[:40])
def test_one_line_for_what_is_wrong(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in MAPPING
    checkout = make_checkout(tmp_path / "x", "")
    draft = tmp_path / "draft.yaml"
    draft.write_text(MAPPING.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_migrations(checkout.root / "schema", load_schema(checkout.root / SCHEMA_FILE), draft)
    assert told in caught.value.what
    assert re.match(rf"{re.escape(str(draft))}(:\d+)?: ", str(caught.value))
    assert str(caught.value).endswith(
        ("correct it and run `sayso schema migrate --dry-run`", "give them the same version")
    )


def test_the_older_schema_has_to_be_there(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "x")
    (checkout.root / "schema/migrations/1.0.0.yaml").unlink()
    with pytest.raises(
        InputError, match=r"git show COMMIT:schema/schema.yaml > schema/migrations/1.0.0.yaml"
    ):
        load_checkout_migrations(checkout)
    (checkout.root / "schema/migrations/1.0.0.yaml").write_text(NEWER)
    with pytest.raises(InputError, match=r"1.0.0.yaml: it is version 2.0.0; put 1.0.0 there"):
        load_checkout_migrations(checkout)


def test_the_name_of_a_file_matches_its_versions_and_is_unique(tmp_path: Path) -> None:
    folder = make_checkout(tmp_path / "x").root / "schema" / "migrations"
    (folder / "1.0.0-2.0.0.yaml").rename(folder / "1.0.0-3.0.0.yaml")
    with pytest.raises(InputError, match=r"it is the migration 1.0.0-2.0.0; rename the file"):
        load_migrations(folder.parent, load_schema(folder.parent / "schema.yaml"))
    (folder / "1.0.0-2.0.0.yaml").write_text(MAPPING)
    (folder / "1.0.0-3.0.0.yaml").write_text(
        MAPPING.replace("to_version: 2.0.0", "to_version: 3.0.0")
    )
    with pytest.raises(InputError, match=r"two migrations begin at 1.0.0; keep one"):
        load_migrations(folder.parent, load_schema(folder.parent / "schema.yaml"))


def test_another_mapping_of_that_name_is_not_overwritten(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "x")
    draft = tmp_path / "draft.yaml"
    draft.write_text(MAPPING.replace("analyst", "civilian"))
    with pytest.raises(ConflictError, match="differs from it"):
        load_migrations(checkout.root / "schema", load_schema(checkout.root / SCHEMA_FILE), draft)


def test_migrations_lead_on_to_the_present(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "x")
    folder = checkout.root / "schema" / "migrations"
    (checkout.root / SCHEMA_FILE).write_text(NEWER.replace("version: 2.0.0", "version: 2.1.0"))
    assert [step.newer.version for step in load_checkout_migrations(checkout).route("1.0.0")] == [
        "2.1.0"
    ]
    (folder / "2.0.0.yaml").write_text(NEWER)
    (folder / "2.0.0-2.1.0.yaml").write_text("from_version: 2.0.0\nto_version: 2.1.0\n")
    assert [step.newer.version for step in load_checkout_migrations(checkout).route("1.0.0")] == [
        "2.0.0",
        "2.1.0",
    ]
    assert load_checkout_migrations(checkout).route("0.9.0") == ()


def test_a_wrong_mapping_leaves_everything_as_it_is(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "x", MAPPING.replace("  Cue: Marker\n", ""))
    fill_corpus(checkout)
    before = read_files(checkout.root / "corpus")
    result = run_sayso(checkout.root, "schema", "migrate")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (7, "", 1)
    assert read_files(checkout.root / "corpus") == before
