"""The server goes away and comes back, is busy, or has two of us at once."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sayso.settings import Instance, find_instance
from sayso.studio import server, template
from tests.conftest import Studio, new_instance, stopped_after
from tests.studio import faults
from tests.studio.campaigns import Campaign, begun, document
from tests.studio.faults import Exchange, Fault, once
from tests.studio.stage import ANN, BOB, Stage

pytestmark = pytest.mark.server


# The server goes away.


def restarted(instance: Instance) -> Fault:
    """Label Studio is stopped, and started again while the command waits."""
    port = urlsplit(getattr(server.running(instance), "url", "")).port

    def restart(exchange: Exchange) -> None:
        server.down(instance)
        threading.Thread(target=server.up, args=(instance, port)).start()
        exchange.reset()

    return restart


@pytest.mark.slow
def test_a_restart_under_work(tmp_path: Path) -> None:
    own = new_instance(tmp_path / "studio")
    with stopped_after(own):
        studio = Studio(own, server.up(own, 0))
        with begun(studio, new_instance(tmp_path / "checkout")) as campaign, faults.proxy(studio.url) as proxy:
            stage = Stage(campaign, proxy, patience=300)
            campaign.fill(*map(document, range(6)))
            proxy.fault = once("POST …/import", restarted(own))
            said = stage.run("push").well()
            assert "waiting, at most" in said and "6 new" in said
            assert len(campaign.tasks()) == 6
            for number in range(6):
                campaign.answer(f"doc-{number:05d}", email=ANN)
            proxy.fault = once("GET …api/users", restarted(own))
            assert "waiting, at most" in stage.run("pull").well()
            assert len(campaign.answers()) == 6


@pytest.mark.parametrize("words", ["push", "pull"])
@pytest.mark.parametrize("fault", [faults.broken, faults.failing(503), faults.failing(429, retry_after="1")])
def test_patience_ends_and_the_next_run_goes_on(stage: Stage, words: str, fault: Fault) -> None:
    stage.patience = 2
    stage.campaign.fill(*map(document, range(5)))
    if words == "pull":
        stage.quietly("push")
        stage.campaign.answer("doc-00004", email=ANN)
    stage.proxy.asked.clear()
    stage.proxy.fault = faults.since(4, fault)
    ended = stage.run(words)
    assert ended.code == 6 and ended.in_one_line(), ended.said
    assert "run the command again when the server answers" in ended.said
    stage.quietly(words)
    assert len(stage.campaign.tasks()) == 5
    assert words == "push" or [answer.doc_id for answer in stage.campaign.answers()] == ["doc-00004"]


@pytest.mark.parametrize("asked", ["GET …api/projects", "POST …/import"])
def test_a_server_that_asks_us_to_wait(stage: Stage, asked: str) -> None:
    """Lower bounds only: a busy machine may take longer."""
    stage.campaign.fill(document(1))
    heard: list[float] = []

    def wait(exchange: Exchange) -> None:
        heard.append(time.monotonic())
        faults.failing(429, retry_after="2")(exchange)

    stage.proxy.fault = once(asked, wait)
    said = stage.run("push").well()
    assert "HTTP 429: waiting" in said and time.monotonic() - heard[0] >= 2
    assert len(stage.campaign.tasks()) == 1
    assert sum(line.endswith("/import") for line in stage.proxy.asked) == 1 + (asked == "POST …/import")


def test_a_server_that_asks_for_more_than_we_have(stage: Stage) -> None:
    stage.campaign.fill(document(1))
    stage.proxy.fault = once("GET …api/projects", faults.failing(429, retry_after="3600"))
    ended = stage.run("push")
    assert (ended.code, ended.in_one_line()) == (6, True), ended.said


@pytest.mark.slow
def test_a_locked_database_is_waited_out(stage: Stage) -> None:
    """Somebody else holds Label Studio's SQLite while it imports; the embedded server itself waits up to a minute.

    What a server does that waits less is among the faults of the network.
    """
    stage.campaign.fill(*map(document, range(3)))
    database = server.home(stage.campaign.studio.instance) / "data" / template.DATABASE
    given: list[faults.Answer] = []

    def locked(exchange: Exchange) -> None:
        with contextlib.closing(sqlite3.connect(database)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            answer = Future[faults.Answer]()
            threading.Thread(target=lambda: answer.set_result(exchange.forward())).start()
            with contextlib.suppress(TimeoutError):
                given.append(answer.result(2))
            holder.rollback()
        exchange.give(answer.result())

    stage.proxy.fault = once("POST …/import", locked)
    stage.run("push").well()
    assert given == [], "the database was not locked"
    assert len(stage.campaign.tasks()) == 3


# Two at once.


def test_the_second_on_one_checkout_is_told_who_is_at_work(stage: Stage) -> None:
    stage.campaign.fill(document(1))
    arrived, go_on = threading.Event(), threading.Event()

    def held(exchange: Exchange) -> None:
        arrived.set()
        go_on.wait(60)
        faults.passed(exchange)

    stage.proxy.fault = once("POST …/import", held)
    first = stage.start("push")
    try:
        assert arrived.wait(60)
        for words in ("push", "pull", "status"):
            second = stage.run(words)
            assert second.code == 9, second.said
            assert f"sayso push (process {first.pid}) is at work here; wait for it to end" in second.said
    finally:
        go_on.set()
    first.end().well()
    stage.quietly("pull")


def meeting(parties: int) -> Callable[[], None]:
    """Waits until all have come, or some seconds."""
    barrier = threading.Barrier(parties)

    def meet() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(5)

    return meet


@pytest.mark.parametrize("begun_before", [False, True])
def test_two_checkouts_push_to_one_server(stage: Stage, tmp_path: Path, begun_before: bool) -> None:
    """They meet where it hurts: both have seen that there is no project, and both that there are no tasks."""
    stage.campaign.fill(*map(document, range(0 if begun_before else 5)))
    if begun_before:
        stage.quietly("push")
        stage.campaign.fill(*map(document, range(5)))
    meet = {line: meeting(2) for line in ("POST api/projects", "import")}

    def together(exchange: Exchange) -> None:
        line = f"{exchange.command} {exchange.path.partition('?')[0].strip('/')}"
        meet.get("import" if line.endswith("/import") else line, lambda: None)()
        faults.passed(exchange)

    stage.proxy.fault = lambda _count, _asked: together
    other = Stage(_twin(stage.campaign, tmp_path / "other"), stage.proxy)
    both = [stage.start("push"), other.start("push")]
    for run in both:
        assert (ended := run.end()).in_one_line(), ended.said
    for one in (stage, other):
        one.quietly("push")
    assert stage.projects() == 1
    assert stage.campaign.tasks().keys() == {f"doc-{number:05d}" for number in range(5)}
    for one in (stage, other):
        assert "nothing to do" in one.quietly("push")


def _twin(campaign: Campaign, root: Path) -> Campaign:
    shutil.copytree(campaign.instance.root, root, ignore=shutil.ignore_patterns(".sayso"))
    return Campaign(find_instance(root), campaign.studio, campaign.client, campaign.place, campaign.token_file)


# Annotators are at work while we pull.


def test_answers_that_come_in_while_we_pull_arrive_whole(campaign: Campaign) -> None:
    campaign.fill(*map(document, range(20)))
    campaign.push()
    tasks = [task["id"] for task in campaign.tasks().values()]
    whole, again = (
        [{**item, "id": f"m{number}"} for number, label in enumerate(labels) for item in
         campaign.result("doc-00001", 0, 6, label)]
        for labels in (("Actor", "Count"), ("Location", "Count"))
    )  # fmt: skip
    submitted: dict[int, list[Any]] = {}
    begun_pulling = threading.Event()

    def annotate(email: str) -> None:
        begun_pulling.wait(60)
        for turn, task in enumerate(tasks):
            number = campaign.ask("POST", f"/api/tasks/{task}/annotations/", {"result": whole}, email)["id"]
            submitted[number] = whole
            if turn % 3 == 0:
                campaign.ask("PATCH", f"/api/annotations/{number}/", {"result": again}, email)
                submitted[number] = again

    for email in (ANN, BOB):
        campaign.http(email)
    people = [threading.Thread(target=annotate, args=(email,)) for email in (ANN, BOB)]
    for person in people:
        person.start()
    begun_pulling.set()
    while any(person.is_alive() for person in people):
        campaign.pull()
        assert all(len(answer.mentions) == 2 for answer in campaign.answers())
    campaign.pull()
    arrived = {a.origin.annotation: {m.label for m in a.mentions} for a in campaign.answers() if a.origin}
    wanted = {number: {"Count", "Actor" if given is whole else "Location"} for number, given in submitted.items()}
    assert len(wanted) == 40 and arrived == wanted
    assert campaign.pull().written == []
