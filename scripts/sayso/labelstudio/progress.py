"""How far a campaign is: what each annotator has done and may still be given, how fast, and when it may be over.

Times are Label Studio's own. Its clock runs while a task is open in a browser, so a lunch break counts as labelling;
hence medians and no means. The end is told as a range, from how much the days so far differ, or not at all.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, stdev

from sayso.labelstudio import project
from sayso.labelstudio.api_types import ListedProject, TaskOverlap
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.fetched_annotations import AnnotationWork, fetch_annotations
from sayso.labelstudio.pseudonyms import Annotator, resolve_annotators
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout

WINDOW_DAYS = 28  # days whose pace counts for the forecast: whole weeks, so that week-ends weigh what they weigh
MIN_DAYS = 5
MIN_ANNOTATIONS = 20
MAX_DAYS_AHEAD = 3650  # days; an end beyond is no forecast

AccountsByTask = dict[int, set[int | None]]


@dataclass(frozen=True)
class EndForecast:
    """When the answers that are wanted may all be there.

    Attributes:
        earliest, latest: days, two standard errors of the mean daily pace apart from it; so about nine times in ten
            the end falls between, if the coming days are like the last ones. Empty where that cannot be told.
        why: what there is to say about it.
    """

    earliest: str = ""
    latest: str = ""
    reason: str = ""


@dataclass
class AnnotatorProgress:
    """One annotator.

    Attributes:
        done, skipped: documents; one that was skipped and answered later is done.
        open: documents that the label stream may still give them; others may take them first.
        median_seconds: for a submitted answer, None where nothing was measured.
        days: on which they submitted anything.
        per_day: answers on such a day.
        last: the day of the last one.
    """

    annotator: str
    kind: str
    done: int = 0
    skipped: int = 0
    open: int = 0
    median_seconds: float | None = None
    days: int = 0
    per_day: float = 0.0
    last: str = ""


@dataclass
class PassProgress:
    """One project of a campaign.

    Attributes:
        tasks: how many there are; ``unfinished`` of them want more answers.
        wanted: answers that are still to come.
        blocked: those among them that nobody who works here can give: each has had the document already.
        idle: accounts that have not begun.
    """

    project_key: project.ProjectKey
    url: str
    tasks: int
    unfinished: int
    missing: int = 0
    blocked: int = 0
    idle_accounts: int = 0
    annotators: list[AnnotatorProgress] = field(default_factory=list)
    forecast: EndForecast = field(default_factory=EndForecast)


def measure_progress(
    checkout: Checkout, client: LabelStudioClient, campaign: str, pass_name: str | None = None
) -> list[PassProgress]:
    """Look at one interface of a campaign, or at all that were pushed. Changes nothing.

    Raises:
        UsageError: nothing was ever pushed.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    people = resolve_annotators(checkout, client.list_accounts())
    today = datetime.fromtimestamp(client.server_time(), UTC).date()
    found = project.find_campaign_projects(client, schema, campaign, pass_name)
    return [
        _measure_project(checkout, client, people, place, there, today) for place, there in found
    ]


def _measure_project(
    checkout: Checkout,
    client: LabelStudioClient,
    annotators: dict[int, Annotator],
    project_key: project.ProjectKey,
    listed: ListedProject,
    today: date,
) -> PassProgress:
    with fetch_annotations(checkout, client, project_key, listed, "sayso progress") as held:
        answers = list(held.iterate_work())
    begun = {task.id: task for task in client.list_unfinished_overlaps(listed.id)}
    found = PassProgress(
        project_key,
        f"{client.url}/projects/{listed.id}",
        client.count_tasks(listed.id),
        client.count_unfinished_tasks(listed.id),
    )
    touched, submitted = (
        _group_accounts(answers, begun),
        _group_accounts((a for a in answers if not a.skipped), begun),
    )
    found.annotators = _measure_annotators(answers, annotators, touched, found.unfinished)
    found.idle_accounts = len(annotators.keys() - {answer.account for answer in answers})
    active = {
        a.account
        for a in answers
        if a.account in annotators and _kind_of_account(annotators, a.account) != "program"
    }
    found.missing = max(0, found.unfinished - len(begun))
    for task in begun.values():
        missing = max(0, task.overlap - len(submitted[task.id]))
        found.missing += missing
        found.blocked += max(0, missing - len(active - touched[task.id]))
    pace = [
        _day_of(answer)
        for answer in answers
        if not answer.skipped and _kind_of_account(annotators, answer.account) != "program"
    ]
    found.forecast = forecast_end(pace, found.missing, found.blocked, today)
    return found


