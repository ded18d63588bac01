"""Commands with little memory or little room on the disk, as an attack should meet them."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

MEMORY_BYTES = 2 << 30


def run_limited(
    root: Path, *words: str, memory: int = MEMORY_BYTES, file_size: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``sayso --root ROOT WORDS…`` with a limit on its memory and on the files it writes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    return subprocess.run(
        [sys.executable, "-m", "sayso", "--root", str(root), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit,
    )


def require_refusal(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Fail unless the command ended with the code and one line that has the words."""
    lines = done.stderr.splitlines()
    assert done.returncode == code and len(lines) == 1, done.stderr
    for word in ("error:", *words):
        assert word in lines[0]
