"""Projects of other groups: made by `sayso init`, with labels and languages that are not ours.

Each goes through the commands with two accounts on a real Label Studio, to a loaded dataset.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import pytest
from datasets import load_dataset

from sayso.cli import sayso
from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio import server
from sayso.labelstudio.accounts import create_account
from sayso.labelstudio.codec import encode_result
from sayso.models import Mention
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, find_checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import PASSWORD, stop_server_after
from tests.manual_tables import list_commands
from tests.templates.sample_project import SampleProject

pytestmark = [pytest.mark.server, pytest.mark.slow]

_MARKED = re.compile(r"\[(\w+):([^\]]+)\]")


@dataclass(frozen=True)
class OwnTexts:
    """A language, labels, and texts in which ``[Label:words]`` is to be marked."""

    name: str
    language: str
    labels: tuple[str, ...]
    marked: tuple[str, ...]

    def text(self, at: int) -> str:
        return _MARKED.sub(r"\2", self.marked[at])

    def mentions(self, text: str) -> list[Mention]:
        """Return what is to be marked in one of the texts."""
        at = [self.text(each) for each in range(len(self.marked))].index(text)
        mentions, dropped = [], 0
        for number, found in enumerate(_MARKED.finditer(self.marked[at])):
            start = found.start() - dropped
            dropped += len(found[0]) - len(found[2])
            end = start + len(found[2])
            mentions.append(
                Mention(id=f"m{number}", label=found[1], start=start, end=end, text=text[start:end])
            )
        return mentions


GERMAN = OwnTexts(
    "rulings",
    "de",
    ("Party", "Statute", "Amount", "Holding"),
    (
        "Die [Party:Klägerin] verlangt [Amount:500 Euro]. [Holding:Die Klage ist unbegründet].",
        "Der [Party:Beklagte] zahlt [Amount:1.200 Euro] nach [Statute:§ 3 Abs. 1 BGB].",
        "Die [Party:Stadt Köln] beruft sich auf [Statute:Art. 2 GG]; [Holding:das trägt nicht].",
    ),
)
ARABIC = OwnTexts(
    "akhbar",
    "ar",
    ("Speaker", "Town"),
    (
        "قال [Speaker:رئيس البلدية] إن السوق في [Town:حلب] فُتح من جديد.",
        "أعلنت [Speaker:الوزارة] افتتاح مدرسة في [Town:الرباط] يوم الأحد.",
        "زار [Speaker:الوزير] مدينة [Town:تونس] ثم عاد إلى [Town:صفاقس].",
    ),
)
JAPANESE = OwnTexts(
    "shinbun",
    "ja",
    ("Speaker", "Town"),
    (
        "[Speaker:市長]は[Town:京都]で新しい図書館が開いたと述べた。",
        "[Speaker:県]によると、[Town:奈良]の橋は来月に完成する。👍🏽",
        "[Speaker:文部科学省]は[Town:𠮷野]の学校を支援すると発表した。",
    ),
)


@dataclass
class OwnProject(SampleProject):
    """A project with a Label Studio, and two accounts there."""

    texts: OwnTexts
    variables: dict[str, str]
    accounts: dict[str, httpx.Client] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def sayso(self, *words: str) -> str:
        self.used.add(find_command_name(words))
        return run_sayso_ok(self.root, *words, environment=self.variables, folder=self.root)

    def join(self, running: server.RunningServer, *names: str) -> None:
        """Create accounts by the lead's invitation."""
        for name in names:
            address = f"{name}-{self.texts.name}@sayso.localhost"
            token = create_account(running, address, PASSWORD)
            headers = {"Authorization": f"Token {token}"}
            self.accounts[name] = httpx.Client(
                base_url=running.url, headers=headers, trust_env=False, timeout=60
            )

    def close(self) -> None:
        """Close the connections of the accounts."""
        for account in self.accounts.values():
            account.close()

    def label_all(self, project: int) -> None:
        """Label what the stream serves: one account marks everything, two all but the last."""
        schema = load_schema(self.root / SCHEMA_FILE)
        texts = [self.texts.text(at) for at in range(len(self.texts.marked))]
        for name, account in self.accounts.items():
            while (served := account.get(f"/api/projects/{project}/next")).status_code == 200:
                task = served.json()
                shown = task["data"]["text"].split()
                (text,) = (text for text in texts if text.split() == shown)
                mentions = self.texts.mentions(text)
                result = encode_result(mentions if name == "one" else mentions[:-1], [], schema)
                body = {"result": result, "lead_time": 20.0}
                account.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()


COMMANDS = {
    path.removeprefix("sayso ")
    for path, command in list_commands(sayso)
    if not isinstance(command, click.Group)
}
NOT_RUN = {
    "demo",  # shows annotations that a program made of the articles here
    "hydrate",  # these texts may be passed on
    "studio open",  # wants a browser
    "train",  # three texts teach nothing
}
"""Commands that the projects here do not run."""


