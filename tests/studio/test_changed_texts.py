"""An article whose text changed while people worked: what provably stands goes along, the rest is kept and named."""

from __future__ import annotations

import json

import pytest

from sayso.errors import ConflictError
from sayso.records import sha256
from sayso.studio.plan import Kind
from sayso.studio.status import Case, status
from tests.commands import done, sayso
from tests.studio.campaigns import TEXT, Campaign, document

pytestmark = pytest.mark.server

ANN, BOB = "ann@sayso.localhost", "bob@sayso.localhost"
OLD = f"Report 1. {TEXT}"
CORRECTED = f"Correction: it was at night. {OLD}"


def cases(campaign: Campaign) -> dict[str, Case]:
    (side,) = status(campaign.instance, campaign.client, campaign.place.campaign, campaign.place.interface)
    return {case.what: case for case in side.cases}


def kinds(*names: Kind) -> dict[str, int]:
    return dict.fromkeys(names, 1)


@pytest.fixture
def answered(campaign: Campaign) -> Campaign:
    """One document; Ann marked the drones and Belgorod, Bob the mayor."""
    campaign.fill(document(1))
    campaign.push()
    drones, belgorod, mayor = (OLD.index(words) for words in ("Two drones", "Belgorod", "the mayor"))
    ann = campaign.result("doc-00001", drones, drones + 10, "Count")
    ann += [{**campaign.result("doc-00001", belgorod, belgorod + 8, "Location")[0], "id": "m2"}]
    campaign.answer("doc-00001", ann, email=ANN)
    campaign.answer("doc-00001", campaign.result("doc-00001", mayor, mayor + 9), email=BOB)
    return campaign


@pytest.mark.parametrize("pulled_before", [True, False])
def test_answers_go_over_to_the_corrected_text(answered: Campaign, pulled_before: bool) -> None:
    if pulled_before:
        answered.pull()
    answered.fill(document(1, CORRECTED))
    outcome = answered.pull()
    assert (outcome.carried, outcome.aside, outcome.vanished) == (2, [], [])
    for answer in answered.answers():
        assert (answer.text_sha256, answer.text_read) == (sha256(CORRECTED), sha256(OLD))
        assert all(CORRECTED[m.start : m.end] == m.text for m in answer.mentions)
    marked = sorted(m.text for answer in answered.answers() for m in answer.mentions)
    assert marked == ["Belgorod", "Two drones", "the mayor"]
    found = json.loads(sayso(answered.instance.root, "check", "--json").stdout)["findings"]
    assert not {finding["check"] for finding in found} & {"text-changed", "slice-differs", "span-outside-text"}
    before = answered.files()
    assert answered.pull().written == [] and answered.files() == before


def test_an_answer_with_one_mention_that_is_not_proven_is_kept_beside_and_named(answered: Campaign) -> None:
    answered.pull()
    before = answered.files()
    answered.fill(document(1, CORRECTED.replace("Belgorod", "Kursk")))
    outcome = answered.pull()
    history = answered.corpus.folder / "history" / "texts" / "annotations" / answered.place.campaign
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before
    assert outcome.carried == 0 and answered.answers() == []
    assert len(outcome.aside) == 2 and outcome.aside_file
    assert {notice.reason for notice in outcome.aside} == {
        "the text has changed since it was pushed; 2 of 2 mentions do not provably stand on the same words: "
        f"“Two drones” [{OLD.index('Two')}, {OLD.index('Two') + 10}), "
        f"“Belgorod” [{OLD.index('Belgorod')}, {OLD.index('Belgorod') + 8})",
        "the text has changed since it was pushed; 1 of 1 mentions do not provably stand on the same words: "
        f"“the mayor” [{OLD.index('the mayor')}, {OLD.index('the mayor') + 9})",
    }  # fmt: skip
    kept = [json.loads(line) for line in outcome.aside_file.read_text(encoding="utf-8").splitlines()]
    assert sorted(len(line["answer"]["result"]) for line in kept) == [1, 2]
    answered.fill(document(1))  # the old text is back, and so are the answers
    assert answered.pull().aside == [] and len(answered.answers()) == 2


def test_the_right_text_is_sent_beside_the_answered_one(answered: Campaign) -> None:
    answered.fill(document(1, CORRECTED))
    assert answered.push().conflicts == 1
    planned, renewed = answered.preview(renew=True), answered.push(renew=True)
    assert planned.tasks == renewed.tasks == kinds("renewed", "superseded")
    assert planned.told == renewed.told
    again = answered.push(renew=True)
    assert (again.tasks, again.changes, again.conflicts) == (kinds("unchanged", "superseded"), 0, 0)
    assert answered.push().conflicts == 0
    assert answered.pull().carried == 2


def test_status_names_each_case_and_its_command(answered: Campaign) -> None:
    answered.pull()
    assert cases(answered) == {}
    task = answered.tasks()["doc-00001"]
    answered.fill(document(1, CORRECTED), document(2))
    by_hand = [{"data": {"text": "x", "title": "", "about": ""}}]
    answered.ask("POST", f"/api/projects/{answered.project}/import", by_hand)
    found = {case.what.partition(":")[0]: case for case in cases(answered).values()}
    assert found["stale"].where == ("doc-00001",) and "`sayso push --renew`" in found["stale"].remedy
    assert found["new"].remedy == "`sayso push`"
    assert "`sayso ingest`" in found["foreign"].remedy
    answered.ask("PATCH", f"/api/projects/{answered.project}/", {"label_config": _edited(answered)})
    found = cases(answered)
    assert "`sayso push --update-interface`" in found["the interface is edited in Label Studio"].remedy
    assert task["id"]
    printed = sayso(answered.instance.root, "status", *answered.words)
    assert printed.returncode == 0 and "→ `sayso push --renew`" in printed.stdout
    told = json.loads(done(answered.instance.root, "status", *answered.words, "--json"))
    whats = [case["what"] for side in told["interfaces"] for case in side["cases"]]
    assert "the interface is edited in Label Studio" in whats


def test_a_word_renamed_in_the_schema_is_named(answered: Campaign) -> None:
    answered.pull()
    path = answered.instance.root / "schema" / "schema.yaml"
    text = path.read_text(encoding="utf-8")
    assert "Location" in text
    path.write_text(text.replace("Location", "Place"), encoding="utf-8")
    found = cases(answered)
    words = found["words in our answers that schema.yaml does not have"]
    assert words.where == ("'Location'",) and "`sayso schema migrate`" in words.remedy
    assert any(what.startswith("the interface is behind the schema") for what in found)


def test_without_renew_the_error_names_it(answered: Campaign) -> None:
    answered.fill(document(1, CORRECTED))
    result = sayso(answered.instance.root, "push", *answered.words)
    assert result.returncode == ConflictError.exit_code and "`sayso push --renew`" in result.stderr


def _edited(campaign: Campaign) -> str:
    config: str = campaign.ask("GET", f"/api/projects/{campaign.project}/")["label_config"]
    return config.replace("</View>", '<Header value="Mind the dashes"/></View>', 1)
