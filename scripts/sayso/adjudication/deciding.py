"""What was decided on a document, as its line of gold: nothing that an annotator marked is lost.

Every reading of the candidates is either in gold or declined, with those who gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec

from sayso.adjudication.candidates import Candidates, Drawn, Marked, Spot, drawn, marked, spot
from sayso.records import (
    Decided,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    Pseudonym,
    Relation,
    ordered_mentions,
    ordered_relations,
)
from sayso.spans import overlapping


@dataclass(frozen=True)
class Decision:
    """What somebody, or a rule, took of a document.

    Attributes:
        mentions: what was taken; ids are of this decision alone.
        relations: between them.
        how: what what was taken is called where not every annotator had it.
        when: ISO 8601.
        over: every reading that was looked at and not taken. A later one is still to be decided.
    """

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    how: Decided
    when: str
    adjudicator: Pseudonym | None = None
    note: str | None = None
    over: frozenset[Marked | Drawn] = field(default_factory=frozenset)

    @cached_property
    def taken(self) -> frozenset[Marked | Drawn]:
        """The readings that it took."""
        return frozenset([*map(marked, self.mentions), *drawn(self.mentions, self.relations)])


def pending(candidates: Candidates, decision: Decision | None) -> list[Marked | Drawn]:
    """The readings that nobody has decided on: neither agreed, nor taken or declined by an adjudicator before."""
    if decision is None:
        return [each for each in candidates.votes if not candidates.agreed(each)]
    known = {*decision.taken, *decision.over, *_agreed_since(candidates, decision)}
    possible = {spot(mention) for mention in decision.mentions}
    possible |= {each.spot for each in candidates.votes if isinstance(each, Marked) and each not in decision.over}
    return [
        each for each in candidates.votes
        if each not in known and (isinstance(each, Marked) or {each.head, each.tail} <= possible)
    ]  # fmt: skip


def completed(candidates: Candidates, decision: Decision, text: str) -> Decision:
    """The decision with what everybody has given alike since it was made: there is nothing to decide about that."""
    agreed = _agreed_since(candidates, decision)
    new = [as_mention(each, text) for each in agreed if isinstance(each, Marked)]
    mentions = (*decision.mentions, *_apart(new, decision.mentions))
    arrows = [each for each in agreed if isinstance(each, Drawn)]
    return replace(decision, mentions=mentions, relations=(*decision.relations, *relations_among(mentions, arrows)))


def _agreed_since(candidates: Candidates, decision: Decision) -> list[Marked | Drawn]:
    """What all annotators have by now and the adjudicator never saw; nothing that may rival with what they decided."""
    known = decision.taken | decision.over
    seen = {each.spot for each in known if isinstance(each, Marked)}
    new = [each for each in candidates.votes if each not in known and candidates.agreed(each)]
    return [each for each in new if isinstance(each, Drawn) or not any(_touch(each.spot, other) for other in seen)]


def _touch(one: Spot, other: Spot) -> bool:
    return one.label == other.label and overlapping(one.span, other.span)


def _apart(new: Iterable[Mention], others: Iterable[Mention]) -> Iterator[Mention]:
    """Mentions under ids that no other has."""
    taken = {other.id for other in others}
    for mention in new:
        yield msgspec.structs.replace(mention, id=f"{mention.id}-agreed") if mention.id in taken else mention


def gold(candidates: Candidates, document: Document, decision: Decision, schema_version: str) -> Gold:
    """The document's line of gold; ids are made from label and span, so that the same decision gives the same line."""
    line = _Line(candidates, decision)
    mentions, declined = line.mentions(document.text)
    relations, others = line.relations(mentions, declined)
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign=candidates.campaign,
        interface=candidates.interface,
        schema_version=schema_version,
        adjudicated=decision.when,
        adjudicator=decision.adjudicator,
        annotators=candidates.annotators,
        mentions=ordered_mentions(mentions),
        relations=ordered_relations(relations),
        declined=ordered_mentions(declined),
        declined_relations=ordered_relations(others),
        note=decision.note,
    )


