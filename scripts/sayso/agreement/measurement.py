"""Measurement of agreement, by campaign and pass, in one walk over the documents.

Only sums are kept of a document, and the lengths of units. Equal comparisons give equal
measurements, to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations

from sayso.agreement import (
    attribute_agreement,
    character_alpha,
    frame_f1,
    relation_f1,
    span_f1,
    token_agreement,
)
from sayso.agreement.agreement_report import (
    AgreementReport,
    DocumentMeasurement,
    Measurement,
    PairMeasurement,
    UnmeasuredPass,
    VersionMeasurement,
)
from sayso.agreement.annotation_pairs import (
    ALL,
    AgreementSums,
    AnnotationPair,
    AnnotationSet,
    DocumentStatistics,
    IndexedAnnotation,
    StatisticKey,
    add_totals,
)
from sayso.agreement.comparisons import (
    PEOPLE,
    ComparedDocument,
    ExcludedAnnotations,
    iterate_comparisons,
    iterate_gold_comparisons,
)
from sayso.agreement.confusions import ConfusionCounts
from sayso.agreement.gamma import compute_gamma
from sayso.agreement.jackknife import (
    ALPHA,
    DocumentSums,
    Estimate,
    Figure,
    estimate,
    ratio,
    subtract_estimates,
)
from sayso.agreement.unitizing_alpha import UnitContinuum, estimate_units
from sayso.corpus.items import AnnotationFilter, Item
from sayso.models import Annotation, Document
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.name_edges import find_edges

_SUMMED_GROUPS = frozenset(
    {
        span_f1.SPANS,
        span_f1.MACHINE,
        character_alpha.GROUP,
        token_agreement.GROUP,
        relation_f1.GROUP,
    }
)


@dataclass(frozen=True)
class AgreementOptions:
    """Choices of what is measured beside the figures of each campaign and pass.

    Attributes:
        by_version: each version of schema and guidelines apart.
        by_document: each document apart.
        all_pairs: every figure of every two annotators, not those of spans alone.
        confusions: the values, and the labels, that annotators confuse.
        gold: compare each annotator with gold in place of the others.
        gamma: gamma as well, which takes about a second for each document.
    """

    by_version: bool = False
    by_document: bool = False
    all_pairs: bool = False
    confusions: bool = False
    gold: bool = False
    gamma: bool = False


DEFAULT_OPTIONS = AgreementOptions()
AnnotationVersion = tuple[str, str]
"""The versions of schema and guidelines that an annotation was made under; empty where unknown."""


def measure_agreement(
    items: Iterable[Item],
    schema: Schema,
    selection: AnnotationFilter = PEOPLE,
    options: AgreementOptions = DEFAULT_OPTIONS,
) -> AgreementReport:
    """Measure how far annotators agree, for each campaign and pass.

    Args:
        items: filtered with `comparisons.with_excluded`.
        selection: its kinds say whether programs are compared.
    """
    excluded = ExcludedAnnotations()
    compare = iterate_gold_comparisons if options.gold else iterate_comparisons
    measurements = measure_comparisons(
        compare(items, selection, excluded), schema, options, excluded=excluded
    )
    measured = {(each.campaign, each.interface) for each in measurements}
    not_measured = tuple(
        UnmeasuredPass(campaign=campaign, interface=pass_name, excluded=reasons)
        for (campaign, pass_name), reasons in excluded.count_by_pass().items()
        if (campaign, pass_name) not in measured
    )
    return AgreementReport(measurements=tuple(measurements), not_measured=not_measured)


def measure_comparisons(
    comparisons: Iterable[ComparedDocument],
    schema: Schema,
    options: AgreementOptions = DEFAULT_OPTIONS,
    *,
    excluded: ExcludedAnnotations | None = None,
) -> list[Measurement]:
    """Measure comparisons, by campaign and pass. ``excluded`` is read after the last of them."""
    passes: dict[tuple[str, str], _PassMeasurement] = {}
    for each in comparisons:
        key = each.campaign, each.pass_name
        if key not in passes:
            passes[key] = _PassMeasurement(schema, each.pass_name.partition(":")[0], options)
        passes[key].add(each.document, each.annotations)
    reasons = excluded.count_by_pass() if excluded else {}
    return [
        measured.build_measurement(*key, reasons.get(key, {}))
        for key, measured in sorted(passes.items())
    ]


@dataclass(frozen=True)
class _MeasuredSubjects:
    """The labels, types and attributes of the pass, and whatever else was annotated."""

    labels: list[str]
    types: list[str]
    attributes: attribute_agreement.ComparedAttributes
    questions: Mapping[str, Attribute]
    are_two: bool


@dataclass
class _MeasuredGroup:
    """The sums of annotations compared with each other: all of a pass, or those of one version."""

    sums: DocumentSums[StatisticKey] = field(default_factory=DocumentSums[StatisticKey])
    continuum: UnitContinuum = field(default_factory=UnitContinuum)
    documents: int = 0
    comparisons: int = 0
    first_annotation: str = ""

    def add(self, found: DocumentStatistics, pairs: Sequence[AnnotationPair]) -> None:
        """Add what a document contributes; its units are already in the continuum."""
        self.sums.add(found)
        self.documents += 1
        self.comparisons += len(pairs)
        created = min(each.annotation.created for pair in pairs for each in (pair.one, pair.other))
        self.first_annotation = min(self.first_annotation or created, created)

    def fill_up(self, documents: int) -> None:
        """Add empty documents until there are so many."""
        missing = documents - self.sums.documents
        self.sums.add_empty(missing)
        self.continuum.add_empty(missing)


class _PassMeasurement:
    """The sums of one campaign and pass."""

    def __init__(self, schema: Schema, pass_name: str, options: AgreementOptions) -> None:
        self._schema, known = schema, pass_name in schema.interfaces
        self._labels = list(schema.labels_of_pass(pass_name) if known else schema.labels)
        self._types = list(schema.relations_of_pass(pass_name) if known else schema.relations)
        self._attributes = attribute_agreement.select_attributes(schema, schema.labels)
        self._frames = frame_f1.FrameF1(schema)
        self._questions = schema.questions_of_pass(pass_name) if known else schema.questions
        self._symmetric = frozenset(
            name for name, each in schema.relations.items() if each.symmetric
        )
        self._all = _MeasuredGroup()
        self._pairs = defaultdict[tuple[str, str], _MeasuredGroup](_MeasuredGroup)
        self._options = options
        self._documents: list[DocumentMeasurement] = []
        self._gamma = DocumentSums[str]()
        self._unit_cache: attribute_agreement.UnitCache = {}
        self._confusions = ConfusionCounts(self._attributes, self._questions)
        self._versions: dict[AnnotationVersion | None, _MeasuredGroup] = {}
        self._annotation_counts: Counter[AnnotationVersion] = Counter()
        self._annotators: set[str] = set()
        self._programs: set[str] = set()

    def add(self, document: Document, annotations: Sequence[Annotation]) -> None:
        """Add one document, with its annotations in order of annotator."""
        self._annotation_counts.update(map(version_of, annotations))
        self._annotators.update(annotation.annotator for annotation in annotations)
        self._programs.update(
            each.annotator for each in annotations if each.annotator_kind == "program"
        )
        edges = find_edges(self._schema, document.language)
        indexed = [
            IndexedAnnotation(annotation, edges, self._symmetric) for annotation in annotations
        ]
        pairs = [AnnotationPair(*two) for two in combinations(indexed, 2)]
        self._add_to_group(self._all, [AnnotationSet(pairs)], document)
        for pair in pairs:
            group = self._pairs[pair.one.annotation.annotator, pair.other.annotation.annotator]
            if self._options.all_pairs:
                self._add_to_group(group, [AnnotationSet([pair])], document)
            else:
                found: DocumentStatistics = defaultdict(float)
                span_f1.count_spans(found, pair)
                for each in (pair.one, pair.other):
                    span_f1.count_mentions(found, each)
                add_totals(found, _SUMMED_GROUPS)
                group.add(found, [pair])
            if self._options.confusions:
                self._confusions.add(pair)
        if self._options.gamma:
            self._gamma.add(_count_gamma(annotations))
        if self._options.by_version:
            self._add_by_version(pairs, document)
        if self._options.by_document:
            self._documents.append(self._measure_document(pairs, document))

    def _measure_document(
        self, pairs: Sequence[AnnotationPair], document: Document
    ) -> DocumentMeasurement:
        """Measure one document by itself. One document has no interval."""
        group = _MeasuredGroup()
        self._add_to_group(group, [AnnotationSet(pairs)], document)
        sums = group.sums.leave_out()
        subjects = self._find_subjects(sums)
        units = estimate_units(group.continuum, subjects.labels)
        figures = _collect_figures(_iterate_estimates(sums, subjects, units, self._frames))
        return DocumentMeasurement(
            doc_id=document.doc_id, annotations=len({*group_annotators(pairs)}), figures=figures
        )

    def _add_to_group(
        self, group: _MeasuredGroup, sets: Sequence[AnnotationSet], document: Document
    ) -> None:
        """Add the statistics of sets of annotations and of the pairs in them."""
        found: DocumentStatistics = defaultdict(float)
        unlabelled: DocumentStatistics = defaultdict(float)
        for each in sets:
            for pair in each.pairs:
                span_f1.count_spans(found, pair)
                span_f1.count_unlabelled(unlabelled, pair)
                span_f1.count_kept_predictions(found, pair)
                if self._types:
                    relation_f1.count_relations(found, pair)
                    self._frames.count(found, pair)
            attribute_agreement.count_attributes(
                found, each.units, self._attributes, self._unit_cache
            )
            attribute_agreement.count_bounds(found, each.units, self._schema)
            attribute_agreement.count_answers(found, each.annotations, self._questions)
            character_alpha.count_characters(found, each.annotations, len(document.text))
            token_agreement.count_tokens(found, each.annotations, document.text)
        for annotation in {id(one): one for each in sets for one in each.annotations}.values():
            span_f1.count_mentions(found, annotation)
            unlabelled[span_f1.SPANS, span_f1.ANY, span_f1.UNITS] += len(
                annotation.annotation.mentions
            )
            if self._types:
                relation_f1.count_drawn(found, annotation)
                self._frames.count_units(found, annotation)
        group.continuum.add(document.doc_id, len(document.text), sets)
        add_totals(found, _SUMMED_GROUPS)
        found.update(unlabelled)
        group.add(found, [pair for each in sets for pair in each.pairs])

    def _add_by_version(self, pairs: Iterable[AnnotationPair], document: Document) -> None:
        """Add each pair to the group of its version, or to that of pairs across versions.

        Every group has as many documents as the pass, empty ones included, so that all leave
        out the same ones.
        """
        groups: defaultdict[AnnotationVersion | None, list[AnnotationPair]] = defaultdict(list)
        for pair in pairs:
            one, other = version_of(pair.one.annotation), version_of(pair.other.annotation)
            groups[one if one == other else None].append(pair)
        for version, mine in groups.items():
            group = self._versions.setdefault(version, _MeasuredGroup())
            group.fill_up(self._all.sums.documents - 1)
            # Annotations of one version are a set; across versions each pair is one.
            sets = (
                [AnnotationSet(mine)]
                if version is not None
                else [AnnotationSet([pair], apart=True) for pair in mine]
            )
            self._add_to_group(group, sets, document)

    def build_measurement(
        self, campaign: str, pass_name: str, excluded: dict[str, int]
    ) -> Measurement:
        """Compute all figures."""
        sums = self._all.sums.leave_out()
        subjects = self._find_subjects(sums)
        units = estimate_units(self._all.continuum, subjects.labels)
        estimates = _iterate_estimates(sums, subjects, units, self._frames)
        by_version, differences = self._measure_versions(subjects)
        versions = sorted(self._annotation_counts.items())
        return Measurement(
            campaign=campaign,
            interface=pass_name,
            annotators=tuple(sorted(self._annotators)),
            programs=tuple(sorted(self._programs)),
            documents=self._all.documents,
            annotations=self._annotation_counts.total(),
            comparisons=self._all.comparisons,
            versions={format_version(version): count for version, count in versions},
            excluded=excluded,
            figures=_collect_figures(chain(estimates, self._estimate_gamma())),
            overlapping={
                label: tuple(doc_ids) for label, doc_ids in self._all.continuum.overlapping.items()
            },
            missing=_count_missing(sums, subjects),
            pairs=tuple(self._measure_pairs(subjects)),
            by_document=tuple(sorted(self._documents, key=lambda each: each.rank)),
            confusions=tuple(self._confusions.build_matrices(self._labels)),
            by_version=by_version,
            differences=differences,
        )

    def _estimate_gamma(self) -> Iterator[Estimate]:
        if self._options.gamma:
            sums, name = self._gamma.leave_out(), ("spans", ALL, "gamma")
            reason = "no document was marked by two of its annotators, and left empty by none"
            mean, n = ratio(sums["sum"], sums["documents"]), sums.total("documents")
            yield estimate(name, mean, n, "documents", n, reason, limits=ALPHA)

    def _find_subjects(self, sums: AgreementSums) -> _MeasuredSubjects:
        def with_others(known: list[str], group: str) -> list[str]:
            found = {key[1] for key in sums.columns if key[0] == group and key[2] == span_f1.MARKED}
            return [*known, *sorted(found - {*known, ALL, span_f1.ANY}), ALL]

        labels = with_others(self._labels, span_f1.SPANS)
        types = with_others(self._types, relation_f1.GROUP) if self._types else []
        attributes = attribute_agreement.select_attributes(self._schema, labels)
        are_two = len(self._annotators) == 2
        return _MeasuredSubjects(labels, types, attributes, self._questions, are_two)

    def _measure_pairs(self, subjects: _MeasuredSubjects) -> Iterator[PairMeasurement]:
        subjects = replace(subjects, are_two=True)
        for annotators, group in sorted(self._pairs.items()):
            sums = group.sums.leave_out()
            estimates = span_f1.estimate_spans(sums, subjects.labels)
            if self._options.all_pairs:
                units = estimate_units(group.continuum, subjects.labels)
                estimates = _iterate_estimates(sums, subjects, units, self._frames)
            yield PairMeasurement(
                annotators=annotators,
                documents=group.documents,
                figures=_collect_figures(estimates),
            )

    def _measure_versions(
        self, subjects: _MeasuredSubjects
    ) -> tuple[tuple[VersionMeasurement, ...], tuple[Figure, ...]]:
        measured, unmixed = [], []
        for version, group in sorted(
            self._versions.items(), key=lambda item: (item[0] is None, item[1].first_annotation)
        ):
            group.fill_up(self._all.sums.documents)
            sums = group.sums.leave_out()
            units = estimate_units(group.continuum, subjects.labels)
            estimates = list(_iterate_estimates(sums, subjects, units, self._frames))
            unmixed += [estimates] if version else []
            measured.append(
                VersionMeasurement(
                    schema_version=version[0] if version else None,
                    guidelines_version=(version[1] or None) if version else None,
                    mixed=version is None,
                    first_annotation=group.first_annotation,
                    documents=group.documents,
                    comparisons=group.comparisons,
                    figures=_collect_figures(estimates),
                )
            )
        differences = _subtract_all(*unmixed) if len(unmixed) == 2 else ()
        return tuple(measured), _collect_figures(differences)


def _subtract_all(older: Iterable[Estimate], newer: Iterable[Estimate]) -> Iterator[Estimate]:
    """Yield the difference of each figure that both have."""
    before = {each.figure.name: each for each in older}
    for each in newer:
        if each.figure.name in before:
            yield subtract_estimates(each, before[each.figure.name])


def _count_gamma(annotations: Iterable[Annotation]) -> dict[str, float]:
    layers = [[(m.start, m.end, m.label) for m in each.mentions] for each in annotations]
    value = compute_gamma(layers)
    return {} if value is None else {"sum": value, "documents": 1}


def version_of(annotation: Annotation) -> AnnotationVersion:
    """Return the versions that an annotation was made under."""
    return annotation.schema_version, annotation.guidelines_version or ""


def format_version(version: AnnotationVersion) -> str:
    """Format a version for people.

    >>> format_version(("1.0.0", "2")), format_version(("1.0.0", ""))
    ('schema 1.0.0, guidelines 2', 'schema 1.0.0')
    """
    return f"schema {version[0]}, guidelines {version[1]}" if version[1] else f"schema {version[0]}"


def _iterate_estimates(
    sums: AgreementSums,
    subjects: _MeasuredSubjects,
    units: Iterable[Estimate],
    frames: frame_f1.FrameF1,
) -> Iterator[Estimate]:
    are_two, labels = subjects.are_two, subjects.labels
    yield from attribute_agreement.estimate_answers(sums, subjects.questions, are_two=are_two)
    if labels == [ALL]:
        return  # the pass only asks questions
    of_spans = (
        span_f1.estimate_spans(sums, labels),
        character_alpha.estimate_characters(sums, labels),
        token_agreement.estimate_tokens(sums, labels),
        units,
    )
    yield from sorted(chain(*of_spans), key=lambda each: labels.index(each.figure.subject))
    yield from span_f1.estimate_unlabelled(sums)
    yield from attribute_agreement.estimate_attributes(sums, subjects.attributes, are_two=are_two)
    yield from attribute_agreement.estimate_bounds(sums, frames.schema, labels)
    if subjects.types:
        yield from relation_f1.estimate_relations(sums, subjects.types)
        yield from frames.estimate(sums, labels)
    yield from span_f1.estimate_machine_share(sums, labels)


def group_annotators(pairs: Iterable[AnnotationPair]) -> Iterator[str]:
    """Yield the annotators of some pairs."""
    for pair in pairs:
        yield from (each.annotation.annotator for each in (pair.one, pair.other))


def _collect_figures(estimates: Iterable[Estimate]) -> tuple[Figure, ...]:
    return tuple(each.figure for each in estimates)


def _count_missing(sums: AgreementSums, subjects: _MeasuredSubjects) -> dict[str, int]:
    names = [
        (attribute_agreement.GROUP, f"{label}.{name}")
        for label, attributes in subjects.attributes.items()
        for name in attributes
    ]
    names += [(attribute_agreement.ANSWERS_GROUP, name) for name in subjects.questions]
    counts = {name[1]: attribute_agreement.count_missing_values(sums, name) for name in names}
    return {subject: count for subject, count in counts.items() if count}
