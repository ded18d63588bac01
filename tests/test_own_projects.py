"""Projects of other groups: made by `sayso init`, with labels and languages that are not ours.

Each goes through the commands with two accounts on a real Label Studio, to a loaded dataset.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from datasets import load_dataset

from sayso.cli import sayso
from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio import server
from sayso.labelstudio.accounts import create_account
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.controls import KEEP, OPEN_RELATIONS, TEXT, VERDICT
from sayso.models import Annotation, AttributeValue, Gold
from sayso.schema.column_names import list_configs, pluralise, relation_column_name
from sayso.schema.declarations import Schema, load_schema
from sayso.schema.schema_types import Attribute
from sayso.settings import SCHEMA_FILE, find_checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import PASSWORD, stop_server_after
from tests.manual_tables import list_commands
from tests.own_texts import ARABIC, JAPANESE, LETTERS, RULINGS, MarkedText, OwnTexts
from tests.templates.sample_project import SampleProject

pytestmark = [pytest.mark.server, pytest.mark.slow]


@dataclass
class OwnProject(SampleProject):
    """A project with a Label Studio, and two accounts there."""

    texts: OwnTexts
    variables: dict[str, str]
    accounts: dict[str, httpx.Client] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def schema(self) -> Schema:
        return load_schema(self.root / SCHEMA_FILE)

    @property
    def corpus(self) -> CorpusFiles:
        return CorpusFiles(self.root)

    def sayso(self, *words: str) -> str:
        self.used.add(find_command_name(words))
        return run_sayso_ok(self.root, *words, environment=self.variables, folder=self.root)

    def refuse(self, *words: str) -> str:
        """Return why a command is refused."""
        self.used.add(find_command_name(words))
        ended = run_sayso(self.root, *words, environment=self.variables, folder=self.root)
        assert ended.returncode not in (0, 1), ended.stderr
        return ended.stderr

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

    def find_number(self, mark: str) -> int:
        """Return the number of the project on the server whose description has a mark."""
        listed = self.accounts["one"].get("/api/projects").json()["results"]
        (number,) = (each["id"] for each in listed if mark in each["description"])
        return int(number)

    def read_right(self, name: str, text: MarkedText) -> MarkedText:
        """Return what an account makes of a text: one is right, two overlooks and misreads."""
        return text if name == "one" else text.misread()

    def label_all(self, number: int) -> None:
        """Label what the stream serves to each account."""
        for name in ("one", "two"):
            account = self.accounts[name]
            while (served := account.get(f"/api/projects/{number}/next")).status_code == 200:
                task = served.json()
                right = self.read_right(name, self.texts.find(task["data"]["text"]))
                result = encode_result(
                    right.mentions, right.relations, self.schema, answers=right.answers
                )
                body = {"result": result, "lead_time": 20.0}
                account.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()


COMMANDS = {
    path.removeprefix("sayso ")
    for path, command in list_commands(sayso)
    if not isinstance(command, click.Group)
}


def find_command_name(words: Sequence[str]) -> str:
    """Return the name of a command, of one word or of two."""
    two = " ".join(words[:2])
    return two if two in COMMANDS else words[0]


@pytest.fixture(scope="module")
def rulings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnProject]:
    """The German project, whose push starts the server."""
    root = tmp_path_factory.mktemp("own") / RULINGS.name
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project = OwnProject(root, RULINGS, {"SAYSO_PORT": str(port)})
    begin(project)
    assert "no annotation to show" in project.refuse("demo")
    with stop_server_after(find_checkout(root)), contextlib.closing(project):
        words = ("push", "--overlap", "2")
        pushed = run_sayso(root, *words, environment=project.variables, folder=root)
        assert pushed.returncode == 0, pushed.stderr
        assert f"one was started at http://127.0.0.1:{port}" in pushed.stderr
        assert "`sayso studio down` stops it" in pushed.stderr
        yield project


def begin(project: OwnProject) -> None:
    """Make the project in a new folder and take its texts in, the first with no licence."""
    texts = project.texts
    words = ("--labels", ",".join(texts.labels), "--language", texts.language)
    run_sayso_ok(project.root.parent, "init", texts.name, "--template", texts.template, *words)
    project.used.add("init")
    schema = project.root / SCHEMA_FILE
    learnable = re.sub(r"(?m)^(    hotkey: .*\n)", r"\1    learnable: true\n", schema.read_text())
    schema.write_text(texts.schema or learnable)
    project.sayso("schema", "build")
    project.git("init", "-q", "-b", "main")
    for at, each in enumerate(texts.marked):
        file = project.root / ("texts" if at else "closed") / f"{at}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(each.text, encoding="utf-8")
    project.sayso("ingest", "texts", "--license", "CC0-1.0")
    project.sayso("ingest", "closed", "--license", "LicenseRef-press")
    with (project.root / "pyproject.toml").open("a") as settings:
        settings.write('texts = "licensed"\n')
    documents = list(project.corpus.documents())
    assert {document.language for document in documents} == {texts.language}
    assert [document.text for document in documents] == [each.text for each in texts.marked]


Values = Mapping[str, AttributeValue]
Content = tuple[list[str], list[str], list[str]]


def fill(values: Values, declared: Mapping[str, Attribute]) -> dict[str, AttributeValue]:
    """Return values with the default of each that was not given."""
    defaults = {name: each.default for name, each in declared.items() if each.default is not None}
    return {**defaults, **values}


def describe(found: MarkedText | Annotation | Gold, schema: Schema) -> Content:
    """Return what an annotation says: mentions, relations and answers, without ids.

    What is expected of annotators has the default values that they did not give.
    """
    words = {mention.id: (mention.start, mention.text) for mention in found.mentions}
    relations = []
    for each in found.relations:
        ends = [words[each.head], words[each.tail]]
        ends = sorted(ends) if schema.relations[each.type].symmetric else ends
        relations.append(f"{each.type} {ends}")
    mentions = []
    for mention in found.mentions:
        values: Values = mention.attributes
        if isinstance(found, MarkedText):
            values = fill(values, schema.labels[mention.label].attributes)
        where = f"{mention.label} {mention.start} {mention.end}"
        mentions.append(f"{where} {sorted(values.items())}")
    if isinstance(found, Gold):
        answers: Values = {answer.question: answer.value for answer in found.answers}
    else:
        answers = found.answers
    if isinstance(found, MarkedText):
        answers = fill(answers, schema.questions)
    return sorted(mentions), sorted(relations), sorted(map(str, answers.items()))


def annotate(project: OwnProject, running: server.RunningServer) -> None:
    """Let two accounts label everything, and bring it back."""
    project.join(running, "one", "two")
    project.label_all(project.find_number(f"campaign={project.texts.name} "))
    project.sayso("pull")
    schema, annotations = project.schema, list(project.corpus.annotations())
    texts = {document.doc_id: document.text for document in project.corpus.documents()}
    found = sorted((each.doc_id, describe(each, schema)) for each in annotations)
    expected = sorted(
        (doc_id, describe(project.read_right(name, project.texts.find(text)), schema))
        for doc_id, text in texts.items()
        for name in ("one", "two")
    )
    assert found == expected
    for annotation in annotations:
        for mention in annotation.mentions:
            assert texts[annotation.doc_id][mention.start : mention.end] == mention.text


def measure(project: OwnProject) -> None:
    """Look at the work from every side."""
    project.sayso("check", "--severity", "error")
    project.sayso("progress")
    (figures,) = json.loads(project.sayso("agreement", "--json"))["measurements"]
    schema = project.schema
    names = {*schema.labels, *schema.questions, *schema.relations}
    assert names <= set(re.findall(r"\w+", json.dumps(figures)))
    found = json.loads(project.sayso("disagreements", "--json"))["disagreements"]
    differing = {str(at) for at, each in enumerate(project.texts.marked) if each != each.misread()}
    assert {each["doc_id"] for each in found} == differing
    project.sayso("status")


def adjudicate_by_majority(project: OwnProject) -> None:
    """Take what both accounts have; a required question without a majority waits for somebody."""
    project.sayso("adjudicate", "push")
    project.sayso("adjudicate", "pull", "--auto", "majority")
    schema, expected = project.schema, {}
    required = [name for name, question in schema.questions.items() if question.required]
    for at, text in enumerate(project.texts.marked):
        other = text.misread()
        if all(text.answers[name] == other.answers[name] for name in required):
            sides = zip(describe(text, schema), describe(other, schema), strict=True)
            expected[str(at)] = tuple(sorted({*ours} & {*theirs}) for ours, theirs in sides)
    gold = {record.doc_id: describe(record, schema) for record in project.corpus.gold()}
    assert gold == expected and expected


def adjudicate_by_hand(project: OwnProject) -> None:
    """Decide as one did, wherever the two differ."""
    project.sayso("adjudicate", "push")
    number = project.find_number(f"adjudication={project.texts.name} ")
    judge = project.accounts["judge"]
    while (served := judge.get(f"/api/projects/{number}/next")).status_code == 200:
        task = served.json()
        body = {"result": decide(project, task), "lead_time": 5.0}
        judge.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()
    project.sayso("adjudicate", "pull")
    gold = {record.doc_id: describe(record, project.schema) for record in project.corpus.gold()}
    assert gold == {
        str(at): describe(text, project.schema) for at, text in enumerate(project.texts.marked)
    }


def decide(project: OwnProject, task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the adjudicator's result: all marks and relations are kept, questions answered."""
    right = project.texts.find(task["data"]["text"])
    answers = fill(right.answers, project.schema.questions)
    result = encode_result((), (), project.schema, answers=answers)
    answered = {item["id"] for item in result}
    result += [item for item in task["predictions"][0]["result"] if item.get("id") not in answered]
    regions = {item["id"] for item in result if item.get("type") == "labels"}
    regions -= {item["id"] for item in result if item.get("from_name") == VERDICT}
    choice = {"to_name": TEXT, "type": "choices"}
    for region in sorted(regions):
        verdict = {"id": region, "from_name": VERDICT, "value": {"choices": [KEEP]}}
        result.append({**choice, **verdict})
    if rows := [row["value"] for row in task["data"].get(OPEN_RELATIONS) or ()]:
        ticks = {"id": OPEN_RELATIONS, "from_name": OPEN_RELATIONS, "value": {"choices": rows}}
        result.append({**choice, **ticks})
    return result


