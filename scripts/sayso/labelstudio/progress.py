"""The progress of a campaign: each annotator's work, their pace, and a forecast of the end.

Times are Label Studio's own. Its clock runs while a task is open in a browser, so a lunch break
counts as work; hence medians, not means. The end is a range computed from how much the days so far
differ, or nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, stdev

from sayso.files import hold_lock
from sayso.labelstudio.api_types import Account, ListedProject
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import (
    AnnotationWork,
    FetchedAnnotations,
    open_annotations,
)
from sayso.labelstudio.project import ProjectKey
from sayso.labelstudio.pseudonyms import Annotator, resolve_annotators
from sayso.labelstudio.recalled_projects import find_campaign_projects
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout

WINDOW_DAYS = 28  # for the pace: whole weeks, so that weekends have their weight
MIN_DAYS = 5
MIN_ANNOTATIONS = 20
MAX_DAYS_AHEAD = 3650  # no forecast beyond


@dataclass(frozen=True)
class EndForecast:
    """The range of days in which the missing annotations may be complete.

    Attributes:
        earliest, latest: from the mean daily pace plus and minus two standard errors, so about
            nine times in ten the end falls between if the coming days are like the last ones.
            Empty if unknown.
        reason: why one of them is unknown.
    """

    earliest: str = ""
    latest: str = ""
    reason: str = ""


@dataclass
class AnnotatorProgress:
    """One annotator.

    Attributes:
        done, skipped: documents; one that was skipped and annotated later is done.
        open: documents that the label stream may still serve; others may take them first.
        median_seconds: of a submitted annotation; None if nothing was measured.
        days: with a submission.
        per_day: annotations on such a day.
        last: the day of the last one.
    """

    annotator: str
    kind: str
    role: str
    done: int = 0
    skipped: int = 0
    open: int = 0
    median_seconds: float | None = None
    days: int = 0
    per_day: float = 0.0
    last: str = ""


@dataclass
class PassProgress:
    """One pass of a campaign.

    Attributes:
        tasks: all of them; ``unfinished`` ones want more annotations.
        missing: annotations still to come.
        blocked: those of them that no active annotator can give: each has had the document.
        idle_accounts: accounts that have not begun.
        left_out: tasks that the server cannot give; their annotations are not counted.
    """

    project_key: ProjectKey
    url: str
    tasks: int
    unfinished: int
    missing: int = 0
    blocked: int = 0
    idle_accounts: int = 0
    left_out: int = 0
    annotators: list[AnnotatorProgress] = field(default_factory=list)
    forecast: EndForecast = field(default_factory=EndForecast)


def measure_progress(
    checkout: Checkout, client: LabelStudioClient, campaign: str, pass_name: str | None = None
) -> list[PassProgress]:
    """Measure one pass of a campaign, or all that were pushed. Changes nothing.

    Raises:
        UsageError: nothing was ever pushed.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    accounts = client.list_accounts()
    projects = find_campaign_projects(checkout, client, schema, campaign, pass_name)
    return [_measure_project(checkout, client, accounts, *each) for each in projects]


def _measure_project(
    checkout: Checkout,
    client: LabelStudioClient,
    listed_accounts: list[Account],
    project_key: ProjectKey,
    listed: ListedProject,
) -> PassProgress:
    with (
        hold_lock(checkout.private / "sync.lock", "sayso progress"),
        open_annotations(checkout, client, project_key, listed) as fetched,
    ):
        annotators, work, left_out = _fetch_work(fetched, listed_accounts)
    begun = {task.id: task for task in client.list_unfinished_overlaps(listed.id)}
    touched, submitted = (defaultdict[int, set[int | None]](set) for _ in range(2))
    for each in work:
        if each.task in begun:
            touched[each.task].add(each.account)
            if not each.skipped:
                submitted[each.task].add(each.account)
    unfinished = client.count_unfinished_tasks(listed.id)
    total = client.count_tasks(listed.id)
    progress = PassProgress(project_key, fetched.url, total, unfinished, left_out=left_out)
    seen = Counter(account for accounts in touched.values() for account in accounts)
    work = [each for each in work if not each.unseen]  # nobody's work
    present = {account.id for account in listed_accounts if not account.is_removed}
    left = {account: max(0, unfinished - seen[account]) for account in present}
    progress.annotators = _measure_annotators(work, annotators, left)
    accounts = {each.account for each in work}
    programs = {account for account, who in annotators.items() if who.kind == "program"}
    active = (accounts & present) - programs
    progress.idle_accounts = len(present - accounts)
    progress.missing = max(0, unfinished - len(begun))
    for task in begun.values():
        missing = max(0, task.overlap - len(submitted[task.id]))
        progress.missing += missing
        progress.blocked += max(0, missing - len(active - touched[task.id]))
    pace = [_day_of(e) for e in work if not e.skipped and e.account not in programs]
    today = datetime.fromtimestamp(client.server_time(), UTC).date()
    progress.forecast = forecast_end(pace, progress.missing, progress.blocked, today)
    return progress


