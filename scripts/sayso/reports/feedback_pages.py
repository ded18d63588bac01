"""Feedback: a private page for each annotator, and an index for the campaign lead.

A page compares one annotator with gold and with nobody else; the index is in order of pseudonym
and ranks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sayso.adjudication.deciders import describe_decisions
from sayso.agreement.agreement_tables import explain_rough_interval
from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.agreement.disagreement_cases import DisagreementCase
from sayso.agreement.disagreement_types import MISSING_END, Disagreement
from sayso.agreement.jackknife import Figure
from sayso.callbacks import Advance
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors, make_folder
from sayso.reports.gold_comparison import (
    EMPTY_SCORE,
    GOLD,
    YOU,
    GoldComparison,
    GoldScore,
    compare_with_gold,
    estimate_f1,
)
from sayso.reports.gold_coverage import COLUMNS, GoldCoverage
from sayso.reports.guideline_rules import OTHER_RULE, GuidelineRule, GuidelineRules, load_rules
from sayso.reports.html_page import HtmlPage, JsonSpool, PageResult, build_data_block, label_colours
from sayso.reports.learning_curve import (
    IDLE_FACTOR,
    LearningCurve,
    ScoredAnnotation,
    build_curve,
    render_f1_curve,
    render_time_curve,
)
from sayso.reports.passages import PassagePacker
from sayso.reports.svg_plots import curve_style
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

BLOCK_PASSAGES = 500  # passages in one JSON block


@dataclass(frozen=True)
class FeedbackPage:
    """The page of one annotator."""

    campaign: str
    annotator: str
    page: PageResult
    feedback: AnnotatorFeedback


@dataclass(frozen=True)
class FeedbackResult:
    """All pages written. ``indexes`` are empty if only some annotators were asked for."""

    pages: tuple[FeedbackPage, ...]
    indexes: tuple[PageResult, ...]
    excluded: ExcludedAnnotations


@dataclass
class AnnotatorFeedback:
    """The content of a page: counts in memory, passages on disk."""

    schema: Schema
    rules: GuidelineRules
    spool: JsonSpool
    annotations: list[ScoredAnnotation] = field(default_factory=list)
    coverage: GoldCoverage = field(default_factory=GoldCoverage)
    rule_counts: Counter[GuidelineRule] = field(default_factory=Counter)
    rule_numbers: dict[GuidelineRule, int] = field(default_factory=dict)
    consequences: int = 0
    decisions: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.packer = PassagePacker(self.schema, self._rule_number)
        self.packer.annotators.index(YOU)
        self.packer.annotators.index(GOLD)

    def _rule_number(self, disagreement: Disagreement) -> int:
        return self.rule_numbers.setdefault(
            self.rules.find_rule(disagreement), len(self.rule_numbers)
        )

    def add(self, comparison: GoldComparison) -> None:
        """Add one annotation."""
        # A relation without an end follows from a missed mention, which is counted already.
        disagreements = comparison.result.disagreements
        independent = tuple(each for each in disagreements if MISSING_END not in each.details)
        self.consequences += len(disagreements) - len(independent)
        self.annotations.append(ScoredAnnotation.from_comparison(comparison))
        self.coverage.add(comparison)
        self.rule_counts.update(map(self.rules.find_rule, independent))
        self.decisions[comparison.gold.decision] += 1
        for passage in self.packer.pack_passages(
            _replace_disagreements(comparison.case, independent)
        ):
            self.spool.add(passage)

    @property
    def score(self) -> GoldScore:
        """The score over all annotations."""
        return sum((each.score for each in self.annotations), EMPTY_SCORE)

    def f1(self) -> dict[str, Figure]:
        """Compute F1 with confidence intervals."""
        return dict(estimate_f1((each.doc_id, each.score) for each in self.annotations))

    def ranked_rules(self) -> list[tuple[GuidelineRule, int]]:
        """Return rules with counts, the most frequent first and ``OTHER_RULE`` last."""
        return sorted(
            self.rule_counts.items(), key=lambda each: (each[0] == OTHER_RULE, -each[1], each[0])
        )


def _replace_disagreements(
    case: DisagreementCase, disagreements: tuple[Disagreement, ...]
) -> DisagreementCase:
    (pair,) = case.pairs
    comparison = replace(pair.comparison, disagreements=disagreements)
    return replace(case, pairs=(replace(pair, comparison=comparison),))


def write_feedback(
    checkout: Checkout,
    selection: AnnotationFilter,
    out: Path | None = None,
    server_url: str = "",
    advance: Advance = lambda _n: None,
) -> FeedbackResult:
    """Write the pages below ``out``, by default in the private folder of the checkout.

    Args:
        server_url: the Label Studio that links lead to; empty for no links.

    Raises:
        UsageError: ``out`` is in the corpus, which is published.
        InputError: nothing is adjudicated, or a record is broken.
        DiskError: a file cannot be written.
    """
    schema, rules = load_schema(checkout.root / SCHEMA_FILE), load_rules(checkout.root)
    folder, excluded = _find_folder(checkout, out), ExcludedAnnotations()
    comparisons = compare_with_gold(CorpusFiles(checkout.root), schema, selection, excluded)
    _make_private_folder(folder)
    with ExitStack() as stack:
        feedback: dict[tuple[str, str], AnnotatorFeedback] = {}
        for comparison in comparisons:
            key = comparison.annotation.campaign, comparison.annotation.annotator
            if key not in feedback:
                spool = stack.enter_context(JsonSpool.open(folder))
                feedback[key] = AnnotatorFeedback(schema, rules, spool)
            feedback[key].add(comparison)
            advance(1)
        pages = tuple(
            _write_annotator_page(folder, *key, feedback[key], server_url)
            for key in sorted(feedback)
        )
        indexes = () if selection.annotators else tuple(_write_indexes(folder, pages))
    return FeedbackResult(pages, indexes, excluded)


def _find_folder(checkout: Checkout, out: Path | None) -> Path:
    folder, corpus = (
        (out or checkout.private / "feedback").resolve(),
        (checkout.root / "corpus").resolve(),
    )
    if folder == corpus or corpus in folder.parents:
        problem = "feedback is private, and corpus/ is published"
        raise UsageError(
            problem,
            where=str(out),
            remedy="choose another folder, or drop --out for .sayso/feedback",
        )
    return folder


def _make_private_folder(folder: Path) -> None:
    make_folder(folder, mode=0o700)


def _campaign_folder(folder: Path, campaign: str) -> Path:
    if not campaign or campaign.startswith(".") or Path(campaign).name != campaign:
        raise InputError(
            f"the campaign name {campaign!r} is not a folder name", remedy="run `sayso check`"
        )
    _make_private_folder(folder / campaign)
    return folder / campaign


def _write_private(page: HtmlPage, path: Path, *content: Any) -> PageResult:
    """Write a page that only its owner can read, also if the file had other permissions."""
    result = page.write(path, *content, mode=0o600)
    with convert_os_errors(path):
        path.chmod(0o600)
    return result


def _write_annotator_page(
    folder: Path, campaign: str, annotator: str, feedback: AnnotatorFeedback, server_url: str
) -> FeedbackPage:
    path = _campaign_folder(folder, campaign) / f"{annotator}.html"
    page = HtmlPage(
        "feedback.html",
        ("passages.css", "feedback.css"),
        ("passages.js", "feedback.js"),
        lambda background: label_colours(feedback.schema, background) + curve_style(background),
    )
    context = {"campaign": campaign, "annotator": annotator, **_build_context(feedback)}
    data = {
        **feedback.packer.build_page_data(),
        "server_url": server_url,
        "extra_name": "yours alone",
    }
    blocks = [build_data_block(data), *feedback.spool.read_blocks("passages", BLOCK_PASSAGES)]
    return FeedbackPage(campaign, annotator, _write_private(page, path, context, blocks), feedback)


def _build_context(feedback: AnnotatorFeedback) -> dict[str, Any]:
    curve, score, f1 = build_curve(feedback.annotations), feedback.score, feedback.f1()
    curves = {
        "Seconds per 100 characters": render_time_curve(curve),
        "F1 against gold": render_f1_curve(curve),
    }
    columns = ("in gold", "the same", "all attributes right", *COLUMNS.values())
    return {
        "annotations": f"{len(feedback.annotations):,}",
        "decisions": describe_decisions(feedback.decisions),
        "own": f"{score.own:,}",
        "gold": f"{score.gold:,}",
        "exact": format_share(f1["exact"].value),
        "overlap": format_share(f1["overlap"].value),
        "intervals": {name: _format_interval(figure) for name, figure in f1.items()},
        "differences": f"{feedback.rule_counts.total():,}",
        "consequences": f"{feedback.consequences:,}" if feedback.consequences else "",
        "coverage": feedback.coverage.build_rows(feedback.schema),
        "columns": columns,
        "rules": [
            {"number": feedback.rule_numbers[rule], "count": f"{count:,}", **rule._asdict()}
            for rule, count in feedback.ranked_rules()
        ],
        "curves": [(title, svg) for title, svg in curves.items() if svg],
        "cap": f"{curve.cap:,.0f}" if curve.cap else "",
        "idle_factor": f"{IDLE_FACTOR:g}",
        "capped": f"{curve.capped:,}",
        "parts": list(_part_rows(curve)),
        "points": list(_point_rows(curve)),
    }


def format_share(value: float | None) -> str:
    """Format a share between 0 and 1 with two digits, rounded down.

    >>> format_share(0.999), format_share(None)
    ('.99', 'undefined')
    """
    if value is None:
        return "undefined"
    return "1" if value == 1 else f".{int(value * 100):02d}"


def _format_interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return f"no interval: {figure.no_interval or 'nothing to compare'}"
    rough = explain_rough_interval(figure)
    remark = f" (rough: {rough})" if rough else ""
    return f"95 % interval {format_share(figure.low)} to {format_share(figure.high)}{remark}"


def _part_rows(curve: LearningCurve) -> Iterator[list[str]]:
    for part in curve.parts:
        numbers = f"{part.first}" if part.first == part.last else f"{part.first}–{part.last}"
        yield [
            numbers,
            _format_seconds(part.seconds),
            format_share(part.exact),
            format_share(part.overlap),
        ]


def _point_rows(curve: LearningCurve) -> Iterator[list[str]]:
    for number, point in enumerate(curve.points, 1):
        score = point.score
        seconds = f"{_format_seconds(point.seconds)}{' (capped)' if point.capped else ''}"
        f1 = format_share(score.f1("exact")), format_share(score.f1("overlap"))
        yield [f"{number}", point.doc_id, seconds, f"{score.own}", f"{score.gold}", *f1]


def _format_seconds(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds:,.1f}"


# --- for the campaign lead


def _write_indexes(folder: Path, pages: Iterable[FeedbackPage]) -> Iterator[PageResult]:
    by_campaign: dict[str, list[FeedbackPage]] = {}
    for page in pages:
        by_campaign.setdefault(page.campaign, []).append(page)
    index = HtmlPage("feedback_index.html", ("feedback.css",))
    for campaign, group in by_campaign.items():
        yield _write_private(
            index, folder / campaign / "index.html", _build_index_context(campaign, group)
        )


def _build_index_context(campaign: str, pages: Iterable[FeedbackPage]) -> dict[str, Any]:
    counts_by_rule: dict[GuidelineRule, list[int]] = {}
    annotators = []
    for page in pages:
        annotations = f"{len(page.feedback.annotations):,}"
        annotators.append(
            {"name": page.annotator, "file": page.page.path.name, "annotations": annotations}
        )
        for rule, count in page.feedback.rule_counts.items():
            counts_by_rule.setdefault(rule, []).append(count)
    ordered = sorted(
        counts_by_rule.items(), key=lambda each: (-len(each[1]), -sum(each[1]), each[0])
    )
    rules = [
        {**rule._asdict(), "annotators": f"{len(counts):,}", "count": f"{sum(counts):,}"}
        for rule, counts in ordered
    ]
    return {"campaign": campaign, "annotators": annotators, "rules": rules}