def release(project: OwnProject) -> None:
    """Show, build, load, release, and plan to publish."""
    for words in ("feedback", "report", "export --to jsonl --annotator gold", "format --check"):
        project.sayso(*words.split())
    project.sayso("schema", "build", "--check")
    project.sayso("build")
    read_dataset(project, project.root / "corpus", withheld={"0"})
    project.sayso("check")
    project.commit("Annotate")
    project.sayso("release", "0.1.0")
    project.commit("Release 0.1.0")
    project.git("tag", "v0.1.0")
    project.sayso("diff", "v0.1.0", "--exit-code")
    project.variables["HF_HUB_OFFLINE"] = "1"
    project.sayso("publish", "group/corpus", "--dry-run")
    filled = project.root / "build" / "filled"
    project.sayso("hydrate", "corpus", "closed", "--to", str(filled))
    read_dataset(project, filled, withheld=set())


def read_dataset(project: OwnProject, folder: Path, withheld: set[str]) -> None:
    """Load every configuration, and compare what is in it with the gold of the corpus."""
    schema = project.schema
    tables: dict[str, list[dict[str, Any]]] = {
        config: list(load_dataset(str(folder), config, split="all"))
        for config in list_configs(schema)
    }
    for config, rows in tables.items():
        splits = load_dataset(str(folder), config)
        assert [row for split in splits for row in splits[split]] == rows, config
    texts = {str(at): each.text for at, each in enumerate(project.texts.marked)}
    shown = {doc_id: None if doc_id in withheld else text for doc_id, text in texts.items()}
    assert {row["doc_id"]: row["text"] for row in tables["articles"]} == shown
    assert {row["doc_id"]: row["text"] for row in tables["gold"]} == shown
    assert len(tables["annotations"]) == 2 * len(texts)
    for row in tables.get("tokens", ()):
        spans = zip(row["token_starts"], row["token_ends"], strict=True)
        tokens = [texts[row["doc_id"]][start:end] for start, end in spans]
        assert row["tokens"] == (None if row["doc_id"] in withheld else tokens)
    gold = {record.doc_id: record for record in project.corpus.gold()}
    adjudicated = {
        name: [row for row in rows if row.get("reading") == "gold"] for name, rows in tables.items()
    }
    if schema.labels:
        compare_mentions(adjudicated["mentions"], gold, schema, withheld)
    if schema.relations:
        compare_relations(adjudicated["relations"], gold)
    for frame in schema.frames:
        compare_frames(adjudicated[pluralise(frame)], gold, frame, schema)
    if schema.questions:
        compare_answers(adjudicated["answers"], gold, schema)


