"""A campaign of its own for each test, on the one real Label Studio of the run."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sayso import jsonl
from sayso.records import Annotation, Document, Mention, sha256
from sayso.schema import load
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from sayso.studio import project, pull, push
from sayso.studio.access import connect
from sayso.studio.client import Client
from sayso.studio.codec import encode
from sayso.studio.pull import Outcome as PullOutcome
from sayso.studio.push import Outcome as PushOutcome
from tests.conftest import Studio

TEXT = "Two drones fell near Belgorod, the mayor said. No one was hurt."


def document(number: int, text: str = "", **known: Any) -> Document:
    """A document with a text of its own."""
    text = text or f"Report {number}. {TEXT}"
    given = {"title": f"Report {number}", "language": "en", "license": "unknown", "source_name": f"{number}.txt",
             "split": "train", "ingested": "2026-01-01T00:00:00Z", **known}  # fmt: skip
    return Document(doc_id=f"doc-{number:05d}", text=text, text_sha256=sha256(text), **given)


@dataclass
class Campaign:
    """An instance, a place on the server, and the hands of the people who work on it."""

    instance: Instance
    studio: Studio
    client: Client
    place: project.Place
    token_file: Path
    _browsers: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.instance.root)

    @property
    def words(self) -> tuple[str, ...]:
        """Options that lead a command here."""
        return ("--campaign", self.place.campaign, "--url", self.studio.url, "--token-file", str(self.token_file))

    def fill(self, *documents: Document) -> None:
        """The corpus holds these and no others."""
        jsonl.write(self.corpus.batch(0), documents)

    def push(self, **asked: Any) -> PushOutcome:
        return push.push(self.instance, self.client, push.Request(self.place, **asked))

    def preview(self, **asked: Any) -> PushOutcome:
        return push.preview(self.instance, self.client, push.Request(self.place, **asked))

    def pull(self, **asked: Any) -> PullOutcome:
        (outcome,) = pull.pull(self.instance, self.client, self.place.campaign, self.place.interface, **asked)
        return outcome

    @property
    def project(self) -> int:
        found = project.find(self.client, self.place)
        assert found
        return found.id

    def tasks(self) -> dict[str, dict[str, Any]]:
        """The tasks on the server, asked for in the plainest way, by document (by number where there is none)."""
        found = self.http().get("/api/tasks", params={"project": self.project, "page_size": 10_000}).json()["tasks"]
        named = {task["data"].get("doc_id", str(task["id"])): task for task in found}
        assert len(named) == len(found), "a document has two tasks"
        return named

    def http(self, email: str = "") -> httpx.Client:
        """The server as one account sees it; the lead where no address is given."""
        if email not in self._browsers:
            token = self.studio.annotator(email) if email else self.studio.token
            headers = {"Authorization": f"Token {token}"}
            self._browsers[email] = httpx.Client(base_url=self.studio.url, headers=headers, trust_env=False, timeout=60)
        return self._browsers[email]

    def ask(self, method: str, path: str, body: Any = None, email: str = "") -> Any:
        """One request that has to succeed."""
        answer = self.http(email).request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def result(self, doc_id: str, start: int = 0, end: int = 6, label: str = "Actor") -> list[dict[str, Any]]:
        """The result with one mention."""
        text = next(found.text for found in self.corpus.documents() if found.doc_id == doc_id)
        mention = Mention(id="m1", label=label, start=start, end=end, text=text[start:end])
        return encode([mention], [], load(self.instance.root / MARK))

    def answer(self, doc_id: str, result: list[Any] | None = None, *, email: str = "", skip: bool = False) -> int:
        """Submit an answer, or skip; its number."""
        body = {"result": self.result(doc_id) if result is None else result, "was_cancelled": skip, "lead_time": 2.5}
        number: int = self.ask("POST", f"/api/tasks/{self.tasks()[doc_id]['id']}/annotations/", body, email)["id"]
        return number

    def answers(self) -> list[Annotation]:
        """What lies in our files for the campaign."""
        return list(self.corpus.annotations(self.place.campaign))

    def files(self) -> dict[str, bytes]:
        """The files of answers."""
        return {path.name: path.read_bytes() for path in self.corpus.annotation_files(self.place.campaign)}


@contextlib.contextmanager
def begun(studio: Studio, instance: Instance, interface: str = "all") -> Iterator[Campaign]:
    """A campaign that nobody has pushed yet."""
    token_file = instance.root / "token"
    token_file.write_text(studio.token)
    token_file.chmod(0o600)
    place = project.Place(f"test-{secrets.token_hex(4)}", interface)
    with connect(instance, studio.url, token_file) as client:
        campaign = Campaign(instance, studio, client, place, token_file)
        yield campaign
        for browser in campaign._browsers.values():
            browser.close()
