"""Every rule that feedback names stands in the guidelines, and every difference finds its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sayso.agreement.disagreement_typology import TypologyRules, compare_annotations
from sayso.errors import InputError
from sayso.models import Mention, Relation
from sayso.reports.guideline_rules import (
    OTHER_RULE,
    RULES_FILE,
    GuidelineRules,
    RuleTable,
    find_invalid_entries,
    load_rules,
)
from tests.conftest import REPOSITORY, new_checkout
from tests.dataset.samples import SCHEMA, make_mention, make_relation

RULES = load_rules(REPOSITORY)
TEXT = "The mayor of Moscow’s centre (MC) said that 38 Ukrainian drones fell on 31 October."


@dataclass(frozen=True)
class MentionsAndRelations:
    """Mentions and relations without an annotator."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()


def mention_in_text(label: str, words: str, **attributes: str | int) -> Mention:
    start = TEXT.index(words)
    return make_mention(words, label, TEXT, start, start + len(words), attributes=attributes)


def test_every_rule_is_in_the_guidelines() -> None:
    assert list(find_invalid_entries(RULES)) == []
    assert len(RULES.table.rules) > 40


def test_every_value_and_relation_has_a_table_row() -> None:
    for entry in RULES.table.rules:
        for attribute in entry.attributes if entry.row else ():
            (label,) = entry.names or [
                n for n, d in SCHEMA.labels.items() if attribute in d.attributes
            ]
            for value in SCHEMA.labels[label].attributes[attribute].values:
                assert RULES.find_table_row(entry.heading, value).startswith(f"{value}: "), value
    for name in SCHEMA.relations:
        assert RULES.find_table_row("Relations", name), name


def test_every_name_in_the_table_is_in_the_schema() -> None:
    names = {*SCHEMA.labels, *SCHEMA.relations}
    attributes = {name for label in SCHEMA.labels.values() for name in label.attributes}
    assert all(set(entry.names) <= names for entry in RULES.table.rules)
    assert {name for entry in RULES.table.rules for name in entry.attributes} == attributes


@pytest.mark.parametrize(
    ("own", "gold", "heading", "words"),
    [
        (
            [mention_in_text("Actor", "The mayor")],
            [mention_in_text("Actor", "mayor")],
            "Boundaries, for every label",
            "leading article",
        ),
        (
            [mention_in_text("Location", "centre (MC)")],
            [mention_in_text("Location", "centre")],
            "Boundaries, for every label",
            "short form",
        ),
        (
            [mention_in_text("Location", "Moscow’s")],
            [mention_in_text("Location", "Moscow")],
            "Boundaries, for every label",
            "possessive",
        ),
        (
            [mention_in_text("Count", "38")],
            [mention_in_text("Count", "38 Ukrainian drones")],
            "Count",
            "with the noun that it counts",
        ),
        (
            [mention_in_text("Claim", "that 38 Ukrainian drones fell")],
            [mention_in_text("Claim", "38 Ukrainian drones fell")],
            "Claim",
            "without",
        ),
        (
            [mention_in_text("Actor", "Moscow")],
            [mention_in_text("Location", "Moscow")],
            "Location",
            "three replacements",
        ),
        (
            [mention_in_text("Actor", "mayor of Moscow"), mention_in_text("Location", "Moscow")],
            [mention_in_text("Actor", "mayor of Moscow")],
            "Location",
            "no Location inside",
        ),
        ([mention_in_text("Count", "31 October")], [], "Count", "Not marked"),
        ([], [mention_in_text("Claim", "38 Ukrainian drones fell")], "Claim", "two questions"),
        (
            [mention_in_text("Actor", "mayor", type="civilian")],
            [mention_in_text("Actor", "mayor", type="local_authority")],
            "Actor",
            "local_authority: mayors",
        ),
        (
            [mention_in_text("Claim", "drones fell", type="harm")],
            [mention_in_text("Claim", "drones fell", type="interception")],
            "Claim",
            "an attack is stopped",
        ),
        (
            [mention_in_text("Count", "38", outcome="killed")],
            [mention_in_text("Count", "38", outcome="destroyed")],
            "Count",
            "destroyed: destroyed, shot down, neutralised",
        ),
        (
            [mention_in_text("Count", "38", thing="person")],
            [mention_in_text("Count", "38", thing="uav")],
            "Count",
            "uav: drones",
        ),
    ],
)
def test_a_difference_finds_its_rule(
    own: list[Mention], gold: list[Mention], heading: str, words: str
) -> None:
    (found,) = compare_annotations(
        MentionsAndRelations(tuple(own)),
        MentionsAndRelations(tuple(gold)),
        TEXT,
        TypologyRules.from_schema(SCHEMA),
    ).disagreements
    rule = RULES.find_rule(found)
    assert rule.heading == heading and words in rule.text


def test_a_relation_finds_the_row_of_its_type() -> None:
    ends = mention_in_text("Claim", "drones fell"), mention_in_text("Actor", "mayor")
    gold = MentionsAndRelations(ends, (make_relation("source", ends[0].id, ends[1].id),))
    (found,) = compare_annotations(
        MentionsAndRelations(ends), gold, TEXT, TypologyRules.from_schema(SCHEMA)
    ).disagreements
    assert "the grammatical one" in RULES.find_rule(found).text


def test_a_difference_without_a_rule_is_other() -> None:
    (found,) = compare_annotations(
        MentionsAndRelations((mention_in_text("Actor", "mayor"),)),
        MentionsAndRelations(),
        TEXT,
        TypologyRules.from_schema(SCHEMA),
    ).disagreements
    assert GuidelineRules(RuleTable(()), "").find_rule(found) == OTHER_RULE


def test_a_checkout_without_a_table_has_no_rules(tmp_path: Path) -> None:
    root = new_checkout(tmp_path / "checkout").root
    (root / RULES_FILE).unlink()
    assert load_rules(root).table.rules == ()


def test_a_rule_missing_from_the_guidelines_is_refused(tmp_path: Path) -> None:
    root = new_checkout(tmp_path / "checkout").root
    written = (root / RULES_FILE).read_text(encoding="utf-8")
    (root / RULES_FILE).write_text(
        written.replace("Never impute and never add up", "Always add up"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="does not contain 'Always add up"):
        load_rules(root)
