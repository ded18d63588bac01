"""Which guidelines an answer was given under: told by the project, assigned by pull."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from sayso.errors import ConflictError
from sayso.guidelines import FILE, Guidelines
from sayso.settings import MARK, find_instance
from sayso.store import Corpus
from sayso.studio import pull, push
from sayso.studio.instructions import Shown, State, added, in_force, shown, standing
from sayso.studio.ledger import opened, timestamp
from sayso.studio.status import status
from tests.commands import done, sayso
from tests.studio.campaigns import Campaign, document
from tests.studio.stage import Stage

ONE, TWO = Guidelines("1.0.0", "Mark it."), Guidelines("1.1.0", "Mark it all.")
NOON = 1_795_348_800.0


@pytest.mark.parametrize(
    ("before", "ours", "expected"),
    [
        ([], None, "in step"), ([], ONE, "behind"), ([ONE], ONE, "in step"), ([ONE], TWO, "behind"),
        ([ONE, TWO], ONE, "ahead"), ([ONE], Guidelines("1.0.0", "Mark nothing."), "reworded"),
        ([ONE], Guidelines("1.0.0", "Mark\n  it.\n"), "in step"), ([ONE], None, "behind"),
        ([ONE, None], None, "in step"), ([ONE, None], ONE, "behind"),
        ([Guidelines("1.9.0", "")], Guidelines("1.10.0", ""), "behind"),
    ],
)  # fmt: skip
def test_how_what_is_shown_stands_to_ours(
    before: list[Guidelines | None], ours: Guidelines | None, expected: State
) -> None:
    told = "Ours."
    for number, each in enumerate(before):
        told = added(told, each, NOON + number)
    found = standing(shown(told), ours)
    differs = expected != "in step"
    assert (found.state, bool(found.what), bool(found.remedy)) == (expected, differs, differs)


def test_an_answer_belongs_to_what_was_shown_when_it_was_last_changed() -> None:
    lines = shown(added(added(added("", ONE, NOON), TWO, NOON + 60), None, NOON + 120))
    times = ["11:59:59.999999Z", "12:00:00Z", "12:00:59.9Z", "12:01:00Z", "13:01:30+01:00", "12:02:00Z"]
    found = [in_force(lines, f"2026-11-22T{each}") for each in times]
    assert found == [None, "1.0.0", "1.0.0", "1.1.0", "1.1.0", None]


@pytest.mark.parametrize(
    "line", ["1.0 since=2026-11-22T12:00:00Z text=none", "1.0.0", "1.0.0 since=2026-13-22T12:00:00Z text=none"]
)
def test_a_line_that_somebody_changed_is_an_error(line: str) -> None:
    with pytest.raises(ConflictError, match="cannot be read"):
        shown(f"Ours.\nsayso:guidelines={line}")


def write(root: Path, version: str, more: str = "") -> None:
    (root / FILE).write_text(f"# Rules\n\nVersion {version}. Mark what there is.{more}\n", encoding="utf-8")


def project(campaign: Campaign) -> dict[str, str]:
    found: dict[str, str] = campaign.ask("GET", f"/api/projects/{campaign.project}/")
    return found


def lines(campaign: Campaign) -> tuple[Shown, ...]:
    return shown(project(campaign)["description"])


def versions(campaign: Campaign) -> dict[str, str | None]:
    return {answer.doc_id: answer.guidelines_version for answer in campaign.answers()}


def wait_for(campaign: Campaign) -> None:
    """Until the server's clock has passed the second in which guidelines were last shown."""
    while campaign.client.now() < lines(campaign)[-1].since.timestamp():
        time.sleep(0.1)
        campaign.client.version()


def nothing_new(campaign: Campaign) -> None:
    """The next pull asks for what changes from the next hour on: what was pulled just now is not fetched again."""
    found = campaign.client.project(campaign.project)
    with opened(campaign.instance, campaign.client, found) as ledger:
        ledger.complete("answers", timestamp(campaign.client.now() + 3600))


@pytest.mark.server
def test_each_answer_has_the_guidelines_that_it_was_given_under(campaign: Campaign) -> None:
    campaign.fill(document(1), document(2))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    campaign.answer("doc-00001")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": "1.0.0"}
    write(campaign.instance.root, "1.1.0", " And flag what is unclear.")
    assert campaign.push().notes == ["guidelines 1.1.0 are shown from now on"]
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0"]
    assert "flag what is unclear" in project(campaign)["expert_instruction"]
    wait_for(campaign)
    campaign.answer("doc-00002")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": "1.0.0", "doc-00002": "1.1.0"}
    again = campaign.push()
    assert (again.notes, again.changes, len(lines(campaign))) == ([], 0, 2)


@pytest.mark.server
def test_other_words_under_the_same_version_are_refused(campaign: Campaign) -> None:
    campaign.fill(document(1))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    before = project(campaign)
    write(campaign.instance.root, "1.0.0", "\n\n")  # white space is free
    campaign.push()
    write(campaign.instance.root, "1.0.0", " And nothing else.")
    refused = sayso(campaign.instance.root, "push", *campaign.words)
    assert refused.returncode == 9 and "“Version 1.0.0” of schema/guidelines.md" in refused.stderr, refused.stderr
    assert campaign.preview().guidelines.state == "reworded"
    write(campaign.instance.root, "0.9.0")
    with pytest.raises(ConflictError, match=r"shows guidelines 1\.0\.0, and here are only 0\.9\.0"):
        campaign.push()
    after = project(campaign)
    assert (after["description"], after["expert_instruction"].strip()) == (
        before["description"], before["expert_instruction"].strip(),
    )  # fmt: skip


