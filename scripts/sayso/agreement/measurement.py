"""Everything that is measured of agreement, for each campaign and pass, in one pass over the documents.

Of a document only what it adds to the sums is kept. The same comparisons give the same measurement to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations

from msgspec import Struct

from sayso.agreement import (
    attribute_agreement,
    bootstrap,
    bounds_agreement,
    character_alpha,
    claim_f1,
    relation_f1,
    span_f1,
    unitizing_alpha,
)
from sayso.agreement.annotation_pairs import (
    ALL,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    StatisticKey,
    add_totals,
)
from sayso.agreement.bootstrap import SAMPLES, SEED, Estimate, Figure, ResampledSums
from sayso.agreement.comparisons import ComparedDocument, ExcludedAnnotations
from sayso.checks.schema_checks import COUNT
from sayso.models import Annotation, Document
from sayso.schema.declarations import Schema

_SUMMED_GROUPS = frozenset(
    {
        span_f1.SPANS,
        span_f1.MACHINE,
        unitizing_alpha.GROUP,
        character_alpha.GROUP,
        relation_f1.GROUP,
    }
)
AnnotationVersion = tuple[str, str]
"""Of the schema and of the guidelines that an answer was given under; empty where it does not say."""


class PairMeasurement(Struct, frozen=True, kw_only=True):
    """How far two annotators agree on spans, over the documents that both answered."""

    annotators: tuple[str, str]
    documents: int
    figures: tuple[Figure, ...]


class VersionMeasurement(Struct, frozen=True, kw_only=True):
    """Agreement among answers given under the same versions; ``mixed`` is that across versions, which both are None."""

    schema_version: str | None
    guidelines_version: str | None
    mixed: bool
    first_annotation: str
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
    annotations: int
    comparisons: int
    versions: dict[str, int]
    excluded: dict[str, int]
    rule: str = bootstrap.AGGREGATION_RULE
    confidence: float = bootstrap.CONFIDENCE
    samples: int
    seed: int
    figures: tuple[Figure, ...]
    missing: dict[str, int]
    pairs: tuple[PairMeasurement, ...] = ()
    by_version: tuple[VersionMeasurement, ...] = ()
    differences: tuple[Figure, ...] = ()


def measure_comparisons(
    comparisons: Iterable[ComparedDocument],
    schema: Schema,
    *,
    excluded: ExcludedAnnotations | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
    by_version: bool = False,
) -> list[Measurement]:
    """What the comparisons come to, a measurement for each campaign and pass, in their order.

    ``excluded`` is what was given to ``compared``, and is read once all comparisons have come.
    """
    gathered: dict[tuple[str, str], _PassMeasurement] = {}
    for each in comparisons:
        place = each.campaign, each.pass_name
        if place not in gathered:
            gathered[place] = _PassMeasurement(schema, each.pass_name, by_version)
        gathered[place].add(each.document, each.annotations)
    reasons = excluded.count_by_pass() if excluded else {}
    return [
        found.build_measurement(*place, reasons.get(place, {}), samples, seed)
        for place, found in sorted(gathered.items())
    ]


@dataclass(frozen=True)
class _MeasuredSubjects:
    """What figures are of: labels and types of relation as the pass shows them, and whatever else was found."""

    labels: list[str]
    types: list[str]
    attributes: attribute_agreement.ComparedAttributes


@dataclass
class _MeasuredGroup:
    """Answers that are compared with each other: all of a pass, or those of one version."""

    sums: bootstrap.DocumentSums[StatisticKey] = field(
        default_factory=bootstrap.DocumentSums[StatisticKey]
    )
    undefined_labels: dict[str, str] = field(default_factory=dict)
    documents: int = 0
    comparisons: int = 0
    first_annotation: str = ""

    def add(self, found: DocumentStatistics, pairs: Sequence[AnnotationPair]) -> None:
        self.sums.add(found)
        self.documents += 1
        self.comparisons += len(pairs)
        created = min(each.annotation.created for pair in pairs for each in (pair.one, pair.other))
        self.first_annotation = min(self.first_annotation or created, created)


class _PassMeasurement:
    """What has come so far of one campaign and pass."""

    def __init__(self, schema: Schema, pass_name: str, by_version: bool) -> None:
        self._schema, self._pass_name = schema, pass_name
        known = pass_name in schema.interfaces
        self._labels = list(schema.labels_of_pass(pass_name) if known else schema.labels)
        self._types = list(schema.relations_of_pass(pass_name) if known else schema.relations)
        self._attributes = attribute_agreement.select_attributes(schema, schema.labels)
        self._all = _MeasuredGroup()
        self._pairs: defaultdict[tuple[str, str], bootstrap.DocumentSums[StatisticKey]] = (
            defaultdict(bootstrap.DocumentSums[StatisticKey])
        )
        self._versions: dict[AnnotationVersion | None, _MeasuredGroup] | None = (
            {} if by_version else None
        )
        self._annotation_counts: Counter[AnnotationVersion] = Counter()
        self._annotators: set[str] = set()

    def add(self, document: Document, annotations: Sequence[Annotation]) -> None:
        """Take one more document, with its answers in order of annotator."""
        self._annotation_counts.update(map(version_of, annotations))
        self._annotators.update(answer.annotator for answer in annotations)
        marked = [IndexedAnnotation(answer) for answer in annotations]
        pairs = [AnnotationPair(*two) for two in combinations(marked, 2)]
        length = len(document.text)
        self._add_to_group(self._all, pairs, [marked], length)
        for pair in pairs:
            self._add_pair(pair)
        if self._versions is not None:
            self._add_by_version(self._versions, pairs, length)

    def _add_pair(self, pair: AnnotationPair) -> None:
        found: DocumentStatistics = defaultdict(float)
        span_f1.count_spans(found, pair)
        add_totals(found, _SUMMED_GROUPS)
        self._pairs[pair.one.annotation.annotator, pair.other.annotation.annotator].add(found)

    def _add_to_group(
        self,
        group: _MeasuredGroup,
        pairs: Sequence[AnnotationPair],
        sets: Iterable[Sequence[IndexedAnnotation]],
        length: int,
    ) -> None:
        """Add to a part what pairs of answers give, and what sets of them give as a whole."""
        found: DocumentStatistics = defaultdict(float)
        for pair in pairs:
            span_f1.count_spans(found, pair)
            span_f1.count_kept_predictions(found, pair)
            bounds_agreement.count_bounds(found, pair)
            if self._types:
                relation_f1.count_relations(found, pair)
                claim_f1.count_claims(found, pair)
        attribute_agreement.count_attributes(found, pairs, self._attributes)
        for marked in sets:
            character_alpha.count_characters(found, marked, length)
            unitizing_alpha.count_units(found, marked, length, group.undefined_labels)
        add_totals(found, _SUMMED_GROUPS)
        group.add(found, pairs)

    def _add_by_version(
        self,
        versions: dict[AnnotationVersion | None, _MeasuredGroup],
        pairs: Iterable[AnnotationPair],
        length: int,
    ) -> None:
        """Each pair to its version's part, or to that of pairs across versions; all parts draw the same documents."""
        groups: defaultdict[AnnotationVersion | None, list[AnnotationPair]] = defaultdict(list)
        for pair in pairs:
            one, other = version_of(pair.one.annotation), version_of(pair.other.annotation)
            groups[one if one == other else None].append(pair)
        for key, mine in groups.items():
            part = versions.setdefault(key, _MeasuredGroup())
            part.sums.add_empty(self._all.sums.documents - 1 - part.sums.documents)
            sets = (
                [[pair.one, pair.other] for pair in mine]
                if key is None
                else [_distinct_annotations(mine)]
            )
            self._add_to_group(part, mine, sets, length)

    def build_measurement(
        self, campaign: str, pass_name: str, excluded: dict[str, int], samples: int, seed: int
    ) -> Measurement:
        """The figures of all that has come."""
        sums = self._all.sums.resample(samples, seed)
        subjects = self._find_subjects(sums)
        found = list(_iterate_estimates(sums, subjects, self._all.undefined_labels))
        by_version, differences = self._measure_versions(subjects, samples, seed)
        return Measurement(
            campaign=campaign,
            interface=pass_name,
            annotators=tuple(sorted(self._annotators)),
            documents=self._all.documents,
            annotations=self._annotation_counts.total(),
            comparisons=self._all.comparisons,
            versions={
                format_version(each): count
                for each, count in sorted(self._annotation_counts.items())
            },
            excluded=excluded,
            samples=samples,
            seed=seed,
            figures=_collect_figures(found),
            missing=_count_missing(sums, subjects.attributes),
            pairs=tuple(self._measure_pairs(subjects.labels, samples, seed)),
            by_version=by_version,
            differences=differences,
        )

    def _find_subjects(self, sums: ResampledSums[StatisticKey]) -> _MeasuredSubjects:
        def listed(known: list[str], group: str) -> list[str]:
            found = {key[1] for key in sums.columns if key[0] == group and key[2] == span_f1.MARKED}
            return [*known, *sorted(found - {*known, ALL}), ALL]

        labels, types = listed(self._labels, span_f1.SPANS), listed(self._types, relation_f1.GROUP)
        return _MeasuredSubjects(
            labels,
            types if self._types else [],
            attribute_agreement.select_attributes(self._schema, labels),
        )

    def _measure_pairs(
        self, labels: list[str], samples: int, seed: int
    ) -> Iterator[PairMeasurement]:
        for two, sums in sorted(self._pairs.items()):
            found = span_f1.estimate_spans(sums.resample(samples, seed), labels)
            yield PairMeasurement(
                annotators=two, documents=sums.documents, figures=_collect_figures(found)
            )

    def _measure_versions(
        self, subjects: _MeasuredSubjects, samples: int, seed: int
    ) -> tuple[tuple[VersionMeasurement, ...], tuple[Figure, ...]]:
        parts = sorted(
            (self._versions or {}).items(),
            key=lambda item: (item[0] is None, item[1].first_annotation),
        )
        found = [
            (key, part, self._estimate_group(part, subjects, samples, seed)) for key, part in parts
        ]
        of_one = [estimates for key, _part, estimates in found if key is not None]
        differences = (
            map(bootstrap.subtract_estimates, of_one[1], of_one[0]) if len(of_one) == 2 else ()
        )
        return tuple(_build_version_measurement(*each) for each in found), _collect_figures(
            differences
        )

    def _estimate_group(
        self, group: _MeasuredGroup, subjects: _MeasuredSubjects, samples: int, seed: int
    ) -> list[Estimate]:
        group.sums.add_empty(self._all.sums.documents - group.sums.documents)
        return list(
            _iterate_estimates(group.sums.resample(samples, seed), subjects, group.undefined_labels)
        )


