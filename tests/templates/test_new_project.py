"""`sayso init`: a complete project, from nothing that need be asked."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from sayso.dataset.card import START_CARD, blank_card
from sayso.dataset.card.citation import CITATION_FILE
from sayso.dataset.card.start_files import render_start_file
from sayso.errors import InputError, UsageError
from sayso.schema.column_names import list_configs
from sayso.schema.declarations import load_schema
from sayso.schema.derived_files import find_stale_files
from sayso.schema.guidelines import read_guidelines
from sayso.schema.hotkeys import EDITOR_HOTKEYS, RESERVED_HOTKEYS
from sayso.templates.new_project import CLAIMS_FILES, FOLDER, TEMPLATES, NewProject, create_project
from tests.command_line import run_sayso, run_sayso_ok
from tests.conftest import REPOSITORY, read_files
from tests.schema.small_schemas import find_hotkeys

LABELS = ("Party", "Statute", "Amount", "Holding")
CONFLICT_WORDS = re.compile(r"conflict|\bwars?\b|armed|claim|Sayso:|casualt", re.IGNORECASE)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_is_complete(tmp_path: Path, template: str) -> None:
    root = tmp_path / "rulings"
    create_project(NewProject(root, template, language="de"))
    for command in ("schema build --check", "check"):
        run_sayso_ok(root, *command.split())
    schema = load_schema(root / "schema/schema.yaml")
    guidelines = read_guidelines(root / "schema/guidelines.md")
    values = [value for each in schema.questions.values() for value in each.values]
    sections = [*schema.labels, *schema.questions, *values]
    assert guidelines and sections
    assert all(f"## `{section}`" in guidelines.text for section in sections)
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["sayso"]
    assert settings == {"campaign": "rulings", "language": "de", "data_version": "0.0.0"}
    assert {path.name for path in root.iterdir()} == {
        *(".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml"),
        *("README.md", "corpus", "pyproject.toml", "requirements.txt", "schema"),
    }


def test_labels_get_keys_and_colours_of_their_own(tmp_path: Path) -> None:
    names = [f"Label{chr(65 + at)}" for at in range(25)]
    create_project(NewProject(tmp_path, labels=tuple(names)))
    labels = load_schema(tmp_path / "schema/schema.yaml").labels
    assert list(labels) == names
    keys = [label.hotkey for label in labels.values()]
    assert len(set(keys)) == 25 and not EDITOR_HOTKEYS.intersection(keys)
    few = [label.colour for label in list(labels.values())[:16]]
    assert len(set(few)) == 16


def test_more_labels_than_keys(tmp_path: Path) -> None:
    names = tuple(f"Value{at}" for at in range(120))
    for template, left in (("blank", 120 - 69), ("classify", 120 - 101)):
        root = tmp_path / template
        create_project(NewProject(root, template, names))
        built = run_sayso(root, "schema", "build")
        assert f"no key was left for {left}: " in built.stderr, built.stderr
        told = json.loads(run_sayso_ok(root, "schema", "build", "--json"))
        assert len(told["without_hotkey"]) == left and told["without_hotkey"][-1].endswith("e119")
        keys = [key for key in find_hotkeys(load_schema(root / "schema/schema.yaml")) if key]
        assert len(keys) == len(set(keys)) and not RESERVED_HOTKEYS.keys() & {*keys}
        run_sayso_ok(root, "check")


def test_a_question_takes_the_place_of_labels(tmp_path: Path) -> None:
    words = ("init", "letters", "--template", "classify", "--labels", "Rent,Labour,No,Null")
    run_sayso_ok(tmp_path, *words)
    schema = load_schema(tmp_path / "letters/schema/schema.yaml")
    assert not schema.labels and not schema.flags and not schema.relations
    (question,) = schema.questions.values()
    assert question.kind == "choice" and question.required
    assert list(question.values) == ["Rent", "Labour", "No", "Null"]
    guidelines = (tmp_path / "letters/schema/guidelines.md").read_text("utf-8")
    assert "Mark" not in guidelines and "flag" not in guidelines
    assert CONFLICT_WORDS.search(guidelines) is None
    card = (tmp_path / "letters/corpus/README.md").read_text("utf-8")
    assert 'load_dataset("./corpus", "answers")' in card
    assert ('load_dataset("./corpus", "mentions")' in card) == ("mentions" in list_configs(schema))


def test_a_label_in_other_letters_is_refused_with_the_way_out(tmp_path: Path) -> None:
    refused = run_sayso(tmp_path, "init", "x", "--labels", "Käufer")
    assert refused.returncode == 2 and "`title:`" in refused.stderr
    create_project(NewProject(tmp_path / "x", labels=("Buyer", "Null")))
    path = tmp_path / "x/schema/schema.yaml"
    path.write_text(path.read_text().replace("  Buyer:\n", "  Buyer:\n    title: Käufer\n"))
    (tmp_path / "x/schema/guidelines.md").unlink()
    create_project(NewProject(tmp_path / "x"))
    assert "## `Buyer` Käufer <kbd>b</kbd>" in (tmp_path / "x/schema/guidelines.md").read_text()


def test_a_foreign_project_does_not_speak_of_conflict_news(tmp_path: Path) -> None:
    create_project(NewProject(tmp_path / "rulings", labels=LABELS))
    for name, content in read_files(tmp_path / "rulings").items():
        found = CONFLICT_WORDS.search(content.decode())
        assert found is None, f"{name}: {found}"


def test_it_can_be_repeated_and_overwrites_nothing(tmp_path: Path) -> None:
    root = tmp_path / "rulings"
    first = create_project(NewProject(root, labels=LABELS))
    (root / "schema/guidelines.md").write_text("Version 3.0.0.\n")
    (root / "README.md").unlink()
    before = read_files(root)
    again = create_project(NewProject(root, labels=LABELS))
    assert again.written == ("README.md",) and again.kept == ("schema/guidelines.md",)
    assert read_files(root) == {**before, "README.md": (root / "README.md").read_bytes()}
    assert set(first.written) == set(read_files(root)) and not first.kept


def test_guidelines_and_interfaces_follow_the_schema_that_is_there(tmp_path: Path) -> None:
    create_project(NewProject(tmp_path, labels=LABELS))
    for name in ("schema/guidelines.md", "schema/interface/all.xml"):
        (tmp_path / name).unlink()
    again = create_project(NewProject(tmp_path, "ner"))
    assert again.written == ("schema/guidelines.md", "schema/interface/all.xml")
    assert "`Holding`" in (tmp_path / "schema/guidelines.md").read_text()
    assert find_stale_files(tmp_path / "schema", load_schema(tmp_path / "schema/schema.yaml")) == []


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "rulings"
    planned = create_project(NewProject(root), dry_run=True)
    assert not root.exists()
    assert create_project(NewProject(root)) == planned


@pytest.mark.parametrize(
    "project",
    [
        NewProject(Path("x"), labels=("Party", "party")),
        NewProject(Path("x"), labels=("Behörde",)),
        NewProject(Path("x"), labels=("",)),
        NewProject(Path("x"), template="classify", labels=("Rent", "rent")),
        NewProject(Path("x"), template="classify", labels=("natural person",)),
        NewProject(Path("x"), template="ner", labels=("Party",)),
        NewProject(Path("x"), template="none"),
        NewProject(Path("x"), language="no language"),
    ],
)
def test_wrong_choices_are_refused_before_anything_is_written(
    project: NewProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, InputError)):
        create_project(project)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ['A "quoted": #title', "判決", "\\back", "- [x]"])
def test_any_title_gives_a_card_and_a_citation(title: str, tmp_path: Path) -> None:
    create_project(NewProject(tmp_path, title=title))
    citation = yaml.safe_load((tmp_path / "corpus/CITATION.cff").read_text("utf-8"))
    assert citation["title"] == title
    head = (tmp_path / "corpus/README.md").read_text("utf-8").split("---\n")[1]
    assert yaml.safe_load(head)["pretty_name"] == title


def test_the_command_prints_what_it_did(tmp_path: Path) -> None:
    words = ("init", "rulings", "--labels", "Party, Statute", "--language", "de", "--json")
    planned = json.loads(run_sayso_ok(tmp_path, *words, "--dry-run"))
    assert planned["dry_run"] and not (tmp_path / "rulings").exists()
    assert json.loads(run_sayso_ok(tmp_path, *words))["written"] == planned["written"]
    again = run_sayso(tmp_path, "init", "rulings", "--template", "ner", "--title", "Names")
    assert again.returncode == 0 and again.stdout == ""
    assert "schema/schema.yaml is there with another content, and stays as it is" in again.stderr
    refused = run_sayso(tmp_path, "init", "new", "--labels", "Party,,")
    assert refused.returncode == 2 and "'' is no name of a label" in refused.stderr


def test_git_never_stages_what_is_private(tmp_path: Path) -> None:
    create_project(NewProject(tmp_path, labels=LABELS))
    for name in (".sayso/studio/secrets.json", "corpus/data/gold/x.parquet", "build/page.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("private")
    for words in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    listed = ["git", "ls-files"]
    staged = subprocess.run(listed, cwd=tmp_path, check=True, capture_output=True, text=True)
    names = set(staged.stdout.split())
    assert "schema/schema.yaml" in names
    assert not {name for name in names if name.startswith((".sayso", "build", "corpus/data"))}


def test_this_repository_is_the_project_that_the_template_claims_makes(tmp_path: Path) -> None:
    create_project(NewProject(tmp_path, "claims"))
    for name in (*CLAIMS_FILES[:3], CLAIMS_FILES[5], ".gitattributes"):
        assert (tmp_path / name).read_bytes() == (REPOSITORY / name).read_bytes(), name
    ours = (REPOSITORY / "corpus/README.md").read_text("utf-8")
    card = (tmp_path / "corpus/README.md").read_text("utf-8")
    assert card == blank_card(ours, Path("README.md"))
    assert "armed conflict" in card and "config_name" not in card
    citations = [
        yaml.safe_load((root / "corpus/CITATION.cff").read_text("utf-8"))
        for root in (tmp_path, REPOSITORY)
    ]
    assert citations[0] == {
        key: "0.0.0" if key == "version" else value
        for key, value in citations[1].items()
        if key != "date-released"
    }
    for name in ("schema/interface", "schema/records"):
        made = read_files(tmp_path / name)
        assert made == {file: (REPOSITORY / name / file).read_bytes() for file in made}


def test_every_template_is_offered_and_there() -> None:
    folders = {path.name for path in FOLDER.iterdir() if (path / "schema/schema.yaml").exists()}
    folders |= {path.parents[1].name for path in FOLDER.rglob("schema.yaml.jinja")}
    assert folders | {"claims"} == set(TEMPLATES)
    helped = run_sayso_ok(Path.cwd(), "init", "--help")
    assert all(template in helped for template in TEMPLATES)


def test_start_files_have_no_blank_left() -> None:
    for name in (START_CARD, CITATION_FILE):
        assert "TITLE" not in render_start_file(name)