def _fetch_work(
    fetched: FetchedAnnotations, accounts: list[Account]
) -> tuple[dict[int, Annotator], list[AnnotationWork], int]:
    fetched.fetch()
    annotators = resolve_annotators(fetched.checkout, fetched.server, accounts)
    return annotators, list(fetched.iterate_work()), len(fetched.list_left_out())


def _measure_annotators(
    work: Iterable[AnnotationWork], annotators: dict[int, Annotator], left: dict[int, int]
) -> list[AnnotatorProgress]:
    """Measure each account; ``left`` counts the unfinished tasks that it has not had."""
    by_account: dict[int | None, list[AnnotationWork]] = defaultdict(list)
    for each in work:
        by_account[each.account].append(each)
    measured = []
    for account, given in by_account.items():
        if account is None or account not in annotators:
            measured.append(
                _measure_annotator(AnnotatorProgress("unknown", "unknown", "unknown"), given)
            )
        else:
            who = annotators[account]
            tasks = left.get(account, 0)
            progress = AnnotatorProgress(who.pseudonym, who.kind, who.role, open=tasks)
            measured.append(_measure_annotator(progress, given))
    return sorted(measured, key=lambda progress: progress.annotator)


def _measure_annotator(
    measured: AnnotatorProgress, work: list[AnnotationWork]
) -> AnnotatorProgress:
    submitted = [each for each in work if not each.skipped]
    done = {each.task for each in submitted}
    measured.done = len(done)
    measured.skipped = len({each.task for each in work} - done)
    if seconds := [each.seconds for each in submitted if each.seconds]:
        measured.median_seconds = median(seconds)
    if days := {_day_of(each) for each in submitted}:
        measured.days, measured.last = len(days), max(days).isoformat()
        measured.per_day = len(submitted) / len(days)
    return measured


def _day_of(work: AnnotationWork) -> date:
    return datetime.fromisoformat(work.created).astimezone(UTC).date()


def forecast_end(days: Sequence[date], missing: int, blocked: int, today: date) -> EndForecast:
    """Forecast when ``missing`` annotations may be complete, of which ``blocked`` cannot come.

    Args:
        days: one entry for each annotation given so far.

    >>> steady = [date(2026, 1, day) for day in range(1, 11) for _ in range(10)]
    >>> forecast_end(steady, 50, 0, date(2026, 1, 11))
    EndForecast(earliest='2026-01-16', latest='2026-01-16', reason='')
    """
    if not missing:
        return EndForecast(reason="nothing is left to do")
    if missing == blocked:
        return EndForecast(reason="what is left waits for another annotator")
    counts = _count_past_days(days, today)
    if len(counts) < MIN_DAYS or sum(counts) < MIN_ANNOTATIONS:
        reason = (
            f"not enough to forecast the end: that takes {MIN_ANNOTATIONS} annotations on"
            f" {MIN_DAYS} full days of the last {WINDOW_DAYS}, and there are {sum(counts)}"
            f" on {len(counts)}"
        )
        return EndForecast(reason=reason)
    pace, error = fmean(counts), stdev(counts) / math.sqrt(len(counts))
    earliest = _end_date(today, missing - blocked, pace + 2 * error)
    latest = _end_date(today, missing - blocked, pace - 2 * error)
    reason = "" if latest else "the days differ too much to forecast the latest end"
    return EndForecast(earliest, latest, reason)


def _count_past_days(days: Sequence[date], today: date) -> list[int]:
    """Count annotations on each full day of the window since the first one, empty days too."""
    counts = Counter(days)
    first = max(min(days, default=today), today - timedelta(days=WINDOW_DAYS))
    return [counts[first + timedelta(days=number)] for number in range((today - first).days)]


def _end_date(today: date, missing: int, pace: float) -> str:
    if pace <= 0 or missing / pace > MAX_DAYS_AHEAD:
        return ""
    return (today + timedelta(days=math.ceil(missing / pace))).isoformat()
