"""Every benchmark, one after the other, in one run.

    python tests/benchmarks/run.py

Each prints its figures beside a named yardstick that was measured in the same minutes, so that a ratio holds also on
a machine whose speed drifts. Nothing here passes or fails.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "startup",
    "jsonl_reading",
    "push",
    "pull",
    "sync",
    "build",
    "diff",
    "report",
    "formats",
    "agreement",
    "disagreements",
)


def main() -> None:
    """Run each in a process of its own, so that none inherits another's memory."""
    for name in BENCHMARKS:
        subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)
        print()


if __name__ == "__main__":
    main()
