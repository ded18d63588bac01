"""Everything that is measured of agreement, for each campaign and pass, in one pass over the documents.

Of a document only what it adds to the sums is kept. The same comparisons give the same measurement to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations

from msgspec import Struct

from sayso.agreement import attributes, bootstrap, characters, claims, counts, relations, spans, units
from sayso.agreement.answers import Compared, LeftOut
from sayso.agreement.bootstrap import SAMPLES, SEED, Estimate, Figure, Resampled
from sayso.agreement.marked import ALL, Key, Marked, Pair, Statistics, count_all
from sayso.checks.scheme import COUNT
from sayso.records import Annotation, Document
from sayso.schema import Schema

_SUMMED = frozenset({spans.SPANS, spans.MACHINE, units.GROUP, characters.GROUP, relations.GROUP})
Version = tuple[str, str]
"""Of the schema and of the guidelines that an answer was given under; empty where it does not say."""


class OfPair(Struct, frozen=True, kw_only=True):
    """How far two annotators agree on spans, over the documents that both answered."""

    annotators: tuple[str, str]
    documents: int
    figures: tuple[Figure, ...]


class OfVersion(Struct, frozen=True, kw_only=True):
    """Agreement among answers given under the same versions; ``mixed`` is that across versions, which both are None."""

    schema_version: str | None
    guidelines_version: str | None
    mixed: bool
    first_answer: str
    documents: int
    comparisons: int
    figures: tuple[Figure, ...]


class Measurement(Struct, frozen=True, kw_only=True):
    """What was measured of one campaign and pass.

    Attributes:
        documents: those with two answers or more to compare.
        answers: those that were compared, and ``comparisons`` how many pairs of them.
        versions: how many answers were given under which schema and guidelines.
        left_out: how many answers were not compared, by reason.
        missing: of an attribute, how often one side had no value where the other had.
        pairs: for every two annotators.
        by_version: if it was asked for; ``differences`` is by how much the newer of two is above the older.
    """

    campaign: str
    interface: str
    annotators: tuple[str, ...]
    documents: int
    answers: int
    comparisons: int
    versions: dict[str, int]
    left_out: dict[str, int]
    rule: str = bootstrap.RULE
    confidence: float = bootstrap.CONFIDENCE
    samples: int
    seed: int
    figures: tuple[Figure, ...]
    missing: dict[str, int]
    pairs: tuple[OfPair, ...] = ()
    by_version: tuple[OfVersion, ...] = ()
    differences: tuple[Figure, ...] = ()


def measure(
    comparisons: Iterable[Compared], schema: Schema, *, left_out: LeftOut | None = None, samples: int = SAMPLES,
    seed: int = SEED, by_version: bool = False,
) -> list[Measurement]:  # fmt: skip
    """What the comparisons come to, a measurement for each campaign and pass, in their order.

    ``left_out`` is what was given to ``compared``, and is read once all comparisons have come.
    """
    gathered: dict[tuple[str, str], _Gathered] = {}
    for each in comparisons:
        place = each.campaign, each.interface
        if place not in gathered:
            gathered[place] = _Gathered(schema, each.interface, by_version)
        gathered[place].add(each.document, each.answers)
    reasons = left_out.reasons() if left_out else {}
    return [
        found.measurement(*place, reasons.get(place, {}), samples, seed) for place, found in sorted(gathered.items())
    ]


@dataclass(frozen=True)
class _Subjects:
    """What figures are of: labels and types of relation as the pass shows them, and whatever else was found."""

    labels: list[str]
    types: list[str]
    asked: attributes.Asked


@dataclass
class _Part:
    """Answers that are compared with each other: all of a pass, or those of one version."""

    sums: bootstrap.Sums[Key] = field(default_factory=bootstrap.Sums[Key])
    refused: dict[str, str] = field(default_factory=dict)
    documents: int = 0
    comparisons: int = 0
    first_answer: str = ""

    def add(self, found: Statistics, pairs: Sequence[Pair]) -> None:
        self.sums.add(found)
        self.documents += 1
        self.comparisons += len(pairs)
        created = min(each.answer.created for pair in pairs for each in (pair.one, pair.other))
        self.first_answer = min(self.first_answer or created, created)


class _Gathered:
    """What has come so far of one campaign and pass."""

    def __init__(self, schema: Schema, interface: str, by_version: bool) -> None:
        self._schema, self._interface = schema, interface
        known = interface in schema.interfaces
        self._labels = list(schema.shown(interface) if known else schema.labels)
        self._types = list(schema.drawn(interface) if known else schema.relations)
        self._asked = attributes.asked(schema, schema.labels)
        self._whole = _Part()
        self._pairs: defaultdict[tuple[str, str], bootstrap.Sums[Key]] = defaultdict(bootstrap.Sums[Key])
        self._versions: dict[Version | None, _Part] | None = {} if by_version else None
        self._answers: Counter[Version] = Counter()
        self._people: set[str] = set()

    def add(self, document: Document, answers: Sequence[Annotation]) -> None:
        """Take one more document, with its answers in order of annotator."""
        self._answers.update(map(version, answers))
        self._people.update(answer.annotator for answer in answers)
        marked = [Marked(answer) for answer in answers]
        pairs = [Pair(*two) for two in combinations(marked, 2)]
        length = len(document.text)
        self._add_to(self._whole, pairs, [marked], length)
        for pair in pairs:
            self._add_pair(pair)
        if self._versions is not None:
            self._add_by_version(self._versions, pairs, length)

    def _add_pair(self, pair: Pair) -> None:
        found: Statistics = defaultdict(float)
        spans.count(found, pair)
        count_all(found, _SUMMED)
        self._pairs[pair.one.answer.annotator, pair.other.answer.annotator].add(found)

    def _add_to(self, part: _Part, pairs: Sequence[Pair], sets: Iterable[Sequence[Marked]], length: int) -> None:
        """Add to a part what pairs of answers give, and what sets of them give as a whole."""
        found: Statistics = defaultdict(float)
        for pair in pairs:
            spans.count(found, pair)
            spans.count_kept(found, pair)
            counts.count(found, pair)
            if self._types:
                relations.count(found, pair)
                claims.count(found, pair)
        attributes.count(found, pairs, self._asked)
        for marked in sets:
            characters.count(found, marked, length)
            units.count(found, marked, length, part.refused)
        count_all(found, _SUMMED)
        part.add(found, pairs)

    def _add_by_version(self, versions: dict[Version | None, _Part], pairs: Iterable[Pair], length: int) -> None:
        """Each pair to its version's part, or to that of pairs across versions; all parts draw the same documents."""
        groups: defaultdict[Version | None, list[Pair]] = defaultdict(list)
        for pair in pairs:
            one, other = version(pair.one.answer), version(pair.other.answer)
            groups[one if one == other else None].append(pair)
        for key, mine in groups.items():
            part = versions.setdefault(key, _Part())
            part.sums.pass_over(self._whole.sums.documents - 1 - part.sums.documents)
            sets = [[pair.one, pair.other] for pair in mine] if key is None else [_members(mine)]
            self._add_to(part, mine, sets, length)

    def measurement(
        self, campaign: str, interface: str, left_out: dict[str, int], samples: int, seed: int
    ) -> Measurement:
        """The figures of all that has come."""
        sums = self._whole.sums.resampled(samples, seed)
        subjects = self._subjects(sums)
        found = list(_estimates(sums, subjects, self._whole.refused))
        by_version, differences = self._by_version(subjects, samples, seed)
        return Measurement(
            campaign=campaign, interface=interface, annotators=tuple(sorted(self._people)),
            documents=self._whole.documents, answers=self._answers.total(), comparisons=self._whole.comparisons,
            versions={told(each): count for each, count in sorted(self._answers.items())}, left_out=left_out,
            samples=samples, seed=seed, figures=_figures(found), missing=_missing(sums, subjects.asked),
            pairs=tuple(self._of_pairs(subjects.labels, samples, seed)), by_version=by_version,
            differences=differences,
        )  # fmt: skip

    def _subjects(self, sums: Resampled[Key]) -> _Subjects:
        def listed(known: list[str], group: str) -> list[str]:
            found = {key[1] for key in sums.columns if key[0] == group and key[2] == spans.MARKED}
            return [*known, *sorted(found - {*known, ALL}), ALL]

        labels, types = listed(self._labels, spans.SPANS), listed(self._types, relations.GROUP)
        return _Subjects(labels, types if self._types else [], attributes.asked(self._schema, labels))

    def _of_pairs(self, labels: list[str], samples: int, seed: int) -> Iterator[OfPair]:
        for two, sums in sorted(self._pairs.items()):
            found = spans.figures(sums.resampled(samples, seed), labels)
            yield OfPair(annotators=two, documents=sums.documents, figures=_figures(found))

    def _by_version(
        self, subjects: _Subjects, samples: int, seed: int
    ) -> tuple[tuple[OfVersion, ...], tuple[Figure, ...]]:
        parts = sorted((self._versions or {}).items(), key=lambda item: (item[0] is None, item[1].first_answer))
        found = [(key, part, self._of_part(part, subjects, samples, seed)) for key, part in parts]
        of_one = [estimates for key, _part, estimates in found if key is not None]
        differences = map(bootstrap.difference, of_one[1], of_one[0]) if len(of_one) == 2 else ()
        return tuple(_of_version(*each) for each in found), _figures(differences)

    def _of_part(self, part: _Part, subjects: _Subjects, samples: int, seed: int) -> list[Estimate]:
        part.sums.pass_over(self._whole.sums.documents - part.sums.documents)
        return list(_estimates(part.sums.resampled(samples, seed), subjects, part.refused))