def as_row(value: object) -> object:
    """Return a value as a table has it."""
    return list(value) if isinstance(value, tuple) else value


def compare_mentions(
    rows: list[dict[str, Any]], gold: Mapping[str, Gold], schema: Schema, withheld: set[str]
) -> None:
    by_id = {(row["doc_id"], row["mention_id"]): row for row in rows}
    for doc_id, record in gold.items():
        for mention in record.mentions:
            row = by_id.pop((doc_id, mention.id))
            assert (row["label"], row["start"], row["end"]) == (
                mention.label,
                mention.start,
                mention.end,
            )
            assert row["text"] == (None if doc_id in withheld else mention.text)
            for label, declared in schema.labels.items():
                given = mention.attributes if label == mention.label else {}
                for name in declared.attributes:
                    assert row[f"{label.lower()}_{name}"] == as_row(given.get(name))
    assert not by_id


def compare_relations(rows: list[dict[str, Any]], gold: Mapping[str, Gold]) -> None:
    assert sorted(
        (row["doc_id"], row["type"], row["head_id"], row["tail_id"]) for row in rows
    ) == sorted(
        (doc_id, each.type, each.head, each.tail)
        for doc_id, record in gold.items()
        for each in record.relations
    )


def compare_frames(
    rows: list[dict[str, Any]], gold: Mapping[str, Gold], frame: str, schema: Schema
) -> None:
    by_id = {(row["doc_id"], row[f"{frame.lower()}_id"]): row for row in rows}
    for doc_id, record in gold.items():
        for mention in (each for each in record.mentions if each.label == frame):
            row = by_id.pop((doc_id, mention.id))
            for name, relation in schema.relations_from(frame).items():
                ends = {
                    each.tail
                    for each in record.relations
                    if (each.type, each.head) == (name, mention.id)
                }
                if relation.symmetric:
                    ends |= {
                        each.head
                        for each in record.relations
                        if (each.type, each.tail) == (name, mention.id)
                    }
                assert {each["id"] for each in row[relation_column_name(schema, name)]} == ends
    assert not by_id


