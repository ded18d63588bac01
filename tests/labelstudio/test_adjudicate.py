"""Adjudication on a real Label Studio: disagreement becomes a task, a decision becomes gold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec import structs

from sayso import jsonl
from sayso.adjudication.gold_writer import GoldWriteResult
from sayso.checks.corpus_checks import check_sources
from sayso.labelstudio import project
from sayso.labelstudio.adjudication.adjudication_project import AdjudicationProject
from sayso.labelstudio.adjudication.gold_pull import pull_gold
from sayso.labelstudio.adjudication.task_push import (
    AdjudicationPushRequest,
    AdjudicationPushResult,
    push_adjudication,
)
from sayso.labelstudio.codec import encode_result
from sayso.labelstudio.controls import DROP, KEEP, OPEN_RELATIONS, TEXT, VERDICT
from sayso.labelstudio.pseudonyms import fetch_annotators
from sayso.models import AttributeValue, Gold, Mention, Relation
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE
from tests.command_line import run_sayso, run_sayso_ok
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

pytestmark = pytest.mark.server

ANN, BOB, EVE, JUDGE = (f"{name}@sayso.localhost" for name in ("ann", "bob", "eve", "judge"))
SENTENCES = "Two drones fell near Belgorod, the mayor said. No one was hurt."
CUE: dict[str, AttributeValue] = {"stance": "neutral"}
CLAIM: dict[str, AttributeValue] = {
    "type": "strike",
    "attribution": "indirect",
    "certainty": "certain",
    "polarity": "positive",
}


@dataclass
class AdjudicationBench:
    """A campaign with two annotators who have submitted, and the means of an adjudicator."""

    campaign: SampleCampaign

    @property
    def corpus(self) -> Any:
        return self.campaign.corpus

    def text(self, doc_id: str) -> str:
        documents = self.campaign.corpus.documents()
        return next(each.text for each in documents if each.doc_id == doc_id)

    def build_result(
        self,
        doc_id: str,
        *,
        who: str = "the mayor",
        kind: str = "local_authority",
        entity: str = "",
        note: str = "",
        arrow: bool = True,
    ) -> list[dict[str, Any]]:
        """Build a result with a source, a cue and a claim."""
        text = self.text(doc_id)
        parts: list[tuple[str, str, str, dict[str, AttributeValue]]] = [
            ("a", "Actor", who, {"type": kind, **({"entity": entity} if entity else {})}),
            ("q", "Cue", "said", CUE),
            ("c", "Claim", "Two drones fell near Belgorod", CLAIM),
        ]
        mentions = [
            Mention(
                id=name,
                label=label,
                start=text.index(words),
                end=text.index(words) + len(words),
                text=words,
                attributes=given,
                note=note if label == "Actor" and note else None,
            )
            for name, label, words, given in parts
        ]
        relations = [Relation(type="cue", head="c", tail="q")]
        relations += [Relation(type="source", head="c", tail="a")] if arrow else []
        schema = load_schema(self.campaign.checkout.root / SCHEMA_FILE)
        return encode_result(mentions, relations, schema)

    def submit(self, doc_id: str, email: str, **options: Any) -> None:
        self.campaign.submit(doc_id, self.build_result(doc_id, **options), email=email)

    def run(self, *words: str, code: int = 0) -> Any:
        ended = run_sayso(self.campaign.checkout.root, *words, *self.campaign.options, "--json")
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr
        return json.loads(ended.stdout)

    @property
    def key(self) -> AdjudicationProject:
        return AdjudicationProject(self.campaign.project_key.campaign, "all")

    def push(self) -> AdjudicationPushResult:
        request = AdjudicationPushRequest(self.key.campaign, "all")
        (result,) = push_adjudication(self.campaign.checkout, self.campaign.client, request)
        return result

    def pull(self) -> GoldWriteResult:
        checkout, client = self.campaign.checkout, self.campaign.client
        (result,) = pull_gold(checkout, client, self.key.campaign, "all")
        return result

    def tasks(self) -> list[dict[str, Any]]:
        found = project.find_project(self.campaign.client, self.key)
        assert found
        return self.campaign.fetch_full_tasks(found.id)

    def submit_verdicts(
        self, task: dict[str, Any], verdicts: dict[str, str], *, more: Any = (), without: str = ""
    ) -> int:
        """Submit what was prefilled with these verdicts, as the adjudicator."""
        (prediction,) = task["predictions"]
        items = [item for item in prediction["result"] if item.get("id") != without]
        items = [item for item in items if not {item.get("from_id"), item.get("to_id")} & {without}]
        items += [
            {
                "id": region,
                "from_name": VERDICT,
                "to_name": TEXT,
                "type": "choices",
                "value": {"choices": [verdict]},
            }
            for region, verdict in verdicts.items()
        ]
        body = {
            "result": [*items, *more],
            "was_cancelled": False,
            "parent_prediction": prediction["id"],
        }
        number: int = self.campaign.request(
            "POST", f"/api/tasks/{task['id']}/annotations/", body, JUDGE
        )["id"]
        return number

    def read_gold(self) -> list[Gold]:
        path = self.corpus.folder / "gold" / f"{self.campaign.project_key.campaign}.jsonl"
        return list(jsonl.read(path, Gold)) if path.exists() else []

    def list_errors(self) -> list[str]:
        schema = load_schema(self.campaign.checkout.root / SCHEMA_FILE)
        return [
            str(found) for found in check_sources(self.corpus, schema) if found.severity == "error"
        ]

    def region_id(self, doc_id: str, label: str, words: str) -> str:
        start = self.text(doc_id).index(words)
        return f"{label}-{start}-{start + len(words)}"


@pytest.fixture
def bench(campaign: SampleCampaign) -> Iterator[AdjudicationBench]:
    """Ann and Bob differ on the first document and agree on the second; Ann alone has a third."""
    made = AdjudicationBench(campaign)
    campaign.write_documents(*(sample_document(number) for number in range(3)))
    campaign.push()
    made.submit("doc-00000", ANN)
    made.submit("doc-00000", BOB, who="mayor", kind="state_executive", note="not by name")
    for email in (ANN, BOB):
        made.submit("doc-00001", email)
    made.submit("doc-00002", ANN)
    campaign.pull()
    yield made


def verdicts(task: dict[str, Any]) -> dict[str, str]:
    return {
        i["id"]: i["value"]["choices"][0]
        for i in task["predictions"][0]["result"]
        if i.get("from_name") == VERDICT
    }


def test_what_annotators_differ_on_is_asked_and_what_is_decided_becomes_gold(
    bench: AdjudicationBench,
) -> None:
    (told,) = bench.run("adjudicate", "push", "--dry-run")["pushed"]
    assert (told["documents"], told["open"], told["project"]) == (
        {"new": 1, "unanimous": 1, "few": 1},
        4,
        None,
    )
    (told,) = bench.run("adjudicate", "push")["pushed"]
    assert told["documents"] == {"new": 1, "unanimous": 1, "few": 1} and told["too_few"] == [
        "doc-00002"
    ]
    (task,) = bench.tasks()
    name = {who: bench.region_id("doc-00000", "Actor", who) for who in ("the mayor", "mayor")}
    claim = bench.region_id("doc-00000", "Claim", "Two drones fell near Belgorod")
    assert verdicts(task) == {claim: KEEP, bench.region_id("doc-00000", "Cue", "said"): KEEP}
    assert [row["value"].split(" (")[0][3:] for row in task["data"][OPEN_RELATIONS]] == [
        "Claim “Two drones fell near Belgorod” — who says → Actor “the mayor”",
        "Claim “Two drones fell near Belgorod” — who says → Actor “mayor”",
    ]
    assert bench.push().changes == 0, "a second push finds nothing to do"

    waiting = bench.pull()
    assert waiting.documents == {"waiting": 1, "unanimous": 1, "few": 1} and waiting.changed == 1
    bench.submit_verdicts(task, {name["the mayor"]: DROP, name["mayor"]: KEEP})
    pulled = bench.pull()
    assert pulled.documents == {"adjudicated": 1, "unanimous": 1, "few": 1} and pulled.changed == 1
    assert bench.pull().changed == 0, "a second pull writes nothing"

    differing, alike = bench.read_gold()
    assert [(m.label, m.text, m.decided, len(m.votes)) for m in differing.mentions] == [
        ("Claim", "Two drones fell near Belgorod", "unanimous", 2),
        ("Actor", "mayor", "adjudicated", 1),
        ("Cue", "said", "unanimous", 2),
    ]
    assert [(m.text, m.attributes["type"], m.decided) for m in differing.declined] == [
        ("the mayor", "local_authority", "adjudicated")
    ]
    assert [(r.type, r.tail, r.decided) for r in differing.relations] == [
        ("cue", bench.region_id("doc-00000", "Cue", "said"), "unanimous"),
        ("source", name["mayor"], "adjudicated"),
    ]
    assert [(r.type, r.tail) for r in differing.declined_relations] == [
        ("source", name["the mayor"])
    ]
    assert differing.adjudicator and differing.adjudicator not in differing.annotators
    assert (alike.adjudicator, alike.declined, alike.interface) == (None, (), "all")
    assert {m.decided for m in alike.mentions} == {"unanimous"}
    assert bench.list_errors() == []


def test_who_said_what_is_told_by_pseudonym_and_with_the_reasons(bench: AdjudicationBench) -> None:
    bench.push()
    (task,) = bench.tasks()
    said = {
        i["id"]: i["value"]["text"][0]
        for i in task["predictions"][0]["result"]
        if i.get("from_name") == "said"
    }
    names = {
        answer.note or answer.mentions[0].note or answer.mentions[1].note or "": answer.annotator
        for answer in bench.campaign.read_annotations()
        if answer.doc_id == "doc-00000"
    }
    bob, ann = names["not by name"], names[""]
    assert said[bench.region_id("doc-00000", "Actor", "mayor")].splitlines() == [
        f"{bob} marked this — {bob} “not by name”",
        f"{ann}: Actor “the mayor”",
    ]
    shown = json.dumps(task)
    assert "sayso.localhost" not in json.dumps([task["data"], task["predictions"][0]["result"]])
    assert ann in shown and bob in shown


def test_documents_with_too_few_annotators_are_left_alone(bench: AdjudicationBench) -> None:
    fewest = ("--annotators", "3", "--dry-run")
    (pushed,) = bench.run("adjudicate", "push", "--pass", "all", *fewest)["pushed"]
    (pulled,) = bench.run("adjudicate", "pull", "--pass", "all", *fewest)["pulled"]
    assert pushed["documents"] == pulled["documents"] == {"few": 3}


def test_the_annotators_commands_do_not_take_it_for_a_project_of_theirs(
    bench: AdjudicationBench,
) -> None:
    before = bench.campaign.read_annotation_files()
    bench.push()
    assert bench.campaign.push().changes == 0
    (told,) = bench.run("pull")["pulled"]
    assert told["written"] == [] and bench.campaign.read_annotation_files() == before
    sides = {side["pass"]: side for side in bench.run("status")["passes"]}
    assert sides["all"]["tasks"] == {"unchanged": 3}
    (found,) = bench.run("progress")["passes"]
    assert found["tasks"] == 3


def test_status_tells_how_far_it_is(bench: AdjudicationBench) -> None:
    def read_progress() -> dict[str, Any]:
        return {side["pass"]: side["adjudication"] for side in bench.run("status")["passes"]}

    assert read_progress() == {"names": None, "claims": None, "all": None}
    bench.push()
    assert (read_progress()["all"]["asked"], read_progress()["all"]["submitted"]) == (1, 0)
    (task,) = bench.tasks()
    bench.submit_verdicts(
        task, {bench.region_id("doc-00000", "Actor", who): KEEP for who in ("the mayor", "mayor")}
    )
    assert (read_progress()["all"]["asked"], read_progress()["all"]["submitted"]) == (1, 1)
    assert read_progress()["names"] is None


def test_after_new_answers_only_what_is_new_is_asked(bench: AdjudicationBench) -> None:
    bench.push()
    (task,) = bench.tasks()
    name = {who: bench.region_id("doc-00000", "Actor", who) for who in ("the mayor", "mayor")}
    bench.submit_verdicts(task, {name["the mayor"]: DROP, name["mayor"]: KEEP})
    bench.pull()
    settled = bench.read_gold()[0]
    assert bench.push().documents == {"settled": 1, "gold": 1, "few": 1}

    bench.submit("doc-00000", EVE, who="mayor", kind="state_executive")
    bench.campaign.pull()
    assert bench.push().documents["settled"] == 1, "she has nothing that was not decided"
    bench.pull()
    now = bench.read_gold()[0]
    assert len(now.annotators) == 3 and [m.id for m in now.mentions] == [
        m.id for m in settled.mentions
    ]
    assert [len(m.votes) for m in now.mentions] == [3, 2, 3]

    bench.submit("doc-00001", EVE, who="Belgorod", kind="civilian")
    bench.campaign.pull()
    assert bench.push().documents == {"new": 1, "settled": 1, "few": 1}
    bench.campaign.submit(
        "doc-00000", bench.build_result("doc-00000", who="Belgorod"), email="zoe@sayso.localhost"
    )
    bench.campaign.pull()
    told = bench.push()
    assert told.documents == {"again": 1, "waiting": 1, "few": 1} and told.open_count == 2
    again = bench.tasks()[-1]
    new = bench.region_id("doc-00000", "Actor", "Belgorod")
    assert verdicts(again)[name["mayor"]] == KEEP and verdicts(again)[name["the mayor"]] == DROP
    assert new not in verdicts(again)
    assert [told.status for told in bench.pull().skipped if told.doc_id == "doc-00000"] == [
        "waiting"
    ]
    assert bench.read_gold()[0] == now, "what was decided stands until the new is"
    bench.submit_verdicts(again, {new: DROP})
    bench.pull()
    assert [m.text for m in bench.read_gold()[0].declined] == ["Belgorod", "the mayor"]
    assert bench.list_errors() == []


def test_answers_that_change_before_anybody_adjudicates_are_asked_anew(
    bench: AdjudicationBench,
) -> None:
    bench.push()
    (task,) = bench.tasks()
    for email in (ANN, BOB):
        bench.submit("doc-00000", email, who="mayor", kind="state_executive")
    bench.campaign.pull()
    assert bench.push().documents == {"surplus": 1, "unanimous": 2, "few": 1}, (
        "nothing is left to decide"
    )
    assert bench.tasks() == []
    bench.submit("doc-00000", EVE)
    bench.campaign.pull()
    assert bench.push().documents["new"] == 1
    bench.submit("doc-00000", EVE, who="Belgorod")
    bench.campaign.pull()
    assert bench.push().documents == {"changed": 1, "unanimous": 1, "few": 1}
    (anew,) = bench.tasks()
    assert anew["id"] > task["id"]


def test_an_adjudicator_may_mend_and_draw_what_everybody_missed(bench: AdjudicationBench) -> None:
    bench.push()
    (task,) = bench.tasks()
    text, schema = bench.text("doc-00000"), load_schema(bench.campaign.checkout.root / SCHEMA_FILE)
    start = text.index("Belgorod")
    new = Mention(
        id="drawn",
        label="Location",
        start=start,
        end=start + 8,
        text="Belgorod",
        attributes={"use": "literal", "precision": "settlement"},
        note="the city",
    )
    claim = bench.region_id("doc-00000", "Claim", "Two drones fell near Belgorod")
    arrow = Relation(type="where", head=claim, tail="drawn")
    more = [*encode_result([new], [arrow], schema, "a note on all"), *bench_verdict("drawn")]
    bench.submit_verdicts(
        task,
        {bench.region_id("doc-00000", "Actor", "the mayor"): KEEP},
        more=more,
        without=bench.region_id("doc-00000", "Actor", "mayor"),
    )
    bench.pull()
    record = bench.read_gold()[0]
    drawn = next(m for m in record.mentions if m.label == "Location")
    assert (drawn.id, drawn.decided, drawn.votes, drawn.note) == (
        f"Location-{start}-{start + 8}",
        "adjudicated",
        (),
        "the city",
    )
    assert record.note == "a note on all" and ("where", claim, drawn.id) in {
        (r.type, r.head, r.tail) for r in record.relations
    }
    assert [m.text for m in record.declined] == ["mayor"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({}, "human"),
        ({"kind": "program"}, "program"),
        ({"kind": "adjudicator"}, "human"),  # as maps of 0.1.0 say it
    ],
)
def test_gold_says_what_the_adjudicator_is(
    bench: AdjudicationBench, line: dict[str, str], kind: str
) -> None:
    path = bench.campaign.checkout.private / "annotators.jsonl"
    bench.push()
    (task,) = bench.tasks()
    taken = {"the mayor": DROP, "mayor": KEEP}
    marks = {bench.region_id("doc-00000", "Actor", who): what for who, what in taken.items()}
    bench.submit_verdicts(task, marks)
    accounts = [each for each in jsonl.read(path, dict[str, Any]) if each["email"] != JUDGE]
    jsonl.write(path, [*accounts, {"email": JUDGE, "pseudonym": "judge", **line}])
    (pulled,) = [each for each in bench.run("adjudicate", "pull")["pulled"] if each["written"]]
    assert pulled["decisions"] == [
        {"decided": "adjudicated", "by": [kind], "documents": 1},
        {"decided": "unanimous", "by": ["human"], "documents": 1},
    ]
    decided, alike = bench.read_gold()
    assert (decided.decided, decided.adjudicator, decided.adjudicator_kind) == (
        "adjudicated",
        "judge",
        kind,
    )
    assert (alike.decided, alike.adjudicator, alike.adjudicator_kind) == ("unanimous", None, None)
    assert decided.annotator_kinds == alike.annotator_kinds == ("human",)

    old = [structs.replace(each, decided=None, adjudicator_kind=None) for each in (decided, alike)]
    gold = bench.corpus.folder / "gold" / f"{bench.key.campaign}.jsonl"
    jsonl.write(gold, [structs.replace(each, annotator_kinds=()) for each in old])
    bench.campaign.request("DELETE", f"/api/tasks/{task['id']}/", None, JUDGE)
    bench.pull()
    assert bench.read_gold() == [decided, alike], "a pull adds what older gold did not say"
    assert bench.list_errors() == []


@pytest.mark.parametrize("of_bob", ["", "Odesa", "Kyiv"])
def test_a_value_that_the_adjudicator_empties_leaves_the_votes(
    bench: AdjudicationBench, of_bob: str
) -> None:
    bench.submit("doc-00000", ANN, entity="Odesa")
    bench.submit("doc-00000", BOB, entity=of_bob, arrow=False)
    bench.campaign.pull()
    bench.push()
    (task,) = bench.tasks()
    actor = bench.region_id("doc-00000", "Actor", "the mayor")
    (prediction,) = task["predictions"]
    prediction["result"] = [i for i in prediction["result"] if i.get("from_name") != "actor_entity"]
    rows = [row["value"] for row in task["data"][OPEN_RELATIONS]]
    tick = {"id": OPEN_RELATIONS, "from_name": OPEN_RELATIONS, "to_name": TEXT, "type": "choices"}
    bench.submit_verdicts(
        task, {actor: KEEP} if of_bob == "Kyiv" else {}, more=[{**tick, "value": {"choices": rows}}]
    )
    assert bench.pull().documents["adjudicated"] == 1
    record = bench.read_gold()[0]
    mayor = next(each for each in record.mentions if each.label == "Actor")
    assert mayor.attributes == {"type": "local_authority"}
    assert (mayor.decided, mayor.votes) == ("adjudicated", record.annotators)
    assert mayor.amended == ("entity",)
    assert not [line for line in bench.list_errors() if "/gold/" in line]


def bench_verdict(region: str) -> list[dict[str, Any]]:
    return [
        {
            "id": region,
            "from_name": VERDICT,
            "to_name": TEXT,
            "type": "choices",
            "value": {"choices": [KEEP]},
        }
    ]


def test_what_breaks_a_rule_and_what_is_undecided_is_told_and_not_written(
    bench: AdjudicationBench,
) -> None:
    bench.push()
    (task,) = bench.tasks()
    number = bench.submit_verdicts(task, {bench.region_id("doc-00000", "Actor", "mayor"): KEEP})
    told = bench.pull()
    assert (
        told.skipped[0].status == "unreadable"
        and "1 mentions have no verdict" in told.skipped[0].detail
    )
    bench.campaign.request("DELETE", f"/api/annotations/{number}/", None, JUDGE)
    both = {bench.region_id("doc-00000", "Actor", who): KEEP for who in ("mayor", "the mayor")}
    bench.submit_verdicts(task, both)
    assert bench.run("adjudicate", "pull", code=5)["pulled"][-1]["documents"]["broken"] == 1
    told = bench.pull()
    assert told.documents["broken"] == 1
    assert {found.check for found in told.findings} == {"same-label-overlap"}
    assert [record.doc_id for record in bench.read_gold()] == [
        "doc-00001"
    ] and bench.list_errors() == []


def test_by_majority_without_a_server_and_never_over_an_adjudicator(
    bench: AdjudicationBench,
) -> None:
    root, campaign = bench.campaign.checkout.root, bench.campaign.project_key.campaign
    words = ("adjudicate", "pull", "--auto", "majority", "--campaign", campaign)
    bench.submit("doc-00000", EVE)
    bench.campaign.pull()
    dry = json.loads(run_sayso_ok(root, *words, "--dry-run", "--json"))["pulled"]
    assert bench.read_gold() == []
    assert [each["written"] for each in dry if each["pass"] == "all"] == [2]
    run_sayso_ok(root, *words)
    record, _alike = bench.read_gold()
    assert [(m.text, m.decided, len(m.votes)) for m in record.mentions] == [
        ("Two drones fell near Belgorod", "unanimous", 3),
        ("the mayor", "majority", 2),
        ("said", "unanimous", 3),
    ]
    assert [(m.text, m.decided) for m in record.declined] == [
        ("mayor", "majority")
    ] and record.adjudicator is None
    before = (bench.corpus.folder / "gold" / f"{campaign}.jsonl").read_bytes()
    assert "nothing has changed" in run_sayso(root, *words).stderr
    assert (bench.corpus.folder / "gold" / f"{campaign}.jsonl").read_bytes() == before

    bench.push()
    (task,) = bench.tasks()
    bench.submit_verdicts(
        task,
        {
            bench.region_id("doc-00000", "Actor", "mayor"): KEEP,
            bench.region_id("doc-00000", "Actor", "the mayor"): DROP,
        },
    )
    bench.pull()
    adjudicated = bench.read_gold()[0]
    assert adjudicated.adjudicator
    run_sayso_ok(root, *words)
    assert bench.read_gold()[0] == adjudicated
    assert bench.list_errors() == []


def test_an_interface_that_fell_behind_is_replaced_only_where_that_is_asked_for(
    bench: AdjudicationBench,
) -> None:
    bench.push()
    path = bench.campaign.checkout.root / SCHEMA_FILE
    path.write_text(
        path.read_text().replace(
            "The words that attribute a claim", "Whatever words attribute a claim"
        )
    )
    words = ("adjudicate", "push", "--pass", "all", *bench.campaign.options)
    refused = run_sayso(bench.campaign.checkout.root, *words)
    assert (
        refused.returncode == 9 and "`sayso adjudicate push --update-interface`" in refused.stderr
    )
    run_sayso_ok(bench.campaign.checkout.root, *words, "--update-interface")
    assert bench.push().changes == 0


def test_a_task_that_somebody_has_begun_stays(bench: AdjudicationBench) -> None:
    bench.push()
    (task,) = bench.tasks()
    begun = {"result": task["predictions"][0]["result"]}
    bench.campaign.request("POST", f"/api/tasks/{task['id']}/drafts", begun, JUDGE)
    bench.submit("doc-00000", EVE, who="Belgorod")
    bench.campaign.pull()
    assert bench.push().documents == {"new": 1, "unanimous": 1, "few": 1}
    kept, _new = bench.tasks()
    assert kept["id"] == task["id"]
    assert bench.push().changes == 0


def test_what_somebody_else_saved_is_put_before_the_adjudicator(bench: AdjudicationBench) -> None:
    """Ann and Bob agree on the second document, but Bob's annotation is the lead's by now."""
    bob = next(
        each
        for each in bench.campaign.read_annotations()
        if each.doc_id == "doc-00001" and each.annotator != names_of(bench)[ANN]
    )
    assert bob.origin
    path = f"/api/annotations/{bob.origin.annotation}/"
    changed = bench.build_result("doc-00001", arrow=False)
    bench.campaign.request("PATCH", path, {"result": changed})
    bench.campaign.request("PATCH", path, {"result": bench.build_result("doc-00001")})
    bench.campaign.pull()
    assert bench.pull().documents["unanimous"] == 1, "the content is what Bob submitted"
    bench.campaign.request("PATCH", path, {"result": changed})
    bench.campaign.pull()
    bench.campaign.request("PATCH", path, {"result": bench.build_result("doc-00001")})
    bench.campaign.pull()
    bench.push()
    task = next(each for each in bench.tasks() if each["data"]["doc_id"] == "doc-00001")
    lead = names_of(bench)[bench.campaign.client.fetch_own_account().email]
    assert f"{bob.annotator} (saved by {lead})" in json.dumps(task)


def test_a_decision_is_of_whoever_made_it(bench: AdjudicationBench) -> None:
    bench.push()
    (task,) = bench.tasks()
    actor, mayor = (bench.region_id("doc-00000", "Actor", each) for each in ("the mayor", "mayor"))
    number = bench.submit_verdicts(task, {actor: KEEP, mayor: DROP})
    bench.pull()
    before = bench.read_gold()
    bench.campaign.request("PATCH", f"/api/annotations/{number}/", {"ground_truth": True})
    bench.pull()
    assert bench.read_gold() == before
    stored = bench.campaign.request("GET", f"/api/annotations/{number}/")
    for item in stored["result"]:
        if item.get("from_name") == VERDICT and item["id"] in (actor, mayor):
            item["value"]["choices"] = [DROP if item["id"] == actor else KEEP]
    bench.campaign.request("PATCH", f"/api/annotations/{number}/", {"result": stored["result"]})
    bench.pull()
    gold = next(each for each in bench.read_gold() if each.doc_id == "doc-00000")
    assert gold.adjudicator == names_of(bench)[bench.campaign.client.fetch_own_account().email]


def names_of(bench: AdjudicationBench) -> dict[str, str]:
    campaign = bench.campaign
    project = campaign.client.fetch_project(campaign.project)
    found = fetch_annotators(campaign.checkout, campaign.client, project)
    return {each.email: each.pseudonym for each in found.values()}
