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

from sayso import schema as schemas
from sayso.agreement.answers import LeftOut
from sayso.agreement.bootstrap import Figure
from sayso.disagreements.gathering import Case
from sayso.disagreements.kinds import NO_END, Disagreement
from sayso.disagreements.page import BLOCK, scripts, sheet
from sayso.disagreements.passages import Packer
from sayso.errors import InputError, UsageError
from sayso.feedback import curves, rules
from sayso.feedback.judging import NOTHING, YOU, Judged, Score, judged
from sayso.feedback.learning import IDLE, Curve, Given, curve
from sayso.feedback.likeness import likeness
from sayso.feedback.right import Right
from sayso.feedback.rules import Rule, Rules
from sayso.files import explained, replace_if_changed
from sayso.readings import GOLD, Choice
from sayso.report.paper import Spool, both_rooms, facts, unnamed, written
from sayso.schema import Schema
from sayso.settings import MARK, Instance
from sayso.store import Corpus

_HERE = Path(__file__).parent
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Written:
    """One page. ``changed`` is False where the file held just that already."""

    campaign: str
    annotator: str
    path: Path
    changed: bool
    told: Told


@dataclass(frozen=True)
class Outcome:
    """Everything that was written. ``indexes`` are empty where only some annotators were asked for."""

    pages: tuple[Written, ...]
    indexes: tuple[tuple[Path, bool], ...]
    left_out: LeftOut