@pytest.mark.server
def test_another_checkout_reads_the_same_from_the_server(campaign: Campaign, tmp_path: Path) -> None:
    campaign.fill(document(1))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    campaign.answer("doc-00001")
    write(campaign.instance.root, "2.0.0")
    campaign.push()
    campaign.pull()
    shutil.copytree(campaign.instance.root / "schema", tmp_path / "other/schema")
    shutil.copytree(campaign.corpus.articles, tmp_path / "other/corpus/articles")
    other = find_instance(tmp_path / "other")
    push.push(other, campaign.client, push.Request(campaign.place))
    assert [each.version for each in lines(campaign)] == ["1.0.0", "2.0.0"]
    pull.pull(other, campaign.client, campaign.place.campaign, "all")
    (theirs,) = Corpus(other.root).annotations(campaign.place.campaign)
    assert [replace(theirs, annotator="x")] == [replace(ours, annotator="x") for ours in campaign.answers()]
    assert theirs.guidelines_version == "1.0.0"


@pytest.mark.server
def test_an_edit_of_the_interface_loses_no_line(campaign: Campaign) -> None:
    campaign.fill(document(1))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    path = campaign.instance.root / MARK
    path.write_text(
        re.sub('colour: "#......"', 'colour: "#123456"', path.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    write(campaign.instance.root, "1.1.0")
    known = campaign.preview()
    assert (known.interface, known.guidelines.state) == ("behind the schema", "behind")
    notes = campaign.push(update_interface=True).notes
    assert len(notes) == 2 and "#123456" in project(campaign)["label_config"]
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0"]
    settled = project(campaign)["description"]
    assert campaign.push().notes == [] and project(campaign)["description"] == settled
    assert campaign.preview().interface == "in step"


@pytest.mark.server
def test_answers_that_are_here_already_follow_the_project_s_lines(campaign: Campaign) -> None:
    """Somebody takes the lines away, and a push puts one there again: what was given before belongs to none."""
    campaign.fill(document(1), document(2))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    campaign.answer("doc-00001")
    campaign.pull()
    told = project(campaign)["description"]
    nothing_new(campaign)
    campaign.ask(
        "PATCH", f"/api/projects/{campaign.project}/", {"description": re.sub("\nsayso:guidelines.*", "", told)}
    )
    outcome = campaign.pull()
    assert (versions(campaign), outcome.looked_at, len(outcome.written)) == ({"doc-00001": None}, 0, 1)
    assert campaign.pull().written == []
    campaign.push()
    wait_for(campaign)
    campaign.answer("doc-00002")
    campaign.pull()
    assert versions(campaign) == {"doc-00001": None, "doc-00002": "1.0.0"}
    nothing_new(campaign)
    campaign.ask("PATCH", f"/api/projects/{campaign.project}/", {"description": told})
    assert campaign.pull().looked_at == 0
    assert versions(campaign) == {"doc-00001": "1.0.0", "doc-00002": "1.0.0"}
    files = campaign.files()
    assert campaign.pull(full=True).changed.differing == 0 and campaign.files() == files


@pytest.mark.server
def test_a_project_from_before_gets_its_first_line(campaign: Campaign) -> None:
    campaign.fill(document(1))
    (campaign.instance.root / FILE).unlink()
    campaign.push()
    campaign.answer("doc-00001")
    assert lines(campaign) == ()
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    assert [each.version for each in lines(campaign)] == ["1.0.0"]
    campaign.pull()
    assert versions(campaign) == {"doc-00001": None}


@pytest.mark.server
def test_status_says_that_the_server_shows_older_guidelines(campaign: Campaign) -> None:
    campaign.fill(document(1))
    write(campaign.instance.root, "1.0.0")
    campaign.push()
    write(campaign.instance.root, "1.1.0")
    (side,) = status(campaign.instance, campaign.client, campaign.place.campaign, "all")
    (case,) = side.cases
    assert (case.what, case.remedy) == ("the server shows guidelines 1.0.0, and here are 1.1.0", "`sayso push`")
    assert (
        "the server shows guidelines 1.0.0"
        in sayso(campaign.instance.root, "push", *campaign.words, "--dry-run").stderr
    )
    assert '"guidelines":"behind"' in done(campaign.instance.root, "push", *campaign.words, "--dry-run", "--json")
    campaign.push()
    (side,) = status(campaign.instance, campaign.client, campaign.place.campaign, "all")
    assert side.cases == []


@pytest.mark.server
@pytest.mark.parametrize("after", [False, True])
def test_a_push_that_dies_as_it_shows_them_says_so_once(stage: Stage, after: bool) -> None:
    campaign = stage.campaign
    campaign.fill(document(1))
    write(campaign.instance.root, "1.0.0")
    stage.quietly("push")
    write(campaign.instance.root, "1.1.0")
    asked = stage.requests("push")
    (number,) = [place for place, each in enumerate(asked, 1) if each.startswith("PATCH")]
    write(campaign.instance.root, "1.2.0")
    assert stage.killed(number, after, "push").code < 0
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0", *(["1.2.0"] if after else [])]
    stage.quietly("push")
    assert [each.version for each in lines(campaign)] == ["1.0.0", "1.1.0", "1.2.0"]
    assert not [each for each in stage.requests("push") if each.startswith("PATCH")]
