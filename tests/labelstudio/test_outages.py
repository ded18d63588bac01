"""Servers that go away and come back, are busy, or have two clients at once."""

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

from sayso.labelstudio import database_template, server
from sayso.settings import Checkout, find_checkout
from tests.conftest import LabelStudioServer, new_checkout, stop_server_after
from tests.labelstudio import faults
from tests.labelstudio.faults import Fault, ProxyExchange, fault_once
from tests.labelstudio.proxied_campaign import ANN, BOB, ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = pytest.mark.server


# The server goes away.


def restart_server(checkout: Checkout) -> Fault:
    """Plan to stop Label Studio, and to start it while the command waits."""
    port = urlsplit(getattr(server.find_running(checkout), "url", "")).port

    def restart(exchange: ProxyExchange) -> None:
        server.stop(checkout)
        threading.Thread(target=server.start, args=(checkout, port)).start()
        exchange.reset()

    return restart


@pytest.mark.slow
def test_a_restart_under_work(tmp_path: Path) -> None:
    own = new_checkout(tmp_path / "studio")
    with stop_server_after(own):
        labelstudio = LabelStudioServer(own, server.start(own, 0))
        with (
            open_campaign(labelstudio, new_checkout(tmp_path / "checkout")) as campaign,
            faults.run_proxy(labelstudio.url) as proxy,
        ):
            proxied = ProxiedCampaign(campaign, proxy, patience=300)
            campaign.write_documents(*map(sample_document, range(6)))
            proxy.plan = fault_once("POST …/import", restart_server(own))
            said = proxied.run("push").require_success()
            assert "waiting, at most" in said and "6 new" in said
            assert len(campaign.fetch_tasks()) == 6
            for number in range(6):
                campaign.submit(f"doc-{number:05d}", email=ANN)
            proxy.plan = fault_once("GET …api/users", restart_server(own))
            assert "waiting, at most" in proxied.run("pull").require_success()
            assert len(campaign.read_annotations()) == 6


@pytest.mark.parametrize("words", ["push", "pull"])
@pytest.mark.parametrize(
    "fault", [faults.break_before, faults.fail_with(503), faults.fail_with(429, retry_after="1")]
)
def test_patience_ends_and_the_next_run_goes_on(
    proxied: ProxiedCampaign, words: str, fault: Fault
) -> None:
    proxied.patience = 2
    proxied.campaign.write_documents(*map(sample_document, range(5)))
    if words == "pull":
        proxied.run_undisturbed("push")
        proxied.campaign.submit("doc-00004", email=ANN)
    proxied.proxy.requests.clear()
    proxied.proxy.plan = faults.fault_since(4, fault)
    ended = proxied.run(words)
    assert ended.code == 6 and ended.failed_cleanly(), ended.output
    assert "run the command again when the server responds" in ended.output
    proxied.run_undisturbed(words)
    assert len(proxied.campaign.fetch_tasks()) == 5
    assert words == "push" or [answer.doc_id for answer in proxied.campaign.read_annotations()] == [
        "doc-00004"
    ]


@pytest.mark.parametrize("asked", ["GET …api/projects", "POST …/import"])
def test_a_server_that_asks_us_to_wait(proxied: ProxiedCampaign, asked: str) -> None:
    """Lower bounds only: a busy machine may take longer."""
    proxied.campaign.write_documents(sample_document(1))
    heard: list[float] = []

    def wait(exchange: ProxyExchange) -> None:
        heard.append(time.monotonic())
        faults.fail_with(429, retry_after="2")(exchange)

    proxied.proxy.plan = fault_once(asked, wait)
    said = proxied.run("push").require_success()
    assert "HTTP 429: waiting" in said and time.monotonic() - heard[0] >= 2
    assert len(proxied.campaign.fetch_tasks()) == 1
    assert sum(line.endswith("/import") for line in proxied.proxy.requests) == 1 + (
        asked == "POST …/import"
    )


def test_a_server_that_asks_for_more_than_we_have(proxied: ProxiedCampaign) -> None:
    proxied.campaign.write_documents(sample_document(1))
    fault = faults.fail_with(429, retry_after="3600")
    proxied.proxy.plan = fault_once("GET …api/projects", fault)
    ended = proxied.run("push")
    assert (ended.code, ended.failed_cleanly()) == (6, True), ended.output


