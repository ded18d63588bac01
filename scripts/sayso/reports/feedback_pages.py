"""A page for each annotator, and an index for the lead: readable by the owner of the checkout alone, and in no release.

Nobody is ranked: a page compares one person with gold and with nobody else, and the index stands in order of pseudonym.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from sayso.agreement.bootstrap import Figure
from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.agreement.disagreement_cases import DisagreementCase
from sayso.agreement.disagreement_types import MISSING_END, Disagreement
from sayso.corpus.old_items import GOLD_KIND, AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.files import convert_os_errors, replace_if_changed
from sayso.reports import guideline_rules, learning_plots
from sayso.reports.disagreement_explorer import (
    BLOCK_PASSAGES,
    build_passage_script,
    build_passage_style,
)
from sayso.reports.gold_comparison import (
    EMPTY_SCORE,
    YOU,
    GoldComparison,
    GoldScore,
    compare_with_gold,
)
from sayso.reports.gold_coverage import GoldCoverage
from sayso.reports.gold_f1 import estimate_f1
from sayso.reports.guideline_rules import GuidelineRule, GuidelineRules
from sayso.reports.html_page import (
    JsonSpool,
    build_data_block,
    open_temporary_file,
    style_both_themes,
    write_page,
)
from sayso.reports.learning_curve import IDLE_FACTOR, LearningCurve, ScoredAnnotation, build_curve
from sayso.reports.passages import PassagePacker
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from sayso.settings import SCHEMA_FILE, Checkout

_HERE = Path(__file__).parent
Advance = Callable[[int], None]


@dataclass(frozen=True)
class FeedbackPage:
    """One page. ``changed`` is False where the file held just that already."""

    campaign: str
    annotator: str
    path: Path
    changed: bool
    feedback: AnnotatorFeedback


@dataclass(frozen=True)
class FeedbackResult:
    """Everything that was written. ``indexes`` are empty where only some annotators were asked for."""

    pages: tuple[FeedbackPage, ...]
    indexes: tuple[tuple[Path, bool], ...]
    excluded: ExcludedAnnotations


@dataclass
class AnnotatorFeedback:
    """What one annotator is told: counts in memory, sentences on disk."""

    schema: Schema
    rules: GuidelineRules
    spool: JsonSpool
    annotations: list[ScoredAnnotation] = field(default_factory=list)
    coverage: GoldCoverage = field(default_factory=GoldCoverage)
    rule_counts: Counter[GuidelineRule] = field(default_factory=Counter)
    consequences: int = 0
    adjudicators: Counter[str] = field(default_factory=Counter)
    rule_numbers: dict[GuidelineRule, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packer = PassagePacker(self.schema, self._rule_number)
        self.packer.annotators.index(YOU)
        self.packer.annotators.index(GOLD_KIND)

    def _rule_number(self, found: Disagreement) -> int:
        return self.rule_numbers.setdefault(self.rules.find_rule(found), len(self.rule_numbers))

    def add(self, comparison: GoldComparison) -> None:
        """Take one more answer."""
        told = [
            found for found in comparison.result.disagreements if MISSING_END not in found.details
        ]
        self.consequences += len(comparison.result.disagreements) - len(told)
        self.annotations.append(ScoredAnnotation.from_comparison(comparison))
        self.coverage.add(comparison)
        self.rule_counts.update(map(self.rules.find_rule, told))
        self.adjudicators[comparison.gold.adjudicator or ""] += 1
        for passage in self.packer.pack_passages(_replace_disagreements(comparison.case, told)):
            self.spool.add(passage)

    @property
    def score(self) -> GoldScore:
        """Over all answers."""
        return sum((each.score for each in self.annotations), EMPTY_SCORE)

    def ranked_rules(self) -> list[tuple[GuidelineRule, int]]:
        """Rules, the most often missed first; what has none last."""
        return sorted(
            self.rule_counts.items(),
            key=lambda each: (each[0] == guideline_rules.OTHER_RULE, -each[1], each[0]),
        )


def _replace_disagreements(
    case: DisagreementCase, disagreements: Iterable[Disagreement]
) -> DisagreementCase:
    (pair,) = case.pairs
    return changed(
        case,
        pairs=(
            changed(pair, comparison=changed(pair.comparison, disagreements=tuple(disagreements))),
        ),
    )


def write_feedback(
    checkout: Checkout,
    annotation_filter: AnnotationFilter,
    out: Path | None = None,
    address: str = "",
    advance: Advance = lambda _n: None,
) -> FeedbackResult:
    """Write the pages below ``out``, by default in the private folder. ``address`` of the Label Studio, or empty.

    Raises:
        UsageError: ``out`` is in the corpus, which is published.
        InputError: nothing is adjudicated, or a record is broken.
        DiskError: the disk refused.
    """
    schema, table = (
        schemas.load_schema(checkout.root / SCHEMA_FILE),
        guideline_rules.load_rules(checkout.root),
    )
    folder, left_out = _check_folder(checkout, out), ExcludedAnnotations()
    coming = compare_with_gold(CorpusFiles(checkout.root), schema, annotation_filter, left_out)
    _make_private_folder(folder)
    with convert_os_errors(folder), ExitStack() as stack:
        people: dict[tuple[str, str], AnnotatorFeedback] = {}
        for each in coming:
            who = each.annotation.campaign, each.annotation.annotator
            if who not in people:
                people[who] = AnnotatorFeedback(
                    schema, table, JsonSpool(stack.enter_context(open_temporary_file(folder)))
                )
            people[who].add(each)
            advance(1)
        pages = tuple(
            _write_feedback_page(folder, *who, told, address)
            for who, told in sorted(people.items(), key=lambda p: p[0])
        )
        indexes = () if annotation_filter.annotators else tuple(_write_indexes(folder, pages))
    return FeedbackResult(pages, indexes, left_out)


def _check_folder(checkout: Checkout, out: Path | None) -> Path:
    """The folder, which is not one that is published."""
    folder = (out or checkout.private / "feedback").resolve()
    corpus = (checkout.root / "corpus").resolve()
    if folder == corpus or corpus in folder.parents:
        raise UsageError(
            "feedback is for one person and the lead, and corpus/ is published",
            where=str(out),
            remedy="choose another folder; without --out it goes into .sayso/feedback",
        )
    return folder


def _make_private_folder(folder: Path) -> None:
    with convert_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write_feedback_page(
    folder: Path, campaign: str, annotator: str, feedback: AnnotatorFeedback, address: str
) -> FeedbackPage:
    path = _campaign_folder(folder, campaign) / f"{annotator}.html"
    known = {
        **feedback.packer.build_page_data(),
        "address": address,
        "block": BLOCK_PASSAGES,
        "alone": "yours alone",
    }
    content = _build_feedback_context(campaign, annotator, feedback)

    def fill(file: BinaryIO) -> None:
        style, script = (
            _build_feedback_style(feedback.schema),
            build_passage_script(_HERE / "feedback.js"),
        )
        blocks = [build_data_block(known), *feedback.spool.read_blocks("passages", BLOCK_PASSAGES)]
        write_page(file, _HERE / "feedback.html", style, script, content, blocks)

    return FeedbackPage(campaign, annotator, path, _write_private(path, fill), feedback)


def _campaign_folder(folder: Path, campaign: str) -> Path:
    if not campaign or campaign.startswith(".") or Path(campaign).name != campaign:
        raise InputError(
            f"a campaign of the name {campaign!r} has no folder", remedy="run `sayso check`"
        )
    _make_private_folder(folder / campaign)
    return folder / campaign


def _write_private(path: Path, render: Callable[[BinaryIO], None]) -> bool:
    """Write a file that its owner alone can read, also where it was there before."""
    differs = replace_if_changed(path, render, mode=0o600)
    with convert_os_errors(path):
        path.chmod(0o600)
    return differs


def _build_feedback_style(schema: Schema) -> str:
    return f"{build_passage_style(schema, _HERE / 'feedback.css')}{style_both_themes(learning_plots.curve_style)}"


def _build_feedback_context(
    campaign: str, annotator: str, feedback: AnnotatorFeedback
) -> dict[str, Any]:
    run = build_curve(feedback.annotations)
    score, like = feedback.score, estimate_f1(feedback.annotations)
    return {
        "campaign": campaign,
        "annotator": annotator,
        "answers": f"{len(feedback.annotations):,}",
        "exact": format_share(like["exact"].value),
        "overlap": format_share(like["overlap"].value),
        "intervals": {name: _format_interval(each) for name, each in like.items()},
        "own": f"{score.own:,}",
        "gold": f"{score.gold:,}",
        "missed": f"{feedback.rule_counts.total():,}",
        "consequences": f"{feedback.consequences:,}" if feedback.consequences else "",
        "alone": f"{feedback.adjudicators['']:,}" if feedback.adjudicators[""] else "",
        "right": feedback.coverage.build_rows(feedback.schema),
        "columns": GoldCoverage.COLUMNS,
        "rules": [
            {
                "number": feedback.rule_numbers[rule],
                "heading": rule.heading,
                "words": rule.text,
                "count": f"{count:,}",
            }
            for rule, count in feedback.ranked_rules()
        ],
        "curves": [
            (title, drawn)
            for title, drawn in (
                ("Seconds for 100 characters", learning_plots.render_time_curve(run, "time")),
                ("F1 to gold", learning_plots.render_f1_curve(run, "likeness")),
            )
            if drawn
        ],
        "cap": f"{run.cap:,.0f}" if run.cap else "",
        "idle": f"{IDLE_FACTOR:g}",
        "capped": f"{run.capped:,}",
        "parts": list(_part_rows(run)),
        "points": list(_point_rows(run)),
    }


def format_share(value: float | None) -> str:
    """A share between 0 and 1 with two digits, cut and not rounded up, or that it is undefined.

    >>> format_share(0.999), format_share(None)
    ('.99', 'undefined')
    """
    if value is None:
        return "undefined"
    return "1" if value == 1 else f".{int(value * 100):02d}"


def _format_interval(like: Figure) -> str:
    if like.low is None or like.high is None:
        return "one document has no interval"
    return f"95 % interval {format_share(like.low)} to {format_share(like.high)}"


def _part_rows(curve: LearningCurve) -> Iterator[list[str]]:
    for part in curve.parts:
        which = f"{part.first}" if part.first == part.last else f"{part.first}–{part.last}"
        yield [
            which,
            _format_seconds(part.seconds),
            format_share(part.exact),
            format_share(part.overlap),
        ]


def _point_rows(curve: LearningCurve) -> Iterator[list[str]]:
    for point in curve.points:
        score = point.score
        seconds = f"{_format_seconds(point.seconds)}{' (capped)' if point.capped else ''}"
        yield [
            f"{point.number}",
            point.doc_id,
            seconds,
            f"{score.own}",
            f"{score.gold}",
            format_share(score.f1(score.exact)),
            format_share(score.f1(score.overlap)),
        ]


def _format_seconds(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds:,.1f}"


# --- for the lead


def _write_indexes(folder: Path, pages: Iterable[FeedbackPage]) -> Iterator[tuple[Path, bool]]:
    by_campaign: dict[str, list[FeedbackPage]] = {}
    for page in pages:
        by_campaign.setdefault(page.campaign, []).append(page)
    for campaign, mine in by_campaign.items():
        path = folder / campaign / "index.html"
        content = _build_index_context(campaign, mine)
        yield path, _write_private(path, partial(_render_index, mine[0].feedback.schema, content))


def _render_index(schema: Schema, content: dict[str, Any], file: BinaryIO) -> None:
    write_page(
        file, _HERE / "index.html", build_passage_style(schema, _HERE / "feedback.css"), "", content
    )


def _build_index_context(campaign: str, pages: Iterable[FeedbackPage]) -> dict[str, Any]:
    missed: dict[GuidelineRule, list[int]] = {}
    for page in pages:
        for rule, count in page.feedback.rule_counts.items():
            missed.setdefault(rule, []).append(count)
    ordered = sorted(missed.items(), key=lambda each: (-len(each[1]), -sum(each[1]), each[0]))
    return {
        "campaign": campaign,
        "people": [
            {
                "name": page.annotator,
                "file": page.path.name,
                "answers": f"{len(page.feedback.annotations):,}",
            }
            for page in pages
        ],
        "rules": [
            {
                "heading": rule.heading,
                "words": rule.text,
                "people": f"{len(counts):,}",
                "count": f"{sum(counts):,}",
            }
            for rule, counts in ordered
        ],
    }
