"""Checks that a schema declares under ``rules``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from sayso.checks.annotation_checks import CheckTarget
from sayso.checks.check_registry import CHECKS, Check, Finding
from sayso.models import AttributeValue, Mention
from sayso.schema.declarations import Rule, Schema
from sayso.schema.schema_types import BOOLEAN_WORDS, AttributeConditions, ConditionValue, Need


def list_checks(schema: Schema) -> dict[str, Check]:
    """Return the checks of a schema by name: those that hold for every one, then its own rules."""
    rules = {name: _make_check(name, rule) for name, rule in schema.rules.items()}
    return {**CHECKS, **rules}


def check_rules(target: CheckTarget) -> Iterator[Finding]:
    """Check every rule of the schema. Those about relations wait until relations are due."""
    for name, rule in target.schema.rules.items():
        mentions = [mention for mention in target.mentions if mention.label == rule.label]
        if rule.same is not None:
            yield from _check_same(target, _make_check(name, rule), rule, mentions)
        elif rule.needs is not None and (target.complete or not _is_about_relations(rule)):
            yield from _check_needs(target, _make_check(name, rule), rule, rule.needs, mentions)


def _make_check(name: str, rule: Rule) -> Check:
    return Check(name, rule.level, rule.definition, rule.remedy)


def _is_about_relations(rule: Rule) -> bool:
    in_condition = any(not isinstance(each, tuple) for each in rule.when.values())
    return in_condition or (rule.needs is not None and rule.needs.relation is not None)


def _check_needs(
    target: CheckTarget, check: Check, rule: Rule, needs: Need, mentions: list[Mention]
) -> Iterator[Finding]:
    ends = set(chain.from_iterable((r.head, r.tail) for r in target.relations))
    for m in mentions:
        applies = _find_condition(target, rule, m)
        if applies is None:
            continue
        is_met, words = _find_need(target, needs, m, ends)
        if is_met != applies and (applies or rule.exactly):
            reason = _describe_condition(rule, m)
            message = f"{m.label} {m.id} {m.text!r}{reason} {' and '.join(words)}"
            yield target.finding(check, message, m)


def _find_condition(target: CheckTarget, rule: Rule, m: Mention) -> bool | None:
    """Return whether a rule is about a mention; None if what it asks for was not answered."""
    for key, condition in rule.when.items():
        if isinstance(condition, tuple):
            value = m.attributes.get(key)
            if value is None:
                return None
            if not _is_one_of(value, condition):
                return False
        elif not any(_has_answers(tail, condition) for tail in target.tails.get((m.id, key), ())):
            return False
    return True


def _has_answers(m: Mention, answers: AttributeConditions) -> bool:
    return all(_is_one_of(m.attributes.get(name), values) for name, values in answers.items())


def _is_one_of(value: AttributeValue | None, values: Sequence[ConditionValue]) -> bool:
    """Test whether a value, or one of several, is among some."""
    if isinstance(value, bool):
        return BOOLEAN_WORDS[value] in values
    return any(each in values for each in (value if isinstance(value, tuple) else (value,)))


def _describe_condition(rule: Rule, m: Mention) -> str:
    """Say what makes a rule be about a mention."""
    parts = [
        f"is {m.attributes.get(key)}"
        if isinstance(condition, tuple)
        else f"has a {key} with {' and '.join(f'{n} {v}' for n, v in _spell(condition))}"
        for key, condition in rule.when.items()
    ]
    return "".join(f" {part} and" for part in parts)


def _spell(answers: AttributeConditions) -> Iterator[tuple[str, str]]:
    return ((name, " or ".join(map(str, values))) for name, values in answers.items())


def _find_need(
    target: CheckTarget, needs: Need, m: Mention, ends: set[str]
) -> tuple[bool, list[str]]:
    """Return whether a mention has what it needs, and what it has instead, in words."""
    is_met, words = True, []
    if needs.relation == "any":
        is_met = m.id in ends
        words.append("takes part in a relation" if is_met else "takes part in no relation")
    elif needs.relation:
        has = (m.id, needs.relation) in target.tails
        is_met &= has
        words.append(f"has {'a' if has else 'no'} {needs.relation}")
    for name, values in needs.attributes.items():
        value = m.attributes.get(name)
        is_met &= value is None or _is_one_of(value, values)
        words.append(f"has {name} {value}")
    if needs.equal:
        one, other = (m.attributes.get(name) for name in needs.equal)
        is_met &= one is not None and one == other
        shown = ("nothing" if value is None else value for value in (one, other))
        words += [f"has {name} {value}" for name, value in zip(needs.equal, shown, strict=True)]
    return is_met, words


def _check_same(
    target: CheckTarget, check: Check, rule: Rule, mentions: list[Mention]
) -> Iterator[Finding]:
    """Report mentions whose value differs from that of the first with the same ``by``."""
    first_mentions: dict[AttributeValue, Mention] = {}
    same, by = rule.same or "", rule.by or ""
    for m in mentions:
        key, value = m.attributes.get(by), m.attributes.get(same)
        excepted = any(
            _is_one_of(m.attributes.get(name), each) for name, each in rule.unless.items()
        )
        if not key or value is None or excepted:
            continue
        first = first_mentions.setdefault(key, m)
        if first.attributes[same] != value:
            values = f"{value} in {m.id} and {first.attributes[same]} in {first.id}"
            yield target.finding(check, f"{key!r} is {values}", m)
