"""A corpus of any size, always the same: articles of 3 kB, annotations with relations."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from sayso.models import (
    Annotation,
    AnnotationOrigin,
    AttributeValue,
    Document,
    Mention,
    Relation,
    sha256,
    sort_mentions,
    sort_relations,
)

ARTICLE_BYTES = 3_000
CLAIMS = 5
"""In each article. Each has an actor, a cue, a location and a count: 25 mentions, 20 relations."""

_ACTORS = (
    "The governor",
    "Military bloggers",
    "The Ministry of Defence",
    "Residents",
    "Офіцери",
    "An air force spokesman",
)
_CUES = {"said": "neutral", "claimed": "distancing", "confirmed": "factive"}
_COUNTED_NOUNS = {
    "drones": "uav",
    "houses": "building",
    "soldiers": "combatant",
    "people": "person",
}
_OUTCOMES = {"destroyed": "destroyed", "hit": "affected", "damaged": "damaged"}
_PLACES = ("Belgorod", "Kharkiv", "Voronezh", "Rostov-on-Don", "Сумы", "Dnipro")
_FILLERS = (
    "The night was quiet in most of the region, and trains ran on time.",
    "“We heard nothing,” one of the neighbours told reporters 😀 on Friday.",
    "Prices rose again last month, the statistics office wrote in its monthly bulletin.",
    "Roads around the station stayed closed until the early morning.",
)


def synthetic_documents(count: int) -> Iterator[Document]:
    """Articles in order of ``doc_id``. Each is made from its number alone."""
    for number in range(count):
        text = "".join(_make_article(number)[0])
        yield Document(
            doc_id=f"article-{number:08d}",
            title=f"Article {number}",
            language="en",
            license="unknown",
            source_name=f"{number}.txt",
            split=("train", "train", "validation", "test")[number % 4],
            ingested="2025-11-01",
            published="2025-10-31T22:42:00+03:00",
            text_sha256=sha256(text),
            text=text,
        )


def synthetic_annotations(documents: Iterable[Document], annotator: str) -> Iterator[Annotation]:
    """Yield one annotation by `annotator` for each of the documents of `synthetic_documents`."""
    for document in documents:
        number = int(document.doc_id.removeprefix("article-"))
        mentions, relations = _make_mentions_and_relations(number)
        yield Annotation(
            doc_id=document.doc_id,
            text_sha256=document.text_sha256,
            campaign="synthetic",
            interface="all",
            annotator=annotator,
            annotator_kind="program",
            schema_version="1.0.0",
            status="submitted",
            created="2025-11-02T10:00:00Z",
            updated="2025-11-02T10:20:00Z",
            lead_time_seconds=300.5 + number % 60,
            mentions=sort_mentions(mentions),
            relations=sort_relations(relations),
            origin=AnnotationOrigin(
                system="label-studio", project=1, task=number + 1, annotation=number + 1
            ),
        )


_TextPiece = str
_SyntheticMention = tuple[int, int, str, str, dict[str, AttributeValue]]


def _make_article(number: int) -> tuple[list[_TextPiece], list[list[_SyntheticMention]]]:
    """The text in pieces; for each claim its mentions: start, end, label, text, attributes."""
    chance = random.Random(number)
    pieces: list[str] = []
    claims: list[list[_SyntheticMention]] = []
    length = 0
    for place in range(CLAIMS):
        sentence, marked = _make_sentence(chance, length)
        claims.append(marked)
        for piece in [sentence, "\n" if place % 2 else " ", *_make_padding(chance)]:
            pieces.append(piece)
            length += len(piece)
    return pieces, claims


def _make_padding(chance: random.Random) -> Iterator[str]:
    size = 0
    while size < ARTICLE_BYTES // CLAIMS - 110:
        filler = chance.choice(_FILLERS) + " "
        size += len(filler.encode())
        yield filler


def _make_sentence(chance: random.Random, offset: int) -> tuple[str, list[_SyntheticMention]]:
    actor, place = chance.choice(_ACTORS), chance.choice(_PLACES)
    cue, stance = chance.choice(list(_CUES.items()))
    thing, kind = chance.choice(list(_COUNTED_NOUNS.items()))
    verb, outcome = chance.choice(list(_OUTCOMES.items()))
    many = chance.randint(2, 90)
    count, claim = f"{many} {thing}", f"{many} {thing} were {verb} near {place}"
    text = f"{actor} {cue} that {claim}."
    start = offset + len(f"{actor} {cue} that ")

    def mark(begin: int, label: str, words: str, **attributes: AttributeValue) -> _SyntheticMention:
        return begin, begin + len(words), label, words, attributes

    return text, [
        mark(
            start,
            "Claim",
            claim,
            type="strike",
            attribution="indirect",
            certainty="certain",
            polarity="positive",
        ),
        mark(offset, "Actor", actor, type="civilian", entity=f"Q{many}"),
        mark(offset + len(actor) + 1, "Cue", cue, stance=stance),
        mark(
            start, "Count", count, kind="exact", lower=many, upper=many, thing=kind, outcome=outcome
        ),
        mark(
            start + len(claim) - len(place),
            "Location",
            place,
            use="literal",
            precision="vicinity",
            gazetteer="57",
        ),
    ]


def _make_mentions_and_relations(number: int) -> tuple[list[Mention], list[Relation]]:
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for claim, marked in enumerate(_make_article(number)[1]):
        names = [f"m{claim}-{each}" for each in range(len(marked))]
        mentions += [
            Mention(id=name, label=label, start=start, end=end, text=text, attributes=attributes)
            for name, (start, end, label, text, attributes) in zip(names, marked, strict=True)
        ]
        relations += [
            Relation(type=kind, head=names[0], tail=tail)
            for kind, tail in zip(("source", "cue", "quantity", "where"), names[1:], strict=True)
        ]
    return mentions, relations