def version(answer: Annotation) -> Version:
    """What an answer was given under."""
    return answer.schema_version, answer.guidelines_version or ""


def told(of: Version) -> str:
    """A version in words.

    >>> told(("1.0.0", "2")), told(("1.0.0", ""))
    ('schema 1.0.0, guidelines 2', 'schema 1.0.0')
    """
    return f"schema {of[0]}, guidelines {of[1]}" if of[1] else f"schema {of[0]}"


def _members(pairs: Iterable[Pair]) -> list[Marked]:
    return list({id(each): each for pair in pairs for each in (pair.one, pair.other)}.values())


def _estimates(sums: Resampled[Key], subjects: _Subjects, refused: dict[str, str]) -> Iterator[Estimate]:
    labels = subjects.labels
    three = (spans.figures(sums, labels), characters.figures(sums, labels), units.figures(sums, labels, refused))
    yield from sorted(chain(*three), key=lambda each: labels.index(each.figure.subject))
    yield from attributes.figures(sums, subjects.asked)
    if COUNT in labels:
        yield from counts.figures(sums)
    if subjects.types:
        yield from relations.figures(sums, subjects.types)
        yield from claims.figures(sums)
    yield from spans.machine_figures(sums, labels)


def _figures(estimates: Iterable[Estimate]) -> tuple[Figure, ...]:
    return tuple(each.figure for each in estimates)


def _missing(sums: Resampled[Key], asked: attributes.Asked) -> dict[str, int]:
    found = {f"{label}.{name}": attributes.missing(sums, f"{label}.{name}") for label in asked for name in asked[label]}
    return {subject: count for subject, count in found.items() if count}


def _of_version(key: Version | None, part: _Part, found: list[Estimate]) -> OfVersion:
    return OfVersion(
        schema_version=key[0] if key else None, guidelines_version=(key[1] or None) if key else None,
        mixed=key is None, first_answer=part.first_answer, documents=part.documents, comparisons=part.comparisons,
        figures=_figures(found),
    )  # fmt: skip
