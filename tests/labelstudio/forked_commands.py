"""Commands as processes that can be killed, each forked from one that has imported everything.

They are real processes with the real command line. Starting Python and importing for each would
take ten times as long.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
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
    f"os.{name}" for name in ["rename", "remove", "mkdir", "rmdir", "chmod", "truncate"]
}
_CHANGING_EVENTS |= {"fcntl.flock", "sqlite3.connect"}
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_MODULES)


class CommandResult(NamedTuple):
    """Exit code of a command, and its output on both streams."""

    code: int
    output: str

    def require_success(self) -> str:
        """Return the output; fail where the command did."""
        assert self.code == 0, f"exit {self.code}: {self.output}"
        return self.output

    def failed_cleanly(self) -> bool:
        """Test for success, or one line of error with the code for a server that is away."""
        errors = [line for line in self.output.splitlines() if line.startswith("error:")]
        failed = self.code in (6, 8) and len(errors) == 1 and "Traceback" not in self.output
        return self.code == 0 or failed


@dataclass
class RunningCommand:
    """A started command."""

    process: BaseProcess
    output_file: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def end(self, seconds: float = 120) -> CommandResult:
        """Wait for the command to end."""
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

    Args:
        changes: kill the command before its change to a file of this number.
        settings: values of constants, such as ``push__BATCH_TASKS``.
    """
    output = root.parent / f"{root.name}.output"
    arguments = (str(root), words, str(output), dict(environment), changes, settings)
    process = _context.Process(target=_run_in_child, args=arguments)
    process.start()
    return RunningCommand(process, output)


def run_command(root: Path, *words: str, **how: Any) -> CommandResult:
    """Run a command to its end, whatever that is."""
    return start_command(root, *words, **how).end()


def _run_in_child(
    root: str,
    words: tuple[str, ...],
    output: str,
    environment: dict[str, str],
    changes: int,
    settings: dict[str, Any],
) -> None:
    from importlib import import_module

    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
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
    sys.argv = ["sayso", "--root", root, *words]
    import_module("sayso.cli").main()


def _die_at_change(root: str, changes: int) -> None:
    """Kill this process before its change to a file of this number."""
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
"""Short waits, for a server on this machine."""
