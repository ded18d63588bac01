"""Nothing is lost, whatever annotators mark and whoever decides."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sayso.adjudication.candidates import Candidates, Drawn, Marked, Votes, candidates, drawn, marked, spot
from sayso.adjudication.deciding import Decision, completed, decision_of, gold, pending, unanimous
from sayso.adjudication.documents import Case
from sayso.adjudication.majority import majority
from sayso.adjudication.writing import by_majority, errors, settled
from sayso.checks.corpus import gold_findings
from sayso.records import Annotation, Gold, encode
from sayso.studio.adjudication.questions import Question
from sayso.studio.adjudication.verdicts import decision
from sayso.studio.controls import ARROWS, DROP, KEEP, VERDICT
from tests.adjudication import made
from tests.adjudication.made import DOCUMENT, SCHEMA, TEXT

VERSION = SCHEMA.version


def readings(record: Gold) -> Counter[tuple[Marked | Drawn, Votes]]:
    """Everything that a line of gold tells of annotators' readings: taken or declined, with votes."""
    everything = (*record.mentions, *record.declined)
    by_id = {mention.id: spot(mention) for mention in everything}
    assert len(by_id) == len(everything), "two mentions share an id"
    found: list[tuple[Marked | Drawn, Votes]] = [(marked(m), m.votes) for m in everything]
    found += [(Drawn(r.type, by_id[r.head], by_id[r.tail]), r.votes)
              for r in (*record.relations, *record.declined_relations)]  # fmt: skip
    return Counter(found)


def told(answers: list[Annotation]) -> dict[Marked | Drawn, Votes]:
    """The same from the answers, in the plainest way."""
    found: dict[Marked | Drawn, set[str]] = {}
    for each in answers:
        given_by: list[Marked | Drawn] = [*map(marked, each.mentions), *drawn(each.mentions, each.relations)]
        for reading in given_by:
            found.setdefault(reading, set()).add(each.annotator)
    return {reading: tuple(sorted(names)) for reading, names in found.items()}


def assert_nothing_is_lost(record: Gold, answers: list[Annotation]) -> None:
    there = readings(record)
    voted = {reading: votes for reading, votes in there if votes}
    assert voted == told(answers)
    assert max(there.values(), default=1) == 1, "a reading stands twice"
    assert record.annotators == tuple(sorted(each.annotator for each in answers))
    for mention in record.declined:
        assert TEXT[mention.start : mention.end] == mention.text


@given(made.answers, st.randoms(use_true_random=False))
def test_every_reading_is_taken_or_declined_whatever_is_decided(answers: list[Annotation], chance) -> None:  # type: ignore[no-untyped-def]
    found = candidates(answers)
    everything = [m for each in answers for m in each.mentions]
    kept = {marked(m): m for m in everything if chance.random() < 0.5}
    mentions = tuple(msgspec.structs.replace(m, id=f"x{n}") for n, m in enumerate(kept.values()))
    taken = Decision(mentions, (), "adjudicated", "2026-02-01", "adj-1")
    record = gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, answers)
    assert {marked(m) for m in record.mentions} == set(kept)
    assert all((m.decided == "unanimous") == (m.votes == record.annotators) for m in record.mentions)


@given(made.answers)
def test_by_majority_nothing_is_lost_and_nothing_breaks_a_rule(answers: list[Annotation]) -> None:
    found = candidates(answers)
    case = Case(DOCUMENT, found.annotators, found)
    taken = by_majority(SCHEMA)(case, found, None)
    assert isinstance(taken, Decision)
    record = gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, answers)
    assert errors(record, DOCUMENT, SCHEMA) == []
    voters = {candidate.spot: candidate.voters for candidate in found.mentions}
    assert all(2 * len(voters[spot(m)]) > len(answers) for m in record.mentions)
    assert {m.decided for m in record.mentions} <= {"unanimous", "majority"}


@given(made.answers)
def test_a_majority_is_more_than_half(answers: list[Annotation]) -> None:
    """Without the rules of the scheme: each spot that more than half marked, unless a required value has none."""
    found = candidates(answers)
    taken = {spot(m): m for m in majority(found, TEXT, SCHEMA, lambda _: ()).mentions}
    for candidate in found.mentions:
        most = 2 * len(candidate.voters) > len(answers)
        due = {n for n, a in SCHEMA.labels[candidate.spot.label].attributes.items() if a.required}
        given_by = Counter((n, v) for _who, n, v in {
            (each.annotator, n, v) for each in answers for m in each.mentions if spot(m) == candidate.spot
            for n, v in m.attributes.items()
        })  # fmt: skip
        won = {name: value for (name, value), count in given_by.items() if 2 * count > len(answers)}
        if candidate.spot in taken:
            assert most and taken[candidate.spot].attributes == won
        else:
            winners = [name for (name, _value), count in given_by.items() if 2 * count > len(answers)]
            twice = len(set(winners)) != len(winners)
            assert not most or not due <= won.keys() or twice


