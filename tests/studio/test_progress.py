"""Who has done what and who may still be given what, as the label streams of three accounts have it."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from sayso.errors import UsageError
from sayso.studio.annotators import Annotator, introduce
from sayso.studio.overlap import Overlap
from sayso.studio.progress import Progress, forecast, progress
from tests.commands import done, sayso
from tests.studio.campaigns import Campaign, document
from tests.studio.test_overlap import PEOPLE, following, labelled, submit

TODAY = date(2026, 3, 1)
NAMES = ["one", "two", "three"]


def look(campaign: Campaign) -> Progress:
    (found,) = progress(campaign.instance, campaign.client, campaign.place.campaign)
    return found


def named(campaign: Campaign) -> None:
    for email, name in zip(PEOPLE, NAMES, strict=True):
        introduce(campaign.instance, Annotator(email=email, pseudonym=name))


def days(*counts: int) -> list[date]:
    """So many answers on each of the last days, yesterday's last."""
    first = TODAY - timedelta(days=len(counts))
    return [first + timedelta(days=day) for day, count in enumerate(counts) for _ in range(count)]


def test_a_steady_pace_ends_on_one_day() -> None:
    told = forecast(days(*[10] * 14), 100, 0, TODAY)
    assert told.earliest == told.latest == "2026-03-11"


def test_an_unsteady_pace_ends_within_a_range_around_the_mean() -> None:
    told = forecast(days(*[5, 15] * 7), 100, 0, TODAY)
    assert "2026-03-01" < told.earliest < "2026-03-11" < told.latest < "2026-03-20"


def test_what_is_blocked_is_not_waited_for() -> None:
    assert forecast(days(*[10] * 14), 120, 20, TODAY).latest == "2026-03-11"


@pytest.mark.parametrize(("given", "wanted", "blocked", "word"), [
    ([], 10, 0, "not enough"),
    (days(50, 50, 50, 50), 10, 0, "not enough"),
    (days(3, 4, 4, 4, 4), 10, 0, "not enough"),
    ([TODAY] * 500, 10, 0, "not enough"),
    (days(*[500, *[0] * 28]), 10, 0, "not enough"),
    (days(*[10] * 9), 0, 0, "nothing is left"),
    (days(*[10] * 9), 3, 3, "another annotator"),
])  # fmt: skip
def test_no_day_is_told_where_none_can_be(given: list[date], wanted: int, blocked: int, word: str) -> None:
    told = forecast(given, wanted, blocked, TODAY)
    assert (told.earliest, told.latest) == ("", "") and word in told.why


def test_days_that_differ_too_much_have_no_latest() -> None:
    told = forecast(days(1, 0, 0, 0, 40), 100, 0, TODAY)
    assert told.earliest > "2026-03-01" and told.latest == "" and "differ too much" in told.why


@pytest.mark.server
def test_three_annotators(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 11)))
    named(campaign)
    overlap = Overlap(2, 50)
    campaign.push(overlap=overlap)
    both = [doc_id for doc_id in campaign.tasks() if overlap.of(doc_id) == 2]
    single = [doc_id for doc_id in campaign.tasks() if overlap.of(doc_id) == 1]
    number = {doc_id: task["id"] for doc_id, task in campaign.tasks().items()}
    one, two, _three = PEOPLE
    submit(campaign, one, number[both[0]])
    submit(campaign, one, number[single[0]])
    submit(campaign, two, number[both[0]])
    submit(campaign, two, number[both[1]])
    submit(campaign, two, number[single[1]], skip=True)
    found = look(campaign)
    assert (found.tasks, found.waiting) == (10, 8)
    assert found.wanted == len(both) * 2 + len(single) - 4 and found.blocked == 0
    told = {worker.annotator: (worker.done, worker.skipped, worker.open) for worker in found.workers}
    assert told == {"one": (2, 0, 8), "two": (2, 1, 6)}
    assert {worker.median_seconds for worker in found.workers} == {5.0}
    assert {(worker.days, worker.per_day) for worker in found.workers} == {(1, 2.0)}
    assert "not enough to tell" in found.forecast.why


@pytest.mark.server
def test_open_is_what_the_stream_gives_to_one_who_works_alone(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 9)))
    named(campaign)
    campaign.push(overlap=Overlap(2, 50))
    for _ in range(2):
        for email in PEOPLE[:2]:
            served = following(campaign, email)
            assert served
            submit(campaign, email, served["id"])
    (first, _second) = look(campaign).workers
    assert first.annotator == "one"
    assert len(labelled(campaign, PEOPLE[:1])) == first.open > 0


@pytest.mark.server
def test_what_nobody_here_can_give_is_told(campaign: Campaign) -> None:
    campaign.fill(document(1))
    campaign.push(overlap=Overlap(3))
    labelled(campaign, PEOPLE[:2])
    found = look(campaign)
    assert (found.waiting, found.wanted, found.blocked) == (1, 1, 1)
    assert [worker.open for worker in found.workers] == [0, 0]
    labelled(campaign, PEOPLE)
    found = look(campaign)
    assert (found.waiting, found.wanted, found.blocked) == (0, 0, 0) and "nothing is left" in found.forecast.why


@pytest.mark.server
def test_a_median_and_no_mean(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(1, 4)))
    campaign.push()
    for task, seconds in zip(campaign.tasks().values(), (60.0, 90.0, 30_000.0), strict=True):
        body = {"result": [], "was_cancelled": False, "lead_time": seconds}
        campaign.ask("POST", f"/api/tasks/{task['id']}/annotations/", body, PEOPLE[0])
    (worker,) = look(campaign).workers
    assert worker.median_seconds == 90.0


@pytest.mark.server
def test_answers_that_went_away_and_tasks_made_by_hand(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    campaign.push()
    campaign.ask("POST", f"/api/projects/{campaign.project}/import", [{"data": {"text": "By hand."}}])
    (theirs,) = [task["id"] for name, task in campaign.tasks().items() if name.isdigit()]
    submit(campaign, PEOPLE[0], theirs)
    answer = campaign.answer("doc-00001", email=PEOPLE[0])
    assert [worker.done for worker in look(campaign).workers] == [2]
    campaign.ask("DELETE", f"/api/annotations/{answer}/")
    assert [(worker.done, worker.open) for worker in look(campaign).workers] == [(1, 2)]


@pytest.mark.server
def test_the_command(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    root = campaign.instance.root
    assert sayso(root, "progress", *campaign.words).returncode == UsageError.exit_code
    campaign.push()
    campaign.answer("doc-00001", email=PEOPLE[0])
    told = msgspec.json.decode(done(root, "progress", *campaign.words, "--json"))
    (one,) = told["interfaces"]
    assert (one["interface"], one["tasks"], one["waiting"], one["wanted"]) == ("all", 2, 1, 1)
    (worker,) = one["workers"]
    assert (worker["done"], worker["open"], worker["median_seconds"]) == (1, 1, 2.5)
    printed = sayso(root, "progress", *campaign.words, "--interface", "all")
    assert "1 of 2 documents finished, 1 answers wanted" in printed.stderr
    assert worker["annotator"] in printed.stdout
    assert "@" not in printed.stdout + printed.stderr + str(told)
    assert campaign.files() == {}
