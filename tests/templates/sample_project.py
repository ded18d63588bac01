"""A project that `sayso init` made, in a git repository of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sayso.templates.new_project import NewProject, create_project
from tests.command_line import run_sayso_ok

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "test"), ("EMAIL", "test@localhost"))
}


@dataclass
class SampleProject:
    """A project, its repository, and an environment in which `sayso` is a command."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        tools = self.root.parent / "tools"
        if not tools.exists():
            tools.mkdir()
            (tools / "sayso").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sayso "$@"\n')
            (tools / "sayso").chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAYSO")}
        config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return {**kept, **_IDENTITY, **config, "PATH": f"{tools}:{os.environ['PATH']}"}

    def run(
        self, *words: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder."""
        return subprocess.run(
            words,
            cwd=self.root,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, *words: str) -> str:
        done = self.run("git", *words)
        assert done.returncode == 0, f"git {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def sayso(self, *words: str) -> str:
        return run_sayso_ok(self.root, *words, folder=self.root)

    def ingest(self, doc_id: str, text: str) -> None:
        """Take in one article."""
        file = self.root.parent / f"{doc_id}.txt"
        file.write_text(text, encoding="utf-8")
        self.sayso("ingest", str(file), "--license", "CC-BY-4.0", "--ingested", "2026-01-02")

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)


def make_project(root: Path, template: str = "claims") -> SampleProject:
    """Make a project on a branch `main` with one commit."""
    create_project(NewProject(root, template, language="en"))
    project = SampleProject(root)
    project.git("init", "-q", "-b", "main")
    project.commit("Begin")
    return project
