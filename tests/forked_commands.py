"""Commands as processes that can be killed, each forked from one that has imported everything.

They are real processes with the real command line. Starting Python and importing for each would
take ten times as long.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NamedTuple

from tests.permissions import obey_permissions

NOTHING: Mapping[str, str] = {}

_MODULES = [
    "sayso.agreement.measurement",
    "sayso.cli.commands.push",
    "sayso.cli.commands.pull",
    "sayso.dataset.builder",
    "sayso.release.leaks",
    "sayso.release.manifest",
    "sayso.labelstudio.push",
    "sayso.labelstudio.pull",
    "sayso.labelstudio.connection",
    "sayso.labelstudio.server",
    "label_studio_sdk.base_client",
    "markdown_it",
    "sayso.cli.commands.ingest",
    "sayso.ingest",
    "tests.forked_commands",
]
_CHANGING_EVENTS = {
    f"os.{name}" for name in ["rename", "remove", "mkdir", "rmdir", "chmod", "truncate"]
}
_CHANGING_EVENTS |= {"fcntl.flock", "sqlite3.connect"}
_CHANGES_MADE = "changes made: "
_HARMLESS = re.compile(r"(SAYSO|HF)_|(SOURCE_DATE_EPOCH|SSL_CERT_FILE|ALL_PROXY)$")
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
        settings: values of constants, such as ``push__BATCH_TASKS`` of ``labelstudio``, or
            ``corpus.sources__BATCH_DOCUMENTS`` of another room.
    """
    output = root.parent / f"{root.name}.output"
    output.write_bytes(b"")  # it may be killed before it opens the file
    arguments = (str(root), words, str(output), dict(environment), changes, settings)
    process = _context.Process(target=_run_in_child, args=arguments)
    process.start()
    return RunningCommand(process, output)


def run_command(root: Path, *words: str, **how: Any) -> CommandResult:
    """Run a command to its end, whatever that is."""
    return start_command(root, *words, **how).end()


def count_changes(root: Path, *words: str, **how: Any) -> int:
    """Run a command to its end, and return how many changes to files it makes on its way."""
    return read_change_count(start_command(root, *words, changes=sys.maxsize, **how).end())


def read_change_count(result: CommandResult) -> int:
    """Return how many changes a command made that was to die at none of them."""
    return int(result.require_success().rpartition(_CHANGES_MADE)[2])


def _run_in_child(
    root: str,
    words: tuple[str, ...],
    output: str,
    environment: dict[str, str],
    changes: int,
    settings: dict[str, Any],
) -> None:
    _redirect("/dev/null", output, output)
    for name in [name for name in os.environ if name.startswith("SAYSO_")]:
        del os.environ[name]
    os.environ.update(environment)
    for name, value in settings.items():
        module, _, constant = name.partition("__")
        path = module if "." in module else f"labelstudio.{module}"
        setattr(import_module(f"sayso.{path}"), constant, value)
    if changes:
        _die_at_change(root, changes)
    sys.argv = ["sayso", "--root", root, *words]
    import_module("sayso.cli").main()


def can_fork(environment: Mapping[str, str]) -> bool:
    """Test whether no module of ``_MODULES`` reads any of these variables at its import."""
    return all(_HARMLESS.match(name) for name in environment)


def run_forked(
    words: Sequence[str],
    stdin: bytes,
    environment: Mapping[str, str],
    folder: Path | None,
    *,
    privileged: bool = True,
) -> subprocess.CompletedProcess[bytes]:
    """Run ``sayso WORDS…`` with this environment and no other, and return the ended process.

    Args:
        privileged: keep the right of root to read everything.
    """
    with tempfile.TemporaryDirectory() as made:
        streams = [Path(made, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(stdin)
        arguments = (
            list(words),
            [str(path) for path in streams],
            dict(environment),
            folder,
            privileged,
        )
        process = _context.Process(target=_run_whole_in_child, args=arguments)
        process.start()
        process.join(600)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(words), 600)
        return subprocess.CompletedProcess(
            list(words), process.exitcode, streams[1].read_bytes(), streams[2].read_bytes()
        )


def _run_whole_in_child(
    words: list[str],
    streams: list[str],
    environment: dict[str, str],
    folder: Path | None,
    privileged: bool,
) -> None:
    _redirect(*streams)
    if not privileged:
        obey_permissions()
    os.environ.clear()
    os.environ.update(environment)
    if folder:
        os.chdir(folder)
    sys.argv = ["sayso", *words]
    import_module("sayso.cli").main()


def _redirect(stdin: str, stdout: str, stderr: str) -> None:
    """Open the three streams anew, as Python does when it starts; two may share a file."""
    for number, path in enumerate((stdin, stdout, stderr)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY
        descriptor = os.open(path, flags)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115


def _die_at_change(root: str, changes: int) -> None:
    """Kill this process before its change to a file of this number."""
    left = [changes]
    if changes == sys.maxsize:  # it ends, and says how many it made
        Finalize(None, lambda: print(f"{_CHANGES_MADE}{changes - left[0]}", flush=True), (), {}, 1)

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
