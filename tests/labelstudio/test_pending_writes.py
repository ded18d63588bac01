"""Pending writes: the next push waits as long as a dead command's write can still arrive."""

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

from sayso.labelstudio import pending_writes, process, project, server, tasks
from sayso.labelstudio.client import MODEL_VERSION
from sayso.labelstudio.retries import RetryPolicy
from sayso.labelstudio.sync_state import open_sync_state
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.labelstudio.faults import ProxyExchange, fault_once
from tests.labelstudio.proxied_campaign import ProxiedCampaign
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server


@pytest.fixture
def embedded(campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch) -> SampleCampaign:
    """A pushed campaign whose checkout takes the server of the test run for its embedded one."""
    campaign.checkout.private.mkdir(exist_ok=True)
    server.server_folder(campaign.checkout).symlink_to(
        server.server_folder(campaign.labelstudio.checkout)
    )
    campaign.write_documents(sample_document(0))
    campaign.push()
    monkeypatch.setattr(pending_writes, "SETTLE_SECONDS", 0.0)
    return campaign


def settle_pending_write(campaign: SampleCampaign, send: Callable[[], None]) -> list[float]:
    """Record a write, send it, wait for it; return the seconds left at each look."""
    found = project.find_project(campaign.client, campaign.project_key)
    assert found
    waited: list[float] = []
    policy = RetryPolicy(report_wait=lambda _why, left: waited.append(left))
    with (
        open_sync_state(campaign.checkout, campaign.client, found) as state,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(campaign.client, "retry_policy", policy)
        pending_writes.record_write(state, after=state.last_task())
        send()
        assert pending_writes.wait_for_pending_write(
            campaign.checkout, campaign.client, state, found.id
        )
        assert not pending_writes.wait_for_pending_write(
            campaign.checkout, campaign.client, state, found.id
        )
    return waited


def test_push_waits_while_the_embedded_server_works(embedded: SampleCampaign) -> None:
    """The server works some seconds on an import, even if the client is gone."""
    embedded.write_documents(*map(sample_document, range(300)))
    version = load_schema(embedded.checkout.root / SCHEMA_FILE).version
    predictions = [
        {"model_version": MODEL_VERSION, "result": 25 * embedded.build_result("doc-00001")}
    ]
    sent = [
        {"data": tasks.build_task_data(held, version), "predictions": predictions}
        for held in embedded.corpus.documents()
    ][1:]
    where = urlsplit(embedded.labelstudio.url)
    port = where.port or 0

    def send_and_die() -> None:
        line = http.client.HTTPConnection(where.hostname or "", port)
        with contextlib.closing(line):
            headers = {
                "Authorization": f"Token {embedded.labelstudio.token}",
                "Content-Type": "application/json",
            }
            line.request(
                "POST", f"/api/projects/{embedded.project}/import", json.dumps(sent), headers
            )
        assert process.has_abandoned_request(port) is True

    waited = settle_pending_write(embedded, send_and_die)
    assert len(waited) > 2 and waited[0] > 500
    assert process.has_abandoned_request(port) is False
    assert embedded.push().tasks == {"unchanged": 300}


def test_push_does_not_wait_for_an_idle_embedded_server(
    embedded: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write recorded and never sent: nothing can arrive any more."""
    monkeypatch.setattr(pending_writes, "SETTLE_SECONDS", 60.0)
    assert settle_pending_write(embedded, lambda: None) == [0.0]


def test_push_waits_for_a_remote_server_and_reports_it(
    campaign: SampleCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_writes, "SETTLE_SECONDS", 3.0)
    campaign.push()
    *waits, over = settle_pending_write(campaign, lambda: None)
    assert 0 < waits[0] <= 3 and waits == sorted(waits, reverse=True) and over == 0


@pytest.mark.parametrize("late", ["import", "tasks"])
def test_a_late_import_does_not_double(proxied: ProxiedCampaign, late: str) -> None:
    """A remote server carries out a dead client's import while the next push sends, or after it."""
    proxied.campaign.write_documents(*map(sample_document, range(5)))
    proxied.run_undisturbed("push")
    proxied.campaign.write_documents(*map(sample_document, range(9)))
    victim: Future[int] = Future()
    ghosts: list[ProxyExchange] = []
    go_on = threading.Event()

    def kill(exchange: ProxyExchange) -> None:
        ghosts.append(exchange)
        os.kill(victim.result(), signal.SIGKILL)
        go_on.wait(60)
        exchange.reset()

    proxied.proxy.plan = fault_once("POST …/import", kill)
    killed = proxied.start("push")
    victim.set_result(killed.pid)
    assert killed.end().code == -signal.SIGKILL

    def overtaken(exchange: ProxyExchange) -> None:
        annotation = exchange.forward()
        ghosts.pop().forward()
        exchange.respond(annotation)

    proxied.proxy.plan = fault_once(
        "POST …/import" if late == "import" else "GET …/nothing", overtaken
    )
    proxied.run("push").require_success()
    if late == "tasks":
        ghosts.pop().forward()
        proxied.run_undisturbed("push")
    go_on.set()
    assert proxied.campaign.fetch_tasks().keys() == {f"doc-{number:05d}" for number in range(9)}
    assert "nothing to do" in proxied.run_undisturbed("push")