def version_of(annotation: Annotation) -> AnnotationVersion:
    """What an answer was given under."""
    return annotation.schema_version, annotation.guidelines_version or ""


def format_version(version: AnnotationVersion) -> str:
    """A version in words.

    >>> format_version(("1.0.0", "2")), format_version(("1.0.0", ""))
    ('schema 1.0.0, guidelines 2', 'schema 1.0.0')
    """
    return f"schema {version[0]}, guidelines {version[1]}" if version[1] else f"schema {version[0]}"


def _distinct_annotations(pairs: Iterable[AnnotationPair]) -> list[IndexedAnnotation]:
    return list({id(each): each for pair in pairs for each in (pair.one, pair.other)}.values())


def _iterate_estimates(
    sums: ResampledSums[StatisticKey], subjects: _MeasuredSubjects, undefined_labels: dict[str, str]
) -> Iterator[Estimate]:
    labels = subjects.labels
    three = (
        span_f1.estimate_spans(sums, labels),
        character_alpha.estimate_characters(sums, labels),
        unitizing_alpha.estimate_units(sums, labels, undefined_labels),
    )
    yield from sorted(chain(*three), key=lambda each: labels.index(each.figure.subject))
    yield from attribute_agreement.estimate_attributes(sums, subjects.attributes)
    if COUNT in labels:
        yield from bounds_agreement.estimate_bounds(sums)
    if subjects.types:
        yield from relation_f1.estimate_relations(sums, subjects.types)
        yield from claim_f1.estimate_claims(sums)
    yield from span_f1.estimate_machine_share(sums, labels)


def _collect_figures(estimates: Iterable[Estimate]) -> tuple[Figure, ...]:
    return tuple(each.figure for each in estimates)


def _count_missing(
    sums: ResampledSums[StatisticKey], asked: attribute_agreement.ComparedAttributes
) -> dict[str, int]:
    found = {
        f"{label}.{name}": attribute_agreement.count_missing_values(sums, f"{label}.{name}")
        for label in asked
        for name in asked[label]
    }
    return {subject: count for subject, count in found.items() if count}


def _build_version_measurement(
    key: AnnotationVersion | None, group: _MeasuredGroup, estimates: list[Estimate]
) -> VersionMeasurement:
    return VersionMeasurement(
        schema_version=key[0] if key else None,
        guidelines_version=(key[1] or None) if key else None,
        mixed=key is None,
        first_annotation=group.first_annotation,
        documents=group.documents,
        comparisons=group.comparisons,
        figures=_collect_figures(estimates),
    )
