"""Nothing is lost, whatever annotators mark and whoever decides."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sayso.adjudication.adjudication_cases import AdjudicationCase
from sayso.adjudication.candidates import DocumentCandidates, Votes, collect_candidates
from sayso.adjudication.contents import (
    LabelledSpan,
    MentionContent,
    RelationContent,
    labelled_span_of,
    mention_contents,
    relation_contents,
)
from sayso.adjudication.decisions import (
    Decision,
    add_unanimous,
    build_gold,
    decide_unanimous,
    find_accepted,
    find_pending,
    restore_decision,
)
from sayso.adjudication.gold_writer import find_errors, majority_decider, resolve_adjudicated
from sayso.adjudication.majority import decide_by_majority
from sayso.checks.corpus_checks import check_gold
from sayso.labelstudio.adjudication.questions import AdjudicationQuestion
from sayso.labelstudio.adjudication.verdicts import decode_decision
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, VERDICT
from sayso.models import Annotation, Gold, GoldMention, Mention, encode
from tests.adjudication import sample_annotations
from tests.adjudication.sample_annotations import DOCUMENT, SCHEMA, TEXT

VERSION = SCHEMA.version


def mention_content(mention: Mention) -> MentionContent:
    """Return the content of one mention."""
    return mention_contents([mention], SCHEMA)[0]


def count_contents(record: Gold) -> Counter[tuple[MentionContent | RelationContent, Votes]]:
    """Count all content of gold, accepted or declined, with the votes for exactly it."""
    everything = (*record.mentions, *record.declined)
    by_id = {mention.id: labelled_span_of(mention) for mention in everything}
    assert len(by_id) == len(everything), "two mentions share an id"
    found: list[tuple[MentionContent | RelationContent, Votes]] = [
        (mention_content(m), () if m.amended else m.votes) for m in everything
    ]
    found += [
        (RelationContent(r.type, by_id[r.head], by_id[r.tail]), r.votes)
        for r in (*record.relations, *record.declined_relations)
    ]
    return Counter(found)


def votes_by_content(
    annotations: list[Annotation],
) -> dict[MentionContent | RelationContent, Votes]:
    """The same from the annotations, in the plainest way."""
    found: dict[MentionContent | RelationContent, set[str]] = {}
    for each in annotations:
        given_by: list[MentionContent | RelationContent] = [
            *map(mention_content, each.mentions),
            *relation_contents(each.mentions, each.relations, SCHEMA, ()),
        ]
        for content in given_by:
            found.setdefault(content, set()).add(each.annotator)
    return {content: tuple(sorted(names)) for content, names in found.items()}


def assert_nothing_is_lost(record: Gold, annotations: list[Annotation]) -> None:
    there = count_contents(record)
    voted = {content: votes for content, votes in there if votes}
    assert voted == votes_by_content(annotations)
    assert max(there.values(), default=1) == 1, "content appears twice"
    assert record.annotators == tuple(sorted(each.annotator for each in annotations))
    for mention in record.mentions:
        assert_votes_are_kept(mention, annotations)
    for mention in record.declined:
        assert TEXT[mention.start : mention.end] == mention.text


def assert_votes_are_kept(gold: GoldMention, annotations: list[Annotation]) -> None:
    """Whoever marked this has a vote; if nobody did, whoever marked the span with the label."""
    marked = [
        (each.annotator, mention)
        for each in annotations
        for mention in each.mentions
        if labelled_span_of(mention) == labelled_span_of(gold)
    ]
    exact = {name for name, own in marked if own.attributes == gold.attributes}
    assert set(gold.votes) == (exact or {name for name, _own in marked})
    assert bool(gold.amended) == bool(marked and not exact)
    names = {name for _who, own in marked for name in {*own.attributes, *gold.attributes}}
    assert set(gold.amended) == {
        name
        for name in names
        if gold.amended
        and any(own.attributes.get(name) != gold.attributes.get(name) for _who, own in marked)
    }


@given(sample_annotations.annotation_lists, st.randoms(use_true_random=False))
def test_votes_stay_whatever_values_the_adjudicator_changes_or_empties(
    annotations: list[Annotation], chance: Random
) -> None:
    changed = []
    for span, mention in {labelled_span_of(m): m for a in annotations for m in a.mentions}.items():
        kept = {name: v for name, v in mention.attributes.items() if chance.random() < 0.7}
        new = {name: "other" for name in kept if chance.random() < 0.2}
        mended = msgspec.structs.replace(mention, attributes={**kept, **new}, id=f"x{span}")
        changed.append(mended)
    decision = Decision(tuple(changed), (), "adjudicated", "2026-02-01", "adj-1")
    record = build_gold(collect_candidates(annotations, SCHEMA), DOCUMENT, decision, VERSION)
    assert_nothing_is_lost(record, annotations)
    assert all(mention.votes for mention in record.mentions)
    candidates = collect_candidates(annotations, SCHEMA)
    again = restore_decision(record, candidates)
    assert again is not None
    assert build_gold(candidates, DOCUMENT, again, VERSION) == record


@given(sample_annotations.annotation_lists, st.randoms(use_true_random=False))
def test_everything_is_accepted_or_declined_whatever_is_decided(
    annotations: list[Annotation], chance: Random
) -> None:
    found = collect_candidates(annotations, SCHEMA)
    everything = [m for each in annotations for m in each.mentions]
    kept = {mention_content(m): m for m in everything if chance.random() < 0.5}
    mentions = tuple(msgspec.structs.replace(m, id=f"x{n}") for n, m in enumerate(kept.values()))
    taken = Decision(mentions, (), "adjudicated", "2026-02-01", "adj-1")
    record = build_gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, annotations)
    assert {mention_content(m) for m in record.mentions} == set(kept)
    assert all(
        (m.decided == "unanimous") == (m.votes == record.annotators) for m in record.mentions
    )


@given(sample_annotations.annotation_lists)
def test_by_majority_nothing_is_lost_and_no_check_fails(annotations: list[Annotation]) -> None:
    found = collect_candidates(annotations, SCHEMA)
    case = AdjudicationCase(DOCUMENT, found.annotators, found)
    taken = majority_decider(SCHEMA)(case, found, None)
    assert isinstance(taken, Decision)
    record = build_gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, annotations)
    assert find_errors(record, DOCUMENT, SCHEMA) == []
    voters = {candidate.labelled_span: candidate.voters for candidate in found.mentions}
    assert all(2 * len(voters[labelled_span_of(m)]) > len(annotations) for m in record.mentions)
    assert {m.decided for m in record.mentions} <= {"unanimous", "majority"}


@given(sample_annotations.annotation_lists)
def test_a_majority_is_more_than_half(annotations: list[Annotation]) -> None:
    """Without checks, gold has each span that more than half marked with required attributes."""
    found = collect_candidates(annotations, SCHEMA)
    taken = {
        labelled_span_of(m): m
        for m in decide_by_majority(found, TEXT, SCHEMA, lambda _: ()).mentions
    }
    most_have = {
        candidate.labelled_span
        for candidate in found.mentions
        if 2 * len(candidate.voters) > len(annotations)
    }
    for candidate in found.mentions:
        most = 2 * len(candidate.voters) > len(annotations)
        due = {
            n
            for n, a in SCHEMA.labels[candidate.labelled_span.label].attributes.items()
            if a.required
        }
        given_by = Counter(
            (n, v)
            for _who, n, v in {
                (each.annotator, n, v)
                for each in annotations
                for m in each.mentions
                if labelled_span_of(m) == candidate.labelled_span
                for n, v in m.attributes.items()
            }
        )
        winners = [item for item, count in given_by.items() if 2 * count > len(annotations)]
        often = Counter(name for name, _value in winners)
        won = {name: value for name, value in winners if often[name] == 1}
        if candidate.labelled_span in taken:
            assert most and taken[candidate.labelled_span].attributes == won
        else:
            twice = max(often.values(), default=1) > 1
            rivals = any(_conflict(candidate.labelled_span, other) for other in most_have)
            assert not most or not due <= won.keys() or twice or rivals


def _conflict(one: LabelledSpan, other: LabelledSpan) -> bool:
    apart = one.end <= other.start or other.end <= one.start
    nested = (one.start <= other.start and other.end <= one.end) or (
        other.start <= one.start and one.end <= other.end
    )
    return one != other and not apart and (one.label == other.label or not nested)


@given(sample_annotations.annotation_lists)
def test_what_became_gold_is_decided_and_stays_the_same(annotations: list[Annotation]) -> None:
    found = collect_candidates(annotations, SCHEMA)
    taken = Decision(
        annotations[0].mentions,
        annotations[0].relations,
        "adjudicated",
        "2026-02-01",
        "adj-1",
        "a note",
    )
    record = build_gold(found, DOCUMENT, taken, VERSION)
    again = restore_decision(record, found)
    assert again is not None and find_pending(found, again) == []
    assert encode(
        build_gold(found, DOCUMENT, add_unanimous(found, again, TEXT), VERSION)
    ) == encode(record)


@given(sample_annotations.annotation_lists, sample_annotations.annotation_lists)
def test_after_new_annotations_only_new_content_is_pending(
    annotations: list[Annotation], later: list[Annotation]
) -> None:
    before = build_gold(
        collect_candidates(annotations, SCHEMA),
        DOCUMENT,
        decide_unanimous(collect_candidates(annotations, SCHEMA), TEXT),
        VERSION,
    )
    new = [msgspec.structs.replace(each, annotator=f"new-{each.annotator}") for each in later]
    now = collect_candidates([*annotations, *new], SCHEMA)
    decided = restore_decision(msgspec.structs.replace(before, adjudicator="adj-1"), now)
    assert decided is not None
    open_now = find_pending(now, decided)
    known = votes_by_content(annotations)
    assert not any(content in known for content in open_now)
    assert [each for each in open_now if isinstance(each, MentionContent)] == [
        each for each in now.votes if isinstance(each, MentionContent) and each not in known
    ]


@given(sample_annotations.annotation_lists)
def test_agreement_leaves_nothing_to_decide(annotations: list[Annotation]) -> None:
    first = annotations[0]
    same = [msgspec.structs.replace(first, annotator=each.annotator) for each in annotations]
    found = collect_candidates(same, SCHEMA)
    doubled = len({labelled_span_of(m) for m in first.mentions}) != len(
        {mention_content(m) for m in first.mentions}
    )
    assert found.is_unanimous != doubled
    if found.is_unanimous:
        record = build_gold(found, DOCUMENT, decide_unanimous(found, TEXT), VERSION)
        assert record.declined == () and record.declined_relations == ()
        assert {m.decided for m in record.mentions} | {r.decided for r in record.relations} <= {
            "unanimous"
        }
        assert {mention_content(m) for m in record.mentions} == set(
            map(mention_content, first.mentions)
        )


def answer_question(question: AdjudicationQuestion, verdict: str) -> list[dict[str, object]]:
    """The prefilled result as an adjudicator submits it who says the same of all that is open."""
    items = list(question.result)
    there = {item["id"] for item in items if item.get("from_name") == VERDICT}
    for region in question.context.regions:
        if region not in there:
            value = {"choices": [verdict]}
            items.append(
                {
                    "id": region,
                    "from_name": VERDICT,
                    "to_name": "text",
                    "type": "choices",
                    "value": value,
                }
            )
    return items


@given(sample_annotations.annotation_lists, st.sampled_from([KEEP, DROP]))
def test_an_adjudicator_who_submits_decides_everything(
    annotations: list[Annotation], verdict: str
) -> None:
    question = AdjudicationQuestion(DOCUMENT, collect_candidates(annotations, SCHEMA), SCHEMA)
    result = answer_question(question, verdict)
    taken = decode_decision(
        result,
        question.context,
        TEXT,
        SCHEMA,
        pass_name="all",
        adjudicator="adj-1",
        decided_at="2026-02-01",
    )
    found: DocumentCandidates = question.candidates
    assert find_pending(found, taken) == []
    assert isinstance(
        resolve_adjudicated(AdjudicationCase(DOCUMENT, found.annotators, found), found, taken),
        Decision,
    )
    record = build_gold(found, DOCUMENT, taken, VERSION)
    assert_nothing_is_lost(record, annotations)
    spots = {labelled_span_of(mention) for mention in record.mentions}
    agreed = {
        each.labelled_span
        for each in found.votes
        if isinstance(each, MentionContent) and found.is_agreed(each)
    }
    assert spots == (
        {candidate.labelled_span for candidate in found.mentions} if verdict == KEEP else agreed
    )
    later = AdjudicationQuestion(DOCUMENT, found, SCHEMA, taken)
    assert later.undecided == [] and later.context.rows == ()
    assert all(
        item["from_name"] != OPEN_RELATIONS for item in later.result if item.get("from_name")
    )


@given(sample_annotations.annotation_lists)
def test_a_line_of_gold_is_sound_but_for_what_annotators_did_themselves(
    annotations: list[Annotation],
) -> None:
    record = build_gold(
        collect_candidates(annotations, SCHEMA),
        DOCUMENT,
        Decision((), (), "adjudicated", "2026", "adj-1"),
        VERSION,
    )
    assert list(check_gold(record, TEXT, SCHEMA)) == []
    assert msgspec.json.decode(encode(record), type=Gold) == record


@given(
    sample_annotations.annotation_lists,
    sample_annotations.annotation_lists,
    st.sampled_from([KEEP, DROP]),
    st.sampled_from([KEEP, DROP]),
)
def test_annotations_may_change_and_be_adjudicated_again(
    annotations: list[Annotation], later: list[Annotation], first: str, second: str
) -> None:
    """Pending content is asked, decisions stay, and in the end nothing is lost."""
    question = AdjudicationQuestion(DOCUMENT, collect_candidates(annotations, SCHEMA), SCHEMA)
    made_by: Any = {"pass_name": "all", "adjudicator": "adj-1", "decided_at": "2026-02-01"}
    before = decode_decision(
        answer_question(question, first), question.context, TEXT, SCHEMA, **made_by
    )
    again = AdjudicationQuestion(DOCUMENT, collect_candidates(later, SCHEMA), SCHEMA, before)
    result = answer_question(again, second)
    after = decode_decision(result, again.context, TEXT, SCHEMA, **made_by)
    assert find_pending(again.candidates, after) == []
    assert not {
        content
        for content in again.undecided
        if content in find_accepted(again.candidates, before) | before.declined
    }
    record = build_gold(
        again.candidates, DOCUMENT, add_unanimous(again.candidates, after, TEXT), VERSION
    )
    assert_nothing_is_lost(record, later)
    if not again.undecided:
        stays = build_gold(
            again.candidates, DOCUMENT, add_unanimous(again.candidates, before, TEXT), VERSION
        )
        assert {m.id for m in stays.mentions} == {m.id for m in record.mentions}
    kept = {labelled_span_of(mention) for mention in before.mentions}
    asked = {
        content.labelled_span for content in again.undecided if isinstance(content, MentionContent)
    }
    assert kept - asked <= {labelled_span_of(mention) for mention in record.mentions}


def test_what_all_say_since_is_taken_unless_it_rivals_with_what_was_decided() -> None:
    mayor, edge, place = (
        sample_annotations.make_mention("The mayor"),
        sample_annotations.make_mention("mayor"),
        sample_annotations.make_mention("Odesa", "Location"),
    )
    was = sample_annotations.make_candidates(
        sample_annotations.make_annotation("ann-1", mayor),
        sample_annotations.make_annotation("ann-2", edge),
    )
    taken = Decision((mayor,), (), "adjudicated", "2026", "adj-1", declined=frozenset(was.votes))
    now = sample_annotations.make_candidates(
        sample_annotations.make_annotation("ann-1", mayor, place),
        sample_annotations.make_annotation("ann-2", edge, place),
    )
    assert find_pending(now, taken) == []
    assert [m.label for m in add_unanimous(now, taken, TEXT).mentions] == ["Actor", "Location"]
    other = sample_annotations.make_mention("The mayor", type="expert")
    changed = sample_annotations.make_candidates(
        sample_annotations.make_annotation("ann-1", other),
        sample_annotations.make_annotation("ann-2", other),
    )
    assert changed.is_unanimous and find_pending(changed, taken) == [mention_content(other)]
