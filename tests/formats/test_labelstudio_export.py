"""A Label Studio's own export comes in as a pull would have brought it; projects of others too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.formats.corpus_import import ImportRequest, import_annotations
from sayso.labelstudio.codec import encode_result
from sayso.models import Annotation, AttributeValue, Mention, Relation
from sayso.settings import Checkout
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import PASSWORD, new_checkout
from tests.dataset.samples import SCHEMA
from tests.labelstudio.sample_campaign import SampleCampaign, sample_document

TEXT = "Two drones\r\nfell 😀 near Bel\u0301gorod, the mayor\u2028said."


def build_mention(label: str, words: str, name: str, **attributes: AttributeValue) -> Mention:
    start = TEXT.index(words)
    return Mention(
        id=name, label=label, start=start, end=start + len(words), text=words, attributes=attributes
    )


def download_export(campaign: SampleCampaign, path: Path) -> Path:
    """The export that the server's own button gives."""
    answer = campaign.http_client().get(
        f"/api/projects/{campaign.project}/export", params={"exportType": "JSON"}
    )
    assert answer.is_success
    path.write_bytes(answer.content)
    return path


def without_server_fields(answer: Annotation) -> Annotation:
    """Return the annotation without the server's numbers and keys, and what only projects know."""
    return replace(answer, campaign="", annotator="", origin=None, guidelines_version=None)


@pytest.mark.server
def test_an_export_says_what_a_pull_says(campaign: SampleCampaign, tmp_path: Path) -> None:
    campaign.write_documents(sample_document(1, TEXT), sample_document(2), sample_document(3))
    campaign.push()
    mentions = [
        build_mention(
            "Count",
            "Two drones",
            "a",
            kind="exact",
            lower=2,
            upper=2,
            thing="uav",
            outcome="destroyed",
        ),
        build_mention("Location", "Bel\u0301gorod", "b", use="literal", precision="settlement"),
        build_mention("Actor", "mayor", "c"),
    ]
    result = encode_result(
        mentions, [Relation(type="restates", head="a", tail="a")], SCHEMA, "a remark"
    )
    campaign.submit("doc-00001", result, email="one@example.org")
    campaign.submit("doc-00001", email="two@example.org", result=result[:6])
    campaign.submit("doc-00002", skip=True, email="one@example.org")
    campaign.pull()
    pulled = sorted(
        map(without_server_fields, campaign.read_annotations()),
        key=lambda each: (each.doc_id, each.created),
    )
    path = download_export(campaign, tmp_path / "export.json")

    other = new_checkout(tmp_path / "other")
    order = ImportRequest(
        "labelstudio", path, "theirs", "all", lossy=any(each.kept for each in pulled)
    )
    with pytest.raises(InputError, match="shown with other line breaks"):
        import_annotations(
            other, order
        )  # push shows one sentence a line: that is not the text received
    jsonl.write(CorpusFiles(other.root).batch_file(0), campaign.corpus.documents())
    outcome = import_annotations(other, order)
    found = list(CorpusFiles(other.root).annotations("theirs"))
    there = sorted(map(without_server_fields, found), key=lambda each: (each.doc_id, each.created))
    assert there == pulled
    assert (
        len({each.annotator for each in found}) == 2
        and sum(map(len, outcome.annotations.values())) > 0
    )
    again = import_annotations(other, order)
    assert (again.written, again.annotations.keys()) == ([], outcome.annotations.keys())
    everything = b"".join(
        path.read_bytes() for path in CorpusFiles(other.root).folder.rglob("*") if path.is_file()
    )
    assert b"example.org" not in everything and PASSWORD.encode() not in everything


def build_task(*items: dict[str, Any], text: str = TEXT, **known: Any) -> dict[str, Any]:
    """A task of somebody's project, with one answer."""
    answer = {
        "id": 7,
        "completed_by": 3,
        "result": list(items),
        "was_cancelled": False,
        "lead_time": 4.5,
        "created_at": "2025-01-02T03:04:05.000006Z",
        "updated_at": "2025-01-02T03:04:06.000006Z",
    }
    return {
        "id": 5,
        "project": 2,
        "data": {"text": text},
        "annotations": [answer | known],
        "predictions": [],
        "drafts": [],
    }


def build_region(label: str, start: int, end: int, name: str = "r", **value: Any) -> dict[str, Any]:
    """A region as a labels control of any name gives it."""
    whole = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label], **value}
    return {
        "id": name,
        "from_name": "ner",
        "to_name": "body",
        "type": "labels",
        "value": whole,
        "origin": "manual",
    }


