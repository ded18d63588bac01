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
from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio import project, pull, push
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.connection import connect
from sayso.labelstudio.pull import PullResult as PullOutcome
from sayso.labelstudio.push import PushResult as PushOutcome
from sayso.models import Annotation, Document, Mention, sha256
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.conftest import LabelStudioServer

TEXT = "Two drones fell near Belgorod, the mayor said. No one was hurt."


def sample_document(number: int, text: str = "", **known: Any) -> Document:
    """A document with a text of its own."""
    text = text or f"Report {number}. {TEXT}"
    given = {
        "title": f"Report {number}",
        "language": "en",
        "license": "unknown",
        "source_name": f"{number}.txt",
        "split": "train",
        "ingested": "2026-01-01T00:00:00Z",
        **known,
    }
    return Document(doc_id=f"doc-{number:05d}", text=text, text_sha256=sha256(text), **given)


@dataclass
class SampleCampaign:
    """An instance, a place on the server, and the hands of the people who work on it."""

    checkout: Checkout
    labelstudio: LabelStudioServer
    client: LabelStudioClient
    project_key: project.ProjectKey
    token_file: Path
    _http_clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def corpus(self) -> CorpusFiles:
        return CorpusFiles(self.checkout.root)

    @property
    def options(self) -> tuple[str, ...]:
        """Options that lead a command here."""
        return (
            "--campaign",
            self.project_key.campaign,
            "--url",
            self.labelstudio.url,
            "--token-file",
            str(self.token_file),
        )

    def write_documents(self, *documents: Document) -> None:
        """The corpus holds these and no others."""
        jsonl.write(self.corpus.batch_file(0), documents)

    def push(self, **asked: Any) -> PushOutcome:
        return push.push(self.checkout, self.client, push.PushRequest(self.project_key, **asked))

    def plan(self, **asked: Any) -> PushOutcome:
        return push.plan_push(
            self.checkout, self.client, push.PushRequest(self.project_key, **asked)
        )

    def pull(self, **asked: Any) -> PullOutcome:
        (outcome,) = pull.pull(
            self.checkout,
            self.client,
            self.project_key.campaign,
            self.project_key.pass_name,
            **asked,
        )
        return outcome

    @property
    def project(self) -> int:
        found = project.find_project(self.client, self.project_key)
        assert found
        return found.id

    def fetch_tasks(self) -> dict[str, dict[str, Any]]:
        """The tasks on the server, asked for in the plainest way, by document (by number where there is none)."""
        found = (
            self.http_client()
            .get("/api/tasks", params={"project": self.project, "page_size": 10_000})
            .json()["tasks"]
        )
        named = {task["data"].get("doc_id", str(task["id"])): task for task in found}
        assert len(named) == len(found), "a document has two tasks"
        return named

    def http_client(self, email: str = "") -> httpx.Client:
        """The server as one account sees it; the lead where no address is given."""
        if email not in self._http_clients:
            token = self.labelstudio.annotator_token(email) if email else self.labelstudio.token
            headers = {"Authorization": f"Token {token}"}
            self._http_clients[email] = httpx.Client(
                base_url=self.labelstudio.url, headers=headers, trust_env=False, timeout=60
            )
        return self._http_clients[email]

    def request(self, method: str, path: str, body: Any = None, email: str = "") -> Any:
        """One request that has to succeed."""
        answer = self.http_client(email).request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def build_result(
        self, doc_id: str, start: int = 0, end: int = 6, label: str = "Actor"
    ) -> list[dict[str, Any]]:
        """The result with one mention."""
        text = next(found.text for found in self.corpus.documents() if found.doc_id == doc_id)
        mention = Mention(id="m1", label=label, start=start, end=end, text=text[start:end])
        return encode_result([mention], [], load_schema(self.checkout.root / SCHEMA_FILE))

    def submit(
        self, doc_id: str, result: list[Any] | None = None, *, email: str = "", skip: bool = False
    ) -> int:
        """Submit an answer, or skip; its number."""
        body = {
            "result": self.build_result(doc_id) if result is None else result,
            "was_cancelled": skip,
            "lead_time": 2.5,
        }
        number: int = self.request(
            "POST", f"/api/tasks/{self.fetch_tasks()[doc_id]['id']}/annotations/", body, email
        )["id"]
        return number

    def read_annotations(self) -> list[Annotation]:
        """What lies in our files for the campaign."""
        return list(self.corpus.annotations(self.project_key.campaign))

    def read_annotation_files(self) -> dict[str, bytes]:
        """The files of answers."""
        return {
            path.name: path.read_bytes()
            for path in self.corpus.annotation_files(self.project_key.campaign)
        }


@contextlib.contextmanager
def open_campaign(
    labelstudio: LabelStudioServer, checkout: Checkout, interface: str = "all"
) -> Iterator[SampleCampaign]:
    """A campaign that nobody has pushed yet."""
    token_file = checkout.root / "token"
    token_file.write_text(labelstudio.token)
    token_file.chmod(0o600)
    place = project.ProjectKey(f"test-{secrets.token_hex(4)}", interface)
    with connect(checkout, labelstudio.url, token_file) as client:
        campaign = SampleCampaign(checkout, labelstudio, client, place, token_file)
        yield campaign
        for browser in campaign._http_clients.values():
            browser.close()