def compare_answers(rows: list[dict[str, Any]], gold: Mapping[str, Gold], schema: Schema) -> None:
    by_id = {row["doc_id"]: row for row in rows}
    for doc_id, record in gold.items():
        row = by_id.pop(doc_id)
        given = {answer.question: as_row(answer.value) for answer in record.answers}
        assert {name: row[name] for name in schema.questions} == {
            name: given.get(name) for name in schema.questions
        }
    assert not by_id


def test_german_rulings(rulings: OwnProject) -> None:
    running = server.find_running(find_checkout(rulings.root))
    assert running
    annotate(rulings, running)
    measure(rulings)
    rulings.join(running, "judge")
    adjudicate_by_hand(rulings)
    release(rulings)
    rulings.variables["BROWSER"] = "true"
    reader = rulings.corpus.annotation_files()[0].stem
    for words in (
        f"export --to jsonl --annotator {reader} --out again.jsonl",
        "import --from jsonl again.jsonl --campaign again --annotator them",
        "adjudicate pull --auto majority --dry-run",
        "suggest --with names",
        "evaluate --with names",
        "train --epochs 2",
        "evaluate --with model",
        "schema migrate",
        "history",
        "studio up",
        "studio open",
        "studio status",
        "studio invite",
    ):
        rulings.sayso(*words.split())
    assert rulings.used | {"push", "studio down"} == COMMANDS
    again = {each.doc_id: each for each in rulings.corpus.annotations("again")}
    for each in rulings.corpus.annotations(RULINGS.name):
        if each.annotator == reader:
            assert describe(each, rulings.schema) == describe(again[each.doc_id], rulings.schema)


@pytest.mark.parametrize("texts", [ARABIC, JAPANESE, LETTERS], ids=lambda texts: texts.name)
def test_spans_or_classes_only(texts: OwnTexts, rulings: OwnProject, tmp_path: Path) -> None:
    running = server.find_running(find_checkout(rulings.root))
    assert running
    variables = {"SAYSO_URL": running.url, "SAYSO_TOKEN": running.token}
    with contextlib.closing(OwnProject(tmp_path / texts.name, texts, variables)) as project:
        begin(project)
        project.sayso("push", "--overlap", "2")
        annotate(project, running)
        measure(project)
        adjudicate_by_majority(project)
        release(project)
