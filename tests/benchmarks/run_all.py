"""Run every benchmark of this folder, one after the other.

    python tests/benchmarks/run_all.py

Each prints its figures beside a named yardstick that was measured in the same minutes, so that a
ratio is meaningful even on a machine whose speed drifts. Nothing here passes or fails.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each benchmark in a process of its own, so that none inherits another's memory."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name != Path(__file__).name and "\ndef main(" in path.read_text(encoding="utf-8"):
            subprocess.run([sys.executable, str(path)], check=True)
            print()


if __name__ == "__main__":
    main()
