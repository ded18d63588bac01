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

from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.studio import project
from sayso.studio.annotators import Annotator, annotators
from sayso.studio.answers import Work, looked_at
from sayso.studio.client import Client, Listed, Shared

WINDOW = 28  # days whose pace counts for the forecast: whole weeks, so that week-ends weigh what they weigh
FEWEST_DAYS = 5
FEWEST_ANSWERS = 20
FURTHEST = 3650  # days; an end beyond is no forecast

Touched = dict[int, set[int | None]]


@dataclass(frozen=True)
class Forecast:
    """When the answers that are wanted may all be there.

    Attributes:
        earliest, latest: days, two standard errors of the mean daily pace apart from it; so about nine times in ten
            the end falls between, if the coming days are like the last ones. Empty where that cannot be told.
        why: what there is to say about it.
    """

    earliest: str = ""
    latest: str = ""
    why: str = ""


@dataclass
class Worker:
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
class Progress:
    """One project of a campaign.

    Attributes:
        tasks: how many there are; ``waiting`` of them want more answers.
        wanted: answers that are still to come.
        blocked: those among them that nobody who works here can give: each has had the document already.
        idle: accounts that have not begun.
    """

    place: project.Place
    url: str
    tasks: int
    waiting: int
    wanted: int = 0
    blocked: int = 0
    idle: int = 0
    workers: list[Worker] = field(default_factory=list)
    forecast: Forecast = field(default_factory=Forecast)


def progress(instance: Instance, client: Client, campaign: str, interface: str | None = None) -> list[Progress]:
    """Look at one interface of a campaign, or at all that were pushed. Changes nothing.

    Raises:
        UsageError: nothing was ever pushed.
    """
    schema = load(instance.root / MARK)
    people = annotators(instance, client.accounts())
    today = datetime.fromtimestamp(client.now(), UTC).date()
    found = project.of_campaign(client, schema, campaign, interface)
    return [_progress(instance, client, people, place, there, today) for place, there in found]


def _progress(instance: Instance, client: Client, people: dict[int, Annotator], place: project.Place,
              there: Listed, today: date) -> Progress:  # fmt: skip
    with looked_at(instance, client, place, there, "sayso progress") as held:
        answers = list(held.work())
    begun = {task.id: task for task in client.begun(there.id)}
    found = Progress(place, f"{client.url}/projects/{there.id}", client.count(there.id), client.waiting(there.id))
    touched, submitted = _who(answers, begun), _who((a for a in answers if not a.skipped), begun)
    found.workers = _workers(answers, people, touched, found.waiting)
    found.idle = len(people.keys() - {answer.account for answer in answers})
    active = {a.account for a in answers if a.account in people and _kind(people, a.account) != "program"}
    found.wanted = max(0, found.waiting - len(begun))
    for task in begun.values():
        missing = max(0, task.overlap - len(submitted[task.id]))
        found.wanted += missing
        found.blocked += max(0, missing - len(active - touched[task.id]))
    pace = [_day(answer) for answer in answers if not answer.skipped and _kind(people, answer.account) != "program"]
    found.forecast = forecast(pace, found.wanted, found.blocked, today)
    return found


def _who(answers: Iterable[Work], begun: dict[int, Shared]) -> Touched:
    """Who has answered each task that still waits for others."""
    who: Touched = defaultdict(set)
    for answer in answers:
        if answer.task in begun:
            who[answer.task].add(answer.account)
    return who


def _workers(answers: Iterable[Work], people: dict[int, Annotator], touched: Touched, waiting: int) -> list[Worker]:
    theirs: dict[int | None, list[Work]] = defaultdict(list)
    for answer in answers:
        theirs[answer.account].append(answer)
    seen = Counter(account for accounts in touched.values() for account in accounts)
    workers = []
    for account, given in theirs.items():
        name = people[account].pseudonym if account in people else "unknown"
        open_ = max(0, waiting - seen[account]) if account in people else 0
        workers.append(_worker(Worker(name, _kind(people, account), open=open_), given))
    return sorted(workers, key=lambda worker: worker.annotator)


def _worker(worker: Worker, given: list[Work]) -> Worker:
    submitted = [answer for answer in given if not answer.skipped]
    done = {answer.task for answer in submitted}
    worker.done = len(done)
    worker.skipped = len({answer.task for answer in given} - done)
    seconds = [answer.seconds for answer in submitted if answer.seconds]
    worker.median_seconds = median(seconds) if seconds else None
    days = {_day(answer) for answer in submitted}
    worker.days = len(days)
    worker.per_day = len(submitted) / len(days) if days else 0.0
    worker.last = max(days).isoformat() if days else ""
    return worker


def _kind(people: dict[int, Annotator], account: int | None) -> str:
    return people[account].kind if account in people else "unknown"


def _day(answer: Work) -> date:
    return datetime.fromisoformat(answer.created).astimezone(UTC).date()


def forecast(days: Sequence[date], wanted: int, blocked: int, today: date) -> Forecast:
    """When ``wanted`` answers may have come, of which ``blocked`` cannot; ``days`` has one entry for each answer given.

    >>> steady = [date(2026, 1, day) for day in range(1, 11) for _ in range(10)]
    >>> forecast(steady, 50, 0, date(2026, 1, 11))
    Forecast(earliest='2026-01-16', latest='2026-01-16', why='')
    """
    if not wanted:
        return Forecast(why="nothing is left to do")
    if wanted == blocked:
        return Forecast(why="whatever is left waits for another annotator")
    past = _past(days, today)
    if len(past) < FEWEST_DAYS or sum(past) < FEWEST_ANSWERS:
        takes = f"{FEWEST_ANSWERS} answers on {FEWEST_DAYS} full days of the last {WINDOW}"
        return Forecast(why=f"not enough to tell by when: that takes {takes}, and there are {sum(past)} on {len(past)}")
    pace, error = fmean(past), stdev(past) / math.sqrt(len(past))
    earliest, latest = _end(today, wanted - blocked, pace + 2 * error), _end(today, wanted - blocked, pace - 2 * error)
    return Forecast(earliest, latest, "" if latest else "the days differ too much to say by when at the latest")


def _past(days: Sequence[date], today: date) -> list[int]:
    """How many answers came on each full day of the window since the first answer, also on those without any."""
    counts = Counter(days)
    first = max(min(days, default=today), today - timedelta(days=WINDOW))
    return [counts[first + timedelta(days=number)] for number in range((today - first).days)]


def _end(today: date, wanted: int, pace: float) -> str:
    if pace <= 0 or wanted / pace > FURTHEST:
        return ""
    return (today + timedelta(days=math.ceil(wanted / pace))).isoformat()
