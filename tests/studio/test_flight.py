"""A write that was under way when its command died: the next push waits for as long as it can still arrive."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from urllib.parse import urlsplit

import pytest

from sayso.schema import load
from sayso.settings import MARK
from sayso.studio import flight, process, project, server, tasks
from sayso.studio.client import MODEL
from sayso.studio.ledger import opened
from sayso.studio.patience import Patience
from tests.studio.campaigns import Campaign, document
from tests.studio.faults import Exchange, once
from tests.studio.stage import Stage

pytestmark = pytest.mark.server


@pytest.fixture
def at_home(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """A campaign whose own embedded server is the one of the run; its project is there. Time alone settles nothing."""
    campaign.instance.private.mkdir(exist_ok=True)
    server.home(campaign.instance).symlink_to(server.home(campaign.studio.instance))
    campaign.fill(document(0))
    campaign.push()
    monkeypatch.setattr(flight, "SETTLE", 0.0)
    return campaign


def settled(campaign: Campaign, going: Callable[[], None]) -> list[float]:
    """Write down that a push goes out, let it go, and settle; how long there was still to wait, at each look."""
    found = project.find(campaign.client, campaign.place)
    assert found
    waited: list[float] = []
    told = Patience(tell=lambda _why, left: waited.append(left))
    with opened(campaign.instance, campaign.client, found) as ledger, pytest.MonkeyPatch.context() as patched:
        patched.setattr(campaign.client, "patience", told)
        flight.depart(ledger, after=ledger.last())
        going()
        assert flight.settle(campaign.instance, campaign.client, ledger, found.id)
        assert not flight.settle(campaign.instance, campaign.client, ledger, found.id)
    return waited


def test_the_embedded_server_is_waited_for_while_it_is_at_it(at_home: Campaign) -> None:
    """It works some seconds on what it was sent, whether or not anybody listens."""
    at_home.fill(*map(document, range(300)))
    version = load(at_home.instance.root / MARK).version
    foretold = [{"model_version": MODEL, "result": 25 * at_home.result("doc-00001")}]
    sent = [{"data": tasks.data(held, version), "predictions": foretold} for held in at_home.corpus.documents()][1:]
    where = urlsplit(at_home.studio.url)
    port = where.port or 0

    def send_and_die() -> None:
        line = http.client.HTTPConnection(where.hostname or "", port)
        with contextlib.closing(line):
            headers = {"Authorization": f"Token {at_home.studio.token}", "Content-Type": "application/json"}
            line.request("POST", f"/api/projects/{at_home.project}/import", json.dumps(sent), headers)
        assert process.forsaken(port) is True

    waited = settled(at_home, send_and_die)
    assert len(waited) > 2 and waited[0] > 500
    assert process.forsaken(port) is False
    assert at_home.push().tasks == {"unchanged": 300}


def test_an_idle_embedded_server_is_not_waited_for(at_home: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after it was written down and before it was sent: nothing can arrive any more."""
    monkeypatch.setattr(flight, "SETTLE", 60.0)
    assert settled(at_home, lambda: None) == [0.0]


def test_a_server_elsewhere_is_waited_for_in_sight(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "SETTLE", 3.0)
    campaign.push()
    *waits, over = settled(campaign, lambda: None)
    assert 0 < waits[0] <= 3 and waits == sorted(waits, reverse=True) and over == 0


@pytest.mark.parametrize("late", ["import", "tasks"])
def test_what_arrives_after_all_waiting_does_not_double(stage: Stage, late: str) -> None:
    """A server elsewhere does at its leisure what the dead asked for: while the next push sends, or after it."""
    stage.campaign.fill(*map(document, range(5)))
    stage.quietly("push")
    stage.campaign.fill(*map(document, range(9)))
    victim: Future[int] = Future()
    ghosts: list[Exchange] = []
    go_on = threading.Event()

    def kill(exchange: Exchange) -> None:
        ghosts.append(exchange)
        os.kill(victim.result(), signal.SIGKILL)
        go_on.wait(60)
        exchange.reset()

    stage.proxy.fault = once("POST …/import", kill)
    killed = stage.start("push")
    victim.set_result(killed.pid)
    assert killed.end().code == -signal.SIGKILL

    def overtaken(exchange: Exchange) -> None:
        answer = exchange.forward()
        ghosts.pop().forward()
        exchange.give(answer)

    stage.proxy.fault = once("POST …/import" if late == "import" else "GET …/nothing", overtaken)
    stage.run("push").well()
    if late == "tasks":
        ghosts.pop().forward()
        stage.quietly("push")
    go_on.set()
    assert stage.campaign.tasks().keys() == {f"doc-{number:05d}" for number in range(9)}
    assert "nothing to do" in stage.quietly("push")