@dataclass(frozen=True)
class _Line:
    """The parts of a line of gold."""

    candidates: Candidates
    decision: Decision

    def mentions(self, text: str) -> tuple[list[GoldMention], list[GoldMention]]:
        """What was taken, and what was declined."""
        taken, readings = self.decision.mentions, {*map(marked, self.decision.mentions)}
        over = [each for each in self.candidates.votes if isinstance(each, Marked) and each not in readings]
        names = _names([*map(spot, taken), *(each.spot for each in over)])
        left = [as_mention(each, text) for each in over]
        return (
            [self._mention(mention, name) for mention, name in zip(taken, names, strict=False)],
            [self._mention(mention, name) for mention, name in zip(left, names[len(taken) :], strict=True)],
        )

    def _mention(self, mention: Mention, name: str) -> GoldMention:
        votes = self.candidates.votes.get(marked(mention), ())
        return GoldMention(
            id=name, label=mention.label, start=mention.start, end=mention.end, text=mention.text,
            attributes=dict(sorted(mention.attributes.items())), flag=mention.flag, note=mention.note,
            decided=self._decided(marked(mention)), votes=votes,
        )  # fmt: skip

    def relations(self, mentions: list[GoldMention],
                  declined: list[GoldMention]) -> tuple[list[GoldRelation], list[GoldRelation]]:  # fmt: skip
        """The same of relations. An end is what was taken at its spot, else what was declined there with most votes."""
        known = {spot(mention): mention.id for mention in reversed([*mentions, *declined])}
        taken = drawn(self.decision.mentions, self.decision.relations)
        over = [arrow for arrow, _votes in self.candidates.relations if arrow not in set(taken)]
        return [self._relation(arrow, known) for arrow in taken], [self._relation(arrow, known) for arrow in over]

    def _relation(self, arrow: Drawn, known: Mapping[Spot, str]) -> GoldRelation:
        return GoldRelation(type=arrow.type, head=known[arrow.head], tail=known[arrow.tail],
                            decided=self._decided(arrow), votes=self.candidates.votes.get(arrow, ()))  # fmt: skip

    def _decided(self, reading: Marked | Drawn) -> Decided:
        """What everybody had and was taken is unanimous; what was declined never is."""
        everybody = self.candidates.votes.get(reading) == self.candidates.annotators
        return "unanimous" if everybody and reading in self.decision.taken else self.decision.how


def _names(spots: Iterable[Spot]) -> list[str]:
    """An id for each, from what it is; the second reading of a spot gets a number."""
    seen: dict[Spot, int] = {}
    found = []
    for place in spots:
        seen[place] = seen.get(place, 0) + 1
        plain = f"{place.label}-{place.start}-{place.end}"
        found.append(plain if seen[place] == 1 else f"{plain}-{seen[place]}")
    return found


def decision_of(record: Gold) -> Decision | None:
    """What an adjudicator decided, out of the line that it became; None where the answers alone decided."""
    if record.adjudicator is None:
        return None
    everything = (*record.mentions, *record.declined)
    over: list[Marked | Drawn] = [*map(marked, record.declined), *drawn(everything, record.declined_relations)]
    return Decision(record.mentions, record.relations, "adjudicated", record.adjudicated, record.adjudicator,
                    record.note, frozenset(over))  # fmt: skip


def unanimous(candidates: Candidates, text: str) -> Decision:
    """What everybody gave alike, taken without anybody's looking."""
    spots = [candidate for candidate in candidates.mentions if candidates.agreed(candidate.marked[0])]
    mentions = [as_mention(candidate.marked[0], text) for candidate in spots]
    arrows = [arrow for arrow, _votes in candidates.relations if candidates.agreed(arrow)]
    return Decision(tuple(mentions), relations_among(mentions, arrows), "unanimous", candidates.newest)


def as_mention(reading: Marked, text: str) -> Mention:
    """A reading as a mention, named by its spot."""
    (start, end, label), attributes = reading
    return Mention(id=_names([reading.spot])[0], label=label, start=start, end=end, text=text[start:end],
                   attributes=dict(attributes))  # fmt: skip


def relations_among(mentions: Iterable[Mention], arrows: Iterable[Drawn]) -> tuple[Relation, ...]:
    """The arrows whose both ends are among the mentions, between these."""
    names = {spot(mention): mention.id for mention in mentions}
    return tuple(
        Relation(type=arrow.type, head=names[arrow.head], tail=names[arrow.tail])
        for arrow in arrows
        if arrow.head in names and arrow.tail in names
    )