@pytest.mark.slow
def test_a_locked_database_is_waited_out(proxied: ProxiedCampaign) -> None:
    """Somebody else locks Label Studio's SQLite file during an import; the server waits a minute.

    A server that waits less is among the network faults.
    """
    proxied.campaign.write_documents(*map(sample_document, range(3)))
    database = (
        server.server_folder(proxied.campaign.labelstudio.checkout)
        / "data"
        / database_template.DATABASE_NAME
    )
    given: list[faults.ProxyResponse] = []

    def locked(exchange: ProxyExchange) -> None:
        with contextlib.closing(sqlite3.connect(database)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            answer = Future[faults.ProxyResponse]()
            threading.Thread(target=lambda: answer.set_result(exchange.forward())).start()
            with contextlib.suppress(TimeoutError):
                given.append(answer.result(2))
            holder.rollback()
        exchange.respond(answer.result())

    proxied.proxy.plan = fault_once("POST …/import", locked)
    proxied.run("push").require_success()
    assert given == [], "the database was not locked"
    assert len(proxied.campaign.fetch_tasks()) == 3


# Two at once.


def test_the_second_on_one_checkout_is_told_who_is_at_work(proxied: ProxiedCampaign) -> None:
    proxied.campaign.write_documents(sample_document(1))
    arrived, go_on = threading.Event(), threading.Event()

    def hold_back(exchange: ProxyExchange) -> None:
        arrived.set()
        go_on.wait(60)
        faults.pass_through(exchange)

    proxied.proxy.plan = fault_once("POST …/import", hold_back)
    first = proxied.start("push")
    try:
        assert arrived.wait(60)
        for words in ("push", "pull", "status"):
            second = proxied.run(words)
            assert second.code == 9, second.output
            assert (
                f"sayso push (process {first.pid}) is at work here; wait for it to end"
                in second.output
            )
    finally:
        go_on.set()
    first.end().require_success()
    proxied.run_undisturbed("pull")


def build_barrier(parties: int) -> Callable[[], None]:
    """Return a function that waits until all parties have called it, or some seconds."""
    barrier = threading.Barrier(parties)

    def meet() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(5)

    return meet


@pytest.mark.parametrize("begun_before", [False, True])
def test_two_checkouts_push_to_one_server(
    proxied: ProxiedCampaign, tmp_path: Path, begun_before: bool
) -> None:
    """They meet after both have seen that there is no project, and that there are no tasks."""
    proxied.campaign.write_documents(*map(sample_document, range(0 if begun_before else 5)))
    if begun_before:
        proxied.run_undisturbed("push")
        proxied.campaign.write_documents(*map(sample_document, range(5)))
    meet = {line: build_barrier(2) for line in ("POST api/projects", "import")}

    def together(exchange: ProxyExchange) -> None:
        line = f"{exchange.command} {exchange.path.partition('?')[0].strip('/')}"
        meet.get("import" if line.endswith("/import") else line, lambda: None)()
        faults.pass_through(exchange)

    proxied.proxy.plan = lambda _count, _asked: together
    other = ProxiedCampaign(_second_checkout(proxied.campaign, tmp_path / "other"), proxied.proxy)
    both = [proxied.start("push"), other.start("push")]
    for run in both:
        assert (ended := run.end()).failed_cleanly(), ended.output
    for one in (proxied, other):
        one.run_undisturbed("push")
    assert proxied.count_projects() == 1
    assert proxied.campaign.fetch_tasks().keys() == {f"doc-{number:05d}" for number in range(5)}
    for one in (proxied, other):
        assert "nothing to do" in one.run_undisturbed("push")


def _second_checkout(campaign: SampleCampaign, root: Path) -> SampleCampaign:
    shutil.copytree(campaign.checkout.root, root, ignore=shutil.ignore_patterns(".sayso"))
    return SampleCampaign(
        find_checkout(root),
        campaign.labelstudio,
        campaign.client,
        campaign.project_key,
        campaign.token_file,
    )


# Annotators are at work while we pull.


def test_answers_that_come_in_while_we_pull_arrive_whole(campaign: SampleCampaign) -> None:
    campaign.write_documents(*map(sample_document, range(20)))
    campaign.push()
    tasks = [task["id"] for task in campaign.fetch_tasks().values()]
    whole, again = (
        [
            {**item, "id": f"m{number}"}
            for number, label in enumerate(labels)
            for item in campaign.build_result("doc-00001", 0, 6, label)
        ]
        for labels in (("Actor", "Count"), ("Location", "Count"))
    )
    submitted: dict[int, list[Any]] = {}
    begun_pulling = threading.Event()

    def annotate(email: str) -> None:
        begun_pulling.wait(60)
        for turn, task in enumerate(tasks):
            number = campaign.request(
                "POST", f"/api/tasks/{task}/annotations/", {"result": whole}, email
            )["id"]
            submitted[number] = whole
            if turn % 3 == 0:
                campaign.request("PATCH", f"/api/annotations/{number}/", {"result": again}, email)
                submitted[number] = again

    for email in (ANN, BOB):
        campaign.http_client(email)
    people = [threading.Thread(target=annotate, args=(email,)) for email in (ANN, BOB)]
    for person in people:
        person.start()
    begun_pulling.set()
    while any(person.is_alive() for person in people):
        campaign.pull()
        assert all(len(answer.mentions) == 2 for answer in campaign.read_annotations())
    campaign.pull()
    arrived = {
        a.origin.annotation: {m.label for m in a.mentions}
        for a in campaign.read_annotations()
        if a.origin
    }
    wanted = {
        number: {"Count", "Actor" if given is whole else "Location"}
        for number, given in submitted.items()
    }
    assert len(wanted) == 40 and arrived == wanted
    assert campaign.pull().written == []
