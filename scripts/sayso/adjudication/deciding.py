"""What was decided on a document, as its line of gold: nothing that an annotator marked is lost.

Every reading of the candidates is either in gold or declined, with those who gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import msgspec

from sayso.adjudication.candidates import Candidates, Drawn, Marked, Spot, Votes, drawn, in_place, marked, spot
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

    @property
    def taken(self) -> frozenset[Marked | Drawn]:
        """The readings that it took."""
        return frozenset([*map(marked, self.mentions), *drawn(self.mentions, self.relations)])


def pending(candidates: Candidates, decision: Decision | None) -> list[Marked | Drawn]:
    """The readings that nobody has decided on: neither agreed, nor taken or declined by an adjudicator before."""
    known: frozenset[Marked | Drawn] = decision.taken | decision.over if decision else frozenset()
    rivals = [each for each in candidates.votes if each not in known and not candidates.agreed(each)]
    if decision is None:
        return rivals
    possible = {spot(mention) for mention in decision.mentions}
    possible |= {each.spot for each in candidates.votes if isinstance(each, Marked) and each not in decision.over}
    return [each for each in rivals if isinstance(each, Marked) or {each.head, each.tail} <= possible]


def completed(candidates: Candidates, decision: Decision, text: str) -> Decision:
    """The decision with what everybody has given alike since it was made: there is nothing to decide about that."""
    known = decision.taken | decision.over
    agreed = [each for each in candidates.votes if each not in known and candidates.agreed(each)]
    new = [as_mention(each, text) for each in agreed if isinstance(each, Marked)]
    mentions = (*decision.mentions, *_apart(new, decision.mentions))
    arrows = [each for each in agreed if isinstance(each, Drawn)]
    return replace(decision, mentions=mentions, relations=(*decision.relations, *relations_among(mentions, arrows)))


def _apart(new: Iterable[Mention], others: Iterable[Mention]) -> Iterator[Mention]:
    """Mentions under ids that no other has."""
    taken = {other.id for other in others}
    for mention in new:
        yield msgspec.structs.replace(mention, id=f"{mention.id}-agreed") if mention.id in taken else mention


def gold(candidates: Candidates, document: Document, decision: Decision, schema_version: str) -> Gold:
    """The document's line of gold; ids are made from label and span, so that the same decision gives the same line.

    An end of a relation is the mention that was taken at its spot, else the one declined there that had most votes.
    """
    votes = candidates.votes
    taken = list(decision.mentions)
    over = [reading for reading in votes if isinstance(reading, Marked) and reading not in set(map(marked, taken))]
    names = _names([*map(spot, taken), *(reading.spot for reading in over)])
    new = {mention.id: names[number] for number, mention in enumerate(taken)}
    everyone = candidates.annotators
    mentions = [_taken(mention, new[mention.id], votes.get(marked(mention), ()), everyone, decision.how)
                for mention in taken]  # fmt: skip
    declined = [_declined(reading, name, document.text, votes[reading], decision.how)
                for reading, name in zip(over, names[len(taken) :], strict=True)]  # fmt: skip
    known = {spot(mention): mention.id for mention in reversed([*mentions, *declined])}
    arrows = {arrow: (known[arrow.head], known[arrow.tail]) for arrow in _arrows(candidates, decision)}
    chosen = set(drawn(decision.mentions, decision.relations))
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        campaign=candidates.campaign,
        interface=candidates.interface,
        schema_version=schema_version,
        adjudicated=decision.when,
        adjudicator=decision.adjudicator,
        annotators=everyone,
        mentions=ordered_mentions(mentions),
        relations=ordered_relations(_relation(arrow, *ends, votes.get(arrow, ()), everyone, decision.how)
                                    for arrow, ends in arrows.items() if arrow in chosen),
        declined=ordered_mentions(declined),
        declined_relations=ordered_relations(_relation(arrow, *ends, votes[arrow], (), decision.how)
                                             for arrow, ends in arrows.items() if arrow not in chosen),
        note=decision.note,
    )  # fmt: skip


def _names(spots: Iterable[Spot]) -> list[str]:
    """An id for each, from what it is; the second reading of a spot gets a number."""
    seen: dict[Spot, int] = {}
    found = []
    for place in spots:
        seen[place] = seen.get(place, 0) + 1
        plain = f"{place.label}-{place.start}-{place.end}"
        found.append(plain if seen[place] == 1 else f"{plain}-{seen[place]}")
    return found


def _taken(mention: Mention, name: str, votes: Votes, everyone: Votes, how: Decided) -> GoldMention:
    return GoldMention(
        id=name, label=mention.label, start=mention.start, end=mention.end, text=mention.text,
        attributes=dict(sorted(mention.attributes.items())), flag=mention.flag, note=mention.note,
        decided="unanimous" if votes == everyone else how, votes=votes,
    )  # fmt: skip


def _declined(reading: Marked, name: str, text: str, votes: Votes, how: Decided) -> GoldMention:
    (start, end, label), attributes = reading
    return GoldMention(id=name, label=label, start=start, end=end, text=text[start:end], attributes=dict(attributes),
                       decided=how, votes=votes)  # fmt: skip


def _arrows(candidates: Candidates, decision: Decision) -> list[Drawn]:
    """Every arrow that was taken or that somebody drew, each once."""
    return list(
        dict.fromkeys([*drawn(decision.mentions, decision.relations), *(a for a, _votes in candidates.relations)])
    )


def _relation(arrow: Drawn, head: str, tail: str, votes: Votes, everyone: Votes, how: Decided) -> GoldRelation:
    decided: Decided = "unanimous" if everyone and votes == everyone else how
    return GoldRelation(type=arrow.type, head=head, tail=tail, decided=decided, votes=votes)


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


def by_place(readings: Iterable[Marked]) -> list[Marked]:
    """In order of the text."""
    return sorted(readings, key=lambda reading: (in_place(reading.spot), str(reading.attributes)))
