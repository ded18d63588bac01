"""The manual's campaign, command by command, with three annotators on a real Label Studio."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from sayso.corpus.sources import CorpusFiles
from sayso.labelstudio import server
from sayso.labelstudio.accounts import create_account
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.controls import DROP, KEEP, SPAN, TEXT, VERDICT, control_name
from sayso.models import Gold, Mention, Relation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, find_checkout
from tests.command_line import run_sayso_ok
from tests.conftest import PASSWORD, REPOSITORY, stop_server_after

pytestmark = [pytest.mark.server, pytest.mark.slow]

SECTION_HEADING = "## A whole campaign, step by step\n"
ANNOTATOR_NAMES = ["careful", "hasty", "other"]
ROUNDS = {
    "first": ["drones were shot down over Belgorod", "houses were damaged in Kursk"],
    "second": ["people were injured in Bryansk", "bridges were destroyed in Tver"],
}
CLAIMED = {
    "drones": ("interception", "uav", "destroyed"),
    "houses": ("damage", "building", "damaged"),
    "people": ("harm", "person", "injured"),
    "bridges": ("damage", "infrastructure", "destroyed"),
}
NUMBERS = {"Four": 4, "Five": 5}


def manual_commands() -> list[list[str]]:
    """Return the commands of the manual, in order, without ``sayso``."""
    section = (
        (REPOSITORY / "scripts" / "README.md")
        .read_text(encoding="utf-8")
        .partition(SECTION_HEADING)[2]
        .partition("Two passes are easier")[0]
    )
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
        for line in block.splitlines()
    ]
    words = [shlex.split(line, comments=True) for line in lines]
    assert all(line[0] == "sayso" for line in words)
    return [line[1:] for line in words]


@dataclass
class SimulatedAnnotator:
    """An annotator, with the differences from the careful one."""

    name: str
    with_article: bool = False
    mayor: str = "local_authority"

    def annotate(self, text: str) -> tuple[list[Mention], list[Relation]]:
        """Annotate one of the articles above."""
        number, what = re.match(r"(\w+) (\w+)", text).groups()  # type: ignore[union-attr]
        location = re.search(r"(?:over|in) (\w+),", text)[1]  # type: ignore[index]
        kind, thing, outcome = CLAIMED[what]
        claim = {
            "type": kind,
            "attribution": "indirect",
            "certainty": "certain",
            "polarity": "positive",
        }
        counted: dict[str, Any] = {
            "kind": "exact",
            "lower": NUMBERS[number],
            "upper": NUMBERS[number],
            "thing": thing,
            "outcome": outcome,
        }
        mentions = [
            build_mention(text, "Claim", text.partition(",")[0], claim),
            build_mention(text, "Count", f"{number} {what}", counted),
            build_mention(
                text, "Location", location, {"use": "literal", "precision": "settlement"}
            ),
            build_mention(
                text, "Actor", "the mayor" if self.with_article else "mayor", {"type": self.mayor}
            ),
            build_mention(text, "Cue", "said", {"stance": "neutral"}),
        ]
        ends = {mention.label: mention.id for mention in mentions}
        drawn = {"quantity": "Count", "where": "Location", "source": "Actor", "cue": "Cue"}
        return mentions, [
            Relation(type=name, head=ends["Claim"], tail=ends[tail]) for name, tail in drawn.items()
        ]


def build_mention(text: str, label: str, words: str, attributes: Mapping[str, Any]) -> Mention:
    start = text.index(words)
    return Mention(
        id=label.lower(),
        label=label,
        start=start,
        end=start + len(words),
        text=words,
        attributes=dict(attributes),
    )


@dataclass
class CampaignCheckout:
    """A beginner's checkout, its Label Studio, and the accounts there."""

    root: Path
    port: int
    accounts: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def corpus(self) -> CorpusFiles:
        return CorpusFiles(self.root)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words: str) -> str:
        """Run one command of the manual."""
        return run_sayso_ok(
            self.root, *words, environment={"SAYSO_PORT": str(self.port)}, folder=self.root
        )

    def join(self, *names: str) -> None:
        """Create accounts by the lead's invitation."""
        running = server.find_running(find_checkout(self.root))
        assert running
        for name in names:
            token = create_account(running, f"{name}@sayso.localhost", PASSWORD)
            headers = {"Authorization": f"Token {token}"}
            self.accounts[name] = httpx.Client(
                base_url=self.url, headers=headers, trust_env=False, timeout=60
            )

    def projects(self) -> dict[str, int]:
        """Return the projects by title."""
        listed = self.accounts["careful"].get("/api/projects").json()["results"]
        return {project["title"]: project["id"] for project in listed}

    def label(self, annotators: list[SimulatedAnnotator]) -> Counter[str]:
        """Let everybody label what the stream serves, in turn, until nothing is left."""
        schema, got = load_schema(self.root / SCHEMA_FILE), Counter[str]()
        (project,) = self.projects().values()
        for turn in count():
            assert turn < 50, "the stream does not end"
            served = [
                (annotator, self.accounts[annotator.name].get(f"/api/projects/{project}/next"))
                for annotator in annotators
            ]
            for annotator, response in served:
                if response.status_code == 200:
                    task = response.json()
                    result = encode_result(*annotator.annotate(task["data"]["text"]), schema)
                    body = {"result": result, "lead_time": 30.0}
                    self.accounts[annotator.name].post(
                        f"/api/tasks/{task['id']}/annotations/", json=body
                    ).raise_for_status()
                    got[annotator.name] += 1
            if all(response.status_code == 404 for _annotator, response in served):
                return got
        raise AssertionError


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[CampaignCheckout]:
    root = tmp_path / "checkout"
    shutil.copytree(REPOSITORY / "schema", root / "schema")
    (root / "pyproject.toml").write_text(
        '[tool.sayso]\ncampaign = "pilot"\ndata_version = "0.0.0"\n'
    )
    (root / ".gitignore").write_text(".sayso/\nbuild/\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for name, texts in ROUNDS.items():
        (root / "news" / name).mkdir(parents=True)
        for number, (text, word) in enumerate(zip(texts, NUMBERS, strict=True)):
            (root / "news" / name / f"{name}-{number}.txt").write_text(
                f"{word} {text}, the mayor said."
            )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with stop_server_after(find_checkout(root)):
        checkout = CampaignCheckout(root, port)
        yield checkout
        for account in checkout.accounts.values():
            account.close()


def revise_guidelines(root: Path) -> None:
    """Make a rule clearer, under a new version."""
    path = root / "schema" / "guidelines.md"
    text = path.read_text(encoding="utf-8")
    newer = text.replace("Version 1.0.0.", "Version 1.1.0.", 1)
    assert newer != text
    path.write_text(f"{newer}\nThe article stays outside: *the [mayor] said*.\n", encoding="utf-8")


def test_the_whole_campaign(checkout: CampaignCheckout) -> None:
    first = [
        SimulatedAnnotator("careful"),
        SimulatedAnnotator("hasty", with_article=True),
        SimulatedAnnotator("other", mayor="state_executive"),
    ]
    second = [
        SimulatedAnnotator("careful"),
        SimulatedAnnotator("hasty"),
        SimulatedAnnotator("other", mayor="state_executive"),
    ]
    rounds = iter([first, second])
    after: dict[str, Callable[[], object]] = {
        "studio invite": lambda: checkout.join(*ANNOTATOR_NAMES, "adjudicator"),
        "push": lambda: checkout.label(next(rounds)),
        "disagreements": lambda: revise_guidelines(checkout.root),
        "adjudicate push": lambda: adjudicate(checkout),
    }
    for words in manual_commands():
        name = " ".join(word for word in words[:2] if re.fullmatch("[a-z]+", word))
        name = name if name in after else words[0]
        checkout.run(*words)
        if name in after:
            after[name]()
    check_annotations(checkout)
    check_agreement(checkout)
    check_gold(checkout)
    check_feedback(checkout)
    check_release(checkout)


def adjudicate(checkout: CampaignCheckout) -> None:
    """Decide as the guidelines say: the mayor is a local authority, the article stays outside."""
    hands = checkout.accounts["adjudicator"]
    project = next(number for title, number in checkout.projects().items() if "adjudicate" in title)
    tasks = hands.get("/api/tasks", params={"project": project, "fields": "all"}).json()["tasks"]
    assert len(tasks) == 4
    for task in tasks:
        result = task["predictions"][0]["result"]
        judged = {item["id"] for item in result if item.get("from_name") == VERDICT}
        for region in [
            item for item in result if item.get("from_name") == SPAN and item["id"] not in judged
        ]:
            assert region["value"]["labels"] == ["Actor"]  # on all the rest everybody agreed
            result += build_verdict(
                region, [item for item in result if item.get("id") == region["id"]]
            )
        body = {"result": result, "lead_time": 20.0}
        hands.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()


def build_verdict(region: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the verdict on a mention on which annotators disagree."""
    value, asked = region["value"], control_name("Actor", "type")
    span = {"start": value["start"], "end": value["end"]}
    left = value["text"] == "mayor"
    annotations = {VERDICT: KEEP if left else DROP}
    if left and not any(item.get("from_name") == asked for item in items):
        annotations[asked] = "local_authority"
    return [
        {
            "id": region["id"],
            "from_name": name,
            "to_name": TEXT,
            "type": "choices",
            "value": {**span, "choices": [choice]},
        }
        for name, choice in annotations.items()
    ]


def check_annotations(checkout: CampaignCheckout) -> None:
    """Everybody annotated everything, blind; each annotation has the guidelines' version."""
    annotations = list(checkout.corpus.annotations("pilot"))
    assert Counter(annotation.started_from for annotation in annotations) == {"nothing": 12}
    versions = {
        (annotation.doc_id.partition("-")[0], annotation.guidelines_version)
        for annotation in annotations
    }
    assert versions == {("first", "1.0.0"), ("second", "1.1.0")}
    assert len({annotation.annotator for annotation in annotations}) == 3


def check_agreement(checkout: CampaignCheckout) -> None:
    """In the first round one of three includes the article: one pair in three agrees."""
    (measured,) = json.loads(checkout.run("agreement", "--by", "version", "--json"))["measurements"]
    assert (measured["documents"], measured["annotations"], measured["comparisons"]) == (4, 12, 12)
    rounds = {part["guidelines_version"]: agreement_values(part) for part in measured["by_version"]}
    for measure, before in (("exact", 1 / 3), ("normalised", 1), ("overlap", 1)):
        assert rounds["1.0.0"][f"spans.Actor.{measure}"] == pytest.approx(before, abs=1e-6)
        assert rounds["1.1.0"][f"spans.Actor.{measure}"] == 1
    assert agreement_values(measured)["attributes.Actor.type.agreement"] == pytest.approx(
        1 / 3, abs=1e-6
    )
    assert (checkout.root / "build" / "disagreements.html").is_file()
    assert (
        agreement_values(measured)["attributes.Location.use.alpha"] is None
    )  # one value only: chance cannot be told


def agreement_values(part: Mapping[str, Any]) -> dict[str, float | None]:
    return {
        f"{each['group']}.{each['subject']}.{each['measure']}": each["value"]
        for each in part["figures"]
    }


def check_gold(checkout: CampaignCheckout) -> None:
    """Gold has all votes, unanimous and adjudicated mentions, and the declined ones."""
    gold = {record.doc_id: record for record in checkout.corpus.gold()}
    assert sorted(gold) == ["first-0", "first-1", "second-0", "second-1"]
    for record in gold.values():
        decided = {
            mention.label: (mention.text, mention.decided, len(mention.votes))
            for mention in record.mentions
        }
        assert decided.pop("Actor") == (
            "mayor",
            "adjudicated",
            1 if record.doc_id.startswith("first") else 2,
        )
        assert {(how, votes) for _text, how, votes in decided.values()} == {("unanimous", 3)}
        assert {relation.type for relation in record.relations} == {
            "quantity",
            "where",
            "source",
            "cue",
        }
        assert record.adjudicator not in {None, *record.annotators}
        assert len(record.mentions) == 5
    assert declined_mentions(gold["first-0"]) == {
        ("the mayor", "local_authority"),
        ("mayor", "state_executive"),
    }
    assert declined_mentions(gold["second-0"]) == {("mayor", "state_executive")}


def declined_mentions(record: Gold) -> set[tuple[str, Any]]:
    return {(mention.text, mention.attributes["type"]) for mention in record.declined}


def check_feedback(checkout: CampaignCheckout) -> None:
    """A page for each annotator and one for the lead, which nobody else can read."""
    pages = list((checkout.root / ".sayso" / "feedback").rglob("*.html"))
    names = {annotation.annotator for annotation in checkout.corpus.annotations("pilot")}
    assert {page.stem for page in pages} == {*names, "index"}
    assert {stat.S_IMODE(page.stat().st_mode) for page in pages} == {0o600}


def check_release(checkout: CampaignCheckout) -> None:
    """The card has the measured agreement, the dataset has gold, and no file has an address."""
    from datasets import load_dataset

    card = (checkout.root / "corpus" / "README.md").read_text(encoding="utf-8")
    assert "not yet measured" not in card
    released = (checkout.root / "corpus" / "agreement.json").read_text(encoding="utf-8")
    assert json.loads(released) == json.loads(checkout.run("agreement", "--json"))
    loaded = load_dataset(
        str(checkout.root / "corpus"), "gold", cache_dir=str(checkout.root / "cache")
    )
    rows = [row for split in loaded.values() for row in split]
    assert len(rows) == 4
    assert all(row["adjudicated"] and len(row["mentions"]) == 5 for row in rows)
    everything = b"".join(
        path.read_bytes() for path in (checkout.root / "corpus").rglob("*") if path.is_file()
    )
    assert [
        name for name in (*ANNOTATOR_NAMES, "adjudicator") if f"{name}@".encode() in everything
    ] == []
