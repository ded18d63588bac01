"""Every rule that feedback names stands in the guidelines, and every difference finds its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sayso.disagreements.typology import Scheme, compare
from sayso.errors import InputError
from sayso.feedback.rules import FILE, OTHER, Rules, Table, load, misfits
from sayso.records import Mention, Relation
from tests.conftest import REPOSITORY, new_instance
from tests.dataset.made import SCHEMA, mention, relation

RULES = load(REPOSITORY)
TEXT = "The mayor of Moscow’s centre (MC) said that 38 Ukrainian drones fell on 31 October."


@dataclass(frozen=True)
class Read:
    """A reading and nothing more."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()


def of(label: str, words: str, **attributes: str | int) -> Mention:
    start = TEXT.index(words)
    return mention(words, label, TEXT, start, start + len(words), attributes=attributes)


def test_everything_that_is_named_stands_in_the_guidelines() -> None:
    assert list(misfits(RULES)) == []
    assert len(RULES.table.rules) > 40


def test_every_value_and_relation_has_a_row() -> None:
    for entry in RULES.table.rules:
        if entry.row and entry.attribute:
            (label,) = entry.names or [n for n, d in SCHEMA.labels.items() if entry.attribute in d.attributes]
            for value in SCHEMA.labels[label].attributes[entry.attribute].values:
                assert RULES.row(entry.heading, value).startswith(f"{value}: "), value
    for name in SCHEMA.relations:
        assert RULES.row("Relations", name), name


def test_every_name_in_the_table_is_the_schema_s() -> None:
    names = {*SCHEMA.labels, *SCHEMA.relations}
    attributes = {name for label in SCHEMA.labels.values() for name in label.attributes}
    assert all(set(entry.names) <= names for entry in RULES.table.rules)
    assert {entry.attribute for entry in RULES.table.rules} - {None} == attributes


@pytest.mark.parametrize(
    ("own", "gold", "heading", "words"),
    [
        ([of("Actor", "The mayor")], [of("Actor", "mayor")], "Boundaries, for every label", "leading article"),
        ([of("Location", "centre (MC)")], [of("Location", "centre")], "Boundaries, for every label", "short form"),
        ([of("Location", "Moscow’s")], [of("Location", "Moscow")], "Boundaries, for every label", "possessive"),
        ([of("Count", "38")], [of("Count", "38 Ukrainian drones")], "Count", "with the noun that it counts"),
        ([of("Claim", "that 38 Ukrainian drones fell")], [of("Claim", "38 Ukrainian drones fell")], "Claim", "without"),
        ([of("Actor", "Moscow")], [of("Location", "Moscow")], "Location", "three replacements"),
        ([of("Actor", "mayor of Moscow"), of("Location", "Moscow")], [of("Actor", "mayor of Moscow")], "Location",
         "no Location inside"),
        ([of("Count", "31 October")], [], "Count", "Not marked"),
        ([], [of("Claim", "38 Ukrainian drones fell")], "Claim", "two questions"),
        ([of("Actor", "mayor", type="civilian")], [of("Actor", "mayor", type="local_authority")], "Actor",
         "local_authority: mayors"),
        ([of("Claim", "drones fell", type="harm")], [of("Claim", "drones fell", type="interception")], "Claim",
         "an attack is stopped"),
        ([of("Count", "38", outcome="killed")], [of("Count", "38", outcome="destroyed")], "Count",
         "destroyed: destroyed, shot down, neutralised"),
        ([of("Count", "38", thing="person")], [of("Count", "38", thing="uav")], "Count", "uav: drones"),
    ],
)  # fmt: skip
def test_a_difference_finds_its_rule(own: list[Mention], gold: list[Mention], heading: str, words: str) -> None:
    (found,) = compare(Read(tuple(own)), Read(tuple(gold)), TEXT, Scheme.of(SCHEMA)).disagreements
    rule = RULES.of(found)
    assert rule.heading == heading and words in rule.words


def test_an_arrow_finds_the_row_of_its_type() -> None:
    ends = of("Claim", "drones fell"), of("Actor", "mayor")
    gold = Read(ends, (relation("source", ends[0].id, ends[1].id),))
    (found,) = compare(Read(ends), gold, TEXT, Scheme.of(SCHEMA)).disagreements
    assert "the grammatical one" in RULES.of(found).words


def test_what_has_no_rule_is_other() -> None:
    (found,) = compare(Read((of("Actor", "mayor"),)), Read(), TEXT, Scheme.of(SCHEMA)).disagreements
    assert Rules(Table(()), "").of(found) == OTHER


def test_a_checkout_without_a_table_has_no_rules(tmp_path: Path) -> None:
    root = new_instance(tmp_path / "checkout").root
    (root / FILE).unlink()
    assert load(root).table.rules == ()


def test_a_rule_that_the_guidelines_do_not_have_is_refused(tmp_path: Path) -> None:
    root = new_instance(tmp_path / "checkout").root
    written = (root / FILE).read_text(encoding="utf-8")
    (root / FILE).write_text(written.replace("Never impute and never add up", "Always add up"), encoding="utf-8")
    with pytest.raises(InputError, match="does not say 'Always add up'"):
        load(root)
