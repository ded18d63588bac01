"""The workflows that `sayso init` writes: their steps run, and the matcher reads our lines."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.templates.sample_project import SampleProject, make_project

pytestmark = pytest.mark.slow

_EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> SampleProject:
    """A project with an article, committed, of a template."""
    project = make_project(tmp_path / "news", getattr(request, "param", "claims"))
    project.ingest("first", "A first report says nothing.")
    project.commit("Add first")
    tools = tmp_path / "tools"
    for name in ("pip", "gh"):  # neither installs nor comments here
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $@" >>"{tmp_path}/called"\n')
        (tools / name).chmod(0o755)
    return project


def list_steps(
    project: SampleProject, workflow: str, values: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the name, the environment and the script of each step that runs one."""

    def fill(text: str) -> str:
        return _EXPRESSION.sub(lambda found: values[found[1]], text)

    path = project.root / ".github/workflows" / workflow
    declared: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    (job,) = declared["jobs"].values()
    for step in job["steps"]:
        if "run" in step:
            environment = {**job.get("env", {}), **step.get("env", {})}
            filled = {name: fill(str(value)) for name, value in environment.items()}
            assert not _EXPRESSION.search(step["run"]), "an expression in a script is an injection"
            yield step["name"], filled, step["run"]


def run_workflow(
    project: SampleProject, workflow: str, values: Mapping[str, str], **variables: str
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the steps as GitHub does, up to the first that fails."""
    temporary = project.root.parent
    given = {"RUNNER_TEMP": str(temporary), "GITHUB_STEP_SUMMARY": str(temporary / "summary.md")}
    done = {}
    for name, environment, script in list_steps(project, workflow, values):
        everything = {**given, **variables, **environment}
        done[name] = project.run("bash", "-e", "-c", script, environment=everything)
        if done[name].returncode:
            break
    return done


def pull_request(project: SampleProject) -> dict[str, str]:
    return {
        "github.event.pull_request.base.sha": project.git("rev-parse", "main").strip(),
        "github.event.pull_request.head.sha": project.git("rev-parse", "HEAD").strip(),
        "github.event.pull_request.number": "7",
        "github.token": "secret",
    }


@pytest.mark.parametrize("project", ["claims", "classify"], indirect=True)
def test_a_good_pull_request_passes_and_gets_its_diff(project: SampleProject) -> None:
    project.git("checkout", "-q", "-b", "more")
    project.ingest("second", "A second report says no more than that.")
    project.commit("Add second")
    done = run_workflow(project, "corpus.yml", pull_request(project))
    assert {name: step.returncode for name, step in done.items() if step.returncode} == {}, done
    assert list(done)[-1] == "Comment"
    comment = (project.root.parent / "comment.md").read_text()
    assert "second" in comment and (project.root.parent / "summary.md").read_text() in comment
    assert "gh pr comment 7 --body-file" in (project.root.parent / "called").read_text()
    assert project.git("status", "--porcelain", "--", "schema", "corpus/articles") == ""


def test_a_bad_record_is_shown_at_its_line(project: SampleProject) -> None:
    path = project.root / "corpus/articles/articles-00000.jsonl"
    path.write_text(path.read_text().replace("says nothing", "says all"))
    done = run_workflow(project, "corpus.yml", pull_request(project))
    assert list(done)[-1] == "Corpus" and done["Corpus"].returncode == 5
    matchers = json.loads((project.root / ".github/sayso-problems.json").read_text())
    (match,) = read_problems(matchers, done["Corpus"].stdout)
    assert match["file"] == "corpus/articles/articles-00000.jsonl" and match["line"] == "1"
    assert (match["severity"], match["code"]) == ("error", "text-hash")


def read_problems(matchers: dict[str, Any], output: str) -> list[dict[str, str]]:
    """Return what GitHub would show for each line."""
    found = []
    for matcher in matchers["problemMatcher"]:
        (pattern,) = matcher["pattern"]
        for line in output.splitlines():
            if match := re.search(pattern["regexp"], line):
                groups = {name: at for name, at in pattern.items() if isinstance(at, int)}
                found.append({name: match[at] or "" for name, at in groups.items()})
    return found


def test_a_stale_interface_stops_the_workflow(project: SampleProject) -> None:
    (project.root / "schema/interface/all.xml").unlink()
    done = run_workflow(project, "corpus.yml", pull_request(project))
    assert list(done)[-1] == "Schema" and done["Schema"].returncode == 5
    matchers = json.loads((project.root / ".github/sayso-problems.json").read_text())
    assert read_problems(matchers, done["Schema"].stderr)[0]["message"].startswith("out of date")


def test_a_tag_publishes_what_git_does_not_hold(project: SampleProject) -> None:
    settings = project.root / "pyproject.toml"
    settings.write_text(settings.read_text() + 'texts = "all"\n')
    project.sayso("release", "0.1.0")
    project.commit("Release 0.1.0")
    project.git("tag", "v0.1.0")
    clone = SampleProject(project.root.with_name("clone"))
    project.git("clone", "-q", str(project.root), str(clone.root))
    assert not (clone.root / "corpus/data").exists()
    values = {"vars.HF_DATASET": "", "secrets.HF_TOKEN": ""}
    home = {"HF_HOME": str(project.root.parent / "hub"), "HF_HUB_OFFLINE": "1"}
    done = run_workflow(clone, "publish.yml", values, GITHUB_REF_NAME="v0.1.0", **home)
    assert done["Build what git does not hold"].returncode == 0, done
    assert done["Plan"].returncode == 0, done["Plan"].stderr
    assert "send   data/articles/" in done["Plan"].stdout
    assert "the Hub was not asked (no token for the Hub)" in done["Plan"].stderr
    assert clone.git("status", "--porcelain") == ""


def test_hooks_name_commands_that_exist(project: SampleProject) -> None:
    local = yaml.safe_load((project.root / ".pre-commit-config.yaml").read_text("utf-8"))
    offered = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (repository,) = local["repos"]
    assert [hook["id"] for hook in offered] == [hook["id"] for hook in repository["hooks"]]
    for mine, theirs in zip(repository["hooks"], offered, strict=True):
        assert {**mine, "language": "python"} == theirs
        done = project.run(*mine["entry"].split())
        assert done.returncode == 0, done.stderr
