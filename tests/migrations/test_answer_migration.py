"""Questions, several values and symmetric relations in a migration."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.models import Annotation, Gold
from sayso.schema.declarations import load_schema
from sayso.schema.migrations import Migrations, load_migrations
from sayso.schema.migrations.record_migration import migrate_record
from tests.schema.small_corpus import make_corpus
from tests.schema.small_schemas import CONTRACTS, write_schema

NEWER = (
    CONTRACTS.replace("version: 1.0.0", "version: 2.0.0")
    .replace("questions: [topic, areas,", "questions: [matter, areas,")
    .replace("  topic:\n    kind: choice", "  matter:\n    kind: choices")
    .replace("rent: {title: Rent and lease", "tenancy: {title: Rent and lease")
    .replace("civil: {definition: C.}, criminal: {definition: K.}, tax: {definition: T.}",
             "tax: {definition: T.}, private: {definition: C.}")
    .replace("hearings, gist]", "hearings]")
    .replace("  gist: {kind: text, definition: In one sentence.}\n", "")
    .replace("          plaintiff: {definition: P.}\n", "")
    .replace("          witness: {definition: W.}\n",
             "          witness: {definition: W.}\n          claimant: {definition: P.}\n")
)  # fmt: skip
MAPPING = """
from_version: 1.0.0
to_version: 2.0.0
questions:
  topic: matter
  gist: {drop: true, because: nobody read it}
values:
  topic: {rent: tenancy}
  areas:
    civil: private
    criminal: [{when: {urgent: true}, drop: true}, {then: private}]
  Person.roles: {plaintiff: claimant}
"""


def load(folder: Path, mapping: str = MAPPING) -> Migrations:
    path = write_schema(folder, NEWER)
    migrations = path.parent / "migrations"
    migrations.mkdir(exist_ok=True)
    (migrations / "1.0.0.yaml").write_text(CONTRACTS, encoding="utf-8")
    (migrations / "1.0.0-2.0.0.yaml").write_text(mapping, encoding="utf-8")
    return load_migrations(path.parent, load_schema(path))


@pytest.fixture
def records(tmp_path: Path) -> tuple[Annotation, Gold]:
    corpus = CorpusFiles(make_corpus(tmp_path / "older", CONTRACTS).root)
    annotation = next(iter(corpus.annotations()))
    answers = {**annotation.answers, "areas": ("civil", "criminal", "tax"), "urgent": False}
    return replace(annotation, answers=answers), next(iter(corpus.gold()))


def test_answers_are_renamed_mapped_and_dropped(
    records: tuple[Annotation, Gold], tmp_path: Path
) -> None:
    annotation, gold = records
    route = load(tmp_path / "newer").route("1.0.0")
    new, result = migrate_record(annotation, route)
    others = {
        name: annotation.answers[name] for name in ("urgent", "ruled_on", "costs", "hearings")
    }
    assert new.answers == {"matter": ("tenancy",), "areas": ("tax", "private"), **others}
    assert [each.item for each in new.kept] == [{"question": "gist", "value": "Nr. 4"}]
    assert not result.unsettled
    urgent = replace(annotation, answers={**annotation.answers, "urgent": True})
    assert migrate_record(urgent, route)[0].answers["areas"] == ("tax", "private")
    alone = replace(urgent, answers={"areas": ("criminal",), "urgent": True})
    dropped, _result = migrate_record(alone, route)
    assert "areas" not in dropped.answers and dropped.kept
    assert [m.attributes.get("roles") for m in new.mentions if m.label == "Person"] == [
        ("claimant",),
        ("claimant",),
    ]
    new_gold, _result = migrate_record(gold, route)
    assert [each.question for each in new_gold.answers][:2] == ["matter", "areas"]
    assert new_gold.answers[0].value == ("tenancy",)
    assert "gist" not in {each.question for each in new_gold.declined_answers}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  topic: {rent: tenancy}\n", "", "no matter 'rent'; say what becomes of it"),
        ("{rent: tenancy}", "{rent: tenancy, tax: tenancy}", "values.topic.tax: 1.0.0 has no such"),
        ("  topic: matter\n", "", "2.0.0 has no 'topic' under questions; say what becomes"),
        ("topic: matter", "topic: hearings", "choice cannot become integer"),
        (
            "  topic: matter",
            "  topic: matter\n  court: matter",
            "questions.court: 1.0.0 has no such",
        ),
        (", {then: private}]", "]", "values.areas.criminal: no clause for"),
        ("urgent: true", "urgent: 7", "urgent is never 7"),
        ("plaintiff: claimant", "plaintiff: boss", "2.0.0 has no Person.roles 'boss'"),
    ],
)
def test_what_a_migration_leaves_open_is_refused(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in MAPPING
    with pytest.raises(InputError) as caught:
        load(tmp_path, MAPPING.replace(old, new, 1))
    assert message in str(caught.value)


def test_a_relation_that_becomes_symmetric_is_turned_and_there_once(
    records: tuple[Annotation, Gold], tmp_path: Path
) -> None:
    annotation, _gold = records
    route = load(tmp_path / "newer").route("1.0.0")
    (kin,) = (each for each in annotation.relations if each.type == "kin")
    turned = replace(kin, head=kin.tail, tail=kin.head)
    new, _result = migrate_record(replace(annotation, relations=(kin, turned)), route)
    assert [(each.head, each.tail) for each in new.relations] == [(kin.head, kin.tail)]