def find_command_name(words: Sequence[str]) -> str:
    """Return the name of a command, of one word or of two."""
    two = " ".join(words[:2])
    return two if two in COMMANDS else words[0]


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProject]:
    """The German project, whose push starts the server."""
    root = tmp_path_factory.mktemp("own") / GERMAN.name
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project = OwnProject(root, GERMAN, {"SAYSO_PORT": str(port)})
    begin(project)
    with stop_server_after(find_checkout(root)), contextlib.closing(project):
        words = ("push", "--overlap", "2")
        pushed = run_sayso(root, *words, environment=project.variables, folder=root)
        assert pushed.returncode == 0, pushed.stderr
        assert f"one was started at http://127.0.0.1:{port}" in pushed.stderr
        assert "`sayso studio down` stops it" in pushed.stderr
        yield project


def begin(project: OwnProject) -> None:
    """Make the project in a new folder and take its texts in."""
    texts = project.texts
    words = ("init", texts.name, "--labels", ",".join(texts.labels), "--language", texts.language)
    run_sayso_ok(project.root.parent, *words)
    project.used.add("init")
    schema = project.root / SCHEMA_FILE
    learnable = re.sub(r"(?m)^(    hotkey: .*\n)", r"\1    learnable: true\n", schema.read_text())
    schema.write_text(learnable)
    project.sayso("schema", "build")
    project.git("init", "-q", "-b", "main")
    (project.root / "texts").mkdir()
    for at in range(len(texts.marked)):
        (project.root / "texts" / f"{at}.txt").write_text(texts.text(at), encoding="utf-8")
    project.sayso("ingest", "texts", "--license", "CC0-1.0")
    documents = list(CorpusFiles(project.root).documents())
    assert {document.language for document in documents} == {texts.language}
    assert [document.text for document in documents] == [
        texts.text(at) for at in range(len(texts.marked))
    ]


def annotate(project: OwnProject, running: server.RunningServer) -> None:
    """Let two accounts label everything, and bring it back."""
    project.join(running, "one", "two")
    listed = project.accounts["one"].get("/api/projects").json()["results"]
    mark = f"campaign={project.texts.name} "
    (number,) = (each["id"] for each in listed if mark in each["description"])
    project.label_all(number)
    project.sayso("pull")
    annotations = list(CorpusFiles(project.root).annotations())
    assert len(annotations) == 2 * len(project.texts.marked)
    texts = {document.doc_id: document.text for document in CorpusFiles(project.root).documents()}
    for annotation in annotations:
        for mention in annotation.mentions:
            assert texts[annotation.doc_id][mention.start : mention.end] == mention.text


def measure(project: OwnProject) -> None:
    """Look at the work from every side, and adjudicate what both accounts have."""
    project.sayso("check", "--severity", "error")
    project.sayso("progress")
    (figures,) = json.loads(project.sayso("agreement", "--json"))["measurements"]
    assert set(project.texts.labels) <= set(json.dumps(figures, ensure_ascii=False).split('"'))
    found = json.loads(project.sayso("disagreements", "--json"))["disagreements"]
    assert len(found) == len(project.texts.marked)
    for words in ("status", "adjudicate push", "adjudicate pull --auto majority"):
        project.sayso(*words.split())
    gold = list(CorpusFiles(project.root).gold())
    assert len(gold) == len(project.texts.marked)
    for words in ("feedback", "report", "export --to jsonl --annotator gold", "format --check"):
        project.sayso(*words.split())


def release(project: OwnProject) -> None:
    """Build, load, release, and plan to publish."""
    project.sayso("schema", "build", "--check")
    project.sayso("build")
    rows = load_dataset(str(project.root / "corpus"), "mentions", split="all")
    assert set(rows["label"]) == set(project.texts.labels)
    for row in rows:
        assert project.texts.text(int(row["doc_id"]))[row["start"] : row["end"]] == row["text"]
    project.sayso("check")
    project.commit("Annotate")
    project.sayso("release", "0.1.0")
    project.commit("Release 0.1.0")
    project.git("tag", "v0.1.0")
    project.sayso("diff", "v0.1.0", "--exit-code")
    project.variables["HF_HUB_OFFLINE"] = "1"
    project.sayso("publish", "group/corpus", "--dry-run")


def test_german_rulings(german: OwnProject) -> None:
    running = server.find_running(find_checkout(german.root))
    assert running
    annotate(german, running)
    measure(german)
    release(german)
    reader = CorpusFiles(german.root).annotation_files()[0].stem
    for words in (
        f"export --to jsonl --annotator {reader} --out again.jsonl",
        "import --from jsonl again.jsonl --campaign again --annotator them",
        "suggest --with names",
        "evaluate --with names",
        "schema migrate",
        "history",
        "studio up",
        "studio status",
        "studio invite",
    ):
        german.sayso(*words.split())
    assert COMMANDS - german.used - {"push", "studio down"} == NOT_RUN


@pytest.mark.parametrize("texts", [ARABIC, JAPANESE], ids=lambda texts: texts.language)
def test_other_scripts(texts: OwnTexts, german: OwnProject, tmp_path: Path) -> None:
    running = server.find_running(find_checkout(german.root))
    assert running
    variables = {"SAYSO_URL": running.url, "SAYSO_TOKEN": running.token}
    with contextlib.closing(OwnProject(tmp_path / texts.name, texts, variables)) as project:
        begin(project)
        project.sayso("push", "--overlap", "2")
        annotate(project, running)
        measure(project)
        release(project)
