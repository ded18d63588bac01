"""One small invalid file for each check, with its name, and no finding in valid files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from sayso.checks import CHECKS, Finding, check_annotation, check_sources, checks_table
from sayso.checks.rule_checks import list_checks
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError
from sayso.schema import declarations
from sayso.schema.consistency import CHECK_NAMES
from sayso.settings import SCHEMA_FILE, Checkout
from tests.command_line import run_sayso

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SOURCE_FILES = {
    "articles": "corpus/articles/articles-00000.jsonl",
    "annotations": "corpus/annotations/pilot/ann-1.jsonl",
    "gold": "corpus/gold/pilot.jsonl",
}
SCHEMA = declarations.load_schema(REPOSITORY / SCHEMA_FILE)
ALL_CHECKS = list_checks(SCHEMA)
INVALID_FILES = sorted((HERE / "invalid").glob("*/*.jsonl"))


def put_file(checkout: Checkout, kind: str, source: Path) -> None:
    path = checkout.root / SOURCE_FILES[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, path)


def collect_findings(checkout: Checkout) -> list[Finding]:
    schema = declarations.load_schema(checkout.root / SCHEMA_FILE)
    return list(check_sources(CorpusFiles(checkout.root), schema))


@pytest.fixture
def valid(checkout: Checkout) -> Checkout:
    for kind in SOURCE_FILES:
        put_file(checkout, kind, HERE / "valid" / f"{kind}.jsonl")
    return checkout


def test_nothing_is_found_where_nothing_is_wrong(valid: Checkout) -> None:
    assert collect_findings(valid) == []
    result = run_sayso(valid.root, "check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "no errors, 0 warnings\n")


@pytest.mark.parametrize("path", INVALID_FILES, ids=lambda path: path.stem)
def test_each_wrong_file_has_just_its_own_finding(checkout: Checkout, path: Path) -> None:
    kind = path.parent.name
    put_file(checkout, "articles", HERE / "valid" / "articles.jsonl")
    put_file(checkout, kind, path)
    (finding,) = collect_findings(checkout)
    check = ALL_CHECKS[path.stem]
    assert (finding.check, finding.severity, finding.file) == (
        check.name,
        check.severity,
        SOURCE_FILES[kind],
    )
    assert finding.line in (1, 2)
    assert finding.message
    assert finding.remedy
    assert str(finding).startswith(f"{SOURCE_FILES[kind]}:{finding.line}: ")
    assert "\n" not in str(finding)


@pytest.mark.parametrize("kind", ["annotations", "gold"])
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40])
def test_a_number_beyond_64_bits_is_found_and_named(
    valid: Checkout, kind: str, number: int
) -> None:
    """Parquet does not have it: the build stopped, and said to run a check that found nothing."""
    path = valid.root / SOURCE_FILES[kind]
    lines = path.read_text().splitlines()
    record = json.loads(lines[0])
    record["mentions"][0]["attributes"]["lower"] = number
    path.write_text("\n".join([json.dumps(record), *lines[1:]]) + "\n")
    (finding,) = (each for each in collect_findings(valid) if each.check == "unreadable-line")
    assert finding.line == 1 and "$.mentions[0].attributes[...]" in finding.message
    assert "9223372036854775808" in finding.message or "9223372036854775807" in finding.message
    built = run_sayso(valid.root, "build")
    assert built.returncode == InputError.exit_code
    assert f"{path}:1: " in built.stderr and "attributes[...]" in built.stderr


def test_every_check_has_its_wrong_file() -> None:
    of_the_card = {"stale-card", "card-word"}  # tests/dataset/test_card.py
    of_questions = {"unknown-question", "required-answer", "repeated-answer"}  # test_own_values.py
    of_copies = {"copy-split"}  # tests/templates/test_merging.py
    have_files = {path.stem for path in INVALID_FILES}
    assert have_files | of_the_card | of_questions | of_copies == set(ALL_CHECKS)


@pytest.mark.parametrize(("severity", "code"), [("error", 5), ("warning", 0)])
def test_errors_have_their_exit_code_and_warnings_have_none(
    valid: Checkout, severity: str, code: int
) -> None:
    wrong = {"error": "crossing-spans", "warning": "name-edge"}[severity]
    put_file(valid, "annotations", HERE / "invalid" / "annotations" / f"{wrong}.jsonl")
    plain, as_json = run_sayso(valid.root, "check"), run_sayso(valid.root, "check", "--json")
    assert (plain.returncode, as_json.returncode) == (code, code)
    assert plain.stdout.startswith(f"{SOURCE_FILES['annotations']}:1: d1 [")
    report = json.loads(as_json.stdout)
    assert (report["errors"], report["warnings"]) == ((1, 0) if severity == "error" else (0, 1))
    assert report["findings"][0]["check"] == wrong


def test_findings_are_chosen_by_name_and_severity(valid: Checkout) -> None:
    put_file(valid, "annotations", HERE / "invalid" / "annotations" / "crossing-spans.jsonl")
    assert run_sayso(valid.root, "check", "--only", "line-break").returncode == 0
    assert run_sayso(valid.root, "check", "--only", "crossing-spans").returncode == 5
    assert run_sayso(valid.root, "check", "--only", "no-such").returncode == 2
    put_file(valid, "annotations", HERE / "invalid" / "annotations" / "name-edge.jsonl")
    assert run_sayso(valid.root, "check", "--severity", "error").stdout == ""


def test_the_table_names_every_check(checkout: Checkout) -> None:
    table = run_sayso(checkout.root, "check", "--list").stdout
    assert all(name in table for name in ALL_CHECKS)
    listed = json.loads(run_sayso(checkout.root, "check", "--list", "--json").stdout)["checks"]
    assert [check["name"] for check in listed] == list(ALL_CHECKS)


def test_the_table_of_the_manual_has_a_row_for_every_check() -> None:
    head, line, *rows = checks_table().splitlines()
    assert (head.count("|"), line) == (4, "| --- | --- | --- |")
    assert rows == [f"| `{c.name}` | {c.severity} | {c.rule} |" for c in CHECKS.values()]
    assert all(check.rule.endswith(".") and "|" not in check.rule for check in CHECKS.values())


def test_options_select_annotations(valid: Checkout) -> None:
    put_file(valid, "annotations", HERE / "invalid" / "annotations" / "crossing-spans.jsonl")
    assert run_sayso(valid.root, "check", "--annotator", "ann-1").returncode == 5
    assert run_sayso(valid.root, "check", "--campaign", "pilot").returncode == 5
    assert run_sayso(valid.root, "check", "--pass", "names").returncode == 0
    path = valid.root / SOURCE_FILES["annotations"]
    path.write_text(
        path.read_text().replace('"annotator_kind":"human"', '"annotator_kind":"program"')
    )
    assert run_sayso(valid.root, "check").returncode == 5
    assert run_sayso(valid.root, "check", "--no-programs").returncode == 0
    assert run_sayso(valid.root, "check", "--annotator", "nobody").returncode == 7


def test_no_rule_has_the_name_of_a_check() -> None:
    assert set(CHECKS) == CHECK_NAMES
    assert not CHECK_NAMES & SCHEMA.rules.keys()


def test_names_pass_is_not_asked_for_relations(valid: Checkout) -> None:
    declared = declarations.load_schema(valid.root / SCHEMA_FILE)
    corpus = CorpusFiles(valid.root)
    text = next(corpus.documents()).text
    answer = next(corpus.annotations())
    names = [m for m in answer.mentions if m.label in declared.interfaces["names"].labels]
    first = msgspec.structs.replace(answer, interface="names", mentions=tuple(names), relations=())
    assert list(check_annotation(first, text, declared)) == []
    every = msgspec.structs.replace(answer, relations=())
    assert {finding.check for finding in check_annotation(every, text, declared)} == {
        "claim-source",
        "claim-cue",
        "count-alone",
    }


def test_the_founding_corpus_has_no_error_and_the_one_sum_that_the_article_gets_wrong() -> None:
    founding = CorpusFiles(REPOSITORY)
    (finding,) = check_sources(founding, declarations.load_schema(REPOSITORY / SCHEMA_FILE))
    assert (finding.check, finding.doc_id, finding.start) == (
        "part-sum",
        "002_f5b38a405875c223",
        895,
    )


DECLINED_HARMS = [
    ("declined", 0, {"start": 1, "end": 7}, "slice-differs"),
    ("declined", 1, {"label": "Nobody"}, "unknown-label"),
    ("declined", 1, {"id": "n1"}, "repeated-mention-id"),
    ("declined", 1, {"votes": ["ann-9"]}, "unknown-voter"),
    ("declined_relations", 0, {"tail": "gone"}, "relation-end"),
    ("declined_relations", 0, {"votes": ["ann-9"]}, "unknown-voter"),
]


@pytest.mark.parametrize(
    ("field", "number", "harm", "check"), DECLINED_HARMS, ids=lambda value: str(value)[:24]
)
def test_what_gold_declined_is_looked_at_too(
    valid: Checkout, field: str, number: int, harm: dict[str, object], check: str
) -> None:
    path = valid.root / SOURCE_FILES["gold"]
    line = json.loads(path.read_text())
    line[field][number] |= harm
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    assert check in {each.check for each in collect_findings(valid)}


def test_declined_readings_may_rival_but_stand_in_order(valid: Checkout) -> None:
    path = valid.root / SOURCE_FILES["gold"]
    line = json.loads(path.read_text())
    line["declined"].reverse()
    path.write_bytes(msgspec.json.encode(line) + b"\n")
    assert [each.check for each in collect_findings(valid)] == ["mention-order"]
    path.write_bytes(
        msgspec.json.encode({**json.loads(path.read_text()), "interface": "nothing"}) + b"\n"
    )
    assert {each.check for each in collect_findings(valid)} == {"mention-order", "unknown-pass"}
