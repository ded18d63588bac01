"""Commands as processes that can be killed, many of them and quickly: each is forked from one that has imported all.

Real processes with the real command line. Starting Python and importing anew for each would take ten times as long.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from tests.command_line import NOTHING

_MODULES = [
    "sayso.cli.commands.push",
    "sayso.cli.commands.pull",
    "sayso.labelstudio.push",
    "sayso.labelstudio.pull",
    "sayso.labelstudio.connection",
    "sayso.labelstudio.server",
    "label_studio_sdk.base_client",
    "markdown_it",
    "sayso.cli.commands.ingest",
    "sayso.ingest",
    "tests.labelstudio.forked_commands",
]
_CHANGING_EVENTS = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.truncate",
    "fcntl.flock",
    "sqlite3.connect",
}
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_MODULES)


class CommandResult(NamedTuple):
    """How a command ended, and what it said on both streams."""

    code: int
    output: str

    def require_success(self) -> str:
        """What it said; fails where it did not end well."""
        assert self.code == 0, f"exit {self.code}: {self.output}"
        return self.output

    def failed_cleanly(self) -> bool:
        """Whether it ended as a command may that was disturbed: well, or with one clear line and a telling code."""
        errors = [line for line in self.output.splitlines() if line.startswith("error:")]
        return self.code == 0 or (
            self.code in (6, 8) and len(errors) == 1 and "Traceback" not in self.output
        )


@dataclass
class RunningCommand:
    """A command that has been started."""

    process: BaseProcess
    output_file: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def end(self, seconds: float = 120) -> CommandResult:
        """Wait for it to end."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, f"still at work: {self.output_file.read_text()}"
        return CommandResult(self.process.exitcode, self.output_file.read_text(encoding="utf-8"))


def start_command(
    root: Path,
    *words: str,
    environment: Mapping[str, str] = NOTHING,
    changes: int = 0,
    **settings: Any,
) -> RunningCommand:
    """Start ``sayso --root ROOT WORDS…``.

    ``changes`` kills it before so many changes to files; ``settings`` are constants such as ``push__BATCH_TASKS``.
    """
    said = root.parent / f"{root.name}.said"
    arguments = (
        ["--root", str(root), *words],
        str(said),
        dict(environment),
        str(root),
        changes,
        settings,
    )
    process = _context.Process(target=_run_in_child, args=arguments)
    process.start()
    return RunningCommand(process, said)


def run_command(root: Path, *words: str, **how: Any) -> CommandResult:
    """Run it to its end, whatever that is."""
    return start_command(root, *words, **how).end()


@contextlib.contextmanager
def killed_at_exit(running: RunningCommand) -> Iterator[RunningCommand]:
    """Nothing stays behind when the block fails."""
    try:
        yield running
    finally:
        running.process.kill()
        running.process.join()


def _run_in_child(
    words: list[str],
    said: str,
    environment: dict[str, str],
    root: str,
    changes: int,
    settings: dict[str, Any],
) -> None:
    from importlib import import_module

    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    for name in [name for name in os.environ if name.startswith("SAYSO_")]:
        del os.environ[name]
    os.environ.update(environment)
    for name, value in settings.items():
        module, _, constant = name.partition("__")
        setattr(import_module(f"sayso.labelstudio.{module}"), constant, value)
    if changes:
        _die_at_change(root, changes)
    sys.argv = ["sayso", *words]
    import_module("sayso.cli").main()


def _die_at_change(root: str, changes: int) -> None:
    """Die before the change to a file of this number."""
    left = [changes]

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if _is_change(event, arguments, root):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _is_change(event: str, arguments: tuple[Any, ...], root: str) -> bool:
    if event == "open":
        path, _mode, flags = arguments
        return str(path).startswith(root) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in _CHANGING_EVENTS


SHORT_WAITS = {"retries__PAUSES": (0.05, 0.1, 0.2, 0.4), "pending_writes__SETTLE_SECONDS": 0.3}
"""Shorter waits than a person's, for runs against a server on this machine."""
