"""Run the command line as a person does, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.forked_commands import NOTHING, can_fork, run_forked


def run_sayso(
    root: Path,
    *words: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] = NOTHING,
    folder: Path | None = None,
    fork: bool = True,
    privileged: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run ``sayso --root ROOT WORDS…`` in `folder` and return the ended process.

    Args:
        fork: save the start of an interpreter where no variable of `environment` needs one.
        privileged: keep the right of root to read everything; without it, fork must be possible.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAYSO_")}
    arguments = ["--root", str(root), *words]
    if fork and can_fork(environment):
        variables = {**kept, **environment}
        done = run_forked(arguments, stdin, variables, folder, privileged=privileged)
    else:
        done = subprocess.run(
            [sys.executable, "-m", "sayso", *arguments],
            input=stdin,
            capture_output=True,
            env={**kept, **environment},
            cwd=folder,
            timeout=600,
            check=False,
        )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def restore_sigint() -> None:
    """Let a child obey SIGINT, as its ``preexec_fn``.

    Children of a shell's background job inherit that SIGINT is ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_sayso_ok(
    root: Path,
    *words: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] = NOTHING,
    folder: Path | None = None,
) -> str:
    """Return what the command printed on stdout; fail with its messages if it did not succeed."""
    result = run_sayso(root, *words, stdin=stdin, environment=environment, folder=folder)
    assert result.returncode == 0, (
        f"sayso {' '.join(words)}: exit {result.returncode}\n{result.stderr}"
    )
    return result.stdout
