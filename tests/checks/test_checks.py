"""One tiny wrong file for each check, named like it, and nothing found where nothing is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from sayso import schema
from sayso.checks import CHECKS, Finding, annotation_findings, corpus_findings, scheme
from sayso.settings import MARK, Instance
from sayso.store import Corpus
from tests.commands import sayso

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PLACES = {
    "articles": "corpus/articles/articles-00000.jsonl",
    "annotations": "corpus/annotations/pilot/ann-1.jsonl",
    "gold": "corpus/gold/pilot.jsonl",
}
INVALID = sorted((HERE / "invalid").glob("*/*.jsonl"))


def put(instance: Instance, kind: str, source: Path) -> None:
    place = instance.root / PLACES[kind]
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, place)


def found(instance: Instance) -> list[Finding]:
    return list(corpus_findings(Corpus(instance.root), schema.load(instance.root / MARK)))


@pytest.fixture
def valid(instance: Instance) -> Instance:
    for kind in PLACES:
        put(instance, kind, HERE / "valid" / f"{kind}.jsonl")
    return instance


def test_nothing_is_found_where_nothing_is_wrong(valid: Instance) -> None:
    assert found(valid) == []
    result = sayso(valid.root, "check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "no errors, 0 warnings\n")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_each_wrong_file_has_just_its_own_finding(instance: Instance, path: Path) -> None:
    kind = path.parent.name
    put(instance, "articles", HERE / "valid" / "articles.jsonl")
    put(instance, kind, path)
    (finding,) = found(instance)
    check = CHECKS[path.stem]
    assert (finding.check, finding.severity, finding.file) == (check.name, check.severity, PLACES[kind])
    assert finding.line in (1, 2)
    assert finding.message
    assert finding.remedy
    assert str(finding).startswith(f"{PLACES[kind]}:{finding.line}: ")
    assert "\n" not in str(finding)


def test_every_check_has_its_wrong_file() -> None:
    of_the_card = {"stale-card", "card-word"}  # tests/dataset/test_card.py
    assert {path.stem for path in INVALID} | of_the_card == set(CHECKS)


@pytest.mark.parametrize(("severity", "code"), [("error", 5), ("warning", 0)])
def test_errors_have_their_exit_code_and_warnings_have_none(valid: Instance, severity: str, code: int) -> None:
    wrong = {"error": "crossing-spans", "warning": "name-edge"}[severity]
    put(valid, "annotations", HERE / "invalid" / "annotations" / f"{wrong}.jsonl")
    plain, as_json = sayso(valid.root, "check"), sayso(valid.root, "check", "--json")
    assert (plain.returncode, as_json.returncode) == (code, code)
    assert plain.stdout.startswith(f"{PLACES['annotations']}:1: d1 [")
    report = json.loads(as_json.stdout)
    assert (report["errors"], report["warnings"]) == ((1, 0) if severity == "error" else (0, 1))
    assert report["findings"][0]["check"] == wrong


def test_findings_are_chosen_by_name_and_severity(valid: Instance) -> None:
    put(valid, "annotations", HERE / "invalid" / "annotations" / "crossing-spans.jsonl")
    assert sayso(valid.root, "check", "--only", "line-break").returncode == 0
    assert sayso(valid.root, "check", "--only", "crossing-spans").returncode == 5
    assert sayso(valid.root, "check", "--only", "no-such").returncode == 2
    put(valid, "annotations", HERE / "invalid" / "annotations" / "name-edge.jsonl")
    assert sayso(valid.root, "check", "--severity", "error").stdout == ""


def test_the_table_names_every_check(instance: Instance) -> None:
    table = sayso(instance.root, "check", "--list").stdout
    assert all(name in table for name in CHECKS)
    listed = json.loads(sayso(instance.root, "check", "--list", "--json").stdout)["checks"]
    assert [check["name"] for check in listed] == list(CHECKS)


def test_the_rules_speak_of_what_the_schema_has() -> None:
    declared = schema.load(REPOSITORY / MARK)
    actor, count, claim = (declared.labels[name].attributes for name in (scheme.ACTOR, scheme.COUNT, scheme.CLAIM))
    location, cue = (declared.labels[name].attributes for name in (scheme.LOCATION, scheme.CUE_LABEL))
    assert {scheme.USE, scheme.PRECISION, scheme.GAZETTEER} <= location.keys()
    assert scheme.STANCE in cue
    assert {scheme.THING, scheme.OUTCOME} <= count.keys()
    assert {scheme.TYPE, scheme.ENTITY} <= actor.keys()
    assert scheme.MEDIA in actor[scheme.TYPE].values
    assert {scheme.KIND, scheme.LOWER, scheme.UPPER} <= count.keys()
    assert scheme.EXACT in count[scheme.KIND].values
    assert claim[scheme.ATTRIBUTION].values.keys() >= scheme.WITH_SOURCE | scheme.WITH_CUE
    assert scheme.NEGATIVE in claim[scheme.POLARITY].values
    assert {scheme.SOURCE, scheme.CUE, scheme.QUANTITY, scheme.PART_OF} <= declared.relations.keys()


def test_names_pass_is_not_asked_for_relations(valid: Instance) -> None:
    declared = schema.load(valid.root / MARK)
    corpus = Corpus(valid.root)
    text = next(corpus.documents()).text
    answer = next(corpus.annotations())
    names = [m for m in answer.mentions if m.label in declared.interfaces["names"].labels]
    first = msgspec.structs.replace(answer, interface="names", mentions=tuple(names), relations=())
    assert list(annotation_findings(first, text, declared)) == []
    every = msgspec.structs.replace(answer, relations=())
    assert {finding.check for finding in annotation_findings(every, text, declared)} == {
        "claim-source", "claim-cue", "count-alone",
    }  # fmt: skip


def test_the_founding_corpus_has_no_error_and_the_one_sum_that_the_article_gets_wrong() -> None:
    founding = Corpus(REPOSITORY)
    (finding,) = corpus_findings(founding, schema.load(REPOSITORY / MARK))
    assert (finding.check, finding.doc_id, finding.start) == ("part-sum", "002_f5b38a405875c223", 895)


DECLINED = [
    ("declined", 0, {"start": 1, "end": 7}, "slice-differs"),
    ("declined", 1, {"label": "Nobody"}, "unknown-label"),
    ("declined", 1, {"id": "n1"}, "repeated-mention-id"),
    ("declined", 1, {"votes": ["ann-9"]}, "unknown-voter"),
    ("declined_relations", 0, {"tail": "gone"}, "relation-end"),
    ("declined_relations", 0, {"votes": ["ann-9"]}, "unknown-voter"),
]


@pytest.mark.parametrize(("field", "number", "harm", "check"), DECLINED, ids=lambda value: str(value)[:24])
def test_what_gold_declined_is_looked_at_too(
    valid: Instance, field: str, number: int, harm: dict[str, object], check: str
) -> None:
    path = valid.root / PLACES["gold"]
    line = json.loads(path.read_text())
    line[field][number] |= harm
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    assert check in {each.check for each in found(valid)}


def test_declined_readings_may_rival_but_stand_in_order(valid: Instance) -> None:
    path = valid.root / PLACES["gold"]
    line = json.loads(path.read_text())
    line["declined"].reverse()
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    assert [each.check for each in found(valid)] == ["mention-order"]
    path.write_bytes(msgspec.json.encode({**json.loads(path.read_text()), "interface": "nothing"}) + b"\n")
    assert {each.check for each in found(valid)} == {"mention-order", "unknown-pass"}