@dataclass
class Told:
    """What one annotator is told: counts in memory, sentences on disk."""

    schema: Schema
    rules: Rules
    spool: Spool
    given: list[Given] = field(default_factory=list)
    right: Right = field(default_factory=Right)
    missed: Counter[Rule] = field(default_factory=Counter)
    consequences: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    numbers: dict[Rule, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packer = Packer(self.schema, self._number)
        self.packer.annotators.place(YOU)
        self.packer.annotators.place(GOLD)

    def _number(self, found: Disagreement) -> int:
        return self.numbers.setdefault(self.rules.of(found), len(self.numbers))

    def add(self, each: Judged) -> None:
        """Take one more answer."""
        told = [found for found in each.outcome.disagreements if NO_END not in found.details]
        self.consequences += len(each.outcome.disagreements) - len(told)
        self.given.append(Given.of(each))
        self.right.add(each)
        self.missed.update(map(self.rules.of, told))
        self.decided[each.gold.adjudicator or ""] += 1
        for passage in self.packer.passages(_with(each.case, told)):
            self.spool.add(passage)

    @property
    def score(self) -> Score:
        """Over all answers."""
        return sum((each.score for each in self.given), NOTHING)

    def ranked(self) -> list[tuple[Rule, int]]:
        """Rules, the most often missed first; what has none last."""
        return sorted(self.missed.items(), key=lambda each: (each[0] == rules.OTHER, -each[1], each[0]))


def _with(case: Case, told: Iterable[Disagreement]) -> Case:
    (pair,) = case.pairs
    return changed(case, pairs=(changed(pair, outcome=changed(pair.outcome, disagreements=tuple(told))),))


def feedback(instance: Instance, choice: Choice, out: Path | None = None, address: str = "",
             advance: Advance = lambda _n: None) -> Outcome:  # fmt: skip
    """Write the pages below ``out``, by default in the private folder. ``address`` of the Label Studio, or empty.

    Raises:
        UsageError: ``out`` is in the corpus, which is published.
        InputError: nothing is adjudicated, or a record is broken.
        DiskError: the disk refused.
    """
    schema, table = schemas.load(instance.root / MARK), rules.load(instance.root)
    folder, left_out = _private(instance, out), LeftOut()
    coming = judged(Corpus(instance.root), schema, choice, left_out)
    _closed(folder)
    with explained(folder), ExitStack() as stack:
        people: dict[tuple[str, str], Told] = {}
        for each in coming:
            who = each.answer.campaign, each.answer.annotator
            if who not in people:
                people[who] = Told(schema, table, Spool(stack.enter_context(unnamed(folder))))
            people[who].add(each)
            advance(1)
        pages = tuple(_page(folder, *who, told, address) for who, told in sorted(people.items(), key=lambda p: p[0]))
        indexes = () if choice.annotators else tuple(_indexes(folder, pages))
    return Outcome(pages, indexes, left_out)


def _private(instance: Instance, out: Path | None) -> Path:
    """The folder, which is not one that is published."""
    folder = (out or instance.private / "feedback").resolve()
    corpus = (instance.root / "corpus").resolve()
    if folder == corpus or corpus in folder.parents:
        raise UsageError("feedback is for one person and the lead, and corpus/ is published", where=str(out),
                         remedy="choose another folder; without --out it goes into .sayso/feedback")  # fmt: skip
    return folder


def _closed(folder: Path) -> None:
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _page(folder: Path, campaign: str, annotator: str, told: Told, address: str) -> Written:
    path = _below(folder, campaign) / f"{annotator}.html"
    known = {**told.packer.facts(), "address": address, "block": BLOCK, "alone": "yours alone"}
    content = _content(campaign, annotator, told)

    def fill(file: BinaryIO) -> None:
        style, script = _style(told.schema), scripts(_HERE / "feedback.js")
        blocks = [facts(known), *told.spool.blocks("passages", BLOCK)]
        written(file, _HERE / "feedback.html", style, script, content, blocks)

    return Written(campaign, annotator, path, _secret(path, fill), told)


def _below(folder: Path, campaign: str) -> Path:
    if not campaign or campaign.startswith(".") or Path(campaign).name != campaign:
        raise InputError(f"a campaign of the name {campaign!r} has no folder", remedy="run `sayso check`")
    _closed(folder / campaign)
    return folder / campaign


def _secret(path: Path, fill: Callable[[BinaryIO], None]) -> bool:
    """Write a file that its owner alone can read, also where it was there before."""
    differs = replace_if_changed(path, fill, mode=0o600)
    with explained(path):
        path.chmod(0o600)
    return differs


def _style(schema: Schema) -> str:
    return f"{sheet(schema, _HERE / 'feedback.css')}{both_rooms(curves.rules)}"


def _content(campaign: str, annotator: str, told: Told) -> dict[str, Any]:
    run = curve(told.given)
    score, like = told.score, likeness(told.given)
    return {
        "campaign": campaign, "annotator": annotator, "answers": f"{len(told.given):,}",
        "exact": figure(like["exact"].value), "overlap": figure(like["overlap"].value),
        "intervals": {name: _interval(each) for name, each in like.items()},
        "own": f"{score.own:,}", "gold": f"{score.gold:,}", "missed": f"{told.missed.total():,}",
        "consequences": f"{told.consequences:,}" if told.consequences else "",
        "alone": f"{told.decided['']:,}" if told.decided[""] else "",
        "right": told.right.rows(told.schema), "columns": Right.COLUMNS,
        "rules": [{"number": told.numbers[rule], "heading": rule.heading, "words": rule.words, "count": f"{count:,}"}
                  for rule, count in told.ranked()],
        "curves": [
            (title, drawn) for title, drawn in (("Seconds for 100 characters", curves.seconds(run, "time")),
                                                ("F1 to gold", curves.likeness(run, "likeness"))) if drawn
        ],
        "cap": f"{run.cap:,.0f}" if run.cap else "", "idle": f"{IDLE:g}", "capped": f"{run.capped:,}",
        "parts": list(_parts(run)), "points": list(_points(run)),
    }  # fmt: skip


def figure(value: float | None) -> str:
    """A share between 0 and 1 with two digits, cut and not rounded up, or that it is undefined.

    >>> figure(0.999), figure(None)
    ('.99', 'undefined')
    """
    if value is None:
        return "undefined"
    return "1" if value == 1 else f".{int(value * 100):02d}"


def _interval(like: Figure) -> str:
    if like.low is None or like.high is None:
        return "one document has no interval"
    return f"95 % interval {figure(like.low)} to {figure(like.high)}"


def _parts(run: Curve) -> Iterator[list[str]]:
    for part in run.parts:
        which = f"{part.first}" if part.first == part.last else f"{part.first}–{part.last}"
        yield [which, _time(part.seconds), figure(part.exact), figure(part.overlap)]


def _points(run: Curve) -> Iterator[list[str]]:
    for point in run.points:
        score = point.score
        seconds = f"{_time(point.seconds)}{' (capped)' if point.capped else ''}"
        yield [f"{point.number}", point.doc_id, seconds, f"{score.own}", f"{score.gold}",
               figure(score.f1(score.exact)), figure(score.f1(score.overlap))]  # fmt: skip


def _time(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds:,.1f}"


# --- for the lead


def _indexes(folder: Path, pages: Iterable[Written]) -> Iterator[tuple[Path, bool]]:
    by_campaign: dict[str, list[Written]] = {}
    for page in pages:
        by_campaign.setdefault(page.campaign, []).append(page)
    for campaign, mine in by_campaign.items():
        path = folder / campaign / "index.html"
        content = _index(campaign, mine)
        yield path, _secret(path, partial(_fill_index, mine[0].told.schema, content))


def _fill_index(schema: Schema, content: dict[str, Any], file: BinaryIO) -> None:
    written(file, _HERE / "index.html", sheet(schema, _HERE / "feedback.css"), "", content)


def _index(campaign: str, pages: Iterable[Written]) -> dict[str, Any]:
    missed: dict[Rule, list[int]] = {}
    for page in pages:
        for rule, count in page.told.missed.items():
            missed.setdefault(rule, []).append(count)
    ordered = sorted(missed.items(), key=lambda each: (-len(each[1]), -sum(each[1]), each[0]))
    return {
        "campaign": campaign,
        "people": [{"name": page.annotator, "file": page.path.name, "answers": f"{len(page.told.given):,}"}
                   for page in pages],
        "rules": [{"heading": rule.heading, "words": rule.words, "people": f"{len(counts):,}",
                   "count": f"{sum(counts):,}"} for rule, counts in ordered],
    }  # fmt: skip
