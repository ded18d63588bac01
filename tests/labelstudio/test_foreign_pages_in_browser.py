"""Pages of other servers on this machine cannot act in the session of whoever is logged in.

A browser sends cookies to every port of a host, and takes two ports for one site: `SameSite` does
not help against them.
"""

from __future__ import annotations

import http.server
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from sayso.labelstudio import accounts, database_template, server
from tests.conftest import PASSWORD, LabelStudioServer, new_checkout
from tests.labelling_page import log_in
from tests.labelstudio.sample_campaign import SampleCampaign, open_campaign, sample_document

pytestmark = [pytest.mark.server, pytest.mark.browser]

VICTIM = "victim@sayso.localhost"
FORM = """
([url, fields, target]) => new Promise(resolve => {
  const form = document.createElement('form');
  Object.assign(form, {action: url, method: 'POST', target: target});
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), {name, value}));
  }
  const frame = Object.assign(document.createElement('iframe'), {name: 'inner'});
  frame.onload = resolve;
  document.body.append(form, frame);
  form.submit();
})
"""
FETCH = """
([url, fields]) => fetch(url, {
  method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams(fields),
})
"""
BEACON = "([url, fields]) => navigator.sendBeacon(url, new URLSearchParams(fields))"
IMAGE = """
([url]) => new Promise(resolve => {
  const image = new Image();
  image.onload = image.onerror = resolve;
  image.src = url;
})
"""
SOCKET = """
([url]) => new Promise(resolve => {
  const socket = new WebSocket(url.replace('http', 'ws'));
  socket.onclose = resolve;
})
"""
HEAD = "([url]) => fetch(url, {method: 'HEAD', mode: 'no-cors', credentials: 'include'})"
FRAME = """
([url]) => new Promise(resolve => {
  const frame = Object.assign(document.createElement('iframe'), {src: url, onload: resolve});
  document.body.append(frame);
})
"""
LINK = """
url => document.body.append(
  Object.assign(document.createElement('a'), {href: url, textContent: 'Go'}))
"""
WRITES = {
    "/api/projects/": {"title": "Project of another page"},
    "/api/invite/reset-token": {},
    "/api/current-user/reset-token/": {},
    "/api/token/": {},
}


class BlankPage(http.server.BaseHTTPRequestHandler):
    """An empty page, which a test fills with an attack."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>Another page</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@dataclass(frozen=True)
class AttackedServer:
    """A page of another server beside one where somebody is logged in."""

    foreign: Page
    own: Page
    campaign: SampleCampaign

    @property
    def url(self) -> str:
        return self.campaign.labelstudio.url

    def attack(self, script: str, path: str, *words: Any) -> None:
        """Run a script of the other page and give its requests time to arrive."""
        self.foreign.evaluate(script, [self.url + path, *words])
        self.foreign.wait_for_timeout(300)

    def read_state(self) -> list[Any]:
        """Return all that the attacks aim at."""
        fetch = "path => fetch(path).then(response => response.json())"
        database = server.server_folder(self.campaign.labelstudio.checkout) / "data"
        with closing(sqlite3.connect(database / database_template.DATABASE_NAME)) as connection:
            counts = [
                connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
                for table in ("tasks_tasklock", "token_blacklist_outstandingtoken", "project")
            ]
        return [
            *counts,
            self.campaign.request("GET", "/api/invite"),
            self.own.evaluate(fetch, "/api/current-user/whoami")["email"],
            self.own.evaluate(fetch, "/api/current-user/token"),
        ]


@pytest.fixture(scope="module")
def attacked(
    labelstudio: LabelStudioServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AttackedServer]:
    """A victim with a task to do, and a page of a server at another port."""
    labelstudio.annotator_token(VICTIM)
    checkout = new_checkout(tmp_path_factory.mktemp("attacked") / "checkout")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), BlankPage) as foreign,
        open_campaign(labelstudio, checkout) as campaign,
        log_in(labelstudio.url, VICTIM, PASSWORD) as own,
    ):
        threading.Thread(target=foreign.serve_forever, daemon=True).start()
        campaign.write_documents(sample_document(1))
        campaign.push()
        page = own.context.new_page()
        page.goto(f"http://127.0.0.1:{foreign.server_port}/")
        yield AttackedServer(page, own, campaign)
        foreign.shutdown()


def test_own_pages_do_what_they_did(attacked: AttackedServer) -> None:
    """Settings, actions of the data manager, and a sign-up by invitation; others label."""
    send = """
    ([method, path, body]) => fetch(path, {
      method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json'},
    }).then(response => response.status)
    """
    project = attacked.campaign.project
    (task,) = attacked.campaign.fetch_full_tasks(project)
    items = {"all": False, "included": [task["id"]]}
    for method, path, body, status in (
        ("PATCH", f"/api/projects/{project}/", {"show_skip_button": True}, 200),
        ("POST", f"/api/dm/actions?id=predictions_to_annotations&project={project}", items, 200),
        ("POST", "/api/projects/", {"title": "Our own page's"}, 201),
    ):
        found = attacked.own.evaluate(
            send, [method, path, {"selectedItems": body} if body is items else body]
        )
        assert (path, found) == (path, status)
    browser = attacked.own.context.browser
    assert browser
    page = browser.new_context().new_page()
    page.goto(accounts.fetch_invitation_link(attacked.campaign.labelstudio.server))
    page.fill("input[name=email]", f"new-{attacked.foreign.url[-6:-1]}@sayso.localhost")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/user/signup" not in address)
    assert page.evaluate("() => fetch('/api/projects/').then(each => each.status)") == 200
    page.context.close()


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("script", [FORM, FETCH, BEACON], ids=["form", "fetch", "beacon"])
def test_it_writes_nothing(attacked: AttackedServer, script: str, path: str) -> None:
    before = attacked.read_state()
    attacked.attack(script, path, WRITES[path], "inner")
    assert attacked.read_state() == before


@pytest.mark.parametrize("script", [IMAGE, SOCKET, HEAD], ids=["image", "socket", "head"])
def test_it_reads_nothing_that_has_an_effect(attacked: AttackedServer, script: str) -> None:
    before = attacked.read_state()
    attacked.attack(script, f"/api/projects/{attacked.campaign.project}/next/")
    assert attacked.read_state() == before
    attacked.attack(script, "/logout")
    assert attacked.read_state() == before


def test_it_shows_no_page_in_a_frame(attacked: AttackedServer) -> None:
    attacked.attack(FRAME, "/projects/")
    assert "Refused" in attacked.foreign.frames[-1].locator("body").inner_text()


def test_its_links_lead_to_pages_but_to_nothing_that_has_an_effect(
    attacked: AttackedServer,
) -> None:
    before = attacked.read_state()
    page = attacked.own.context.new_page()
    home = attacked.foreign.url
    for path, status in (("/logout", 403), ("/api/projects/", 403), ("/projects/", 200)):
        page.goto(home)
        page.evaluate(LINK, attacked.url + path)
        with page.expect_response(lambda answer: answer.request.is_navigation_request()) as answer:
            page.click("a")
        assert (path, answer.value.status) == (path, status)
    page.close()
    assert attacked.read_state() == before