def _group_accounts(
    annotations: Iterable[AnnotationWork], begun: dict[int, TaskOverlap]
) -> AccountsByTask:
    """Who has answered each task that still waits for others."""
    who: AccountsByTask = defaultdict(set)
    for answer in annotations:
        if answer.task in begun:
            who[answer.task].add(answer.account)
    return who


def _measure_annotators(
    annotations: Iterable[AnnotationWork],
    annotators: dict[int, Annotator],
    touched: AccountsByTask,
    unfinished: int,
) -> list[AnnotatorProgress]:
    theirs: dict[int | None, list[AnnotationWork]] = defaultdict(list)
    for answer in annotations:
        theirs[answer.account].append(answer)
    seen = Counter(account for accounts in touched.values() for account in accounts)
    workers = []
    for account, given in theirs.items():
        name = annotators[account].pseudonym if account in annotators else "unknown"
        open_ = max(0, unfinished - seen[account]) if account in annotators else 0
        workers.append(
            _measure_annotator(
                AnnotatorProgress(name, _kind_of_account(annotators, account), open=open_), given
            )
        )
    return sorted(workers, key=lambda worker: worker.annotator)


def _measure_annotator(
    measured: AnnotatorProgress, given: list[AnnotationWork]
) -> AnnotatorProgress:
    submitted = [answer for answer in given if not answer.skipped]
    done = {answer.task for answer in submitted}
    measured.done = len(done)
    measured.skipped = len({answer.task for answer in given} - done)
    seconds = [answer.seconds for answer in submitted if answer.seconds]
    measured.median_seconds = median(seconds) if seconds else None
    days = {_day_of(answer) for answer in submitted}
    measured.days = len(days)
    measured.per_day = len(submitted) / len(days) if days else 0.0
    measured.last = max(days).isoformat() if days else ""
    return measured


def _kind_of_account(annotators: dict[int, Annotator], account: int | None) -> str:
    return annotators[account].kind if account in annotators else "unknown"


def _day_of(annotation: AnnotationWork) -> date:
    return datetime.fromisoformat(annotation.created).astimezone(UTC).date()


def forecast_end(days: Sequence[date], missing: int, blocked: int, today: date) -> EndForecast:
    """When ``missing`` answers may have come, of which ``blocked`` cannot; ``days`` has one entry for each answer given.

    >>> steady = [date(2026, 1, day) for day in range(1, 11) for _ in range(10)]
    >>> forecast_end(steady, 50, 0, date(2026, 1, 11))
    Forecast(earliest='2026-01-16', latest='2026-01-16', why='')
    """
    if not missing:
        return EndForecast(reason="nothing is left to do")
    if missing == blocked:
        return EndForecast(reason="whatever is left waits for another annotator")
    past = _count_past_days(days, today)
    if len(past) < MIN_DAYS or sum(past) < MIN_ANNOTATIONS:
        takes = f"{MIN_ANNOTATIONS} answers on {MIN_DAYS} full days of the last {WINDOW_DAYS}"
        return EndForecast(
            reason=f"not enough to tell by when: that takes {takes}, and there are {sum(past)} on {len(past)}"
        )
    pace, error = fmean(past), stdev(past) / math.sqrt(len(past))
    earliest, latest = (
        _end_date(today, missing - blocked, pace + 2 * error),
        _end_date(today, missing - blocked, pace - 2 * error),
    )
    return EndForecast(
        earliest, latest, "" if latest else "the days differ too much to say by when at the latest"
    )


def _count_past_days(days: Sequence[date], today: date) -> list[int]:
    """How many answers came on each full day of the window since the first answer, also on those without any."""
    counts = Counter(days)
    first = max(min(days, default=today), today - timedelta(days=WINDOW_DAYS))
    return [counts[first + timedelta(days=number)] for number in range((today - first).days)]


def _end_date(today: date, missing: int, pace: float) -> str:
    if pace <= 0 or missing / pace > MAX_DAYS_AHEAD:
        return ""
    return (today + timedelta(days=math.ceil(missing / pace))).isoformat()