@given(made.answers)
def test_what_became_gold_is_decided_and_stays_the_same(answers: list[Annotation]) -> None:
    found = candidates(answers)
    taken = Decision(answers[0].mentions, answers[0].relations, "adjudicated", "2026-02-01", "adj-1", "a note")
    record = gold(found, DOCUMENT, taken, VERSION)
    again = decision_of(record)
    assert again is not None and pending(found, again) == []
    assert encode(gold(found, DOCUMENT, completed(found, again, TEXT), VERSION)) == encode(record)


@given(made.answers, made.answers)
def test_after_new_answers_only_what_is_new_is_open(answers: list[Annotation], later: list[Annotation]) -> None:
    before = gold(candidates(answers), DOCUMENT, unanimous(candidates(answers), TEXT), VERSION)
    decided = decision_of(msgspec.structs.replace(before, adjudicator="adj-1"))
    assert decided is not None
    now = candidates([*answers, *(msgspec.structs.replace(each, annotator=f"new-{each.annotator}") for each in later)])
    open_now = pending(now, decided)
    known = told(answers)
    assert not any(reading in known for reading in open_now)
    assert [each for each in open_now if isinstance(each, Marked)] == [
        each for each in now.votes if isinstance(each, Marked) and each not in known
    ]


@given(made.answers)
def test_whoever_agrees_leaves_nothing_to_decide(answers: list[Annotation]) -> None:
    first = answers[0]
    same = [msgspec.structs.replace(first, annotator=each.annotator) for each in answers]
    found = candidates(same)
    doubled = len({spot(m) for m in first.mentions}) != len({marked(m) for m in first.mentions})
    assert found.unanimous != doubled
    if found.unanimous:
        record = gold(found, DOCUMENT, unanimous(found, TEXT), VERSION)
        assert record.declined == () and record.declined_relations == ()
        assert {m.decided for m in record.mentions} | {r.decided for r in record.relations} <= {"unanimous"}
        assert {marked(m) for m in record.mentions} == set(map(marked, first.mentions))


def judged(question: Question, verdict: str) -> list[dict[str, object]]:
    """The prefilled result as an adjudicator submits it who says the same of all that is open."""
    items = list(question.result)
    there = {item["id"] for item in items if item.get("from_name") == VERDICT}
    for region in question.asked.regions:
        if region not in there:
            value = {"choices": [verdict]}
            items.append({"id": region, "from_name": VERDICT, "to_name": "text", "type": "choices", "value": value})
    return items


@given(made.answers, st.sampled_from([KEEP, DROP]))
def test_an_adjudicator_who_submits_decides_everything(answers: list[Annotation], verdict: str) -> None:
    question = Question(DOCUMENT, candidates(answers), SCHEMA)
    result = judged(question, verdict)
    taken = decision(result, question.asked, TEXT, SCHEMA, adjudicator="adj-1", when="2026-02-01")
    found: Candidates = question.candidates
    assert pending(found, taken) == []
    assert isinstance(settled(Case(DOCUMENT, found.annotators, found), found, taken), Decision)
    record = gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, answers)
    spots = {spot(mention) for mention in record.mentions}
    agreed = {each.spot for each in found.votes if isinstance(each, Marked) and found.agreed(each)}
    assert spots == ({candidate.spot for candidate in found.mentions} if verdict == KEEP else agreed)
    later = Question(DOCUMENT, found, SCHEMA, taken)
    assert later.open == [] and later.asked.rows == ()
    assert all(item["from_name"] != ARROWS for item in later.result if item.get("from_name"))


@given(made.answers)
def test_a_line_of_gold_is_sound_but_for_what_annotators_did_themselves(answers: list[Annotation]) -> None:
    record = gold(candidates(answers), DOCUMENT, Decision((), (), "adjudicated", "2026", "adj-1"), VERSION)
    assert list(gold_findings(record, TEXT, SCHEMA)) == []
    assert msgspec.json.decode(encode(record), type=Gold) == record
