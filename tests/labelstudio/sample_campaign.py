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
from sayso.labelstudio.pull import PullResult
from sayso.labelstudio.push import PushResult
from sayso.models import Annotation, Document, Mention, sha256
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout
from tests.conftest import LabelStudioServer

TEXT = "Two drones fell near Belgorod, the mayor said. No one was hurt."


def sample_document(number: int, text: str = "", **known: Any) -> Document:
    """Build a document with a text of its own."""
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
    """A checkout with a project on the server, and the means of its annotators."""

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
        """The options of a command for this campaign and server."""
        server = ("--url", self.labelstudio.url, "--token-file", str(self.token_file))
        return ("--campaign", self.project_key.campaign, *server)

    @property
    def names(self) -> tuple[str, str]:
        """The names of the campaign and the pass."""
        return self.project_key.campaign, self.project_key.pass_name

    def write_documents(self, *documents: Document) -> None:
        """Replace the documents of the corpus."""
        jsonl.write(self.corpus.batch_file(0), documents)

    def push(self, **options: Any) -> PushResult:
        request = push.PushRequest(self.project_key, **options)
        return push.push(self.checkout, self.client, request)

    def plan(self, **options: Any) -> PushResult:
        request = push.PushRequest(self.project_key, **options)
        return push.plan_push(self.checkout, self.client, request)

    def pull(self, **options: Any) -> PullResult:
        key = self.project_key
        (result,) = pull.pull(self.checkout, self.client, key.campaign, key.pass_name, **options)
        return result

    @property
    def project(self) -> int:
        found = project.find_project(self.client, self.project_key)
        assert found
        return found.id

    def fetch_tasks(self) -> dict[str, dict[str, Any]]:
        """Return the tasks on the server by document, or by id where they have none."""
        tasks = self.request("GET", f"/api/tasks/?project={self.project}&page_size=10000")["tasks"]
        named = {task["data"].get("doc_id", str(task["id"])): task for task in tasks}
        assert len(named) == len(tasks), "a document has two tasks"
        return named

    def fetch_full_tasks(self, project: int) -> list[dict[str, Any]]:
        """Return the tasks of a project with annotations and predictions, by id."""
        path = f"/api/tasks/?project={project}&page_size=1000&fields=all"
        return sorted(self.request("GET", path)["tasks"], key=lambda task: int(task["id"]))

    def http_client(self, email: str = "") -> httpx.Client:
        """Return a client of one account; of the lead without an address."""
        if email not in self._http_clients:
            token = self.labelstudio.annotator_token(email) if email else self.labelstudio.token
            client = httpx.Client(base_url=self.labelstudio.url, trust_env=False, timeout=60)
            client.headers["Authorization"] = f"Token {token}"
            self._http_clients[email] = client
        return self._http_clients[email]

    def request(self, method: str, path: str, body: Any = None, email: str = "") -> Any:
        """Send a request that must succeed. Return the decoded body."""
        response = self.http_client(email).request(method, path, json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def build_result(
        self, doc_id: str, start: int = 0, end: int = 6, label: str = "Actor"
    ) -> list[dict[str, Any]]:
        """Build a result with one mention."""
        text = next(found.text for found in self.corpus.documents() if found.doc_id == doc_id)
        mention = Mention(id="m1", label=label, start=start, end=end, text=text[start:end])
        return encode_result([mention], [], load_schema(self.checkout.root / SCHEMA_FILE))

    def submit(
        self, doc_id: str, result: list[Any] | None = None, *, email: str = "", skip: bool = False
    ) -> int:
        """Submit or skip as one account. Return the id of the annotation."""
        result = self.build_result(doc_id) if result is None else result
        body = {"result": result, "was_cancelled": skip, "lead_time": 2.5}
        path = f"/api/tasks/{self.fetch_tasks()[doc_id]['id']}/annotations/"
        return int(self.request("POST", path, body, email)["id"])

    def read_annotations(self) -> list[Annotation]:
        """Return the pulled annotations."""
        return list(self.corpus.annotations(self.project_key.campaign))

    def read_annotation_files(self) -> dict[str, bytes]:
        """Return the contents of the annotation files by name."""
        files = self.corpus.annotation_files(self.project_key.campaign)
        return {path.name: path.read_bytes() for path in files}


@contextlib.contextmanager
def open_campaign(
    labelstudio: LabelStudioServer, checkout: Checkout, pass_name: str = "all"
) -> Iterator[SampleCampaign]:
    """Open a campaign that nobody has pushed yet."""
    token_file = checkout.root / "token"
    token_file.write_text(labelstudio.token)
    token_file.chmod(0o600)
    key = project.ProjectKey(f"test-{secrets.token_hex(4)}", pass_name)
    with connect(checkout, labelstudio.url, token_file) as client:
        campaign = SampleCampaign(checkout, labelstudio, client, key, token_file)
        yield campaign
        for each in campaign._http_clients.values():
            each.close()