def test_projects_of_others_come_in_by_map(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    arrow = {
        "type": "relation",
        "from_id": "r",
        "to_id": "q",
        "direction": "right",
        "labels": ["place"],
    }
    marked = (
        build_region("CNT", 0, 10),
        build_region("LOC", 24, 33, "q"),
        build_region("MISC", 12, 16, "x"),
    )
    path.write_text(json.dumps([build_task(*marked, arrow)]))
    words = ("import", "--from", "labelstudio", str(path), "--campaign", "theirs")
    refused = run_sayso(checkout.root, *words)
    assert refused.returncode == 9 and "label that the schema does not know" in refused.stderr
    run_sayso_ok(
        checkout.root,
        *words,
        "--map",
        "CNT=Claim",
        "--map",
        "LOC=Location",
        "--map",
        "place=where",
        "--map",
        "MISC=",
    )
    (answer,) = CorpusFiles(checkout.root).annotations()
    assert [(m.label, m.text) for m in answer.mentions] == [
        ("Claim", "Two drones"),
        ("Location", "Bel\u0301gorod"),
    ]
    assert [(r.type, r.head, r.tail) for r in answer.relations] == [("where", "r", "q")]
    assert answer.created == "2025-01-02T03:04:05.000006Z" and answer.doc_id == "label-studio-2-5"
    assert answer.annotator.startswith("ann-")


def test_what_no_editor_writes_is_kept_with_its_reason(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    number = build_region("Count", 0, 10, value=None) | {"from_name": "count_lower"}
    number |= {"type": "number", "value": {"number": 10**40}}
    items = [
        build_region("Count", 0, 10) | {"origin": ["manual"]},
        number,
        build_region("Actor", 24, 33, "q", labels=[["Actor"]]),
        {"id": [], "from_id": {}, "to_id": [[]], "type": "relation", "labels": [{}]},
        {"id": "e", "type": "labels", "value": {"labels": ["MISC"]}},
    ]
    path.write_text(json.dumps([build_task(*items, id=10**40)]))
    words = ("import", "--from", "labelstudio", str(path), "--map", "MISC=", "--lossy")
    run_sayso_ok(checkout.root, *words)
    (answer,) = CorpusFiles(checkout.root).annotations()
    assert [(m.text, m.attributes) for m in answer.mentions] == [("Two drones", {})]
    assert sorted(kept.reason for kept in answer.kept) == [
        "a label that the schema does not know",
        "a relation to a missing mention",
        "a value that the schema does not know",
    ]
    run_sayso_ok(checkout.root, "build")


def test_the_doctor_is_at_work(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    utf16 = build_region("Location", 25, 34, text=TEXT[24:33]) | {
        "origin": "prediction"
    }  # counted as JavaScript counts
    path.write_text(json.dumps([build_task(utf16, build_region("Actor", 0, 3, "q", text="Six"))]))
    refused = run_sayso(checkout.root, "import", "--from", "labelstudio", str(path))
    assert refused.returncode == 9 and "1 a span over other words" in refused.stderr
    assert "UTF-16" not in refused.stderr
    run_sayso_ok(checkout.root, "import", "--from", "labelstudio", str(path), "--lossy")
    (answer,) = CorpusFiles(checkout.root).annotations()
    assert [m.text for m in answer.mentions] == ["Bel\u0301gorod"] and len(answer.kept) == 2


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{}", "no list of tasks"),
        (b'[{"data": {}', "ends within"),
        (b"[1]", "no task"),
        (b"[\xff]", "not UTF-8"),
        (b'[{"id": 1, "data": {"text": "a"}}]', "without annotations"),
        (b"", "ends within"),
        (
            b'[{"id": 1, "data": {"body": "a"}, "annotations": [{"result": []}]}]',
            "--field text=NAME",
        ),
    ],
)
def test_what_is_no_export_is_one_line(
    checkout: Checkout, tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    refused = run_sayso(checkout.root, "import", "--from", "labelstudio", str(path))
    assert refused.returncode == 7 and what in refused.stderr and refused.stderr.count("\n") == 1


def test_annotators_are_not_merged_under_one_name(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    two = build_task(build_region("Actor", 0, 3))
    two["annotations"].append({**two["annotations"][0], "id": 8, "completed_by": 4})
    path.write_text(json.dumps([two]))
    refused = run_sayso(
        checkout.root, "import", "--from", "labelstudio", str(path), "--annotator", "one"
    )
    assert refused.returncode == 2 and "several annotators" in refused.stderr
